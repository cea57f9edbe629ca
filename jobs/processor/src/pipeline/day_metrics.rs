//! Span attributes and metrics of a published day.

use contract::Source;
use runtime::telemetry::{self, Span};

use super::day::DayResult;
use super::engine::Engine;
use crate::draft::SourceResult;
use crate::publish::Published;
use crate::telemetry::{AVAILABILITY, COMPLETENESS, DAYS, SIZE};

/// `tonight`: completeness and availability describe the present, so they are recorded for a scheduled night's own day only.
pub(crate) fn record(engine: &Engine, span: &Span, result: &DayResult, published: &Published, tonight: bool) {
    let manifest = &published.manifest;
    let status = manifest.day_status.name();
    let documents = manifest.documents.iter().filter(|entry| entry.status.has_document()).count() as u64;
    span.set("status", status);
    span.set_count("documents", documents);
    let changed = published.changed && !engine.config.dry_run;
    span.set("changed", changed);
    if let Some(completeness) = manifest.completeness {
        span.set("completeness", completeness.rounded());
    }
    for (source, written) in &result.written {
        if matches!(written, SourceResult::Failed(_)) {
            engine.sources.count_error(*source);
        }
    }
    if engine.config.dry_run {
        return;
    }
    telemetry::add("documents", documents);
    telemetry::add("days.published", 1);
    telemetry::add("days.changed", changed.into());
    if changed {
        DAYS.add(1, &[("status", status)]);
    }
    for entry in &manifest.documents {
        let source = [("source", entry.source.name())];
        if let Some(size) = entry.size_bytes {
            #[expect(clippy::cast_precision_loss, reason = "the size of a document")]
            SIZE.record(size as f64, &source);
        }
    }
    if tonight {
        if let Some(completeness) = manifest.completeness {
            COMPLETENESS.record(completeness.get(), &[]);
        }
        let roads = result.road_counts.document().and_then(|document| document.body.global_metrics.sensor_availability);
        let bikes = result.bike_counts.document().and_then(|document| document.body.global_metrics.availability);
        for (source, percent) in [(Source::RoadCounts, roads), (Source::BikeCounts, bikes)] {
            if let Some(percent) = percent {
                AVAILABILITY.record(percent.get(), &[("source", source.name())]);
            }
        }
    }
}
