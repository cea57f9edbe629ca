//! The job: plans the days, makes the report of each, and waits for days whose metrics do not exist yet.
//!
//! ```text
//! DayChoice ─► plan ─► PlannedDay… ─► Engine::run_day ─► DayOutcome ─► RunSummary
//!                          ▲                 │
//!                          └─ no manifest: pause, until --wait is over
//! ```
//!
//! A day that fails does not stop the others; the run ends with the most severe failure. A scheduled run also rechecks the days of its
//! lookback, never waits for them, and rewrites their reports only for other figures. Not for the content of a report, which is pure and
//! lives in `report`.

mod day;
mod summary;
mod trace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Days as Shift, NaiveDate};
use contract::keys;
use runtime::day::Days;
use runtime::failure::{Code, Failure};
use runtime::location::{Access, Location};
use runtime::progress::Progress;
use runtime::store::{MemoryStore, SharedStore};
use runtime::telemetry;

use crate::config::{Config, ReportTask, Task};
use crate::failures::worst;
use crate::render::overview;
use crate::terminal::{Terminal, origin_fr};
use crate::{check, collect};
use day::{DayOutcome, Engine};
use summary::RunSummary;
use trace::TraceSearch;

/// Pause before the second poll for a manifest; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// A poll costs one request, and half a minute is little next to a wait of 40 minutes.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A day of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PlannedDay {
    day: NaiveDate,
    /// A day of the lookback: its report is made again only if its metrics changed.
    recheck: bool,
}

/// Runs the task of a process. Returns the summary on one line, which is empty for a check.
///
/// # Errors
/// The most severe failure.
pub async fn run(config: Config) -> Result<String, Failure> {
    match &config.task {
        Task::Check => {
            check::run(&config).await?;
            runtime::output::finish().map(|()| String::new())
        }
        Task::Report(task) => make_reports(&config, task).await,
    }
}

async fn make_reports(config: &Config, task: &ReportTask) -> Result<String, Failure> {
    let terminal = Terminal::new(config.log.quiet, config.lang);
    task.choice.record();
    // A run that waits may start before the processor has created the folder.
    let access = if task.wait.is_zero() { Access::Read } else { Access::ReadOnceCreated };
    let metrics = config.metrics.open(config.path_style, access).await?;
    let planned = plan(task, &metrics).await?;
    let first = planned.iter().find(|planned| !planned.recheck).map(|planned| planned.day);
    let mut trace = TraceSearch::new(first, !task.wait.is_zero(), config.now);
    trace.poll(&*metrics).await;
    let (metrics_at, reports_at) = (config.metrics.to_string(), config.reports.to_string());
    let (day, days) = task.choice.day_or_days();
    tracing::info!(
        day, days, day.origin = %task.choice.origin, city = config.city.name, metrics = metrics_at, reports = reports_at,
        by_default = config.locations_by_default, dry_run = task.dry_run, "reporting"
    );
    if config.locations_by_default {
        terminal.line(
            format_args!("Aucun emplacement n'est défini : lecture de {metrics_at}, écriture dans {reports_at}"),
            format_args!("No location is set: reading from {metrics_at}, writing to {reports_at}"),
        );
    }
    let (days, origin) = (task.choice.days, &task.choice.origin);
    terminal.line(format_args!("Jour : {days} ({})", origin_fr(origin)), format_args!("Day: {days} ({origin})"));

    let engine = Engine {
        metrics,
        reports: open_reports(config, task.dry_run).await?,
        force: task.force,
        dry_run: task.dry_run,
        city: config.city.name.clone(),
        lang: config.lang,
        tz: config.city.tz,
        started: config.now,
        version: env!("CARGO_PKG_VERSION"),
    };
    let wait = WaitPolicy { limit: task.wait, first_pause: FIRST_PAUSE };
    let made = run_days(&engine, planned, wait, trace, terminal, &Progress::new(config.log.quiet)).await;
    made.map(|line| task.choice.result(line))
}

/// Opens the reports. A dry run does not create a missing folder.
async fn open_reports(config: &Config, dry_run: bool) -> Result<SharedStore, Failure> {
    match &config.reports {
        Location::Local(path) if dry_run && !path.exists() => {
            Ok(Arc::new(MemoryStore::in_place_of(path.display().to_string())))
        }
        location => location.open(config.path_style, if dry_run { Access::Read } else { Access::Write }).await,
    }
}

/// The days of the run in order: the lookback of a scheduled day comes before the day.
async fn plan(task: &ReportTask, metrics: &SharedStore) -> Result<Vec<PlannedDay>, Failure> {
    let requested = match task.choice.days.list() {
        Some(days) => days,
        None => all_days(metrics).await?,
    };
    let mut planned = Vec::new();
    if let Days::One(day) = task.choice.days {
        let lookback = (1..=u64::from(task.lookback)).rev().filter_map(|back| day.checked_sub_days(Shift::new(back)));
        planned.extend(lookback.map(|day| PlannedDay { day, recheck: true }));
    }
    planned.extend(requested.into_iter().map(|day| PlannedDay { day, recheck: false }));
    Ok(planned)
}

/// Every day that has a manifest.
async fn all_days(metrics: &SharedStore) -> Result<Vec<NaiveDate>, Failure> {
    let days = collect::days(&**metrics).await?;
    if days.is_empty() {
        let address = metrics.address(keys::MANIFEST_PREFIX);
        return Err(Failure::new(Code::NoInput, "no day has a manifest", address, "Run the processor first"));
    }
    Ok(days)
}

/// How long to wait for manifests, in total and before the second poll.
#[derive(Debug, Clone, Copy)]
struct WaitPolicy {
    limit: Duration,
    first_pause: Duration,
}

/// Makes the report of each day. Days without a manifest are polled again until the wait is over.
async fn run_days(
    engine: &Engine,
    mut planned: Vec<PlannedDay>,
    wait: WaitPolicy,
    mut trace: TraceSearch,
    terminal: Terminal,
    progress: &Progress,
) -> Result<String, Failure> {
    let started = Instant::now();
    let total = planned.len();
    let mut waited = Duration::ZERO;
    let mut pause = wait.first_pause;
    let mut failures = Vec::new();
    let mut summary = RunSummary::default();
    loop {
        let mut postponed = Vec::new();
        trace.poll(&*engine.metrics).await;
        for next in planned {
            // A recheck waits until the trace of the run is known, so that its spans are part of it.
            if next.recheck && trace.is_open() {
                postponed.push(next);
                continue;
            }
            match engine.run_day(next, waited).await {
                Ok(DayOutcome::NoManifest) if next.recheck => {
                    tracing::debug!(day = %next.day, "a day of the lookback has no manifest");
                }
                Ok(DayOutcome::NoManifest) => postponed.push(next),
                Ok(outcome) => {
                    report_outcome(engine, next.day, &outcome, terminal);
                    summary.add(next.day, &outcome);
                }
                // The run of that day has already failed for this reason, and nothing has changed since.
                Err(failure) if next.recheck && failure.code == Code::NoInput => {
                    tracing::warn!(day = %next.day, "{failure}");
                }
                Err(failure) => failures.push((next.day, failure)),
            }
        }
        planned = postponed;
        let left = wait.limit.saturating_sub(started.elapsed());
        if planned.is_empty() {
            break;
        }
        if left.is_zero() {
            if !trace.is_open() {
                break;
            }
            // The postponed rechecks still have their turn.
            trace.close();
            continue;
        }
        let awaited: Vec<_> = planned.iter().filter(|next| !next.recheck).map(|next| next.day.to_string()).collect();
        if waited.is_zero() {
            tracing::info!(awaited = awaited.join(","), at_most_seconds = left.as_secs(), "waiting for the metrics");
        }
        let spinner = progress.spinner(engine.lang.pick("attente", "waiting"));
        let (count, seconds) = (awaited.len(), left.as_secs());
        spinner.message(engine.lang.pick(
            format!("jours sans métriques : {count}, encore {seconds} s"),
            format!("days without metrics: {count}, {seconds} s left"),
        ));
        tokio::time::sleep(pause.min(left)).await;
        spinner.finish();
        pause = (pause * 2).min(MAX_PAUSE);
        waited = started.elapsed();
    }
    if !waited.is_zero() {
        telemetry::set("waited", waited.as_secs_f64());
    }
    let missing = planned.into_iter().filter(|next| !next.recheck);
    failures.extend(missing.map(|next| (next.day, no_metrics(engine, next.day, wait.limit))));
    worst(failures, "days", total)?;
    Ok(summary.line(&engine.reports.root()))
}

fn no_metrics(engine: &Engine, day: NaiveDate, waited: Duration) -> Failure {
    let waited = if waited.is_zero() { String::new() } else { format!(" after {} s", waited.as_secs()) };
    Failure::new(
        Code::Later,
        format!("the metrics of {day} do not exist yet{waited}"),
        engine.metrics.address(&keys::manifest(day)),
        "Run the processor for that day, or wait longer with --wait",
    )
}

/// Logs the outcome of a day and shows it on the terminal.
fn report_outcome(engine: &Engine, day: NaiveDate, outcome: &DayOutcome, terminal: Terminal) {
    let key = engine.reports.address(&keys::report(day, engine.lang.code(), "json"));
    match outcome {
        DayOutcome::NoManifest => {}
        DayOutcome::UpToDate { edition } => {
            tracing::info!(day = %day, key, edition, "the report is up to date");
            terminal.line(
                format_args!("{day} : à jour, édition {edition} : {key} (--force pour le refaire)"),
                format_args!("{day}: up to date, edition {edition}: {key} (--force makes it again)"),
            );
        }
        DayOutcome::Made { report, complete_until, files, written } => {
            let edition = report.edition;
            let (tables, forms): (Vec<_>, Vec<_>) = files.iter().partition(|(key, _)| key.starts_with(keys::TABLES));
            let bytes: usize = tables.iter().map(|(_, bytes)| bytes).sum();
            let folder = engine.reports.address(&format!("{}{day}/", keys::TABLES));
            let folder = [(folder, bytes)];
            let forms = forms.into_iter().map(|(key, bytes)| (engine.reports.address(key), *bytes));
            for (key, bytes) in folder.into_iter().chain(forms) {
                if *written {
                    tracing::info!(day = %day, key, bytes, edition, "written");
                } else {
                    tracing::info!(day = %day, key, bytes, edition, "not written: this is a dry run");
                }
            }
            if *written {
                terminal.line(
                    format_args!("\n{day}, édition {edition} : {key} (.csv)"),
                    format_args!("\n{day}, edition {edition}: {key} (.csv)"),
                );
            } else {
                terminal.line(
                    format_args!("\n{day}, édition {edition} : serait publiée (--dry-run) : {key} (.csv)"),
                    format_args!("\n{day}, edition {edition}: would be published (--dry-run): {key} (.csv)"),
                );
            }
            terminal.wrapped(overview::render(report, *complete_until, engine.lang).trim_end());
        }
    }
}

#[cfg(test)]
mod tests;
