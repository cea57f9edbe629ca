//! From arguments to a valid configuration: all settings are checked, and all mistakes are reported at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::Tz;
use runtime::day::{self, DayChoice};
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::location::Location;
use runtime::log::LogOptions;
use runtime::settings::{Checked, Mistakes, Shared};

use crate::args::{Args, Command};
use crate::city::{self, City};
use crate::telemetry::JOB;

/// The locations if neither is set.
const METRICS: &str = "./data/processed/metrics";
const REPORTS: &str = "./data/processed/reports";

/// The configuration of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub task: Task,
    /// Location of the metrics documents.
    pub metrics: Location,
    /// Location of the reports.
    pub reports: Location,
    /// Whether neither location was set.
    pub locations_by_default: bool,
    /// Path-style S3 addresses.
    pub path_style: bool,
    /// Whether to record an Event on the Job.
    pub events: bool,
    pub city: City,
    /// Language of the sentences and of the terminal.
    pub lang: Lang,
    pub log: LogOptions,
    /// Start of the run.
    pub now: DateTime<Utc>,
}

/// The task of a process.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Check settings, connections and permissions.
    Check,
    /// Make reports.
    Report(ReportTask),
}

/// The reports to make.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportTask {
    /// The days, and where they come from.
    pub choice: DayChoice,
    /// Earlier days that a scheduled run rechecks for changed metrics; 0 for any other run.
    pub lookback: u32,
    /// How long to wait for metrics that are not published yet.
    pub wait: Duration,
    /// Make a report even if the existing one is up to date.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
}

impl Config {
    /// Checks the arguments at the instant `now`. Reads the city profile, nothing else.
    ///
    /// # Errors
    /// [`Code::Usage`](runtime::failure::Code::Usage), with all mistakes at once.
    pub fn new(args: &Args, now: DateTime<Utc>) -> Result<Self, Failure> {
        let shared = &args.shared;
        let mut mistakes = Mistakes::default();
        let (metrics, reports) = locations(args, &mut mistakes);
        let city = city(shared, &mut mistakes);
        let path_style = mistakes.take(&shared.path_style).unwrap_or_default();
        let events = mistakes.take(&shared.events).unwrap_or_default();
        let lang = mistakes.take(&shared.lang).unwrap_or_default();
        mistakes.take(&shared.quiet);
        mistakes.take(&shared.log_format);
        let task = match args.command {
            Some(Command::Check) => Task::Check,
            None => report_task(args, now, city.tz, &mut mistakes).map_or(Task::Check, Task::Report),
        };
        mistakes.finish("reporter")?;
        // An invalid location has been reported by now.
        let or_default =
            |location: Option<Location>, path: &str| location.unwrap_or_else(|| Location::Local(path.into()));
        Ok(Self {
            task,
            locations_by_default: metrics.is_none() && reports.is_none(),
            metrics: or_default(metrics, METRICS),
            reports: or_default(reports, REPORTS),
            path_style,
            events,
            city,
            lang,
            log: shared.log(),
            now,
        })
    }
}

fn report_task(args: &Args, now: DateTime<Utc>, tz: Tz, mistakes: &mut Mistakes) -> Option<ReportTask> {
    let shared = &args.shared;
    let wait = mistakes.take(&args.wait).unwrap_or_default();
    let force = mistakes.take(&shared.force).unwrap_or_default();
    let dry_run = mistakes.take(&shared.dry_run).unwrap_or_default();
    let lookback = mistakes.take(&shared.lookback).unwrap_or_default();
    match day::choose(args.day.as_deref(), shared.job_name.as_deref(), now, tz) {
        Ok(choice) => {
            let lookback = choice.scheduled_day().map_or(0, |_| lookback);
            Some(ReportTask { choice, lookback, wait, force, dry_run })
        }
        Err(failure) => {
            mistakes.add(day::explain(&failure, args.day.as_deref(), &JOB));
            None
        }
    }
}

/// The locations of metrics and reports; `None` if neither is set. If one of them is set and has its usual name, the other is next to it.
fn locations(args: &Args, mistakes: &mut Mistakes) -> (Option<Location>, Option<Location>) {
    let is_set = |setting: &Option<Checked<Location>>| setting.as_ref().is_some_and(|setting| !setting.is_unset());
    let (metrics, reports) = (mistakes.take(&args.metrics), mistakes.take(&args.reports));
    let mut next_to = |location: &Option<Location>, name: &str, wanted: &str| {
        let location = location.as_ref()?;
        let found = next_to(location, name, wanted);
        if found.is_none() {
            let variable = format!("--{wanted} (S3_BUCKET_{})", wanted.to_uppercase());
            mistakes.add(format!(
                "{variable}: not set, and it cannot be derived, because --{name} does not end with /{name}"
            ));
        }
        found
    };
    match (is_set(&args.metrics), is_set(&args.reports)) {
        (true, false) => {
            let reports = next_to(&metrics, "metrics", "reports");
            (metrics, reports)
        }
        (false, true) => (next_to(&reports, "reports", "metrics"), reports),
        _ => (metrics, reports),
    }
}

/// The location `wanted` next to the one that is called `name`.
fn next_to(location: &Location, name: &str, wanted: &str) -> Option<Location> {
    match location {
        Location::S3 { bucket, prefix } => {
            let parent = prefix.strip_suffix(name)?;
            (parent.is_empty() || parent.ends_with('/'))
                .then(|| Location::S3 { bucket: bucket.clone(), prefix: format!("{parent}{wanted}") })
        }
        Location::Local(path) => (path.file_name()? == name).then(|| Location::Local(path.with_file_name(wanted))),
    }
}

/// The city of the profile, with the settings that override it.
fn city(shared: &Shared, mistakes: &mut Mistakes) -> City {
    let mut city = mistakes.take_with(&shared.profile, |profile| City::load(profile)).unwrap_or_default();
    if let Some(tz) = mistakes.take_with(&shared.timezone, |zone| city::zone(zone)) {
        city.tz = tz;
    }
    if let Some(name) = mistakes.take_with(&shared.city_name, |name| city::name(name)) {
        city.name = name;
    }
    city
}

#[cfg(test)]
mod tests;
