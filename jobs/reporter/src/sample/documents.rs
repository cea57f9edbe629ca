//! The seven documents of the sample day. What the report takes from them is filled; the rest is as small as it may be.

use std::collections::BTreeMap;

use contract::document::bike_counts::{
    BikeComparisons, BikeCounts, BikeEvolution, BikeGlobal, CounterFault, FailingCounter,
};
use contract::document::context::{Context, Correlation, DayFacts, Fact};
use contract::document::disruptions::{Disruption, DisruptionStatus, Disruptions, Line, Mode, Severity};
use contract::document::road_counts::{
    AlertSeverity, AlertType, CongestionAlert, DetectorFault, FailingDetector, Measure, RoadComparisons, RoadCounts,
    RoadEvolution, RoadGlobal, TopArc, TrafficState, ZoneMetrics,
};
use contract::document::road_network::{NetworkStatistics, RoadNetwork};
use contract::document::weather::{Weather, WeatherCategory, WeatherMetrics};
use contract::document::worksites::{Worksite, Worksites};
use contract::document::{Comparison, DayStatus, Document, Header, Quality};
use contract::number::{Fixed, Fixed2};
use contract::{DayType, NaiveDate, Reason, SCHEMA_VERSION, Source};

use super::{Day, stamp};
use crate::collect::Documents;

pub(super) fn all() -> Documents {
    Documents {
        comptages: Some(document(Source::RoadCounts, roads())),
        bikes: Some(document(Source::BikeCounts, bikes())),
        traffic: Some(document(Source::Disruptions, transit())),
        weather: Some(document(Source::Weather, weather())),
        chantiers: Some(document(Source::Worksites, worksites())),
        referentiel: Some(document(Source::RoadNetwork, network())),
        contexte: Some(document(Source::Context, context())),
    }
}

fn date() -> NaiveDate {
    Day::DATE.parse().unwrap()
}

fn f<const DP: usize>(value: f64) -> Fixed<DP> {
    Fixed::of(value)
}

fn document<B>(source: Source, body: B) -> Document<B> {
    let hourly = matches!(source, Source::RoadCounts | Source::BikeCounts);
    let quality = Quality {
        lignes_lues: 1000,
        lignes_du_jour: 48,
        cellules: 45,
        doublons: 2,
        conflits: 1,
        rejets_structure: BTreeMap::from([(Reason::UnreadableDate, 3)]),
        rejets: BTreeMap::from([(Reason::NegativeFlow, 4)]),
        ..Quality::default()
    };
    let header = Header {
        schema_version: SCHEMA_VERSION.into(),
        source,
        date: date(),
        timezone: "Europe/Paris".into(),
        type_jour: DayType::Workday,
        statut_jour: DayStatus::Final,
        complet_jusqu_a: hourly.then(|| stamp("2025-11-04T00:00:00+01:00")),
        completude: hourly.then(|| f(98.5)),
        inputs: vec![],
        ignores: vec![],
        parametres: BTreeMap::new(),
        qualite: (source != Source::Context).then_some(quality),
        raisons: BTreeMap::new(),
    };
    Document { header, body }
}

fn compared(value: f64, reference: f64) -> Option<Comparison> {
    Some(Comparison {
        valeur: f(value),
        reference: f(reference),
        ecart_pourcent: f(100.0 * (value - reference) / reference),
        troncons_communs: 2,
        part: f(90.0),
    })
}

fn roads() -> RoadCounts {
    let zone = |name: &str, code: &str, lost: f64| ZoneMetrics {
        zone: name.into(),
        arrondissement: Some(code.into()),
        nombre_troncons: 2,
        total_vehicules: Some(f(30_000.25)),
        vehicules_km: Some(f(8_000.5)),
        temps_perdu_total_minutes: Some(f(lost)),
        nombre_troncons_satures: 1,
        taux_saturation: Some(f(50.0)),
        top_troncons: vec!["4264".into()],
    };
    let alert = |kind, id: Option<&str>, label: Option<&str>, severity| CongestionAlert {
        kind,
        identifiant_arc: id.map(Into::into),
        libelle: label.map(Into::into),
        zone: Some("Passy".into()),
        arrondissement: Some("75116".into()),
        debut: stamp("2025-11-03T08:00:00+01:00"),
        fin: stamp("2025-11-03T10:30:00+01:00"),
        duree_heures: f(2.5),
        ouvert: false,
        taux_occupation_max: f(91.25),
        debit_max: None,
        temps_perdu_minutes: id.map(|_| f(1234.5)),
        severite: severity,
        nombre_troncons: 1,
    };
    RoadCounts {
        capteurs_defaillants: vec![FailingDetector {
            identifiant_arc: "4264".into(),
            libelle: Some("AV_Champs;Elysées".into()),
            grandeur: Measure::Both,
            raison: DetectorFault::Silent,
            debut: stamp("2025-11-03T00:00:00+01:00"),
            fin: stamp("2025-11-03T08:00:00+01:00"),
            duree_heures: f(8.0),
            ouvert: true,
        }],
        metrics: vec![],
        global_metrics: RoadGlobal {
            date: date(),
            total_vehicules_jour: Some(f(1_234_567.0)),
            vehicules_km: Some(f(345_678.9)),
            nombre_troncons: 2,
            nombre_troncons_actifs: 2,
            moyenne_debit_par_troncon: Some(f(617_283.5)),
            taux_occupation_moyen: Some(f(12.34)),
            nombre_troncons_satures: 1,
            nombre_troncons_en_alerte: 1,
            nombre_troncons_muets: 0,
            part_observee: Some(f(98.5)),
            taux_disponibilite_capteurs: Some(f(93.21)),
            disponibilite_debit: None,
            disponibilite_taux: None,
            temps_perdu_total_paris: Some(f(90_000.5)),
            temps_perdu_total_heures: Some(f(1_500.0)),
            debit_par_heure: vec![None; 24],
            heure_pic: Some(8),
            repartition_etat_trafic: BTreeMap::new(),
            repartition_etat_arc: BTreeMap::new(),
        },
        top_10_troncons: vec![TopArc {
            identifiant_arc: "4264".into(),
            libelle: Some("AV_Champs;Elysées".into()),
            zone: Some("Élysée".into()),
            debit_journalier_total: f(24_000.5),
            taux_occupation_moyen: None,
            etat_trafic_dominant: TrafficState::PreSaturated,
            part_observee: f(66.67),
        }],
        top_10_zones_congestionnees: vec![zone("Élysée", "75108", 4_000.0), zone("Passy", "75116", 120.5)],
        top_zones_affluence: vec![],
        zones: vec![],
        alertes_congestion: vec![
            alert(AlertType::Congestion, Some("4264"), Some("AV_Champs;Elysées"), AlertSeverity::Critical),
            alert(AlertType::SaturatedZone, None, None, AlertSeverity::High),
        ],
        debits_exceptionnels: None,
        profils: None,
        evolution: RoadEvolution {
            semaine_precedente: Some(RoadComparisons {
                total_vehicules: compared(1_200_000.0, 1_000_000.0),
                temps_perdu: None,
                taux_occupation: None,
            }),
            jour_type: None,
        },
    }
}

fn bikes() -> BikeCounts {
    BikeCounts {
        metrics: vec![],
        failing_sensors: vec!["100003096-353242378".into()],
        capteurs_defaillants: vec![FailingCounter {
            id_compteur: "100003096-353242378".into(),
            nom_compteur: Some("97 avenue Denfert Rochereau \"SO-NE\"".into()),
            raison: CounterFault::Stuck,
            debut: stamp("2025-11-03T00:00:00+01:00"),
            fin: stamp("2025-11-03T13:00:00+01:00"),
            duree_heures: f(13.0),
            ouvert: false,
        }],
        top_counters: vec![],
        by_arrondissement: vec![],
        global_metrics: BikeGlobal {
            date: date(),
            total_jour: Some(98_765),
            nombre_compteurs: 3,
            compteurs_actifs: 2,
            part_observee: Some(f(99.0)),
            taux_disponibilite: Some(f(66.67)),
            pic_horaire: Some(8),
            debit_par_heure: vec![None; 24],
        },
        frequentation_index: None,
        anomalies: None,
        profils: None,
        evolution: BikeEvolution {
            semaine_precedente: None,
            jour_type: Some(BikeComparisons { total_jour: compared(98_765.0, 100_000.0) }),
            annee_precedente: None,
        },
    }
}

fn transit() -> Disruptions {
    let metro = Line { mode: Mode::Metro, code: "13".into(), nom: "Métro 13".into() };
    let rer = Line { mode: Mode::Rer, code: "B".into(), nom: "RER B".into() };
    Disruptions {
        disruptions: vec![Disruption {
            id: "c0ffee".into(),
            statut: DisruptionStatus::Ongoing,
            gravite: Severity::Critical,
            cause: Some("PERTURBATION".into()),
            titre: Some("Trafic interrompu\nentre deux gares".into()),
            message: None,
            lignes: vec![metro.clone(), rer],
            debut: stamp("2025-11-02T22:00:00+01:00"),
            fin: None,
            duree_heures: f(24.0),
            periodes: vec![],
        }],
        total_disruptions_count: 4,
        active_disruptions_count: 1,
        disruptions_by_severity: BTreeMap::from([(Severity::Critical, 1)]),
        disruptions_by_mode: BTreeMap::from([(Mode::Metro, 1), (Mode::Rer, 1)]),
        top_lignes_impactees: vec![],
        heures_ligne_perturbees: BTreeMap::from([(Mode::Metro, f(18.5))]),
        reliability_index: Some(f(88.0)),
        alerts: vec![],
        debut_par_heure: vec![None; 24],
    }
}

fn weather() -> Weather {
    Weather {
        metrics: WeatherMetrics {
            date: date(),
            temp_moyenne: Some(f(8.5)),
            temp_min: Some(f(4.0)),
            temp_max: Some(f(12.0)),
            precip_totale: f(6.2),
            vent_max: Some(f(20.0)),
            vent_moyen: None,
            conditions: Some("Rain".into()),
        },
        categories: vec![WeatherCategory::Rainy, WeatherCategory::Cold],
        impact_mobilite: f(20.0),
        indice_cyclable: f(48.4),
        heures: None,
        observation: true,
    }
}

fn worksites() -> Worksites {
    let worksite = |id: &str, streets: &str, end: Option<&str>| Worksite {
        identifiant: id.into(),
        typologie: Some("Réseaux".into()),
        objet: None,
        voies: Some(streets.into()),
        impact: Some("RESTREINTE".into()),
        impact_pourcent: 50,
        niveau: None,
        arrondissement: Some("75012".into()),
        zone: Some("Reuilly".into()),
        date_debut: None,
        date_fin: end.map(|end| end.parse().unwrap()),
        surface_m2: end.map(|_| f(1234.5)),
        geo_point_2d: None,
        geometrie: None,
    };
    Worksites {
        chantiers_actifs: vec![
            worksite("CHA-1", "=HYPERLINK(\"http://x\")", Some("2025-12-31")),
            worksite("CHA-2", "rue <script>", None),
        ],
        total_chantiers_actifs: 2,
        by_arrondissement: vec![],
        by_impact: BTreeMap::from([("RESTREINTE".into(), 2)]),
        zones_critiques: vec![],
        surface_totale_impactee_m2: f(1234.5),
        nouveaux: vec![],
        se_terminent: vec![],
        longs: vec![],
    }
}

fn network() -> RoadNetwork {
    RoadNetwork {
        mapping: BTreeMap::new(),
        statistiques: NetworkStatistics {
            nombre_troncons: 0,
            longueur_totale_metres: f(0.0),
            longueur_moyenne_metres: None,
        },
        by_arrondissement: vec![],
        zones: None,
    }
}

fn context() -> Context {
    let fact = |key: &str, source, value: f64, reference: Option<f64>| Fact {
        cle: key.into(),
        valeur: f(value),
        reference: reference.map(f),
        ecart: reference.and_then(|reference| Fixed2::new(100.0 * (value - reference) / reference)),
        z: reference.map(|_| f(2.0)),
        source,
    };
    Context {
        correlations: Some(vec![Correlation {
            cle: "pluie_velos".into(),
            n: 56,
            r: Some(f(-0.412)),
            intervalle: Some([f(-0.6), f(-0.2)]),
            jours_de_pluie: 20,
        }]),
        chantiers_troncons: None,
        jour: DayFacts {
            date: date(),
            jour_semaine: "lundi".into(),
            type_jour: DayType::Workday,
            ferie: None,
            vacances: None,
            heures: 24,
        },
        faits: vec![
            fact("comptages.total_vehicules_jour", Source::RoadCounts, 1_234_567.0, Some(1_100_000.0)),
            fact("bikes.total_jour", Source::BikeCounts, 98_765.0, Some(100_000.0)),
            fact("weather.precip_totale", Source::Weather, 6.2, None),
        ],
    }
}
