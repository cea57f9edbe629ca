//! One measured day to its end: published, told, judged.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::number::Fixed2;
use contract::{Source, keys};
use runtime::failure::{Code, Failure};
use runtime::telemetry::Span;

use super::day::{DayResult, Pass};
use super::ledger::Ledger;
use super::plan::{Planned, Why};
use super::window::Snapshots;
use super::{Engine, combine, day, figures, on_pool, outcome, renewed, summary};
use crate::publish::{Fresh, Published, Publisher};
use crate::telemetry::{INDICATORS, PUBLISH};

/// How long after its end a day is one of the present: what is done again later says nothing of how the city's sensors are.
const RECENT: TimeDelta = TimeDelta::hours(48);

/// Whether what is told of a day that ended then is told of the present.
pub(super) fn is_recent(engine: &Engine, end: DateTime<Utc>) -> bool {
    engine.now - end < RECENT
}

/// A day that was measured and published.
#[derive(Debug)]
pub(super) struct Done {
    result: Arc<DayResult>,
    /// Nothing for an earlier day for which nothing new has come in.
    published: Option<Published>,
}

/// Measures and publishes one day.
///
/// # Errors
/// What keeps the day from being published.
pub(super) async fn day(pass: Arc<Pass>, planned: Planned, snapshots: Snapshots, span: Span) -> Result<Done, Failure> {
    let done = Box::pin(attempt(pass, planned, snapshots, &span)).await;
    if let Err(failure) = &done {
        span.fail(failure.code.name(), &failure.to_string());
    }
    done
}

async fn attempt(pass: Arc<Pass>, planned: Planned, snapshots: Snapshots, span: &Span) -> Result<Done, Failure> {
    let (engine, date) = (&pass.engine, planned.date);
    let config = &engine.config;
    if snapshots.no_input {
        return Err(Failure::new(
            Code::NoInput,
            format!("there is no input at all for {date}"),
            engine.raw.root(),
            "Check the raw location: it holds batch/ and api/ (processor check shows what is there)",
        ));
    }
    let result = Arc::new(day::measure(&pass, date, snapshots).await?);
    let publisher = Publisher {
        store: &engine.metrics,
        now: engine.now,
        force: config.force,
        dry_run: config.dry_run,
        required: &config.required,
    };
    if planned.why == Why::Late
        && let Some((manifest, _)) = publisher.current(date).await?
        && renewed::same_inputs(&engine.metrics, &result, &manifest).await?
        && publisher.is_whole(date, &manifest).await?
    {
        return Ok(Done { result, published: None });
    }
    let context = |documents: Vec<_>| {
        let (pass, result) = (pass.clone(), result.clone());
        let measuring = span.child(&INDICATORS, "indicators contexte").with_source(Source::Context).with_day(date);
        async move {
            let pool = pass.engine.pool.clone();
            on_pool(&pool, move || measuring.in_scope(|| combine::document(&pass, &result, &documents))).await?
        }
    };
    let publishing = Box::pin(publisher.publish(&result.day, &result.fresh, context));
    let published = Span::start(&PUBLISH).with_day(date).instrument_result(publishing).await?;
    let tonight = pass.alone && planned.why == Why::Own && is_recent(engine, result.day.end());
    figures::of_day(engine, span, &result, &published, tonight);
    Ok(Done { result, published: Some(published) })
}

/// Tells what became of a day, and how it ends.
///
/// # Errors
/// A day that was published and still is not as it should be.
pub(super) fn tell(engine: &Engine, planned: Planned, done: &Done, ledger: &mut Ledger) -> Result<(), Failure> {
    let (date, result) = (planned.date, &done.result);
    let Some(Published { manifest, changed }) = &done.published else {
        tracing::info!(day = %date, "nothing new has come in for this earlier day; it stays as it is");
        return Ok(());
    };
    for entry in &manifest.documents {
        let (source, status) = (entry.source.name(), entry.status.name());
        match &entry.reason {
            Some(reason) if entry.status == EntryStatus::Error || reason_is_error(&result.fresh, entry.source) => {
                tracing::warn!(day = %date, source, status, reason, "source in error");
            }
            Some(reason) if entry.status == EntryStatus::Retained => {
                tracing::warn!(day = %date, source, status, reason, "this run has no document; the earlier one is kept");
            }
            reason => tracing::info!(day = %date, source, status, reason = reason.as_deref().unwrap_or(""), "document"),
        }
    }
    tracing::info!(
        day = %date, status = status(manifest.day_status), completeness = manifest.completeness.map(Fixed2::rounded),
        digest = manifest.digest, changed, dry_run = engine.config.dry_run, "day done"
    );
    ledger.add(manifest, planned.why == Why::Own, *changed);
    summary::print(engine, result, manifest, *changed);
    judge(engine, planned, &result.fresh, manifest)
}

fn reason_is_error(fresh: &[(Source, Fresh)], source: Source) -> bool {
    fresh.iter().any(|(of, fresh)| *of == source && matches!(fresh, Fresh::Error(_)))
}

/// The name in documents.
pub(super) fn status(status: DayStatus) -> &'static str {
    status.name()
}

/// Where the files of a source are looked for.
fn place(source: Source) -> &'static str {
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

/// How a published day ends the run.
fn judge(engine: &Engine, planned: Planned, fresh: &[(Source, Fresh)], manifest: &Manifest) -> Result<(), Failure> {
    let config = &engine.config;
    // What is wrong with a source, and with which file of it.
    let unusable = |source: Source, fresh: &Fresh| match fresh {
        Fresh::Error(error) => Some((format!("{source} is unusable ({})", error.reason), error.key.clone())),
        Fresh::Absent(reason) if reason == outcome::NO_FILE => {
            Some((format!("{source} has no file"), place(source).to_owned()))
        }
        _ => None,
    };
    let all: Vec<(Source, (String, String))> =
        fresh.iter().filter_map(|(source, fresh)| Some((*source, unusable(*source, fresh)?))).collect();
    let required = || all.iter().filter(|(source, _)| config.required.contains(source));
    let failed: Vec<_> =
        if required().count() == 0 && all.len() == fresh.len() { all.iter().collect() } else { required().collect() };
    if !failed.is_empty() {
        let (what, keys): (Vec<_>, Vec<_>) =
            failed.iter().map(|(_, (what, key))| (what.as_str(), engine.raw.address(key))).unzip();
        return Err(Failure::new(
            Code::Data,
            format!("{}: {}", manifest.date, what.join("; ")),
            keys.join(", "),
            "Put the right file there and run the day again; what could be published was",
        ));
    }
    if manifest.day_status == DayStatus::Provisional {
        tracing::warn!(day = %manifest.date, completeness = manifest.completeness.map(Fixed2::rounded),
            "the day is provisoire: more of its data is still to come; a later run completes it");
        // Of an earlier day more may never come; the next night looks again.
        if config.until_complete && planned.why == Why::Own {
            return Err(Failure::new(
                Code::Later,
                format!("{} is published, and still provisoire", manifest.date),
                engine.metrics.address(&keys::manifest(manifest.date)),
                "Run again when more of its data is there",
            ));
        }
    }
    Ok(())
}
