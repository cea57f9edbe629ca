//! The command line, as it is written. What it means is decided in `config`, so that every mistake is told at once.
//!
//! All values are text here, for the same reason; and a variable that is set to nothing counts as not set.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, parser::ValueSource};

const EXAMPLES: &str = "\
Examples:
  reporter 2025-11-03                         the report of one day, in ./data/processed/reports
  reporter                                    yesterday's
  reporter 2025-11-01..2025-11-07             a week
  reporter all --force                        every day that has metrics, done again
  reporter 2025-11-03 --wait 40m              waits for the metrics if they are not there yet
  reporter 2025-11-03 --dry-run               computes the report, shows its figures, writes nothing
  reporter check                              tests settings, reach and rights, writes no report
  reporter --metrics s3://cityflow-processed/metrics --reports ./out 2025-11-03
  S3_BUCKET_METRICS=cityflow-processed/metrics reporter 2025-11-03
                                              reports go beside the metrics, to cityflow-processed/reports

S3: credentials, region and endpoint are the AWS SDK's own (AWS_PROFILE, AWS_REGION,
AWS_ENDPOINT_URL, ...); for a server other than AWS add --path-style.

Telemetry: by OpenTelemetry's own variables. OTEL_EXPORTER_OTLP_ENDPOINT, such as
http://localhost:4317, is where traces and metrics are sent; unset, none are.

Exit codes:
  0    done
  2    wrong settings, or a bucket or folder that is not there or not allowed
  65   the manifest cannot be read
  66   nothing to report on
  69   the store cannot be reached, or is full
  70   a bug
  75   the metrics are not there yet: try again later
  143  told to stop";

/// Makes the daily report of a city's traffic (JSON, CSV) from the metrics documents that the processor publishes.
///
/// Without any setting it reads ./data/processed/metrics and writes ./data/processed/reports. Every setting is a flag and an environment
/// variable; the flag wins. AWS_ENDPOINT_URL, AWS_REGION and the other AWS_ variables are those of the AWS SDK; NO_COLOR and RUST_LOG work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Parser)]
#[command(name = "reporter", version, after_help = EXAMPLES, max_term_width = 120, override_usage = "reporter [OPTIONS] [DAY]\n       reporter [OPTIONS] check")]
pub struct Args {
    /// What else to do than the report
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The day: 2025-11-03; a range: 2025-11-01..2025-11-07; or all [default: the day in JOB_NAME, else yesterday in the city]
    #[arg(value_name = "DAY", env = "REPORT_DATE", hide_env_values = true)]
    pub day: Option<String>,

    /// Where the metrics are: s3://bucket/prefix or a path, e.g. s3://cityflow-processed/metrics [default: ./data/processed/metrics, or
    /// metrics/ beside the reports]. In the variable a bare name is a bucket, a path begins with / or ./
    #[arg(long, value_name = "PLACE", env = "S3_BUCKET_METRICS", hide_env_values = true, global = true)]
    pub metrics: Option<String>,

    /// Where the reports go, written likewise, e.g. s3://cityflow-processed/reports [default: ./data/processed/reports, or reports/
    /// beside the metrics]
    #[arg(long, value_name = "PLACE", env = "S3_BUCKET_REPORTS", hide_env_values = true, global = true)]
    pub reports: Option<String>,

    /// How long to wait for metrics that are not there yet, e.g. 40m, 90s, 1h [default: 0]
    #[arg(long, value_name = "DURATION", env = "CITYFLOW_WAIT", hide_env_values = true)]
    pub wait: Option<String>,

    /// Makes the report even if the one that is there is up to date
    #[arg(
        long, value_name = "YES|NO", env = "CITYFLOW_FORCE", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "yes"
    )]
    pub force: Option<String>,

    /// Computes everything and writes nothing
    #[arg(
        long, value_name = "YES|NO", env = "CITYFLOW_DRY_RUN", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "yes"
    )]
    pub dry_run: Option<String>,

    /// Language of the sentences: fr or en [default: fr]
    #[arg(long, value_name = "LANG", env = "CITYFLOW_LANG", hide_env_values = true)]
    pub lang: Option<String>,

    /// Days before its own that a scheduled run does again where their metrics changed, e.g. 7 [default: 3]
    #[arg(long, value_name = "DAYS", env = "CITYFLOW_LOOKBACK", hide_env_values = true)]
    pub lookback: Option<String>,

    /// Name of the Kubernetes Job, which may say the day, e.g. report-2025-11-03 [default: none]
    #[arg(long, value_name = "NAME", env = "JOB_NAME", hide_env_values = true)]
    pub job_name: Option<String>,

    /// The city's profile: paris, which is built in, or the path of a JSON file, e.g. ./lyon.json [default: paris]
    #[arg(long, value_name = "PROFILE", env = "CITY_PROFILE", hide_env_values = true, global = true)]
    pub profile: Option<String>,

    /// The city's time zone, e.g. Europe/Paris [default: the profile's]
    #[arg(long, value_name = "ZONE", env = "CITY_TIMEZONE", hide_env_values = true, global = true)]
    pub timezone: Option<String>,

    /// The city's name for people, e.g. Paris [default: the profile's]
    #[arg(long, value_name = "NAME", env = "CITY_NAME", hide_env_values = true, global = true)]
    pub city_name: Option<String>,

    /// Path-style S3 addresses, for servers other than AWS, e.g. with MinIO [default: no]
    #[arg(
        long, value_name = "YES|NO", env = "CITYFLOW_S3_PATH_STYLE", hide_env_values = true, global = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "yes"
    )]
    pub path_style: Option<String>,

    /// At the end puts a Kubernetes Event on the Job that says what was made, or why not; needs JOB_UID and a service account token
    /// [default: no]
    #[arg(
        long, value_name = "YES|NO", env = "CITYFLOW_EVENTS", hide_env_values = true, global = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "yes"
    )]
    pub events: Option<String>,

    /// Appends the spans of this run to a file, for `processor trace`, e.g. ./traces.jsonl [default: none]
    #[arg(
        long, value_name = "FILE", env = "CITYFLOW_TRACE_FILE", hide_env_values = true, global = true,
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub trace_file: Option<PathBuf>,

    /// Says only what went wrong
    #[arg(
        short, long, value_name = "YES|NO", env = "CITYFLOW_QUIET", hide_env_values = true, global = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "yes"
    )]
    pub quiet: Option<String>,

    /// Says more; -vv and -vvv still more [variable: RUST_LOG, e.g. reporter=debug]
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Which of the places came from a variable, where a bare name is a bucket.
    #[arg(skip)]
    pub from_variable: FromVariable,
}

/// What there is to do besides the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Tests settings, reach and rights: reads from the metrics, writes and removes one probe object in the reports. Writes no report
    Check,
}

/// Which places came from a variable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FromVariable {
    /// `S3_BUCKET_METRICS`.
    pub metrics: bool,
    /// `S3_BUCKET_REPORTS`.
    pub reports: bool,
}

impl Args {
    /// Reads a command line, the program's name first, and the environment.
    ///
    /// # Errors
    /// What clap has to say, which includes the help and the version.
    pub fn read(line: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>) -> Result<Self, clap::Error> {
        Self::from_command(Self::command(), line)
    }

    /// The same with a command that differs in what it reads: tests leave the environment out.
    pub(crate) fn from_command(
        command: clap::Command,
        line: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let matches = command.try_get_matches_from(line)?;
        let mut args = Self::from_arg_matches(&matches)?;
        let variable = |name: &str| matches.value_source(name) == Some(ValueSource::EnvVariable);
        args.from_variable = FromVariable { metrics: variable("metrics"), reports: variable("reports") };
        // That is how a chart writes a variable that nobody set. The Job's name is not among them: see `runtime::day`.
        for (name, value) in [
            ("day", &mut args.day),
            ("metrics", &mut args.metrics),
            ("reports", &mut args.reports),
            ("wait", &mut args.wait),
            ("force", &mut args.force),
            ("dry_run", &mut args.dry_run),
            ("lang", &mut args.lang),
            ("lookback", &mut args.lookback),
            ("profile", &mut args.profile),
            ("timezone", &mut args.timezone),
            ("city_name", &mut args.city_name),
            ("path_style", &mut args.path_style),
            ("events", &mut args.events),
            ("quiet", &mut args.quiet),
        ] {
            if variable(name) && value.as_deref().is_some_and(|text| text.trim().is_empty()) {
                *value = None;
            }
        }
        args.trace_file.take_if(|path| path.as_os_str().is_empty());
        Ok(args)
    }
}
