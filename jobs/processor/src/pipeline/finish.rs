//! The end of a day: publish it, log it, decide whether it makes the run fail.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::number::Fixed2;
use contract::{Source, keys};
use runtime::failure::{Code, Failure};
use runtime::telemetry::Span;

use super::day::{self, DayResult, Pipeline};
use super::engine::{Engine, on_pool};
use super::plan::{Planned, Why};
use super::run_summary::RunSummary;
use super::snapshots::DaySnapshots;
use super::{changed_inputs, day_metrics, terminal};
use crate::document::context::{self, ContextInput, StoredDocument};
use crate::draft::{NO_FILE, SourceResult};
use crate::publish::{Published, Publisher, Resolved, Written, worst};
use crate::source::reference::school_calendar::school_holiday;
use crate::telemetry::{INDICATORS, PUBLISH};

/// A day that ended longer ago says nothing about the present state of the city's sensors.
const RECENT: TimeDelta = TimeDelta::hours(48);

pub(crate) fn is_recent(engine: &Engine, end: DateTime<Utc>) -> bool {
    engine.now - end < RECENT
}

/// A computed and published day.
pub(crate) struct Finished {
    result: Arc<DayResult>,
    /// `None` for an earlier day without new data.
    published: Option<Published>,
}

/// Computes and publishes one day.
///
/// # Errors
/// The failure that keeps the day from being published.
pub(crate) async fn day(
    pipeline: Arc<Pipeline>,
    planned: Planned,
    snapshots: DaySnapshots,
    span: Span,
) -> Result<Finished, Failure> {
    let done = Box::pin(attempt(pipeline, planned, snapshots, &span)).await;
    if let Err(failure) = &done {
        span.fail(failure.code.name(), &failure.to_string());
    }
    done
}

async fn attempt(
    pipeline: Arc<Pipeline>,
    planned: Planned,
    snapshots: DaySnapshots,
    span: &Span,
) -> Result<Finished, Failure> {
    let (engine, date) = (&pipeline.engine, planned.date);
    let config = &engine.config;
    if snapshots.no_input {
        return Err(Failure::new(
            Code::NoInput,
            format!("there is no input at all for {date}"),
            engine.raw.root(),
            "Check the raw location: it holds batch/ and api/ (processor check shows what is there)",
        ));
    }
    let result = Arc::new(day::measure(&pipeline, date, snapshots).await?);
    let publisher = Publisher {
        store: &engine.metrics,
        now: engine.now,
        force: config.force,
        dry_run: config.dry_run,
        required: &config.required,
        city: &config.city.name,
        warnings: &pipeline.inputs.file_warnings,
    };
    if planned.why == Why::Late
        && let Some((manifest, _)) = publisher.current(date).await?
        && changed_inputs::same_inputs(&engine.metrics, &result, &manifest).await?
        && publisher.is_whole(date, &manifest).await?
    {
        return Ok(Finished { result, published: None });
    }
    let context = |documents: Vec<_>| {
        let (pipeline, result) = (pipeline.clone(), result.clone());
        let measuring = span.child(&INDICATORS, "indicators contexte").with_source(Source::Context).with_day(date);
        async move {
            let pool = pipeline.engine.pool.clone();
            on_pool(&pool, move || measuring.in_scope(|| context_document(&pipeline, &result, &documents))).await?
        }
    };
    let publishing = Box::pin(publisher.publish(&result.day, &result.written, context));
    let published = Span::start(&PUBLISH).with_day(date).instrument_result(publishing).await?;
    let tonight = pipeline.single_day && planned.why == Why::Own && is_recent(engine, result.day.end());
    day_metrics::record(engine, span, &result, &published, tonight);
    Ok(Finished { result, published: Some(published) })
}

/// The document that needs several sources; `None` if there is no other document.
fn context_document(
    pipeline: &Pipeline,
    result: &DayResult,
    documents: &[Resolved],
) -> Result<Option<Written>, Failure> {
    let stored: Vec<StoredDocument<'_>> = documents
        .iter()
        .filter_map(|document| {
            let (key, bytes) = (document.entry.key.as_ref()?, document.bytes.as_ref()?);
            Some(StoredDocument { source: document.entry.source, key, bytes })
        })
        .collect();
    if stored.is_empty() {
        return Ok(None);
    }
    let (config, reference) = (&pipeline.engine.config, &pipeline.inputs.reference);
    let state = worst(documents, &config.required);
    let input = ContextInput {
        documents: &stored,
        state: (state.day_status, state.completeness),
        school_holiday: school_holiday(result.day.date(), &config.city, reference.calendar.as_ref()),
        calendars: &reference.calendar_inputs,
        worksites: result.worksite_shapes.as_deref(),
        network: &result.network,
    };
    Written::of(&context::document(&input, &pipeline.context(result.day))).map(Some)
}

/// Logs and summarises a day.
///
/// # Errors
/// A published day that still does not meet the requirements.
pub(crate) fn record(
    engine: &Engine,
    planned: Planned,
    done: &Finished,
    summary: &mut RunSummary,
) -> Result<(), Failure> {
    let (date, result) = (planned.date, &done.result);
    let Some(published @ Published { manifest, changed, new_documents }) = &done.published else {
        tracing::info!(day = %date, "earlier day unchanged: no new data");
        return Ok(());
    };
    for entry in &manifest.documents {
        let (source, status) = (entry.source.name(), entry.status.name());
        match &entry.reason {
            Some(reason) if entry.status == EntryStatus::Error || reason_is_error(&result.written, entry.source) => {
                tracing::warn!(day = %date, source, status, reason, "source failed");
            }
            Some(reason) if entry.status == EntryStatus::Retained => {
                tracing::warn!(day = %date, source, status, reason, "no document in this run; the previous one is kept");
            }
            reason => {
                let changed = new_documents.contains(&entry.source);
                tracing::info!(day = %date, source, status, changed, reason = reason.as_deref().unwrap_or(""), "document");
            }
        }
    }
    tracing::info!(
        day = %date, status = manifest.day_status.name(), completeness = manifest.completeness.map(Fixed2::rounded),
        digest = manifest.digest, changed, dry_run = engine.config.dry_run,
        manifest = engine.metrics.address(&keys::manifest(date)), "day done"
    );
    summary.add(manifest, planned.why == Why::Own, *changed);
    terminal::print(engine, result, published);
    evaluate(engine, planned, &result.written, manifest)
}

fn reason_is_error(written: &[(Source, SourceResult<Written>)], source: Source) -> bool {
    written.iter().any(|(of, result)| *of == source && matches!(result, SourceResult::Failed(_)))
}

/// Where the files of a source are expected.
fn expected_files(source: Source) -> &'static str {
    match source {
        Source::RoadCounts => "batch/comptages-*.csv",
        Source::BikeCounts => "api/bikes/ or batch/comptage-velo*.csv",
        Source::Disruptions => "api/traffic/",
        Source::Weather => "api/weather/ or batch/meteo*.csv",
        Source::Worksites => "batch/chantiers-*.csv",
        Source::RoadNetwork => "batch/referentiel-*.csv",
        Source::Context => "",
    }
}

/// The required sources without a row of a requested day that is too old for its data to be still on its way, with the reason.
fn overdue(engine: &Engine, planned: Planned, written: &[(Source, SourceResult<Written>)]) -> Vec<(Source, String)> {
    let config = &engine.config;
    let today = engine.now.with_timezone(&config.city.tz).date_naive();
    let age = (today - planned.date).num_days();
    if planned.why != Why::Own || age <= config.parameters.comptages.definitif_jours {
        return Vec::new();
    }
    let absent = written.iter().filter_map(|(source, result)| match result {
        SourceResult::Absent(reason) if reason != NO_FILE => Some((*source, reason.clone())),
        _ => None,
    });
    absent.filter(|(source, _)| config.required.contains(source)).collect()
}

/// Decides whether a published day makes the run fail.
fn evaluate(
    engine: &Engine,
    planned: Planned,
    written: &[(Source, SourceResult<Written>)],
    manifest: &Manifest,
) -> Result<(), Failure> {
    let config = &engine.config;
    let unusable = |source: Source, result: &SourceResult<Written>| match result {
        SourceResult::Failed(error) => Some((format!("{source} is unusable ({})", error.reason), error.key.clone())),
        SourceResult::Absent(reason) if reason == NO_FILE => {
            Some((format!("{source} has no file"), expected_files(source).to_owned()))
        }
        _ => None,
    };
    let all: Vec<(Source, (String, String))> =
        written.iter().filter_map(|(source, result)| Some((*source, unusable(*source, result)?))).collect();
    let required = || all.iter().filter(|(source, _)| config.required.contains(source));
    let failed: Vec<_> =
        if required().count() == 0 && all.len() == written.len() { all.iter().collect() } else { required().collect() };
    let overdue = overdue(engine, planned, written);
    if failed.is_empty() && !overdue.is_empty() {
        let keys: Vec<_> = overdue.iter().map(|(source, _)| engine.raw.address(expected_files(*source))).collect();
        let what: Vec<_> = overdue.iter().map(|(source, reason)| format!("{source} has no row ({reason})")).collect();
        return Err(Failure::new(
            Code::Data,
            format!("{}: {}", manifest.date, what.join("; ")),
            keys.join(", "),
            "Add the file of this day; its rows are no longer to be expected on their own. The other documents were published",
        ));
    }
    if !failed.is_empty() {
        let (what, keys): (Vec<_>, Vec<_>) =
            failed.iter().map(|(_, (what, key))| (what.as_str(), engine.raw.address(key))).unzip();
        return Err(Failure::new(
            Code::Data,
            format!("{}: {}", manifest.date, what.join("; ")),
            keys.join(", "),
            "Correct the file and run the day again; the other documents were published",
        ));
    }
    if manifest.day_status == DayStatus::Provisional {
        tracing::warn!(day = %manifest.date, completeness = manifest.completeness.map(Fixed2::rounded),
            "the day is provisional: more of its data is still to come, and a later run completes it");
        // An earlier day may never become complete; the next night rechecks it.
        if config.until_complete && planned.why == Why::Own {
            return Err(Failure::new(
                Code::Later,
                format!("{} is published, but still provisional", manifest.date),
                engine.metrics.address(&keys::manifest(manifest.date)),
                "Run again when more of its data has arrived",
            ));
        }
    }
    Ok(())
}
