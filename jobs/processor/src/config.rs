//! From arguments to a configuration that holds: every mistake is found, and all are told at once.

use std::path::{Path, PathBuf};

use contract::Source;
use runtime::day::{self, DayChoice};
use runtime::failure::{Code, Failure};
use runtime::location::Location;
use runtime::log::LogOptions;
use runtime::memory::Budget;

use crate::args::{Command, Parsed};
use crate::city::City;
use crate::parameters::Parameters;

/// What a run needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// What to do instead of processing.
    pub command: Option<Action>,
    /// Raw data.
    pub raw: Location,
    /// Processed data.
    pub out: Location,
    /// Which of the two were left at their default.
    pub defaults: Vec<&'static str>,
    /// The city.
    pub city: City,
    /// Content and name of the outlines that belong to the profile.
    pub outlines: Option<(String, Vec<u8>)>,
    /// Sources without which the run has failed.
    pub required: Vec<Source>,
    /// Thresholds.
    pub parameters: Parameters,
    /// Path-style addresses.
    pub path_style: bool,
    /// Threads of the pool.
    pub threads: usize,
    /// Memory to work with.
    pub memory: Budget,
    /// Replace a good document even by none.
    pub force: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// 75 while provisional.
    pub until_complete: bool,
    /// Earlier days that a scheduled run does again where their inputs changed.
    pub lookback: u32,
    /// Earlier days that a scheduled run does where they have no manifest.
    pub catch_up: u32,
    /// Whether an Event tells of the end.
    pub events: bool,
    /// The CronJob that makes the reports of what is published, where there is one.
    pub handoff: Option<String>,
    /// What is said.
    pub log: LogOptions,
    /// The argument or variable that names the day.
    pub day: Option<String>,
    /// The Job's name.
    pub job_name: Option<String>,
}

/// What to do instead of processing, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The table of the last days.
    Status {
        /// How many.
        last: u32,
    },
    /// Configuration, reach and rights.
    Check,
    /// The last trace of a file.
    Trace {
        /// That file.
        file: PathBuf,
    },
}

/// The districts of Paris: the city's own outlines, to 30 cm and six decimals.
const PARIS_OUTLINES: &[u8] = include_bytes!("../profiles/paris/zones.geojson");

/// Earlier days that are done again where nothing is set: the sources publish hours to days late.
const LOOKBACK: u32 = 3;
/// Earlier days that are caught up with where nothing is set.
const CATCH_UP: u32 = 14;
/// More would be a mistake; for more days there are ranges.
const MOST_EARLIER_DAYS: u32 = 366;

/// The default folder of raw data.
pub const DEFAULT_RAW: &str = "./data/raw";
/// The default folder of processed data.
pub const DEFAULT_OUT: &str = "./data/processed";

impl Config {
    /// Checks the arguments. Reads the profile's file, where a path is given, and the limits of memory, and nothing else.
    ///
    /// # Errors
    /// All mistakes at once, each with what to do.
    pub fn new(parsed: Parsed) -> Result<Self, Failure> {
        let settings = parsed.cli.settings;
        // A variable that is set to nothing counts as not set: that is how a chart writes it.
        let set = |value: Option<String>| value.filter(|text| !text.trim().is_empty());
        let mut mistakes = Vec::new();
        let mut defaults = Vec::new();
        let mut location =
            |value: Option<String>, variable: bool, name: &'static str, default: &'static str| match value {
                None => {
                    defaults.push(default);
                    Location::Local(default.into())
                }
                Some(text) => Location::from_setting(&text, variable).unwrap_or_else(|error| {
                    mistakes.push(format!("{name}: {error}"));
                    Location::Local(default.into())
                }),
            };
        let raw = location(set(settings.raw), parsed.raw_from_variable, "--raw (S3_BUCKET_RAW)", DEFAULT_RAW);
        let out = location(set(settings.out), parsed.out_from_variable, "--out (S3_BUCKET_PROCESSED)", DEFAULT_OUT);

        let mut required = Vec::new();
        let names = if settings.required.trim().is_empty() { Source::RoadCounts.name() } else { &settings.required };
        for name in names.split(',').map(str::trim) {
            match name.parse() {
                Ok(Source::Context) | Err(_) => mistakes.push(format!(
                    "--required (CITYFLOW_REQUIRED): \"{name}\" is not a raw source; write some of {}, with commas between",
                    Source::RAW.map(Source::name).join(", ")
                )),
                Ok(source) => required.push(source),
            }
        }
        required.sort_unstable();
        required.dedup();

        if parsed.cli.day.as_deref() == Some("all") && !required.contains(&Source::RoadCounts) {
            mistakes.push(
                "all: the days are those of comptages, which --required leaves out; name them as FIRST..LAST"
                    .to_owned(),
            );
        }

        let mut parameters = Parameters::default();
        for assignment in settings.parameters.iter().filter(|text| !text.is_empty()) {
            if let Err(mistake) = parameters.set(assignment) {
                mistakes.push(format!("--param (CITYFLOW_PARAMS): {mistake}"));
            }
        }

        mistakes.extend(parameters.check().into_iter().map(|mistake| format!("--param (CITYFLOW_PARAMS): {mistake}")));

        let threads = match settings.threads.as_deref().filter(|text| !text.is_empty()).map(str::parse::<usize>) {
            None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            Some(Ok(threads @ 1..=1024)) => threads,
            Some(_) => {
                mistakes.push("--threads (CITYFLOW_THREADS): write a number from 1 to 1024".to_owned());
                1
            }
        };

        let memory = match Budget::find(settings.memory_target.as_deref(), Path::new("/")) {
            Ok(memory) => memory.for_threads(threads),
            // The commands that read nothing large need none of it.
            Err(_) if parsed.cli.command.is_some() && settings.memory_target.is_none() => Budget::default(),
            Err(error) => {
                mistakes.push(format!("--memory-target (CITYFLOW_MEMORY_TARGET): {error}"));
                Budget::default()
            }
        };
        let mut earlier_days = |text: Option<String>, name: &str, default: u32| match set(text) {
            None => default,
            Some(text) => text.trim().parse().ok().filter(|days| *days <= MOST_EARLIER_DAYS).unwrap_or_else(|| {
                mistakes.push(format!("{name}: \"{text}\" is no number of days from 0 to {MOST_EARLIER_DAYS}"));
                default
            }),
        };
        let lookback = earlier_days(settings.lookback, "--lookback (CITYFLOW_LOOKBACK)", LOOKBACK);
        let catch_up = earlier_days(settings.catch_up, "--catch-up (CITYFLOW_CATCH_UP)", CATCH_UP);

        let command = match parsed.cli.command {
            None => None,
            Some(Command::Check) => Some(Action::Check),
            Some(Command::Status { last }) => match last.parse() {
                Ok(last @ 1..=3660) => Some(Action::Status { last }),
                _ => {
                    mistakes.push("status --last: write a number of days from 1 to 3660".to_owned());
                    None
                }
            },
            Some(Command::Trace { file }) => {
                let file = file.or_else(|| settings.trace_file.clone());
                if file.is_none() {
                    mistakes.push(
                        "trace: no file is named; set --trace-file FILE (CITYFLOW_TRACE_FILE) on a run first, then \
                         show it with `processor trace FILE`"
                            .to_owned(),
                    );
                }
                file.map(|file| Action::Trace { file })
            }
        };

        let mut outlines = None;
        let mut city = city(&settings.profile, &mut outlines).unwrap_or_else(|mistake| {
            mistakes.push(format!("--profile (CITY_PROFILE): {mistake}"));
            City::paris()
        });
        if let Some(zone) = settings.timezone.filter(|zone| !zone.is_empty()) {
            match city.clone().with_timezone(&zone) {
                Ok(changed) => city = changed,
                Err(error) => mistakes.push(format!("--timezone (CITY_TIMEZONE): {error}")),
            }
        }
        if let Some(name) = settings.city_name.filter(|name| !name.is_empty()) {
            match city.clone().with_name(&name) {
                Ok(changed) => city = changed,
                Err(error) => mistakes.push(format!("--city-name (CITY_NAME): {error}")),
            }
        }
        // The day is checked along, so that its mistake is told with the others; which day it is depends on the clock.
        if let Err(failure) =
            day::choose(parsed.cli.day.as_deref(), settings.job_name.as_deref(), chrono::DateTime::UNIX_EPOCH, city.tz)
        {
            mistakes.push(failure.to_string());
        }

        if !mistakes.is_empty() {
            let count = mistakes.len();
            let what = if count == 1 { "a setting is wrong".to_owned() } else { format!("{count} settings are wrong") };
            return Err(Failure::new(
                Code::Usage,
                format!("{what}: {}", mistakes.join("; ")),
                "",
                "Correct it and run again; processor --help shows every setting",
            ));
        }
        Ok(Self {
            command,
            raw,
            out,
            defaults,
            city,
            outlines,
            required,
            parameters,
            path_style: settings.path_style,
            threads,
            memory,
            force: settings.force,
            dry_run: settings.dry_run,
            until_complete: settings.until_complete,
            lookback,
            catch_up,
            events: settings.events,
            handoff: set(settings.handoff),
            log: LogOptions { quiet: settings.quiet, verbose: settings.verbose },
            day: parsed.cli.day,
            job_name: settings.job_name,
        })
    }

    /// Which days the run is for.
    ///
    /// # Errors
    /// A Job's name or an argument that is no day.
    pub fn days(&self, now: chrono::DateTime<chrono::Utc>) -> Result<DayChoice, Failure> {
        day::choose(self.day.as_deref(), self.job_name.as_deref(), now, self.city.tz)
    }
}

/// A profile by its name or path, with the outlines that it names.
fn city(profile: &str, outlines: &mut Option<(String, Vec<u8>)>) -> Result<City, String> {
    if profile.trim().is_empty() || profile == "paris" {
        *outlines = Some(("profiles/paris/zones.geojson".to_owned(), PARIS_OUTLINES.to_vec()));
        return Ok(City::paris());
    }
    let path = Path::new(profile);
    let bytes = std::fs::read(path).map_err(|error| {
        format!("\"{profile}\" cannot be read ({error}); write paris or the path of a profile file")
    })?;
    let city = City::load(&bytes).map_err(|error| format!("{profile}: {error}"))?;
    if let Some(beside) = city.outlines_beside(path) {
        let bytes = std::fs::read(&beside)
            .map_err(|error| format!("its outlines {} cannot be read ({error})", beside.display()))?;
        *outlines = Some((beside.display().to_string(), bytes));
    }
    Ok(city)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::args::Cli;

    /// The settings of a command line, whatever the environment of the tests says.
    fn config(line: &[&str]) -> Result<Config, Failure> {
        let command = Cli::command().mut_args(|argument| argument.env(None));
        let matches = command.try_get_matches_from(std::iter::once(&"processor").chain(line)).unwrap();
        let cli = Cli::from_arg_matches(&matches).unwrap();
        Config::new(Parsed { cli, raw_from_variable: false, out_from_variable: false })
    }

    #[test]
    fn the_trace_that_is_shown_is_of_the_file_that_is_named_or_set() {
        let shown = |line: &[&str]| config(line).unwrap().command;
        let of = |file: &str| Some(Action::Trace { file: file.into() });
        assert_eq!(shown(&["trace", "a.jsonl"]), of("a.jsonl"));
        assert_eq!(shown(&["trace", "--trace-file", "b.jsonl"]), of("b.jsonl"));
        assert_eq!(shown(&["trace", "a.jsonl", "--trace-file", "b.jsonl"]), of("a.jsonl"));
        let failure = config(&["trace"]).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.what.contains("trace: no file is named; set --trace-file FILE"), "{failure}");
    }
}
