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
    pub language: String,
    /// Its summary, as written.
    #[serde(default)]
    pub summary: Map<String, Value>,
    /// What it says changed.
    #[serde(rename = "changements", default)]
    pub changes: Vec<Change>,
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
        self.made_from(manifest, version) && self.language == lang.code() && self.tells_all_of(manifest)
    }

    /// Whether it tells all of this manifest, in whatever version and language: then a later night has no reason to make it again.
    #[must_use]
    pub fn tells_all_of(&self, manifest: &Manifest) -> bool {
        self.metrics_digest == manifest.digest
            && manifest.documents.iter().all(|entry| self.said_of(entry.source) == Some(entry.status.name()))
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
    let Documents { road_counts, bike_counts, disruptions, weather, worksites, road_network: _, context } = documents;
    let roads = road_counts.as_ref().map(|document| &document.body);
    let counters = bike_counts.as_ref().map(|document| &document.body);
    let transit = disruptions.as_ref().map(|document| &document.body);
    let sky = weather.as_ref().map(|document| &document.body);
    let works = worksites.as_ref().map(|document| &document.body);
    let context = context.as_ref().map(|document| &document.body);

    // A fact about a source that the report has nothing else of would contradict its own gap.
    let facts: Vec<_> =
        context.into_iter().flat_map(|context| &context.facts).filter(|fact| documents.has(fact.source)).collect();
    let global = roads.map(|roads| &roads.global_metrics);
    let summary = Summary {
        day_status: manifest.day_status,
        completeness: manifest.completeness,
        total_vehicles: global.and_then(|global| global.total_vehicles),
        vehicle_km: global.and_then(|global| global.vehicle_km),
        total_delay_minutes: global.and_then(|global| global.total_delay_minutes),
        saturated_arc_count: global.map(|global| global.saturated_arc_count),
        sensor_availability: global.and_then(|global| global.sensor_availability),
        total_bikes: counters.and_then(|bike_counts| bike_counts.global_metrics.daily_total),
        active_disruptions: transit.map(|transit| transit.active_disruptions_count),
        active_worksites: works.map(|works| works.active_worksite_count),
        highlights: sentences::remarkable(&facts, lang, sky.is_some_and(|sky| !sky.observation)),
    };
    let same = previous.filter(|previous| {
        let said_alike = sources.iter().all(|(source, status)| previous.said_of(*source) == Some(status.status.name()));
        previous.made_from(manifest, version) && said_alike
    });
    let (edition, changes) = match (same, previous) {
        // The same report once more: what it says of the edition before stays true.
        (Some(same), _) => (same.edition.max(1), same.changes.clone()),
        (None, Some(before)) => (before.edition.saturating_add(1), figures::changes(&before.summary, &summary)),
        (None, None) => (1, Vec::new()),
    };
    DailyReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        date: manifest.date,
        generated_at,
        cityflow_version: version.to_owned(),
        language: lang.code().to_owned(),
        edition,
        changes,
        sources: sources.clone(),
        summary,
        top_10_arcs: roads.map(|roads| roads.top_10_arcs.clone()),
        top_10_congested_zones: roads.map(|roads| roads.top_10_congested_zones.clone()),
        sensor_failures: failing_sensors(
            roads.map(|roads| roads.sensor_failures.as_slice()),
            counters.map(|bike_counts| bike_counts.sensor_failures.as_slice()),
        ),
        congestion_alerts: roads.map(|roads| first(&roads.congestion_alerts)),
        active_worksites: works.map(|works| works.active_worksites.clone()),
        disruptions: transit.map(|transit| first(&transit.disruptions)),
        evolution_vs_previous_week: ReportEvolution {
            road_counts: roads.and_then(|roads| roads.evolution.previous_week.clone()),
            bike_counts: counters.and_then(|bike_counts| bike_counts.evolution.previous_week.clone()),
        },
        evolution_vs_usual_day: ReportEvolution {
            road_counts: roads.and_then(|roads| roads.evolution.usual_day.clone()),
            bike_counts: counters.and_then(|bike_counts| bike_counts.evolution.usual_day.clone()),
        },
        weather_impact: sky.map(|sky| WeatherImpact {
            metrics: sky.metrics.clone(),
            categories: sky.categories.clone(),
            mobility_impact: sky.mobility_impact,
            cycling_index: sky.cycling_index,
            observation: sky.observation,
        }),
        correlations: context.and_then(|context| context.correlations.clone()),
        quality: documents
            .headers()
            .filter_map(|header| Some((header.source, quality(header, header.quality.as_ref()?))))
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
fn failing_sensors(
    roads: Option<&[FailingDetector]>,
    bike_counts: Option<&[FailingCounter]>,
) -> Option<Vec<FailingSensor>> {
    if roads.is_none() && bike_counts.is_none() {
        return None;
    }
    let roads = roads.unwrap_or_default().iter().map(|detector| FailingSensor {
        kind: SensorType::Road,
        id: detector.arc_id.clone(),
        label: detector.label.clone(),
        measure: Some(detector.measure),
        reason: detector_fault(detector.reason).to_owned(),
        start: detector.start,
        end: detector.end,
        duration_hours: detector.duration_hours,
    });
    let bike_counts = bike_counts.unwrap_or_default().iter().map(|counter| FailingSensor {
        kind: SensorType::Bike,
        id: counter.counter_id.clone(),
        label: counter.counter_name.clone(),
        measure: None,
        reason: counter_fault(counter.reason).to_owned(),
        start: counter.start,
        end: counter.end,
        duration_hours: counter.duration_hours,
    });
    Some(roads.chain(bike_counts).collect())
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
    let mut rejects: BTreeMap<Reason, u64> = quality.structural_rejects.clone();
    for (reason, n) in &quality.rejects {
        *rejects.entry(*reason).or_default() += n;
    }
    SourceQuality {
        day_status: header.day_status,
        completeness: header.completeness,
        rows_read: quality.rows_read,
        rows_of_day: quality.rows_of_day,
        duplicates: quality.duplicates,
        conflicts: quality.conflicts,
        rejects,
        warnings: quality.warnings.clone(),
    }
}

#[cfg(test)]
mod tests;
