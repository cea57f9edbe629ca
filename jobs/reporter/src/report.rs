//! A day's documents to its report. Pure: the report is the only input of everything that renders it.
//!
//! A source without a document leaves its sections null and its reason in `sources`; nothing here turns what is unknown into a zero.

pub mod figures;

use std::collections::BTreeMap;

use contract::document::bike_counts::{CounterFault, FailingCounter};
use contract::document::manifest::Manifest;
use contract::document::road_counts::{DetectorFault, FailingDetector};
use contract::document::{Header, Quality};
use contract::report::{
    Change, DailyReport, DailySummary, FailingSensor, ReportEvolution, SensorType, SourceQuality, SourceStatus,
    Summary, WeatherImpact,
};
use contract::{Reason, SCHEMA_VERSION, Source, Stamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::collect::Documents;
use crate::lang::Lang;
use crate::sentences;

/// How many alerts, and how many disruptions, a report shows.
const LONGEST_LIST: usize = 20;

/// Everything that a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The day's manifest.
    pub manifest: &'a Manifest,
    /// The documents that were found whole.
    pub documents: &'a Documents,
    /// What became of each source.
    pub sources: &'a BTreeMap<Source, SourceStatus>,
    /// The edition that is there already.
    pub previous: Option<&'a Previous>,
    /// Language of the sentences.
    pub lang: Lang,
    /// Version of the reporter.
    pub version: &'a str,
    /// When the report is written.
    pub generated_at: Stamp,
}

/// What a report needs to know of the edition before it. Read leniently: it may have been written by an older version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Previous {
    /// Its edition.
    pub edition: u64,
    /// When it was written.
    #[serde(default)]
    pub generated_at: Option<Stamp>,
    /// Digest of the manifest that it was made from.
    pub metrics_digest: String,
    /// Version of the reporter that wrote it.
    pub cityflow_version: String,
    /// Language of its sentences.
    #[serde(rename = "langue", default)]
    pub langue: String,
    /// Its summary, as written.
    #[serde(default)]
    pub summary: Map<String, Value>,
    /// What it says changed.
    #[serde(rename = "changements", default)]
    pub changements: Vec<Change>,
    /// What it says became of each source.
    #[serde(default)]
    pub sources: BTreeMap<String, Value>,
}

impl Previous {
    /// Whether nothing is left to do: it was made from this manifest by this version in this language, and from all of it.
    ///
    /// A report that had to do without a document which the manifest names is not finished: the document may be there now.
    #[must_use]
    pub fn is_finished(&self, manifest: &Manifest, version: &str, lang: Lang) -> bool {
        self.made_from(manifest, version) && self.langue == lang.code() && self.tells_all_of(manifest)
    }

    /// Whether it tells all of this manifest, in whatever version and language: then a later night has no reason to make it again.
    #[must_use]
    pub fn tells_all_of(&self, manifest: &Manifest) -> bool {
        self.metrics_digest == manifest.digest
            && manifest.documents.iter().all(|entry| self.said_of(entry.source) == Some(entry.statut.name()))
    }

    fn made_from(&self, manifest: &Manifest, version: &str) -> bool {
        self.metrics_digest == manifest.digest && self.cityflow_version == version
    }

    fn said_of(&self, source: Source) -> Option<&str> {
        self.sources.get(source.name())?.get("statut")?.as_str()
    }
}

/// The report of a day.
#[must_use]
pub fn compose(material: Material<'_>) -> DailyReport {
    let Material { manifest, documents, sources, previous, lang, version, generated_at } = material;
    let Documents { comptages, bikes, traffic, weather, chantiers, referentiel: _, contexte } = documents;
    let roads = comptages.as_ref().map(|document| &document.body);
    let counters = bikes.as_ref().map(|document| &document.body);
    let transit = traffic.as_ref().map(|document| &document.body);
    let sky = weather.as_ref().map(|document| &document.body);
    let works = chantiers.as_ref().map(|document| &document.body);
    let context = contexte.as_ref().map(|document| &document.body);

    // A fact about a source that the report has nothing else of would contradict its own gap.
    let facts: Vec<_> =
        context.into_iter().flat_map(|context| &context.faits).filter(|fact| documents.has(fact.source)).collect();
    let global = roads.map(|roads| &roads.global_metrics);
    let summary = Summary {
        statut_jour: manifest.statut_jour,
        completude: manifest.completude,
        total_vehicules_paris: global.and_then(|global| global.total_vehicules_jour),
        vehicules_km: global.and_then(|global| global.vehicules_km),
        temps_perdu_total_minutes: global.and_then(|global| global.temps_perdu_total_paris),
        nombre_troncons_satures: global.map(|global| global.nombre_troncons_satures),
        taux_disponibilite_capteurs: global.and_then(|global| global.taux_disponibilite_capteurs),
        total_velos_paris: counters.and_then(|bikes| bikes.global_metrics.total_jour),
        perturbations_actives: transit.map(|transit| transit.active_disruptions_count),
        chantiers_actifs: works.map(|works| works.total_chantiers_actifs),
        faits_marquants: sentences::remarkable(&facts, lang, sky.is_some_and(|sky| !sky.observation)),
    };
    let same = previous.filter(|previous| {
        let said_alike = sources.iter().all(|(source, status)| previous.said_of(*source) == Some(status.statut.name()));
        previous.made_from(manifest, version) && said_alike
    });
    let (edition, changements) = match (same, previous) {
        // The same report once more: what it says of the edition before stays true.
        (Some(same), _) => (same.edition.max(1), same.changements.clone()),
        (None, Some(before)) => (before.edition.saturating_add(1), figures::changes(&before.summary, &summary)),
        (None, None) => (1, Vec::new()),
    };
    DailyReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        date: manifest.date,
        generated_at,
        cityflow_version: version.to_owned(),
        langue: lang.code().to_owned(),
        edition,
        changements,
        sources: sources.clone(),
        summary,
        top_10_troncons_frequentes: roads.map(|roads| roads.top_10_troncons.clone()),
        top_10_zones_congestionnees: roads.map(|roads| roads.top_10_zones_congestionnees.clone()),
        capteurs_defaillants: failing_sensors(
            roads.map(|roads| roads.capteurs_defaillants.as_slice()),
            counters.map(|bikes| bikes.capteurs_defaillants.as_slice()),
        ),
        alertes_congestion: roads.map(|roads| first(&roads.alertes_congestion)),
        chantiers_actifs: works.map(|works| works.chantiers_actifs.clone()),
        perturbations: transit.map(|transit| first(&transit.disruptions)),
        evolution_vs_semaine_precedente: ReportEvolution {
            comptages: roads.and_then(|roads| roads.evolution.semaine_precedente.clone()),
            bikes: counters.and_then(|bikes| bikes.evolution.semaine_precedente.clone()),
        },
        evolution_vs_jour_type: ReportEvolution {
            comptages: roads.and_then(|roads| roads.evolution.jour_type.clone()),
            bikes: counters.and_then(|bikes| bikes.evolution.jour_type.clone()),
        },
        meteo_impact: sky.map(|sky| WeatherImpact {
            metrics: sky.metrics.clone(),
            categories: sky.categories.clone(),
            impact_mobilite: sky.impact_mobilite,
            indice_cyclable: sky.indice_cyclable,
            observation: sky.observation,
        }),
        correlations: context.and_then(|context| context.correlations.clone()),
        qualite: documents
            .headers()
            .filter_map(|header| Some((header.source, quality(header, header.qualite.as_ref()?))))
            .collect(),
        metrics_digest: manifest.digest.clone(),
    }
}

/// What the index needs of a report.
#[must_use]
pub fn summarize(report: &DailyReport) -> DailySummary {
    DailySummary {
        schema_version: report.schema_version.clone(),
        date: report.date,
        generated_at: report.generated_at,
        edition: report.edition,
        metrics_digest: report.metrics_digest.clone(),
        summary: report.summary.clone(),
    }
}

fn first<T: Clone>(list: &[T]) -> Vec<T> {
    list.iter().take(LONGEST_LIST).cloned().collect()
}

/// Road detectors, then bike counters, each in the order of its document; `None` where neither source is there.
fn failing_sensors(roads: Option<&[FailingDetector]>, bikes: Option<&[FailingCounter]>) -> Option<Vec<FailingSensor>> {
    if roads.is_none() && bikes.is_none() {
        return None;
    }
    let roads = roads.unwrap_or_default().iter().map(|detector| FailingSensor {
        kind: SensorType::Road,
        id: detector.identifiant_arc.clone(),
        libelle: detector.libelle.clone(),
        grandeur: Some(detector.grandeur),
        raison: detector_fault(detector.raison).to_owned(),
        debut: detector.debut,
        fin: detector.fin,
        duree_heures: detector.duree_heures,
    });
    let bikes = bikes.unwrap_or_default().iter().map(|counter| FailingSensor {
        kind: SensorType::Bike,
        id: counter.id_compteur.clone(),
        libelle: counter.nom_compteur.clone(),
        grandeur: None,
        raison: counter_fault(counter.raison).to_owned(),
        debut: counter.debut,
        fin: counter.fin,
        duree_heures: counter.duree_heures,
    });
    Some(roads.chain(bikes).collect())
}

/// As documents write it.
fn detector_fault(fault: DetectorFault) -> &'static str {
    match fault {
        DetectorFault::Silent => "silencieux",
        DetectorFault::Stuck => "fige",
        DetectorFault::Inconsistent => "incoherent",
    }
}

/// As documents write it.
fn counter_fault(fault: CounterFault) -> &'static str {
    match fault {
        CounterFault::Silent => "silencieux",
        CounterFault::Stuck => "fige",
    }
}

fn quality(header: &Header, quality: &Quality) -> SourceQuality {
    let mut rejets: BTreeMap<Reason, u64> = quality.rejets_structure.clone();
    for (reason, n) in &quality.rejets {
        *rejets.entry(*reason).or_default() += n;
    }
    SourceQuality {
        statut_jour: header.statut_jour,
        completude: header.completude,
        lignes_lues: quality.lignes_lues,
        lignes_du_jour: quality.lignes_du_jour,
        doublons: quality.doublons,
        conflits: quality.conflits,
        rejets,
        avertissements: quality.avertissements.clone(),
    }
}

#[cfg(test)]
mod tests;
