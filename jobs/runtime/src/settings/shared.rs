//! The settings that the jobs share.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Args};

use super::command_line::Help;
use super::{Checked, checked, earlier_days, switch, text};
use crate::lang::Lang;
use crate::log::{LogFormat, LogOptions};

/// The groups of settings in `--help`.
pub const IN_OUT: &str = "Input and output";
/// See [`IN_OUT`].
pub const DAYS: &str = "Days";
/// See [`IN_OUT`].
pub const CITY: &str = "City";
/// See [`IN_OUT`].
pub const PROCESSING: &str = "Processing";
/// See [`IN_OUT`].
pub const KUBERNETES: &str = "Kubernetes";
/// See [`IN_OUT`].
pub const OUTPUT: &str = "Telemetry and output";

/// The command line of a job: what [`crate::job::main`] needs of it.
pub trait JobArgs: clap::Parser {
    /// Which settings the help names.
    const HELP: Help;

    /// The shared settings.
    fn shared(&self) -> &Shared;

    /// Whether this is a run of the job, which has telemetry and an Event, and not a command such as `check`.
    fn is_run(&self) -> bool;
}

/// The settings that the jobs share, to be flattened into the arguments of each.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Shared {
    /// Address buckets by path, for S3 servers other than AWS, such as MinIO
    #[arg(
        long, env = "CITYFLOW_S3_PATH_STYLE", value_name = "YES|NO", value_parser = checked(switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = IN_OUT
    )]
    pub path_style: Checked<bool>,

    /// Earlier days that a scheduled run checks again for changed input, 0 to 366. A run is scheduled if its Job's name ends with the
    /// scheduled minute, as Kubernetes names the Jobs of a CronJob, or has the form NAME-manual-ANYTHING
    #[arg(
        long, env = "CITYFLOW_LOOKBACK", value_name = "DAYS", value_parser = checked(earlier_days), default_value = "3",
        global = true, help_heading = DAYS, allow_negative_numbers = true
    )]
    pub lookback: Checked<u32>,

    /// City profile: `paris`, which is built in, or the path of a profile file, such as ./lyon.json
    #[arg(
        long, env = "CITY_PROFILE", value_name = "PROFILE", value_parser = checked(text), default_value = "paris",
        global = true, help_heading = CITY
    )]
    pub profile: Checked<String>,

    /// Time zone of the city, such as Europe/Lisbon [default: the profile's]
    #[arg(long, env = "CITY_TIMEZONE", value_name = "ZONE", value_parser = checked(text), global = true, help_heading = CITY)]
    pub timezone: Option<Checked<String>>,

    /// Name of the city in documents and reports, such as Paris [default: the profile's]
    #[arg(long, env = "CITY_NAME", value_name = "NAME", value_parser = checked(text), global = true, help_heading = CITY)]
    pub city_name: Option<Checked<String>>,

    /// Write even if nothing has changed
    #[arg(
        long, env = "CITYFLOW_FORCE", value_name = "YES|NO", value_parser = checked(switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = PROCESSING
    )]
    pub force: Checked<bool>,

    /// Read and compute everything, write nothing
    #[arg(
        long, env = "CITYFLOW_DRY_RUN", value_name = "YES|NO", value_parser = checked(switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = PROCESSING
    )]
    pub dry_run: Checked<bool>,

    /// Name of the Kubernetes Job, which can contain the day: NAME-2025-11-03 or NAME-2025-11-01-to-2025-11-07. NAME-manual-ANYTHING, as tools
    /// name a Job that a person starts from a CronJob, does what the schedule would do now [default: none]
    #[arg(long, env = "JOB_NAME", value_name = "NAME", global = true, help_heading = KUBERNETES)]
    pub job_name: Option<String>,

    /// Record the result as a Kubernetes Event on the Job. Needs JOB_UID and a service account token
    #[arg(
        long, env = "CITYFLOW_EVENTS", value_name = "YES|NO", value_parser = checked(switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = KUBERNETES
    )]
    pub events: Checked<bool>,

    /// Language of reports and of output for people: fr or en. Logs and errors are English
    #[arg(
        long, env = "CITYFLOW_LANG", value_name = "LANG", value_parser = checked(str::parse::<Lang>), default_value = "fr",
        global = true, help_heading = OUTPUT
    )]
    pub lang: Checked<Lang>,

    /// Append the spans of this run to a file, such as ./traces.jsonl, for `processor trace` [default: none]
    #[arg(
        long, env = "CITYFLOW_TRACE_FILE", value_name = "FILE", global = true, help_heading = OUTPUT,
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub trace_file: Option<PathBuf>,

    /// Log only errors at a terminal, and errors and warnings elsewhere; show no progress
    #[arg(
        long, short, env = "CITYFLOW_QUIET", value_name = "YES|NO", value_parser = checked(switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = OUTPUT
    )]
    pub quiet: Checked<bool>,

    /// Form of the log on stderr: text, json, or auto (text at a terminal, json elsewhere)
    #[arg(
        long, env = "CITYFLOW_LOG_FORMAT", value_name = "FORMAT", value_parser = checked(str::parse::<LogFormat>),
        default_value = "auto", global = true, help_heading = OUTPUT
    )]
    pub log_format: Checked<LogFormat>,

    /// Log more; -vv and -vvv log even more. RUST_LOG, such as processor=debug, takes precedence
    #[arg(long, short, action = ArgAction::Count, global = true, help_heading = OUTPUT)]
    pub verbose: u8,
}

impl Shared {
    /// What is logged. An invalid setting counts as not set here; it is reported with the other mistakes.
    #[must_use]
    pub fn log(&self) -> LogOptions {
        let format = self.log_format.value().copied().unwrap_or_default();
        LogOptions { quiet: self.quiet.value() == Some(&true), verbose: self.verbose, format }
    }

    /// The trace file; `None` if its name is empty.
    #[must_use]
    pub fn trace_file(&self) -> Option<&Path> {
        self.trace_file.as_deref().filter(|path| !path.as_os_str().is_empty())
    }
}
