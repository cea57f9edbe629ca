//! The command line: flags and variables with their texts. [`crate::config`] checks everything that needs more than one value or a file.

use clap::{ArgAction, Args, Parser, Subcommand};
use runtime::location::Location;
use runtime::settings::command_line::Help;
use runtime::settings::{
    self, Checked, DAYS, IN_OUT, JobArgs, KUBERNETES, PROCESSING, Shared, checked, checked_location,
};
use runtime::terminal;

/// Raw data to metrics documents: reads a city's raw mobility data and publishes one document per source and day.
///
/// Every setting is a flag and an environment variable; the flag takes precedence.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "processor",
    version = runtime::version::version(),
    max_term_width = terminal::COLUMNS,
    after_help = FIRST_EXAMPLES,
    after_long_help = EXAMPLES,
    override_usage = "processor [OPTIONS] [DAY]\n       processor [OPTIONS] <COMMAND>",
    mut_args(|arg| arg.hide_env_values(true)),
    mut_arg("force", |arg| arg.help("Replace a document of an earlier run even if its source is now missing or unusable"))
)]
pub struct Cli {
    /// A command other than processing
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Day to process: YYYY-MM-DD, yesterday, today-N, a range FIRST..LAST, or `all` (every local day with a row of a required source)
    /// [default: the day in the Job's name, else yesterday in the city's time zone]
    #[arg(env = "REPORT_DATE", value_name = "DAY")]
    pub day: Option<String>,

    #[command(flatten)]
    pub settings: Settings,

    #[command(flatten)]
    pub shared: Shared,

    #[command(flatten)]
    pub scan: Scan,
}

/// How road counts are scanned. Only speed depends on it; the settings exist for tests and for tools that emulate a processor.
#[derive(Debug, Clone, Args)]
pub struct Scan {
    /// Bytes of a chunk of a large file, 1 to 67108864. The default is small enough for a chunk to stay in the cache from the copy to
    /// the last row
    #[arg(
        long = "scan-chunk", env = "CITYFLOW_CHUNK", hide = true, global = true, default_value = "524288",
        value_parser = clap::value_parser!(u64).range(1..=64 << 20)
    )]
    pub chunk: u64,

    /// Instructions that find separators: portable, avx2 or avx512; the best that the machine has if it lacks them
    #[arg(long = "scan-simd", env = "CITYFLOW_SIMD", hide = true, global = true, default_value = "")]
    pub simd: String,
}

/// The settings of the processor alone.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Raw data: s3://bucket/prefix or a folder, with batch/ and api/ below it. In the variable a bare name is a bucket, and a path begins
    /// with / or . [default: ./data/raw]
    #[arg(
        long, env = "S3_BUCKET_RAW", value_name = "LOCATION", value_parser = checked_location(), global = true,
        help_heading = IN_OUT
    )]
    pub raw: Option<Checked<Location>>,

    /// Processed data: s3://bucket/prefix or a folder; documents go to metrics/ below it [default: ./data/processed]
    #[arg(
        long, env = "S3_BUCKET_PROCESSED", value_name = "LOCATION", value_parser = checked_location(), global = true,
        help_heading = IN_OUT
    )]
    pub out: Option<Checked<Location>>,

    /// Earlier days that a scheduled run processes if they have no manifest, 0 to 366
    #[arg(
        long, env = "CITYFLOW_CATCH_UP", value_name = "DAYS", value_parser = checked(settings::earlier_days), default_value = "14",
        global = true, help_heading = DAYS, allow_negative_numbers = true
    )]
    pub catch_up: Checked<u32>,

    /// Exit with 75 (try again later) if the day is published but still provisional (`provisoire`)
    #[arg(
        long, env = "CITYFLOW_UNTIL_COMPLETE", value_name = "YES|NO", value_parser = checked(settings::switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", global = true, help_heading = DAYS
    )]
    pub until_complete: Checked<bool>,

    /// Sources that a day must have, with commas between; without one of them the run fails with exit code 65
    #[arg(
        long, env = "CITYFLOW_REQUIRED", value_name = "SOURCES", value_parser = checked(settings::text), default_value = "comptages",
        global = true, help_heading = PROCESSING
    )]
    pub required: Checked<String>,

    /// Set a threshold, such as comptages.congestion_taux=80. Repeat the flag, or separate several with `;`. `processor params` lists
    /// all of them; documents list them under `parametres` [default: none]
    #[arg(
        long = "param", env = "CITYFLOW_PARAMS", value_name = "KEY=VALUE", value_delimiter = ';', action = ArgAction::Append,
        global = true, help_heading = PROCESSING
    )]
    pub parameters: Vec<String>,

    /// Threads that parse and aggregate, 1 to 1024 [default: one per core]
    #[arg(
        long, env = "CITYFLOW_THREADS", value_name = "N", value_parser = checked(threads), global = true, help_heading = PROCESSING,
        allow_negative_numbers = true
    )]
    pub threads: Option<Checked<usize>>,

    /// Memory budget, such as 512MB or 2GiB; with more memory, more input is fetched in parallel [default: 80 % of the container's limit
    /// or of the machine's free memory]
    #[arg(
        long, env = "CITYFLOW_MEMORY_TARGET", value_name = "SIZE", value_parser = checked(settings::text), global = true,
        help_heading = PROCESSING
    )]
    pub memory_target: Option<Checked<String>>,

    /// When documents are published, create the Job of their report from this CronJob. Needs a service account token [default: none]
    #[arg(
        long, env = "CITYFLOW_HANDOFF", value_name = "CRONJOB", value_parser = checked(settings::text), global = true,
        help_heading = KUBERNETES
    )]
    pub handoff: Option<Checked<String>>,
}

/// A command other than processing.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Print a table of days: documents, completeness, report, age; then the newest day that is published
    Status {
        /// Days to show: 2025-11-03, yesterday, a range 2025-11-01..2025-11-07, or `all` [default: those of --last]
        #[arg(value_name = "DAY", conflicts_with = "last")]
        days: Option<String>,

        /// Number of days before today, 1 to 3660
        #[arg(long, value_name = "DAYS", default_value = "14", allow_negative_numbers = true)]
        last: String,

        /// Print one JSON object instead of the table
        #[arg(long)]
        json: bool,
    },
    /// Check settings, connections and permissions, and what each raw file holds; writes no document
    Check {
        /// Read the raw files like a run of the day, and exit like it [default: yes if they are in a folder, no on S3]
        #[arg(
            long, value_name = "YES|NO", value_parser = checked(settings::switch), num_args = 0..=1, require_equals = true,
            default_missing_value = "yes"
        )]
        files: Option<Checked<bool>>,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Show the last trace of a trace file as a tree: the spans of both jobs, their durations and errors
    Trace {
        /// File that the runs wrote [default: the file of --trace-file]
        #[arg(value_name = "FILE")]
        file: Option<std::path::PathBuf>,
    },
    /// List the parameters of --param: default, unit, range, meaning
    Params,
}

const FIRST_EXAMPLES: &str = "\
Examples:
  processor 2025-11-03                       one day, into ./data/processed
  processor all --raw s3://cityflow-raw --out s3://cityflow-processed
  processor check                            what would a run find?
  processor status                           which days are there?

More: `processor --help`, `processor COMMAND -h`, `processor man`";

const EXAMPLES: &str = "\
Examples:
  processor 2025-11-03                       from ./data/raw to ./data/processed
  processor 2025-11-01..2025-11-07 --raw ./raw --out ./processed
  processor all --raw s3://cityflow-raw --out s3://cityflow-processed
  S3_BUCKET_RAW=cityflow-raw S3_BUCKET_PROCESSED=cityflow-processed \
    processor 2025-11-03
  processor 2025-11-03 --dry-run             computes everything, writes nothing
  processor status --last 14                 or: processor status 2025-11-01..2025-11-07
  processor check --raw s3://cityflow-raw --out s3://cityflow-processed
  processor 2025-11-03 --trace-file traces.jsonl && processor trace traces.jsonl
  processor completions bash > ~/.local/share/bash-completion/completions/processor
  processor man check | man -l -             the page of a command

S3: credentials, region and endpoint are the settings of the AWS SDK (AWS_PROFILE, AWS_REGION,
AWS_ENDPOINT_URL, ...); for a server other than AWS add --path-style.

Telemetry: the settings are OpenTelemetry's variables. Traces and metrics are sent to
OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4317; if it is not set, none are sent.

Raw folder:
  batch/      comptages-*.csv  chantiers-*.csv  referentiel-*.csv  comptage-velo*.csv
              meteo*.csv, each plain, .gz or .zst
  api/        {bikes,traffic,weather}/dt=YYYY-MM-DD/hour=HH/*.json[l], plain, .gz or .zst
  reference/  zones.geojson  calendrier-scolaire.csv  lignes.csv, all optional

Exit codes:
  0    success
  2    wrong usage or settings; missing bucket, folder or permission
  65   a required source has no file or is unusable; everything else is published
  66   no input at all
  69   the store is unreachable or full
  70   a bug
  75   try again later
  143  interrupted by a signal";

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=1024) => Ok(threads),
        _ => Err(format!("\"{}\" is not a number from 1 to 1024", text.escape_debug())),
    }
}

impl JobArgs for Cli {
    const HELP: Help = Help {
        short: &["day", "raw", "out", "required", "parameters", "force", "dry_run", "lang", "quiet", "verbose"],
        commands: &[
            ("status", &["out", "path_style", "profile", "timezone", "lang", "quiet", "verbose"]),
            (
                "check",
                &[
                    "raw",
                    "out",
                    "path_style",
                    "required",
                    "parameters",
                    "threads",
                    "memory_target",
                    "handoff",
                    "events",
                    "profile",
                    "timezone",
                    "city_name",
                    "lang",
                    "quiet",
                    "verbose",
                ],
            ),
            ("trace", &["trace_file"]),
        ],
    };

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn is_run(&self) -> bool {
        self.command.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_settings_match_the_parser() {
        let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        let tables = settings::markdown::tables(&<Cli as clap::CommandFactory>::command());
        assert_eq!(settings::markdown::hold(&document, "processor", &tables), Ok(()));
    }
}
