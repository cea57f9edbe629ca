//! All days of a run in one pass over the input: shared inputs are read once, snapshots arrive day by day, and several days are computed
//! and published in parallel. Logs and output come in the order of the days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::{NaiveDate, ServiceDay, Source};
use futures::StreamExt as _;
use futures::future::try_join;
use futures::stream::FuturesOrdered;
use runtime::day::DayChoice;
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;
use runtime::telemetry::Span;
use tokio_util::task::AbortOnDropHandle;

use super::batch_inputs::BatchInputs;
use super::day::Pipeline;
use super::engine::{Engine, bug};
use super::finish;
use super::outcome::RunOutcome;
use super::plan::{self, Planned, Why};
use super::progress::SourceProgress;
use super::road_counts::Scope;
use super::run_summary::RunSummary;
use super::snapshots::{DaySnapshots, SnapshotWindow};
use crate::draft::SourceResult;
use crate::input::{API_SOURCES, Inventory};
use crate::telemetry::{DAY, LIST};

/// Days being published at once, in addition to one day per thread being computed.
const PUBLISHED_AT_ONCE: usize = 4;

/// Processes the chosen days. Returns the result of the run on one line.
///
/// # Errors
/// The failure that the run ends with, if any.
pub(crate) async fn run(engine: Arc<Engine>, choice: &DayChoice) -> Result<String, Failure> {
    let planned = plan::days(&engine, choice).await?;
    let mut summary = RunSummary::default();
    let result = Box::pin(all_days(engine.clone(), planned, &mut summary)).await;
    // Also if a day has failed: days that were published get their report. A run that is killed is retried, and hands off then.
    summary.hand_off(&engine.config).await;
    result.map(|()| summary.line(&engine.config))
}

/// Processes the planned days, or all days of the input. The summary holds every published day, even if the run fails.
async fn all_days(engine: Arc<Engine>, planned: Option<Vec<Planned>>, summary: &mut RunSummary) -> Result<(), Failure> {
    let progress = Progress::new(engine.config.log.quiet);
    let (planned, inputs, first, window) = match planned {
        Some(planned) => {
            let days: BTreeSet<NaiveDate> = planned.iter().map(|next| next.date).collect();
            let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else { return Ok(()) };
            let inventory = list(&engine, &days).await?;
            inventory.not_read().warn();
            engine.sources.begin();
            record_ages(&engine, &inventory, last);
            let files = inventory.files.clone();
            // The last one: a scheduled night catches up earlier days.
            let own = planned.iter().any(|next| next.why != Why::Own).then_some(last);
            let mut window = SnapshotWindow::open(&engine, inventory, days, own);
            // The first snapshots are fetched while the large files are read.
            let inputs = BatchInputs::read(&engine, &files, Scope::Days { first, last }, &progress);
            let (inputs, first) = Box::pin(try_join(inputs, window.next())).await?;
            (planned, inputs, first, window)
        }
        None => {
            let mut inventory = list(&engine, &BTreeSet::new()).await?;
            engine.sources.begin();
            let inputs = Box::pin(BatchInputs::read(&engine, &inventory.files, Scope::All, &progress)).await?;
            let days = days_of(&engine, &inputs).inspect_err(|_| inventory.not_read().warn())?;
            inventory.relist(&engine.raw, &API_SOURCES, &days).await?;
            inventory.not_read().warn();
            if let Some(last) = days.last() {
                record_ages(&engine, &inventory, *last);
            }
            let mut window = SnapshotWindow::open(&engine, inventory, days.clone(), None);
            let first = window.next().await?;
            (days.into_iter().map(Planned::own).collect(), inputs, first, window)
        }
    };
    let single_day = planned.iter().filter(|next| next.why == Why::Own).count() == 1;
    let pipeline = Arc::new(Pipeline { engine, inputs, single_day });
    Box::pin(each(&pipeline, &planned, first, window, summary)).await
}

async fn list(engine: &Engine, days: &BTreeSet<NaiveDate>) -> Result<Inventory, Failure> {
    let span = Span::start(&LIST);
    let inventory = span.instrument_result(Inventory::list(&engine.raw, days)).await?;
    let (objects, bytes) = inventory.size();
    span.set_count("objects", objects);
    span.set_count("bytes", bytes);
    Ok(inventory)
}

/// Records the age of each source's newest object. The listing covers only the days of the run and shortly after, so it describes the
/// present only if one of them is recent.
fn record_ages(engine: &Engine, inventory: &Inventory, last: NaiveDate) {
    if finish::is_recent(engine, ServiceDay::new(last, engine.config.city.tz).end()) {
        SourceProgress::record_ages(inventory, &Source::RAW, engine.now);
    }
}

/// Every local day with a row of the road counts. Records of other sources alone do not make a day.
fn days_of(engine: &Engine, inputs: &BatchInputs) -> Result<BTreeSet<NaiveDate>, Failure> {
    let days: BTreeSet<NaiveDate> = match &inputs.road_counts {
        SourceResult::Document((read, _)) => read.counts.days().collect(),
        SourceResult::Absent(_) => BTreeSet::new(),
        SourceResult::Failed(error) => {
            let (reason, key) = (error.reason.clone(), engine.raw.address(&error.key));
            return Err(Failure::new(Code::Data, reason, key, "Correct the file and run again"));
        }
    };
    if engine.config.required.iter().any(|source| *source != Source::RoadCounts) {
        tracing::warn!("`all` covers the days of comptages; days that only another required source has are skipped");
    }
    if days.is_empty() {
        return Err(Failure::new(
            Code::NoInput,
            "no required source has a row of any day",
            engine.raw.root(),
            "Check the raw location, or name the days",
        ));
    }
    Ok(days)
}

/// Computes and publishes the days, several at a time.
async fn each(
    pipeline: &Arc<Pipeline>,
    planned: &[Planned],
    mut next: Option<(NaiveDate, DaySnapshots)>,
    mut window: SnapshotWindow,
    summary: &mut RunSummary,
) -> Result<(), Failure> {
    let engine = &pipeline.engine;
    let at_once = engine.pool.current_num_threads() + PUBLISHED_AT_ONCE;
    let of_day: BTreeMap<NaiveDate, Planned> = planned.iter().map(|next| (next.date, *next)).collect();
    let mut outcome = RunOutcome::of(planned.len());
    let mut running = FuturesOrdered::new();
    // Reasons to start no further days: any, or earlier ones.
    let (mut ended, mut own_alone) = (None, false);
    loop {
        while ended.is_none()
            && running.len() < at_once
            && let Some((date, snapshots)) = next.take()
        {
            let planned = of_day.get(&date).copied().unwrap_or(Planned::own(date));
            if !own_alone || planned.why == Why::Own {
                let span = match planned.why {
                    Why::Own => Span::start(&DAY),
                    Why::Late | Why::Missed => Span::current().low_priority_child(&DAY, "day"),
                }
                .with_day(date);
                let finished = finish::day(pipeline.clone(), planned, snapshots, span.clone());
                let task = AbortOnDropHandle::new(tokio::spawn(span.instrument(finished)));
                running.push_back(async move { (planned, task.await.unwrap_or_else(|error| Err(bug(&error)))) });
            }
            match window.next().await {
                Ok(following) => next = following,
                Err(failure) => ended = Some(failure),
            }
        }
        // Running days finish even if others have failed, so that none is published partially.
        let Some((planned, done)) = running.next().await else { break };
        match outcome.add(planned, done.and_then(|done| finish::record(engine, planned, &done, summary))) {
            Ok(()) => {}
            Err(failure) if planned.why == Why::Own => ended = ended.or(Some(failure)),
            Err(failure) => {
                own_alone = true;
                outcome.add_earlier(failure);
            }
        }
    }
    match ended {
        Some(failure) => Err(failure),
        None => outcome.end(),
    }
}
