//! The job: which days, each in turn, wait for those whose metrics are not there yet, and how the whole ends.

mod day;
mod tally;
mod trace;

use std::time::{Duration, Instant};

use chrono::{Days as Shift, NaiveDate};
use contract::keys;
use runtime::day::Days;
use runtime::failure::{Code, Failure};
use runtime::location::{Access, Location};
use runtime::progress::Progress;
use runtime::signals;
use runtime::store::{MemoryStore, SharedStore};
use runtime::telemetry;

use crate::check;
use crate::config::{Config, ReportTask, Task};
use crate::notice::{Notice, in_short};
use day::{Job, Outcome};
use tally::Tally;
use trace::Search;

/// Between the first two looks for a manifest; each next pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// A poll costs one request, and who waits 40 minutes does not mind half a minute more.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A day to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Planned {
    day: NaiveDate,
    /// A day before the run's own, done again only where its metrics changed.
    again: bool,
}

/// Runs the task until it ends or the process is told to stop. What was made stands on one line; a check makes nothing.
///
/// # Errors
/// How the run ends, if not well.
pub fn until_stopped(config: Config) -> Result<String, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
            Failure::new(
                Code::Unavailable,
                format!("no threads can be started ({error})"),
                "",
                "Raise the limit of processes",
            )
        })?;
    let result = runtime.block_on(telemetry::in_run_span(signals::run_until_stopped(async {
        match &config.task {
            Task::Check => check::run(&config).await.map(|()| String::new()),
            Task::Report(task) => reports(&config, task).await,
        }
    })));
    // A read that hangs in the background must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn reports(config: &Config, task: &ReportTask) -> Result<String, Failure> {
    let notice = Notice::new(config.log.quiet);
    task.choice.tell();
    let metrics = config.metrics.open(config.path_style, Access::Read).await?;
    let planned = plan(task, &metrics).await?;
    let own = planned.iter().find(|next| !next.again).map(|next| next.day);
    let mut search = Search::new(own, !task.wait.is_zero(), config.now);
    search.look(&*metrics).await;
    let (metrics_at, reports_at) = (config.metrics.to_string(), config.reports.to_string());
    let (day, days) = task.choice.day_or_days();
    tracing::info!(
        day, days, day.origin = %task.choice.origin, city = config.city.name, metrics = metrics_at, reports = reports_at,
        by_default = config.places_by_default, dry_run = task.dry_run, "reporting"
    );
    if config.places_by_default {
        notice.say(&format!("No place is set: reading {metrics_at}, writing {reports_at}\n"));
    }
    notice.say(&format!("Day: {} ({})\n", task.choice.days, task.choice.origin));

    let reports = open_reports(config, task.dry_run).await?;
    let job = Job {
        metrics,
        reports,
        force: task.force,
        dry_run: task.dry_run,
        lang: task.lang,
        tz: config.city.tz,
        started: config.now,
        version: env!("CARGO_PKG_VERSION"),
    };
    let progress = Progress::new(config.log.quiet);
    each(&job, planned, Waiting { most: task.wait, pause: FIRST_PAUSE }, search, notice, &progress).await
}

/// The reports; for a dry run without making a folder that is not there.
async fn open_reports(config: &Config, dry_run: bool) -> Result<SharedStore, Failure> {
    match &config.reports {
        Location::Local(path) if dry_run && !path.exists() => {
            Ok(std::sync::Arc::new(MemoryStore::with_name(path.display().to_string())))
        }
        place if dry_run => place.open(config.path_style, Access::Read).await,
        place => place.open(config.path_style, Access::Write).await,
    }
}

/// The days of the run in order, those that are only looked at again first.
async fn plan(task: &ReportTask, metrics: &SharedStore) -> Result<Vec<Planned>, Failure> {
    let own = match task.choice.days.list() {
        Some(days) => days,
        None => every_day(metrics).await?,
    };
    let mut planned: Vec<Planned> = Vec::new();
    if let Days::One(day) = task.choice.days {
        let before = (1..=u64::from(task.lookback)).rev().filter_map(|back| day.checked_sub_days(Shift::new(back)));
        planned.extend(before.map(|day| Planned { day, again: true }));
    }
    planned.extend(own.into_iter().map(|day| Planned { day, again: false }));
    Ok(planned)
}

/// Every day that has a manifest.
async fn every_day(metrics: &SharedStore) -> Result<Vec<NaiveDate>, Failure> {
    let manifests = metrics.list(keys::MANIFEST_PREFIX).await?;
    let mut days: Vec<_> = manifests.iter().filter_map(|object| keys::manifest_day(&object.key)).collect();
    days.sort_unstable();
    if days.is_empty() {
        let place = metrics.address(keys::MANIFEST_PREFIX);
        return Err(Failure::new(Code::NoInput, "there is no manifest of any day", place, "Run the processor first"));
    }
    Ok(days)
}

/// How long to wait for manifests, and how long between the first two looks.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    most: Duration,
    pause: Duration,
}

/// Does each day; one that fails does not stop the others, and one that has no manifest yet is looked at again while there is time.
async fn each(
    job: &Job,
    mut planned: Vec<Planned>,
    waiting: Waiting,
    mut search: Search,
    notice: Notice,
    progress: &Progress,
) -> Result<String, Failure> {
    let begun = Instant::now();
    let total = planned.len();
    let mut waited = Duration::ZERO;
    let mut pause = waiting.pause;
    let mut failures = Vec::new();
    let mut tally = Tally::default();
    loop {
        let mut later = Vec::new();
        search.look(&*job.metrics).await;
        for next in planned {
            // What is only looked at again can wait until it is known whose trace the run continues.
            if next.again && search.is_open() {
                later.push(next);
                continue;
            }
            match job.day(next, waited).await {
                Ok(Outcome::NotYet) if next.again => {
                    tracing::debug!(day = %next.day, "no manifest of this earlier day")
                }
                Ok(Outcome::NotYet) => later.push(next),
                Ok(outcome) => {
                    tell(job, next.day, &outcome, notice);
                    tally.add(next.day, &outcome);
                }
                // Its own run has said so already, and there is nothing new to it.
                Err(failure) if next.again && failure.code == Code::NoInput => {
                    tracing::warn!(day = %next.day, "{failure}");
                }
                Err(failure) => failures.push((next.day, failure)),
            }
        }
        planned = later;
        let left = waiting.most.saturating_sub(begun.elapsed());
        if planned.is_empty() {
            break;
        }
        if left.is_zero() {
            if !search.is_open() {
                break;
            }
            search.give_up();
            continue;
        }
        if waited.is_zero() {
            let awaited = planned.iter().filter(|next| !next.again);
            let days: Vec<_> = awaited.map(|next| next.day.to_string()).collect();
            tracing::info!(awaited = days.join(","), at_most_seconds = left.as_secs(), "waiting for the metrics");
        }
        let spinner = progress.spinner("waiting");
        let awaited = planned.iter().filter(|next| !next.again).count();
        spinner.message(format!("the metrics of {awaited} days, {} s left", left.as_secs()));
        tokio::time::sleep(pause.min(left)).await;
        spinner.finish();
        pause = (pause * 2).min(LONGEST_PAUSE);
        waited = begun.elapsed();
    }
    if !waited.is_zero() {
        telemetry::set("waited", waited.as_secs_f64());
    }
    failures.extend(
        planned.into_iter().filter(|next| !next.again).map(|next| (next.day, not_yet(job, next.day, waiting.most))),
    );
    worst(failures, "days", total)?;
    Ok(tally.line(&job.reports.root()))
}

fn not_yet(job: &Job, day: NaiveDate, waited: Duration) -> Failure {
    let waited = if waited.is_zero() { String::new() } else { format!(" after {} s", waited.as_secs()) };
    Failure::new(
        Code::Later,
        format!("the metrics of {day} are not there yet{waited}"),
        job.metrics.address(&keys::manifest(day)),
        "Run the processor for that day, or wait longer with --wait",
    )
}

/// Tells of a day that ended well.
fn tell(job: &Job, day: NaiveDate, outcome: &Outcome, notice: Notice) {
    let key = job.reports.address(&keys::report(day, "json"));
    match outcome {
        Outcome::NotYet => {}
        Outcome::UpToDate { edition } => {
            tracing::info!(day = %day, key, edition, "the report is up to date");
            notice.say(&format!("{day}: up to date, edition {edition}: {key} (--force makes it again)\n"));
        }
        Outcome::Made { report, until, files, written } => {
            for (key, bytes) in files {
                let key = job.reports.address(key);
                if *written {
                    tracing::info!(day = %day, key, bytes, edition = report.edition, "written");
                } else {
                    tracing::info!(day = %day, key, bytes, edition = report.edition, "not written: this is a dry run");
                }
            }
            let edition = job.lang.pick("édition", "edition");
            let heading = match (written, job.lang) {
                (true, _) => format!("\n{day}, {edition} {}: {key} (.csv)", report.edition),
                (false, _) => format!("\n{day}, {edition} {}: dry run, nothing is written to {key}", report.edition),
            };
            notice.say(&in_short(report, &heading, *until, job.lang));
        }
    }
}

/// The failure of a run of which several parts may have failed: the worst, after each has been told on its own.
///
/// # Errors
/// That one, if there is any.
pub(crate) fn worst<N: std::fmt::Display>(
    failures: Vec<(N, Failure)>,
    parts: &str,
    total: usize,
) -> Result<(), Failure> {
    if total > 1 {
        for (name, failure) in &failures {
            tracing::error!(part = %name, code = failure.code as i32, key = failure.key, "{failure}");
        }
    }
    let failed = failures.len();
    // Of equals the first.
    let found = failures.into_iter().rev().max_by_key(|(_, failure)| failure.code.severity());
    match found {
        None => Ok(()),
        Some((_, failure)) if total == 1 => Err(failure),
        Some((name, failure)) => {
            let what = if failed == 1 {
                format!("1 of {total} {parts} failed, {name}: {}", failure.what)
            } else {
                format!("{failed} of {total} {parts} failed; the worst is {name}: {}", failure.what)
            };
            Err(Failure { what, ..failure })
        }
    }
}

#[cfg(test)]
mod tests;
