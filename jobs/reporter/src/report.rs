//! The models of the report: verified documents in, [`DailyReport`] and [`DailySummary`] out.
//!
//! Pure: no I/O, no clock. The report is the only input of every renderer, so a figure that a form shows is in the JSON too. Figures are
//! copied from the documents, never computed. Sections of a source without a document are `null` and the reason is in `sources`; an unknown
//! value never becomes a zero. [`figures`] lists the figures of the summary, [`edition`] compares the report with the one in the store, [`changes`]
//! lists what differs.

mod changes;
pub mod edition;
pub mod figures;

use std::collections::BTreeMap;

use contract::document::bike_counts::FailingCounter;
use contract::document::manifest::Manifest;
use contract::document::road_counts::FailingDetector;
use contract::document::{Header, Quality};
use contract::report::{
    DailyReport, DailySummary, FailingSensor, ReportEvolution, SensorType, SourceQuality, SourceStatus, Summary,
    WeatherImpact,
};
use contract::{Reason, SCHEMA_VERSION, Source, Stamp};
use runtime::lang::Lang;
use serde::Serialize;

use crate::collect::Documents;
use crate::sentences;
use edition::PreviousEdition;

/// Length of the lists of alerts and disruptions.
const MAX_LIST: usize = 20;

/// Everything that a report depends on.
#[derive(Debug, Clone, Copy)]
pub struct ReportInputs<'a> {
    pub manifest: &'a Manifest,
    pub documents: &'a Documents,
    pub sources: &'a BTreeMap<Source, SourceStatus>,
    pub previous: Option<&'a PreviousEdition>,
    pub city: &'a str,
    pub lang: Lang,
    /// Version of the reporter.
    pub version: &'a str,
    pub generated_at: Stamp,
}

/// Builds the report of a day.
#[must_use]
pub fn compose(inputs: ReportInputs<'_>) -> DailyReport {
    let ReportInputs { manifest, documents, sources, previous, city, lang, version, generated_at } = inputs;
    let Documents { road_counts, bike_counts, disruptions, weather, worksites, road_network: _, context } = documents;
    let road_counts = road_counts.as_ref().map(|document| &document.body);
    let bike_counts = bike_counts.as_ref().map(|document| &document.body);
    let disruptions = disruptions.as_ref().map(|document| &document.body);
    let weather = weather.as_ref().map(|document| &document.body);
    let worksites = worksites.as_ref().map(|document| &document.body);
    let context = context.as_ref().map(|document| &document.body);

    // A fact about a source whose document is missing here would contradict the gap that the report states.
    let facts: Vec<_> =
        context.into_iter().flat_map(|context| &context.facts).filter(|fact| documents.has(fact.source)).collect();
    let global = road_counts.map(|road_counts| &road_counts.global_metrics);
    let summary = Summary {
        day_status: manifest.day_status,
        completeness: manifest.completeness,
        total_vehicles: global.and_then(|global| global.total_vehicles),
        total_vehicles_paris: global.and_then(|global| global.total_vehicles),
        vehicle_km: global.and_then(|global| global.vehicle_km),
        total_delay_minutes: global.and_then(|global| global.total_delay_minutes),
        total_delay_hours: global.and_then(|global| global.total_delay_hours),
        saturated_arc_count: global.map(|global| global.saturated_arc_count),
        sensor_availability: global.and_then(|global| global.sensor_availability),
        total_bikes: bike_counts.and_then(|bike_counts| bike_counts.global_metrics.daily_total),
        total_bikes_paris: bike_counts.and_then(|bike_counts| bike_counts.global_metrics.daily_total),
        active_disruptions: disruptions.map(|disruptions| disruptions.active_disruptions_count),
        active_worksites: worksites.map(|worksites| worksites.active_worksite_count),
        highlights: sentences::remarkable(&facts, lang, weather.is_some_and(|weather| !weather.observation)),
    };
    let mut report = DailyReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        city: city.to_owned(),
        date: manifest.date,
        timezone: manifest.timezone.clone(),
        generated_at,
        cityflow_version: version.to_owned(),
        language: lang.code().to_owned(),
        edition: 1,
        changes: Vec::new(),
        sources: sources.clone(),
        summary,
        top_10_arcs: road_counts.map(|road_counts| road_counts.top_10_arcs.clone()),
        top_10_congested_zones: road_counts.map(|road_counts| road_counts.top_10_congested_zones.clone()),
        sensor_failures: failing_sensors(
            road_counts.map(|road_counts| road_counts.sensor_failures.as_slice()),
            bike_counts.map(|bike_counts| bike_counts.sensor_failures.as_slice()),
        ),
        congestion_alerts: road_counts.map(|road_counts| first(&road_counts.congestion_alerts)),
        active_worksites: worksites.map(|worksites| worksites.active_worksites.clone()),
        disruptions: disruptions.map(|disruptions| first(&disruptions.disruptions)),
        stop_disruptions: disruptions.map(|disruptions| disruptions.stop_disruptions.clone()),
        evolution_vs_previous_week: ReportEvolution {
            road_counts: road_counts.and_then(|road_counts| road_counts.evolution.previous_week.clone()),
            bike_counts: bike_counts.and_then(|bike_counts| bike_counts.evolution.previous_week.clone()),
        },
        evolution_vs_usual_day: ReportEvolution {
            road_counts: road_counts.and_then(|road_counts| road_counts.evolution.usual_day.clone()),
            bike_counts: bike_counts.and_then(|bike_counts| bike_counts.evolution.usual_day.clone()),
        },
        weather_impact: weather.map(|weather| WeatherImpact {
            metrics: weather.metrics.clone(),
            categories: weather.categories.clone(),
            mobility_impact: weather.mobility_impact,
            cycling_index: weather.cycling_index,
            observation: weather.observation,
        }),
        correlations: context.and_then(|context| context.correlations.clone()),
        quality: documents
            .headers()
            .filter_map(|header| Some((header.source, quality(header, header.quality.as_ref()?))))
            .collect(),
        parameters: documents.headers().map(|header| (header.source, header.parameters.clone())).collect(),
        metrics_digest: manifest.digest.clone(),
    };
    if let Some(previous) = previous {
        (report.edition, report.changes) = previous.next(manifest, &report);
    }
    report
}

/// Reduces a report to what the index of reports needs.
#[must_use]
pub fn summarize(report: &DailyReport) -> DailySummary {
    DailySummary {
        schema_version: report.schema_version.clone(),
        city: report.city.clone(),
        date: report.date,
        generated_at: report.generated_at,
        edition: report.edition,
        metrics_digest: report.metrics_digest.clone(),
        summary: report.summary.clone(),
    }
}

fn first<T: Clone>(list: &[T]) -> Vec<T> {
    list.iter().take(MAX_LIST).cloned().collect()
}

/// Road detectors, then bike counters, each in the order of its document; `None` if both documents are missing.
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
        reason: serde_name(detector.reason).unwrap_or_default(),
        start: detector.start,
        end: detector.end,
        duration_hours: detector.duration_hours,
    });
    let bike_counts = bike_counts.unwrap_or_default().iter().map(|counter| FailingSensor {
        kind: SensorType::Bike,
        id: counter.counter_id.clone(),
        label: counter.counter_name.clone(),
        measure: None,
        reason: serde_name(counter.reason).unwrap_or_default(),
        start: counter.start,
        end: counter.end,
        duration_hours: counter.duration_hours,
    });
    Some(roads.chain(bike_counts).collect())
}

/// The name that a unit variant of the contract has in documents.
pub(crate) fn serde_name(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
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
