//! The command line: flags and variables as they are written. Nothing is checked here that needs the world; see [`crate::config`].

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, parser::ValueSource};
use runtime::switch;

/// Raw data to metrics documents: reads a city's raw mobility data and publishes one document per source and day.
#[derive(Debug, Clone, Parser)]
#[command(name = "processor", version, max_term_width = 110, after_help = EXAMPLES, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// What to do instead of processing
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The day: YYYY-MM-DD, FIRST..LAST, or `all` (every local day with a row of a required source). Default: the day in the Job's
    /// name, else yesterday in the city's time zone
    #[arg(env = "REPORT_DATE", hide_env_values = true, value_name = "DAY")]
    pub day: Option<String>,

    /// What all commands share
    #[command(flatten)]
    pub settings: Settings,
}

/// What all commands share.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Raw data: s3://bucket/prefix or a folder that holds batch/ and api/. In the variable a bare name is a bucket, and a path begins
    /// with / or . [default: ./data/raw]
    #[arg(long, env = "S3_BUCKET_RAW", hide_env_values = true, value_name = "LOCATION", global = true)]
    pub raw: Option<String>,

    /// Processed data: documents go to metrics/ below it. [default: ./data/processed]
    #[arg(long, env = "S3_BUCKET_PROCESSED", hide_env_values = true, value_name = "LOCATION", global = true)]
    pub out: Option<String>,

    /// Sources without which the run has failed (exit 65)
    #[arg(
        long,
        env = "CITYFLOW_REQUIRED",
        hide_env_values = true,
        value_name = "SOURCES",
        default_value = "comptages",
        global = true
    )]
    pub required: String,

    /// Name of the Kubernetes Job, which may carry the day: process-2025-11-03, process-2025-11-01-to-2025-11-07
    #[arg(long, env = "JOB_NAME", hide_env_values = true, value_name = "NAME", global = true)]
    pub job_name: Option<String>,

    /// City profile: `paris`, or the path of a profile file
    #[arg(
        long,
        env = "CITY_PROFILE",
        hide_env_values = true,
        value_name = "PROFILE",
        default_value = "paris",
        global = true
    )]
    pub profile: String,

    /// Time zone, instead of the profile's, such as Europe/Lisbon
    #[arg(long, env = "CITY_TIMEZONE", hide_env_values = true, value_name = "ZONE", global = true)]
    pub timezone: Option<String>,

    /// Name of the city, instead of the profile's
    #[arg(long, env = "CITY_NAME", hide_env_values = true, value_name = "NAME", global = true)]
    pub city_name: Option<String>,

    /// Address buckets by path, for S3 servers other than AWS
    #[arg(long, env = "CITYFLOW_S3_PATH_STYLE", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true,
          default_missing_value = "yes", value_parser = switch::parse, global = true)]
    pub path_style: bool,

    /// Sets a threshold, such as comptages.congestion_taux=80; documents list them all
    /// under `parametres`. May be repeated, or several with ; between
    #[arg(long = "param", env = "CITYFLOW_PARAMS", hide_env_values = true, value_name = "KEY=VALUE", value_delimiter = ';', action = ArgAction::Append, global = true)]
    pub parameters: Vec<String>,

    /// Threads that parse and aggregate. Default: one per core
    #[arg(long, env = "CITYFLOW_THREADS", hide_env_values = true, value_name = "N", global = true)]
    pub threads: Option<String>,

    /// Memory to work with, such as 512MB or 2GiB; more lets more of the input be on its way at once. Default: four fifths of the
    /// container's limit, or of the machine's free memory
    #[arg(long, env = "CITYFLOW_MEMORY_TARGET", hide_env_values = true, value_name = "SIZE", global = true)]
    pub memory_target: Option<String>,

    /// Replace a good document even by none
    #[arg(long, env = "CITYFLOW_FORCE", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true, default_missing_value = "yes",
          value_parser = switch::parse, global = true)]
    pub force: bool,

    /// Read and compute, write nothing
    #[arg(long, env = "CITYFLOW_DRY_RUN", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true, default_missing_value = "yes",
          value_parser = switch::parse, global = true)]
    pub dry_run: bool,

    /// End with 75 (try again later) where the day is published but still `provisoire`
    #[arg(long, env = "CITYFLOW_UNTIL_COMPLETE", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true,
          default_missing_value = "yes", value_parser = switch::parse, global = true)]
    pub until_complete: bool,

    /// Days before its own that a scheduled run does again where their inputs changed; 0 for none. Scheduled is a run whose Job's name
    /// ends with the scheduled minute. [default: 3]
    #[arg(long, env = "CITYFLOW_LOOKBACK", hide_env_values = true, value_name = "DAYS", global = true)]
    pub lookback: Option<String>,

    /// Days before its own that a scheduled run does where they have no manifest; 0 for none. [default: 14]
    #[arg(long, env = "CITYFLOW_CATCH_UP", hide_env_values = true, value_name = "DAYS", global = true)]
    pub catch_up: Option<String>,

    /// At the end put a Kubernetes Event on the Job that says what was published, or why not. Needs JOB_UID and a service account token
    #[arg(long, env = "CITYFLOW_EVENTS", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true, default_missing_value = "yes",
          value_parser = switch::parse, global = true)]
    pub events: bool,

    /// When metrics are published, make their report's Job from this CronJob, such as report. Needs a service account token
    #[arg(long, env = "CITYFLOW_HANDOFF", hide_env_values = true, value_name = "CRONJOB", global = true)]
    pub handoff: Option<String>,

    /// Append the spans of this run to a file, for `processor trace`
    #[arg(long, env = "CITYFLOW_TRACE_FILE", hide_env_values = true, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from), global = true)]
    pub trace_file: Option<PathBuf>,

    /// Say only what is wrong
    #[arg(long, short, env = "CITYFLOW_QUIET", hide_env_values = true, value_name = "YES|NO", default_value = "no", num_args = 0..=1, require_equals = true, default_missing_value = "yes",
          value_parser = switch::parse, global = true)]
    pub quiet: bool,

    /// Say more; -vv says all
    #[arg(long, short, action = ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// What to do instead of processing.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Print a table of the last days: documents, completeness, report, age
    Status {
        /// How many days
        #[arg(long, value_name = "DAYS", default_value = "14")]
        last: String,
    },
    /// Test configuration, reach and rights, and write no document
    Check,
    /// Show the last trace of a file as a tree: both jobs, what took how long, and what went wrong
    Trace {
        /// The file that the runs wrote. Default: that of --trace-file
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

const EXAMPLES: &str = "\
Examples:
  processor 2025-11-03                       one day, from ./data/raw to ./data/processed
  processor 2025-11-01..2025-11-07 --raw ./raw --out ./processed
  processor all --raw s3://cityflow-raw --out s3://cityflow-processed
  S3_BUCKET_RAW=cityflow-raw S3_BUCKET_PROCESSED=cityflow-processed processor 2025-11-03
  processor 2025-11-03 --dry-run             computes all, writes nothing
  processor status --last 14
  processor check --raw s3://cityflow-raw --out s3://cityflow-processed
  processor 2025-11-03 --trace-file traces.jsonl && processor trace traces.jsonl

S3: credentials, region and endpoint are the AWS SDK's own (AWS_PROFILE, AWS_REGION,
AWS_ENDPOINT_URL, ...); for a server other than AWS add --path-style.

Telemetry: by OpenTelemetry's own variables. OTEL_EXPORTER_OTLP_ENDPOINT, such as
http://localhost:4317, is where traces and metrics are sent; unset, none are.

Raw folder:
  batch/      comptages-*.csv  chantiers-*.csv  referentiel-*.csv  comptage-velo*.csv
              meteo*.csv, each plain, .gz or .zst
  api/        {bikes,traffic,weather}/dt=YYYY-MM-DD/hour=HH/*.json[l], plain, .gz or .zst
  reference/  zones.geojson  calendrier-scolaire.csv  lignes.csv, all optional

Exit codes:
  0    done
  2    wrong usage or settings, or a bucket, folder or right that is not there
  65   a required source has no file or is unusable; what could be was published
  66   no input at all
  69   the store cannot be reached, or is full
  70   a bug
  75   try again later
  143  told to stop";

/// Arguments with where locations came from: a bare name is a bucket in a variable and a path in a flag.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The arguments.
    pub cli: Cli,
    /// Whether `raw` came from its variable.
    pub raw_from_variable: bool,
    /// Whether `out` came from its variable.
    pub out_from_variable: bool,
}

/// Parses arguments, the program's name first.
///
/// # Errors
/// What clap says.
pub fn parse_from(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Parsed, clap::Error> {
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let from_variable = |id: &str| {
        let of = |matches: &clap::ArgMatches| matches.value_source(id) == Some(ValueSource::EnvVariable);
        of(&matches) || matches.subcommand().is_some_and(|(_, matches)| of(matches))
    };
    let mut cli = Cli::from_arg_matches(&matches)?;
    // That is how a chart writes a variable that nobody set.
    cli.settings.trace_file.take_if(|path| path.as_os_str().is_empty());
    Ok(Parsed { raw_from_variable: from_variable("raw"), out_from_variable: from_variable("out"), cli })
}
