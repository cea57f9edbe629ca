//! From arguments to a valid configuration: all settings are checked, and all mistakes are reported at once.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use contract::{NaiveDate, Source};
use runtime::day::{self, DayChoice, Days};
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::location::Location;
use runtime::log::LogOptions;
use runtime::memory::Budget;
use runtime::settings::{Checked, Mistakes, Shared};

use crate::args::{Cli, Command};
use crate::city::City;
use crate::parameters::Parameters;
use crate::scan::Simd;
use crate::telemetry::JOB;

/// The configuration of a run.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None` processes days.
    pub(crate) command: Option<Action>,
    /// Location of the raw data.
    pub(crate) raw: Location,
    /// Location of the processed data.
    pub(crate) out: Location,
    /// Locations that were not set, for a note to the user.
    pub(crate) defaults: Vec<&'static str>,
    pub(crate) city: City,
    /// Name and content of the outlines (GeoJSON) that belong to the profile.
    pub(crate) outlines: Option<(String, Vec<u8>)>,
    /// Sources that a day must have; without one the run fails with exit code 65.
    pub(crate) required: Vec<Source>,
    /// Thresholds, some of them set with `--param`.
    pub(crate) parameters: Parameters,
    /// Path-style S3 addresses.
    pub(crate) path_style: bool,
    /// Threads that parse and aggregate.
    pub(crate) threads: usize,
    pub(crate) memory: Budget,
    /// Replace a good document even with none.
    pub(crate) force: bool,
    /// Write nothing.
    pub(crate) dry_run: bool,
    /// Exit with 75 while the day is provisional.
    pub(crate) until_complete: bool,
    /// Earlier days that a scheduled run rechecks for changed inputs.
    pub(crate) lookback: u32,
    /// Earlier days that a scheduled run processes if they have no manifest.
    pub(crate) catch_up: u32,
    /// Whether to record an Event on the Job.
    pub(crate) events: bool,
    /// The CronJob from which the Jobs of the reports are created.
    pub(crate) handoff: Option<String>,
    /// Language of the output for people.
    pub(crate) lang: Lang,
    /// The language in which the run says what it would do, for `check`; its result is English otherwise.
    pub(crate) forecast: Option<Lang>,
    pub(crate) log: LogOptions,
    /// Bytes of a chunk of a large file.
    pub(crate) chunk: u64,
    /// Instructions of the scan.
    pub(crate) simd: Simd,
    /// The argument or `REPORT_DATE`.
    pub(crate) day: Option<String>,
    /// `JOB_NAME`, which can contain the day.
    pub(crate) job_name: Option<String>,
}

/// What `check` does in addition to the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckOptions {
    /// Read the raw files; by default if they are in a folder.
    pub(crate) files: Option<bool>,
    /// Print one JSON object instead of text.
    pub(crate) json: bool,
}

/// A command other than processing, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The table of days.
    Status {
        days: StatusDays,
        /// Print one JSON object instead.
        json: bool,
    },
    /// Check settings, connections and permissions.
    Check(CheckOptions),
    /// Show the last trace of a file.
    Trace {
        /// The trace file.
        file: PathBuf,
    },
    /// List the parameters.
    Params,
}

/// The days of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusDays {
    /// The number of days before today.
    Last(u32),
    Days(Days),
}

/// The districts of Paris: open data of the city, simplified to 30 cm, six decimals.
const PARIS_OUTLINES: &[u8] = include_bytes!("../profiles/paris/zones.geojson");

/// The default folder of raw data.
pub const DEFAULT_RAW: &str = "./data/raw";
/// The default folder of processed data.
pub const DEFAULT_OUT: &str = "./data/processed";

impl Config {
    /// Checks the arguments. Reads the city profile and the memory limits, nothing else.
    ///
    /// # Errors
    /// [`runtime::failure::Code::Usage`], with all mistakes at once.
    pub fn new(cli: Cli, now: DateTime<Utc>) -> Result<Self, Failure> {
        let Cli { command, day, settings, shared, scan } = cli;
        refuse_day_before(command.as_ref(), day.as_deref())?;
        let mut mistakes = Mistakes::default();
        let mut defaults = Vec::new();
        let mut location = |setting: &Option<Checked<Location>>, default: &'static str| {
            if setting.as_ref().is_none_or(Checked::is_unset) {
                defaults.push(default);
            }
            mistakes.take(setting).unwrap_or_else(|| Location::Local(default.into()))
        };
        let raw = location(&settings.raw, DEFAULT_RAW);
        let out = location(&settings.out, DEFAULT_OUT);
        let required = mistakes.take_with(&settings.required, |names| required(names)).unwrap_or_default();
        if day.as_deref() == Some("all") && !required.is_empty() && !required.contains(&Source::RoadCounts) {
            mistakes
                .add("all: the days are those of comptages, which --required does not name; write FIRST..LAST instead");
        }
        let parameters = parameters(&settings.parameters, &mut mistakes);
        let default_threads = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = mistakes.take(&settings.threads).unwrap_or_else(default_threads);
        let memory = memory(&settings.memory_target, command.is_some(), &mut mistakes).with_threads(threads);
        let lookback = mistakes.take(&shared.lookback).unwrap_or_default();
        let catch_up = mistakes.take(&settings.catch_up).unwrap_or_default();
        let mut outlines = None;
        let mut city = mistakes
            .take_with(&shared.profile, |profile| load_city(profile, &mut outlines))
            .unwrap_or_else(City::paris);
        if let Some(changed) = mistakes.take_with(&shared.timezone, |zone| city.clone().with_timezone(zone)) {
            city = changed;
        }
        if let Some(changed) = mistakes.take_with(&shared.city_name, |name| city.clone().with_name(name)) {
            city = changed;
        }
        if let Err(failure) = day::choose(day.as_deref(), shared.job_name.as_deref(), now, city.tz) {
            mistakes.add(day::explain(&failure, day.as_deref(), &JOB));
        }
        let today = now.with_timezone(&city.tz).date_naive();
        let command = command.and_then(|command| action(command, today, &shared, &mut mistakes));
        let mut switch = |setting: &Checked<bool>| mistakes.take(setting).unwrap_or_default();
        let (path_style, force, dry_run) = (switch(&shared.path_style), switch(&shared.force), switch(&shared.dry_run));
        let (until_complete, events) = (switch(&settings.until_complete), switch(&shared.events));
        switch(&shared.quiet);
        mistakes.take(&shared.log_format);
        let lang = mistakes.take(&shared.lang).unwrap_or_default();
        let handoff = mistakes.take(&settings.handoff);
        // It reads no setting, and is where a wrong --param sends people.
        if command != Some(Action::Params) {
            mistakes.finish("processor")?;
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
            path_style,
            threads,
            memory,
            force,
            dry_run,
            until_complete,
            lookback,
            catch_up,
            events,
            handoff,
            lang,
            forecast: None,
            log: shared.log(),
            chunk: scan.chunk,
            simd: Simd::named_or_best(&scan.simd),
            day,
            job_name: shared.job_name,
        })
    }

    /// The days of the run.
    ///
    /// # Errors
    /// An argument or a Job's name without a valid day.
    pub fn days(&self, now: DateTime<Utc>) -> Result<DayChoice, Failure> {
        day::choose(self.day.as_deref(), self.job_name.as_deref(), now, self.city.tz)
    }
}

/// The sources of a list with commas, in their order.
fn required(names: &str) -> Result<Vec<Source>, String> {
    let parse = |name: &str| match name.parse() {
        Ok(Source::Context) | Err(_) => Err(format!(
            "\"{name}\" is not a raw source; write some of {}, with commas between them",
            Source::RAW.map(Source::name).join(", ")
        )),
        Ok(source) => Ok(source),
    };
    let mut sources = names.split(',').map(str::trim).map(parse).collect::<Result<Vec<_>, _>>()?;
    sources.sort_unstable();
    sources.dedup();
    Ok(sources)
}

fn parameters(assignments: &[String], mistakes: &mut Mistakes) -> Parameters {
    let mut parameters = Parameters::default();
    let mut add = |mistake: &dyn std::fmt::Display| mistakes.add(format!("--param (CITYFLOW_PARAMS): {mistake}"));
    for assignment in assignments.iter().filter(|text| !text.is_empty()) {
        if let Err(mistake) = parameters.set(assignment) {
            add(&mistake);
        }
    }
    parameters.check().iter().for_each(|mistake| add(mistake));
    parameters
}

/// The commands need no more than the default, whatever the machine has.
fn memory(target: &Option<Checked<String>>, is_command: bool, mistakes: &mut Mistakes) -> Budget {
    let root = Path::new("/");
    if let Some(budget) = mistakes.take_with(target, |size| Budget::find(Some(size), root)) {
        return budget;
    }
    match Budget::find(None, root) {
        Ok(budget) => budget,
        Err(error) => {
            if !is_command {
                mistakes.add(format!("--memory-target (CITYFLOW_MEMORY_TARGET): {error}"));
            }
            Budget::default()
        }
    }
}

/// A day before a command that does not read it; `check` does.
fn refuse_day_before(command: Option<&Command>, day: Option<&str>) -> Result<(), Failure> {
    let ignores_day = matches!(command, Some(Command::Status { .. } | Command::Trace { .. } | Command::Params));
    let Some(day) = day.filter(|day| ignores_day && std::env::var("REPORT_DATE").as_deref() != Ok(day)) else {
        return Ok(());
    };
    let mut mistakes = Mistakes::default();
    mistakes.add(format!(
        "the day {day} stands before a command that does not read it; write the command first, such as `processor status {day}`"
    ));
    mistakes.finish("processor")
}

fn action(command: Command, today: NaiveDate, shared: &Shared, mistakes: &mut Mistakes) -> Option<Action> {
    match command {
        Command::Check { files, json } => {
            Some(Action::Check(CheckOptions { files: mistakes.take(files.as_ref()), json }))
        }
        Command::Status { days: Some(days), json, .. } => match day::parse_argument(&days, today) {
            Ok(days) => Some(Action::Status { days: StatusDays::Days(days), json }),
            Err(failure) => {
                mistakes.add(format!("status: {}. {}", failure.what, failure.todo));
                None
            }
        },
        Command::Status { days: None, last, json } => match last.parse() {
            Ok(last @ 1..=3660) => Some(Action::Status { days: StatusDays::Last(last), json }),
            _ => {
                mistakes.add(format!("status --last: \"{last}\" is not a number of days from 1 to 3660"));
                None
            }
        },
        Command::Params => Some(Action::Params),
        Command::Trace { file } => {
            let file = file.or_else(|| shared.trace_file().map(Path::to_path_buf));
            if file.is_none() {
                mistakes.add(
                    "trace: no file is given; run a job with --trace-file FILE (CITYFLOW_TRACE_FILE) first, then show \
                     it with `processor trace FILE`",
                );
            }
            file.map(|file| Action::Trace { file })
        }
    }
}

/// A profile by its name or path, with the outlines that it names.
fn load_city(profile: &str, outlines: &mut Option<(String, Vec<u8>)>) -> Result<City, String> {
    if profile == "paris" {
        *outlines = Some(("profiles/paris/zones.geojson".to_owned(), PARIS_OUTLINES.to_vec()));
        return Ok(City::paris());
    }
    let path = Path::new(profile);
    let bytes = std::fs::read(path).map_err(|error| {
        format!("\"{profile}\" cannot be read ({error}); write paris or the path of a profile file")
    })?;
    let city = City::load(&bytes).map_err(|error| format!("{profile}: {error}"))?;
    if let Some(file) = city.outlines_path(path) {
        let name = file.display().to_string();
        let bytes = std::fs::read(&file).map_err(|error| format!("its outlines {name} cannot be read ({error})"))?;
        *outlines = Some((name, bytes));
    }
    Ok(city)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};
    use runtime::failure::Code;
    use runtime::settings::without_environment;

    use super::*;

    fn config(line: &[&str]) -> Result<Config, Failure> {
        let command = without_environment(Cli::command());
        let matches = command.try_get_matches_from(std::iter::once(&"processor").chain(line)).unwrap();
        Config::new(Cli::from_arg_matches(&matches).unwrap(), "2025-11-05T01:00:00Z".parse().unwrap())
    }

    #[test]
    fn trace_command_prefers_its_argument_to_the_trace_file_setting() {
        let shown = |line: &[&str]| config(line).unwrap().command;
        let of = |file: &str| Some(Action::Trace { file: file.into() });
        assert_eq!(shown(&["trace", "a.jsonl"]), of("a.jsonl"));
        assert_eq!(shown(&["trace", "--trace-file", "b.jsonl"]), of("b.jsonl"));
        assert_eq!(shown(&["trace", "a.jsonl", "--trace-file", "b.jsonl"]), of("a.jsonl"));
        let failure = config(&["trace"]).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.what.contains("trace: no file is given; run a job with --trace-file FILE"), "{failure}");
    }
    #[test]
    fn all_mistakes_are_reported_at_once() {
        let line = "2025-02-30 --raw gs://x --required rivers --threads many --memory-target lots --force=perhaps --lookback many \
                    --catch-up=-1 --lang de --timezone Europe/Lutetia --param x --profile nowhere";
        let failure = config(&line.split_whitespace().chain(["--out", ""]).collect::<Vec<_>>()).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        for part in [
            "13 invalid settings",
            "there is no day 2025-02-30",
            "--raw (S3_BUCKET_RAW): `gs://` is not supported",
            "--out (S3_BUCKET_PROCESSED): a location cannot be empty",
            "--required (CITYFLOW_REQUIRED): \"rivers\" is not a raw source",
            "--threads (CITYFLOW_THREADS): \"many\" is not a number from 1 to 1024",
            "--memory-target (CITYFLOW_MEMORY_TARGET): \"lots\" is not a valid size",
            "--force (CITYFLOW_FORCE): \"perhaps\" is not a valid switch; write yes or no",
            "--lookback (CITYFLOW_LOOKBACK): \"many\" is not a number from 0 to 366",
            "--catch-up (CITYFLOW_CATCH_UP): \"-1\" is not a number from 0 to 366",
            "--lang (CITYFLOW_LANG): \"de\" is not a supported language",
            "--timezone (CITY_TIMEZONE): ",
            "--param (CITYFLOW_PARAMS): ",
            "--profile (CITY_PROFILE): \"nowhere\" cannot be read",
        ] {
            assert!(failure.to_string().contains(part), "{part}: {failure}");
        }
    }

    #[test]
    fn no_settings_mean_the_defaults() {
        let config = config(&[]).unwrap();
        assert_eq!(config.defaults, [DEFAULT_RAW, DEFAULT_OUT]);
        assert_eq!((config.required, config.lookback, config.catch_up), (vec![Source::RoadCounts], 3, 14));
        assert_eq!((config.force, config.lang, config.handoff), (false, Lang::Fr, None));
    }

    #[test]
    fn help_shows_every_variable_and_default() {
        let mut command = Cli::command();
        let help = command.render_long_help().to_string();
        let shown = |argument: &&clap::Arg| argument.get_env().is_some() && !argument.is_hide_set();
        for argument in Cli::command().get_arguments().filter(shown) {
            let variable = argument.get_env().unwrap().to_str().unwrap();
            assert!(help.contains(&format!("[env: {variable}]")), "{variable}");
            let about = argument.get_help().unwrap().to_string();
            assert!(!argument.get_default_values().is_empty() || about.contains("[default: "), "{variable}: {about}");
        }
        command.debug_assert();
    }
}
