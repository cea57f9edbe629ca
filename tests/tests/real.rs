//! Real extracts of all six sources from the folder that `CITYFLOW_REAL_DATA` names: the documents have the figures that were computed
//! from the same files with other tools (pandas for tables, pyproj for areas, the haversine formula for lengths).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]
#![allow(clippy::print_stdout, reason = "a skipped test prints why")]

use std::path::{Path, PathBuf};

use acceptance::{PublishedDay, TestEnv};
use contract::Source;
use contract::document::manifest::EntryStatus;
use serde_json::{Value, json};

const VARIABLE: &str = "CITYFLOW_REAL_DATA";

/// The folder of extracts; `None` if the variable is not set.
fn extracts() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
        println!("SKIPPED: {VARIABLE} is not set. Set it to the folder of the real extracts");
        return None;
    };
    // Cargo starts tests in the folder of their crate; a relative path is meant from the workspace.
    let folder = acceptance::binaries::workspace().join(folder);
    assert!(folder.is_dir(), "{VARIABLE}: {} is not a folder", folder.display());
    Some(folder)
}

/// Copies the extracts into a raw folder.
fn raw_folder(extracts: &Path) -> TestEnv {
    let env = TestEnv::in_folder();
    let copy = |from: &str, to: &str| {
        let body = std::fs::read(extracts.join(from)).unwrap_or_else(|error| panic!("{from}: {error}"));
        env.put_raw(to, body);
    };
    for name in [
        "champs-elysees-2023-2024",
        "convention-2021-2022",
        "historique-champs-elysees-2012",
        "historique-champs-elysees-2023",
    ] {
        copy(&format!("comptages/comptages-{name}.csv"), &format!("batch/comptages-{name}.csv"));
    }
    copy("reseau/referentiel-comptages-routiers-2022.csv", "batch/referentiel-2022.csv");
    copy("chantiers/chantiers-perturbants-2022-12.csv", "batch/chantiers-2022-12.csv");
    copy("zones/arrondissements.geojson", "reference/zones.geojson");
    copy("calendrier/fr-en-calendrier-scolaire.csv", "reference/calendrier-scolaire.csv");
    copy("velos/comptage-velo-2021-09.csv", "batch/comptage-velo-2021-09.csv");
    copy("velos/api-page-2025-12-31.json", "api/bikes/dt=2026-01-01/hour=02/page.json");
    copy("meteo/visual-crossing-paris-2020-2021.csv", "batch/meteo-2020-2021.csv");
    copy("meteo/visual-crossing-timeline-2022-07-17.json", "api/weather/dt=2022-07-17/hour=10/timeline.json");
    // The file names have the collection time in Paris, two hours ahead of UTC in these months.
    copy("perturbations/bulk-20240422T235826.json", "api/traffic/dt=2024-04-22/hour=21/bulk.json");
    copy("perturbations/bulk-20240423T104201-no-news.json", "api/traffic/dt=2024-04-23/hour=08/bulk.json");
    copy("perturbations/navitia-line-reports-20240430.json", "api/traffic/dt=2024-04-30/hour=03/navitia.json");
    copy("perturbations/bulk-20240503T024201.json", "api/traffic/dt=2024-05-03/hour=00/bulk.json");
    copy("perturbations/bulk-20240510T224901-empty.json", "api/traffic/dt=2024-05-10/hour=20/bulk.json");
    env
}

/// One processed and reported day; collects the differences from the expected figures.
struct DayCheck {
    day: &'static str,
    published: PublishedDay,
    wrong: Vec<String>,
}

impl DayCheck {
    fn new(env: &TestEnv, day: &'static str) -> Self {
        // The next morning: later, a day without road counts is an error.
        env.processor().env("CITYFLOW_NOW", format!("{day}T23:30:00Z")).arg(day).succeed();
        env.reporter().arg(day).succeed();
        Self { day, published: PublishedDay::load(env, day), wrong: Vec::new() }
    }

    /// Compares figures: JSON pointer → expected value.
    fn has(&mut self, source: Source, figures: Value) -> &mut Self {
        let found = self.published.bytes.contains_key(&source).then(|| self.published.document(source));
        for (pointer, expected) in figures.as_object().unwrap() {
            let figure = found.as_ref().and_then(|document| document.pointer(pointer));
            if figure != Some(expected) {
                self.wrong.push(format!("{} {source}{pointer}: expected {expected}, found {figure:?}", self.day));
            }
        }
        self
    }

    fn is_absent(&mut self, source: Source, last_day: &str) -> &mut Self {
        let entry = self.published.entry(source);
        let reason = entry.reason.clone().unwrap_or_default();
        if entry.status != EntryStatus::Absent || !reason.contains(last_day) {
            self.wrong
                .push(format!("{} {source}: expected absent with the last day {last_day}, found {entry:?}", self.day));
        }
        self
    }

    fn assert_no_difference(&self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

#[test]
fn yearly_file_gives_the_figures_of_a_sunday() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut day = DayCheck::new(&env, "2023-02-05");
    day.has(
        Source::RoadCounts,
        json!({
            "/type_jour": "dimanche_ferie", "/statut_jour": "definitif", "/completude": 100,
            "/complet_jusqu_a": "2023-02-06T00:00:00+01:00",
            "/qualite/lignes_lues": 35993, "/qualite/lignes_du_jour": 24, "/qualite/rejets_structure": {"heure_inexistante": 2},
            "/metrics/0/identifiant_arc": "4264", "/metrics/0/debit_journalier_total": 16649,
            "/metrics/0/debit_horaire_moyen": 693.71, "/metrics/0/debit_max": 1177, "/metrics/0/heure_pic": "2023-02-05T01:00:00+01:00",
            "/metrics/0/taux_occupation_moyen": 14.79, "/metrics/0/etat_trafic_dominant": "Fluide",
            "/metrics/0/longueur_metres": 119.2, "/metrics/0/vehicules_km": 1984.3,
            "/metrics/0/temps_perdu_total_minutes": 33, "/metrics/0/temps_perdu_minutes": 0.002,
            "/metrics/0/arrondissement": "75008", "/metrics/0/etat_arc": "Invalide",
            "/global_metrics/repartition_etat_arc": {"Barré": 6, "Invalide": 18},
            "/global_metrics/repartition_etat_trafic/Saturé/heures": 1,
            "/global_metrics/nombre_troncons_satures": 1, "/alertes_congestion": [],
        }),
    );
    day.has(
        Source::RoadNetwork,
        json!({
            "/statistiques/nombre_troncons": 3348, "/statistiques/longueur_totale_metres": 657_862,
            "/statistiques/longueur_moyenne_metres": 196.5, "/qualite/lignes_lues": 3739,
        }),
    );
    day.assert_no_difference();
}

#[test]
fn day_of_23_hours_has_its_figures() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut day = DayCheck::new(&env, "2024-03-31");
    day.has(
        Source::RoadCounts,
        json!({
            "/completude": 100, "/qualite/lignes_du_jour": 23, "/qualite/cellules": 23,
            "/metrics/0/debit_journalier_total": 20251, "/metrics/0/debit_horaire_moyen": 920.5, "/metrics/0/debit_max": 1360,
            "/metrics/0/heure_pic": "2024-03-31T18:00:00+02:00", "/metrics/0/taux_occupation_moyen": 16.58,
            "/metrics/0/heures_mesurees": 22, "/metrics/0/part_observee": 95.65, "/metrics/0/vehicules_km": 2413.6,
            "/metrics/0/temps_perdu_total_minutes": 94.8, "/metrics/0/temps_perdu_minutes": 0.005,
            "/metrics/0/debit_par_heure/1": null, "/metrics/0/debit_par_heure/2": null,
            "/global_metrics/repartition_etat_trafic/Inconnu/heures": 1, "/global_metrics/repartition_etat_trafic/Fluide/heures": 11,
        }),
    );
    day.has(Source::Context, json!({"/jour/heures": 23, "/jour/jour_semaine": "dimanche"}));
    day.assert_no_difference();
}

#[test]
fn days_of_25_hours_have_their_figures() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut with_offsets = DayCheck::new(&env, "2024-10-27");
    with_offsets.has(
        Source::RoadCounts,
        json!({
            "/completude": 100, "/qualite/lignes_du_jour": 24,
            "/metrics/0/debit_journalier_total": 16826, "/metrics/0/debit_max": 981,
            "/metrics/0/heure_pic": "2024-10-27T15:00:00+01:00", "/metrics/0/taux_occupation_moyen": 14.82,
            "/metrics/0/heures_mesurees": 24, "/metrics/0/part_observee": 96, "/metrics/0/vehicules_km": 2005.4,
            "/metrics/0/temps_perdu_total_minutes": 0,
            // The hour 02 occurs twice on that day; the hour 01 has no row.
            "/metrics/0/debit_par_heure/1": null, "/metrics/0/debit_par_heure/2": 770.5,
        }),
    );
    with_offsets.has(Source::Context, json!({"/jour/heures": 25}));
    with_offsets.assert_no_difference();
    let mut without = DayCheck::new(&env, "2023-10-29");
    without.has(
        Source::RoadCounts,
        json!({
            "/metrics/0/debit_journalier_total": 23687, "/metrics/0/debit_par_heure/1": null, "/metrics/0/debit_par_heure/2": 1104,
            "/metrics/0/vehicules_km": 2823.2, "/metrics/0/temps_perdu_total_minutes": 1712.4, "/metrics/0/temps_perdu_minutes": 0.075,
            "/metrics/0/taux_occupation_moyen": 45.51, "/metrics/0/etat_trafic_dominant": "Bloqué",
            // 11:00 to 14:00 is above 80 with one hour above 90; the hours until 19:00 are above 50.
            "/alertes_congestion/0/type": "blocage", "/alertes_congestion/0/debut": "2023-10-29T14:00:00+01:00",
            "/alertes_congestion/0/fin": "2023-10-29T19:00:00+01:00", "/alertes_congestion/0/severite": "Élevée",
            "/alertes_congestion/1/type": "congestion", "/alertes_congestion/1/debut": "2023-10-29T11:00:00+01:00",
            "/alertes_congestion/1/fin": "2023-10-29T14:00:00+01:00", "/alertes_congestion/1/severite": "Critique",
            "/alertes_congestion/1/taux_occupation_max": 90.32,
        }),
    );
    without.assert_no_difference();
}

#[test]
fn month_present_in_two_files_is_counted_once() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut day = DayCheck::new(&env, "2023-12-10");
    day.has(
        Source::RoadCounts,
        json!({
            "/qualite/lignes_du_jour": 72, "/qualite/cellules": 24,
            "/metrics/0/debit_journalier_total": 29198, "/metrics/0/debit_max": 1510, "/metrics/0/taux_occupation_moyen": 34.07,
            "/metrics/0/vehicules_km": 3480, "/metrics/0/temps_perdu_total_minutes": 903.4, "/metrics/0/temps_perdu_minutes": 0.031,
            "/global_metrics/nombre_troncons_satures": 1, "/global_metrics/nombre_troncons_en_alerte": 1,
            "/alertes_congestion/0/type": "blocage", "/alertes_congestion/0/debut": "2023-12-10T02:00:00+01:00",
            "/alertes_congestion/0/duree_heures": 3, "/alertes_congestion/0/taux_occupation_max": 63.41,
        }),
    );
    let quality = &day.published.document(Source::RoadCounts)["qualite"];
    assert_eq!(
        quality["doublons"].as_u64().zip(quality["conflits"].as_u64()).map(|(a, b)| a + b),
        Some(48),
        "{quality}"
    );
    let warnings = quality["avertissements"].to_string();
    assert!(warnings.contains("comptages-"), "the warning does not name the file to archive: {warnings}");
    day.assert_no_difference();
}

#[test]
fn worksites_and_an_arc_without_flow_have_their_figures() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut day = DayCheck::new(&env, "2022-12-05");
    day.has(
        Source::Worksites,
        json!({
            "/total_chantiers_actifs": 99, "/qualite/lignes_lues": 192,
            "/by_impact": {"BARRAGE_TOTAL": 7, "NON_RENSEIGNE": 3, "RESTREINTE": 86, "SENS_UNIQUE": 3},
            "/surface_totale_impactee_m2": 797_126.9, "/nouveaux": ["CP002424"], "/se_terminent": ["CP002158", "CP002431"],
        }),
    );
    day.has(
        Source::RoadCounts,
        json!({
            "/metrics/0/identifiant_arc": "5671", "/metrics/0/debit_journalier_total": null, "/metrics/0/taux_occupation_moyen": 7.66,
            "/metrics/0/vehicules_km": null, "/metrics/0/longueur_metres": 236.2, "/metrics/0/arrondissement": "75015",
            "/type_jour": "ouvre", "/global_metrics/total_vehicules_jour": null, "/global_metrics/nombre_troncons_satures": 1,
        }),
    );
    let works = day.published.document(Source::Worksites);
    assert_eq!(works["longs"].as_array().map(Vec::len), Some(97));
    let arena =
        works["chantiers_actifs"].as_array().unwrap().iter().find(|works| works["identifiant"] == "CP001735").unwrap();
    assert_eq!((&arena["surface_m2"], &arena["arrondissement"]), (&json!(27_673.5), &json!("75018")));
    // Two have no postal code: one is in the 8th district, which has 12 others, the other in no district.
    let of = |code: &str| {
        let zones = works["by_arrondissement"].as_array().unwrap();
        zones.iter().find(|zone| zone["arrondissement"] == code).map(|zone| zone["nombre"].clone())
    };
    let numbers = ["75001", "75008", "75018", "75019", "75020"].map(of);
    assert_eq!(
        numbers,
        [Some(json!(4)), Some(json!(13)), Some(json!(7)), Some(json!(2)), None],
        "{}",
        works["by_arrondissement"]
    );
    let all = works["by_arrondissement"].as_array().unwrap().iter().filter_map(|zone| zone["nombre"].as_u64());
    assert_eq!(all.sum::<u64>(), 99);
    day.assert_no_difference();
}

#[test]
fn disruptions_are_read_from_bulk_and_navitia_snapshots() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    // Monday: only the bulk snapshot of 23:58. The empty "no news" snapshot of the next morning ends no disruption.
    let mut monday = DayCheck::new(&env, "2024-04-22");
    monday.has(
        Source::Disruptions,
        json!({
            "/active_disruptions_count": 42, "/total_disruptions_count": 42,
            "/disruptions_by_severity": {"CRITIQUE": 4, "ELEVEE": 38}, "/statut_jour": "definitif",
        }),
    );
    monday.has(Source::RoadCounts, json!({"/metrics/0/debit_journalier_total": 22743}));
    // From Tuesday on also Navitia: 13 of its 19 disruptions were active, and 38 of the 42 in the bulk snapshot.
    let mut tuesday = DayCheck::new(&env, "2024-04-23");
    tuesday.has(Source::Disruptions, json!({"/active_disruptions_count": 51, "/total_disruptions_count": 61}));
    let mut later = DayCheck::new(&env, "2024-04-30");
    later.has(Source::Disruptions, json!({"/active_disruptions_count": 21, "/total_disruptions_count": 54}));
    // Half of that day has no road counts for any arc, so the source is incomplete and no detector is faulty.
    later.has(Source::RoadCounts, json!({"/metrics/0/debit_journalier_total": 9392, "/capteurs_defaillants": []}));
    let mut friday = DayCheck::new(&env, "2024-05-03");
    friday.has(
        Source::Disruptions,
        json!({
            "/active_disruptions_count": 35, "/total_disruptions_count": 35,
            "/disruptions_by_severity": {"CRITIQUE": 6, "ELEVEE": 28, "FAIBLE": 1},
            "/qualite/rejets_structure": {"instantane_illisible": 1},
        }),
    );
    [monday, tuesday, later, friday].iter().for_each(DayCheck::assert_no_difference);
}

#[test]
fn bike_counts_are_read_from_export_and_api() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut day = DayCheck::new(&env, "2021-09-01");
    day.has(
        Source::BikeCounts,
        json!({
            "/global_metrics/total_jour": 1580, "/metrics/0/total_jour": 1580, "/metrics/0/moyenne_horaire": 75.24,
            "/metrics/0/pic_horaire": 8, "/metrics/0/part_observee": 87.5, "/metrics/0/debit_par_heure/8": 280,
            "/metrics/0/debit_par_heure/0": null, "/qualite/lignes_lues": 21,
            "/metrics/0/heures_creuses": [3, 4, 5, 6, 21, 22, 23],
        }),
    );
    day.has(
        Source::Weather,
        json!({"/metrics/temp_moyenne": 18, "/metrics/temp_max": 23.2, "/metrics/vent_max": 21.8}),
    );
    day.is_absent(Source::RoadCounts, "2024-12-05");
    day.assert_no_difference();
    let mut page = DayCheck::new(&env, "2025-12-31");
    page.has(
        Source::BikeCounts,
        json!({"/metrics/0/total_jour": 69, "/metrics/0/pic_horaire": 13, "/metrics/0/debit_par_heure/22": 0}),
    );
    page.assert_no_difference();
}

#[test]
fn weather_is_read_from_export_and_timeline() {
    let Some(extracts) = extracts() else { return };
    let env = raw_folder(&extracts);
    let mut christmas = DayCheck::new(&env, "2020-12-25");
    christmas.has(
        Source::Weather,
        json!({
            "/metrics/temp_moyenne": 4.3, "/metrics/temp_min": 2.9, "/metrics/temp_max": 5.8, "/metrics/vent_max": 19.4,
            "/metrics/precip_totale": 0, "/metrics/conditions": "Rain, Partially cloudy", "/categories": ["Froid"],
            // 100 − 8 · 0.014 − (19.4 − 15) − 2 · (12 − 4.3)
            "/impact_mobilite": 40, "/indice_cyclable": 80.1, "/type_jour": "dimanche_ferie",
        }),
    );
    christmas.is_absent(Source::RoadCounts, "2024-12-05");
    christmas.assert_no_difference();
    let mut summer = DayCheck::new(&env, "2022-07-17");
    summer.has(
        Source::Weather,
        json!({
            "/metrics/temp_moyenne": 20.7, "/metrics/temp_max": 26.1, "/metrics/vent_max": 14.8, "/metrics/precip_totale": 0,
            "/indice_cyclable": 100, "/impact_mobilite": 50,
        }),
    );
    summer.has(Source::RoadCounts, json!({"/metrics/0/debit_journalier_total": 8513}));
    summer.assert_no_difference();
}
