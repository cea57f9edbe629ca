//! The settings, checked: from the text of `args` to values that can be worked with.
//!
//! Every mistake is told in one go, for a person who mends one only to be shown the next loses patience. The one thing that
//! is read here is the file of a city profile; no environment, no store.

use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use runtime::day::{self, DayChoice, Days, Origin};
use runtime::failure::{Code, Failure};
use runtime::location::Location;
use runtime::log::LogOptions;
use runtime::switch;

use crate::args::{Args, Command};
use crate::city::{self, City};
use crate::lang::Lang;

/// Where the jobs work when nothing says otherwise.
const METRICS: &str = "./data/processed/metrics";
const REPORTS: &str = "./data/processed/reports";

/// What a scheduled run looks back, days.
const LOOKBACK: u32 = 3;
/// More would be a slip of the hand: `all` is for that.
const LONGEST_LOOKBACK: u32 = 366;
/// A wait longer than this is a slip of the hand too.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What to do.
    pub task: Task,
    /// Where the metrics are.
    pub metrics: Location,
    /// Where the reports go.
    pub reports: Location,
    /// Whether neither place was set.
    pub places_by_default: bool,
    /// Path-style S3 addresses.
    pub path_style: bool,
    /// Whether an Event tells of the end.
    pub events: bool,
    /// The city.
    pub city: City,
    /// How much is said.
    pub log: LogOptions,
    /// When the run began.
    pub now: DateTime<Utc>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Test settings, reach and rights.
    Check,
    /// Make reports.
    Report(ReportTask),
}

/// Which reports, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportTask {
    /// The days, and why these.
    pub choice: DayChoice,
    /// Days before its own that a scheduled run does again where their metrics changed; 0 for any other run.
    pub lookback: u32,
    /// How long to wait for metrics that are not there yet.
    pub wait: Duration,
    /// Even if the report that is there is up to date.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Language of the sentences.
    pub lang: Lang,
}

/// What is wrong with the settings, so far.
#[derive(Debug, Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    /// The value, or the default after noting what is wrong with it.
    fn take<T: Default, E: Display>(&mut self, setting: &str, read: Result<T, E>) -> T {
        read.unwrap_or_else(|wrong| {
            self.0.push(format!("{setting}: {wrong}"));
            T::default()
        })
    }

    fn finish(self) -> Result<(), Failure> {
        let what = match self.0.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            several => format!("{} settings are wrong: {}", several.len(), several.join("; ")),
        };
        Err(Failure::new(Code::Usage, what, "", "Correct the settings; `reporter --help` shows an example of each"))
    }
}

impl Config {
    /// The settings that the arguments mean at the instant `now`.
    ///
    /// # Errors
    /// [`Code::Usage`], with everything that is wrong.
    pub fn new(args: &Args, now: DateTime<Utc>) -> Result<Self, Failure> {
        let mut wrong = Mistakes::default();
        let (metrics, reports, places_by_default) = places(args, &mut wrong);
        let city = city(args, &mut wrong);
        let path_style = wrong.take("--path-style (CITYFLOW_S3_PATH_STYLE)", yes_or_no(args.path_style.as_deref()));
        let events = wrong.take("--events (CITYFLOW_EVENTS)", yes_or_no(args.events.as_deref()));
        let quiet = wrong.take("--quiet (CITYFLOW_QUIET)", yes_or_no(args.quiet.as_deref()));
        let task = match args.command {
            Some(Command::Check) => Task::Check,
            None => report_task(args, now, city.tz, &mut wrong).map_or(Task::Check, Task::Report),
        };
        wrong.finish()?;
        let log = LogOptions { quiet, verbose: args.verbose };
        // A place that could not be read is a mistake, and those have just ended this.
        let fallback =
            |place: Option<Location>, default: &str| place.unwrap_or_else(|| Location::Local(default.into()));
        Ok(Self {
            task,
            metrics: fallback(metrics, METRICS),
            reports: fallback(reports, REPORTS),
            places_by_default,
            path_style,
            events,
            city,
            log,
            now,
        })
    }
}

/// Whether an Event is asked for, before the settings as a whole are known to be right.
pub fn announces(args: &Args) -> bool {
    yes_or_no(args.events.as_deref()) == Ok(true)
}

/// How much is said, as far as that can be read: a mistake is told with all the others.
#[must_use]
pub fn log_options(args: &Args) -> LogOptions {
    LogOptions { quiet: yes_or_no(args.quiet.as_deref()) == Ok(true), verbose: args.verbose }
}

fn report_task(args: &Args, now: DateTime<Utc>, tz: Tz, wrong: &mut Mistakes) -> Option<ReportTask> {
    let wait = wrong.take("--wait (CITYFLOW_WAIT)", args.wait.as_deref().map_or(Ok(Duration::ZERO), duration));
    let force = wrong.take("--force (CITYFLOW_FORCE)", yes_or_no(args.force.as_deref()));
    let dry_run = wrong.take("--dry-run (CITYFLOW_DRY_RUN)", yes_or_no(args.dry_run.as_deref()));
    let lang = wrong.take("--lang (CITYFLOW_LANG)", args.lang.as_deref().map_or(Ok(Lang::default()), str::parse));
    let lookback = wrong.take("--lookback (CITYFLOW_LOOKBACK)", args.lookback.as_deref().map_or(Ok(LOOKBACK), days));
    match day::choose(args.day.as_deref(), args.job_name.as_deref(), now, tz) {
        Ok(choice) => {
            let scheduled = matches!((&choice.origin, choice.days), (Origin::Schedule(_), Days::One(_)));
            let lookback = if scheduled { lookback } else { 0 };
            Some(ReportTask { choice, lookback, wait, force, dry_run, lang })
        }
        Err(failure) => {
            wrong.0.push(format!("{}: {}. {}", failure.key, failure.what, failure.todo));
            None
        }
    }
}

/// The two places and whether neither was set. One that is set says where the other is, if it is named as usual.
fn places(args: &Args, wrong: &mut Mistakes) -> (Option<Location>, Option<Location>, bool) {
    let mut read = |setting: &str, text: &Option<String>, from_variable: bool| {
        let text = text.as_deref()?;
        match Location::from_setting(text, from_variable) {
            Ok(place) => Some(place),
            Err(error) => {
                wrong.0.push(format!("{setting}: {error}"));
                None
            }
        }
    };
    let metrics = read("--metrics (S3_BUCKET_METRICS)", &args.metrics, args.from_variable.metrics);
    let reports = read("--reports (S3_BUCKET_REPORTS)", &args.reports, args.from_variable.reports);
    match (&args.metrics, &args.reports) {
        (None, None) => (None, None, true),
        (Some(_), None) => {
            let beside = metrics.as_ref().and_then(|place| beside(place, "metrics", "reports"));
            if metrics.is_some() && beside.is_none() {
                wrong.0.push("--reports (S3_BUCKET_REPORTS): not set, and --metrics does not end in /metrics, so that it would say".into());
            }
            (metrics, beside, false)
        }
        (None, Some(_)) => {
            let beside = reports.as_ref().and_then(|place| beside(place, "reports", "metrics"));
            if reports.is_some() && beside.is_none() {
                wrong.0.push("--metrics (S3_BUCKET_METRICS): not set, and --reports does not end in /reports, so that it would say".into());
            }
            (beside, reports, false)
        }
        (Some(_), Some(_)) => (metrics, reports, false),
    }
}

/// The place named `wanted` beside the one named `name`.
fn beside(place: &Location, name: &str, wanted: &str) -> Option<Location> {
    match place {
        Location::S3 { bucket, prefix } => {
            let above = prefix.strip_suffix(name)?;
            (above.is_empty() || above.ends_with('/'))
                .then(|| Location::S3 { bucket: bucket.clone(), prefix: format!("{above}{wanted}") })
        }
        Location::Local(path) => (path.file_name()? == name).then(|| Location::Local(path.with_file_name(wanted))),
    }
}

/// The city of the profile, with what is set beside it.
fn city(args: &Args, wrong: &mut Mistakes) -> City {
    let mut city =
        wrong.take("--profile (CITY_PROFILE)", args.profile.as_deref().map_or(Ok(City::default()), City::load));
    if let Some(text) = &args.timezone {
        match city::zone(text) {
            Ok(tz) => city.tz = tz,
            Err(mistake) => wrong.0.push(format!("--timezone (CITY_TIMEZONE): {mistake}")),
        }
    }
    if let Some(text) = &args.city_name {
        city.name = wrong.take("--city-name (CITY_NAME)", city::name(text));
    }
    city
}

/// A switch; one that is not set is no.
fn yes_or_no(text: Option<&str>) -> Result<bool, String> {
    let text = text.unwrap_or_default();
    switch::parse(text).map_err(|todo| format!("\"{}\" is neither yes nor no; {todo}", text.escape_debug()))
}

fn days(text: &str) -> Result<u32, String> {
    match text.trim().parse::<u32>() {
        Ok(days) if days <= LONGEST_LOOKBACK => Ok(days),
        _ => Err(format!(
            "\"{}\" is not a number of days from 0 to {LONGEST_LOOKBACK}; write one like 3",
            text.escape_debug()
        )),
    }
}

/// A duration such as `40m`, `90s`, `1h`, `1h30m`; `0` needs no unit.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{}\" is not a duration; write one like 40m, 90s or 1h", text.escape_debug());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let amount: u64 = rest[..end].parse().map_err(|_| wrong())?;
        let seconds = match rest.as_bytes()[end] {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return Err(wrong()),
        };
        let part = amount.checked_mul(seconds).map(Duration::from_secs);
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &rest[end + 1..];
    }
    if text.trim().is_empty() || total > LONGEST_WAIT {
        return Err(if text.trim().is_empty() {
            wrong()
        } else {
            format!("\"{}\" is longer than 24h", text.escape_debug())
        });
    }
    Ok(total)
}

#[cfg(test)]
mod tests;
