//! All days of a run in one pass over the input: what every day needs is read once, snapshots come along day by day, and several days are
//! measured and published at a time. What is told comes in the order of the days.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use contract::{NaiveDate, ServiceDay, Source};
use futures::StreamExt as _;
use futures::future::try_join;
use futures::stream::FuturesOrdered;
use runtime::day::DayChoice;
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;
use runtime::telemetry::Span;
use tokio::task::JoinHandle;

use super::batch_inputs::BatchInputs;
use super::day::Pipeline;
use super::engine::{Engine, bug};
use super::finish::{self, Finished};
use super::outcome::RunOutcome;
use super::plan::{self, Planned, Why};
use super::progress::SourceProgress;
use super::road_counts::Scope;
use super::run_summary::RunSummary;
use super::snapshots::{DaySnapshots, SnapshotWindow};
use crate::draft::SourceResult;
use crate::input::{Inventory, OF_THE_API};
use crate::telemetry::{DAY, LIST};

/// Days whose documents are on their way to the store, beside one a thread that is measured.
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

/// Processes the planned days, or all days of the input. Published days stand in the summary, however the run outcome.
async fn all_days(engine: Arc<Engine>, planned: Option<Vec<Planned>>, summary: &mut RunSummary) -> Result<(), Failure> {
    let progress = Progress::new(engine.config.log.quiet);
    let (planned, inputs, first, window) = match planned {
        Some(planned) => {
            let days: BTreeSet<NaiveDate> = planned.iter().map(|next| next.date).collect();
            let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else { return Ok(()) };
            let inventory = list(&engine, &days).await?;
            tell_strangers(&inventory);
            engine.sources.begin();
            tell_ages(&engine, &inventory, last);
            let files = inventory.files.clone();
            // The last one: the others of a scheduled night are before it.
            let own = planned.iter().any(|next| next.why != Why::Own).then_some(last);
            let mut window = SnapshotWindow::open(&engine, inventory, days, own);
            // The first snapshots come while the large files are read.
            let inputs = BatchInputs::read(&engine, &files, Scope::Days { first, last }, &progress);
            let (inputs, first) = Box::pin(try_join(inputs, window.next())).await?;
            (planned, inputs, first, window)
        }
        None => {
            let mut inventory = list(&engine, &BTreeSet::new()).await?;
            tell_strangers(&inventory);
            engine.sources.begin();
            let inputs = Box::pin(BatchInputs::read(&engine, &inventory.files, Scope::All, &progress)).await?;
            let days = days_of(&engine, &inputs)?;
            inventory.look(&engine.raw, &OF_THE_API, &days).await?;
            if let Some(last) = days.last() {
                tell_ages(&engine, &inventory, *last);
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

/// What there is.
async fn list(engine: &Engine, days: &BTreeSet<NaiveDate>) -> Result<Inventory, Failure> {
    let span = Span::start(&LIST);
    let inventory = span.instrument_result(Inventory::take(&engine.raw, days)).await?;
    let (objects, bytes) = inventory.size();
    span.set_count("objects", objects);
    span.set_count("bytes", bytes);
    Ok(inventory)
}

/// Tells how old the newest object of each source is. The listing has no snapshots but those of the run's days and shortly after, so that
/// it says something of the present only where one of them is.
fn tell_ages(engine: &Engine, inventory: &Inventory, last: NaiveDate) {
    if finish::is_recent(engine, ServiceDay::new(last, engine.config.city.tz).end()) {
        SourceProgress::tell_ages(inventory, &Source::RAW, engine.now);
    }
}

fn tell_strangers(inventory: &Inventory) {
    for key in inventory.strangers() {
        tracing::warn!(
            key,
            "this file of batch/ belongs to no source and is not read; see processor --help for the names"
        );
    }
}

/// Every local day with a row of the road counts. The other sources' records do not make a day of their own.
fn days_of(engine: &Engine, inputs: &BatchInputs) -> Result<BTreeSet<NaiveDate>, Failure> {
    let days: BTreeSet<NaiveDate> = match &inputs.road_counts {
        SourceResult::Document((read, _)) => read.counts.days().collect(),
        SourceResult::Absent(_) => BTreeSet::new(),
        SourceResult::Failed(error) => {
            let (reason, key) = (error.reason.clone(), engine.raw.address(&error.key));
            return Err(Failure::new(Code::Data, reason, key, "Put the file right and run again"));
        }
    };
    if engine.config.required.iter().any(|source| *source != Source::RoadCounts) {
        tracing::warn!("`all` means the days of comptages; days that only another required source has are left out");
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

/// Measures and publishes each day, several at a time.
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
    // Why no further days are begun: all of them, or the earlier ones.
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
                let concluded = finish::day(pipeline.clone(), planned, snapshots, span.clone());
                let task = Running(tokio::spawn(span.instrument(concluded)));
                running.push_back(async move { (planned, task.await) });
            }
            match window.next().await {
                Ok(following) => next = following,
                Err(failure) => ended = Some(failure),
            }
        }
        // Days under way come to their end, whatever became of others: none is left half published.
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

/// A day under way; it ends with the run where the run ends early.
struct Running(JoinHandle<Result<Finished, Failure>>);

impl Future for Running {
    type Output = Result<Finished, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| ended.unwrap_or_else(|error| Err(bug(&error))))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
