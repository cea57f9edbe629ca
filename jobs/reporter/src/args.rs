//! The command line: flags and variables with their texts. [`crate::config`] checks everything that needs more than one value or a file.

use std::time::Duration;

use clap::{Parser, Subcommand};
use runtime::location::Location;
use runtime::settings::command_line::Help;
use runtime::settings::{self, Checked, DAYS, IN_OUT, JobArgs, Shared, checked, checked_location};
use runtime::terminal;

const FIRST_EXAMPLES: &str = "\
Examples:
  reporter                                    yesterday's report
  reporter 2025-11-03                         the report of one day
  reporter check                              would a run succeed?

More: `reporter --help`, `reporter COMMAND -h`, `reporter man`";

const EXAMPLES: &str = "\
Examples:
  reporter 2025-11-03                         the report of one day, in ./data/processed/reports
  reporter                                    yesterday's
  reporter 2025-11-01..2025-11-07             a week
  reporter all --force                        every day that has metrics, even if its report is up to date
  reporter 2025-11-03 --wait 40m              waits for the metrics if they are not published yet
  reporter 2025-11-03 --dry-run               computes the report, shows its figures, writes nothing
  reporter check                              checks settings, connections and permissions, writes no report
  reporter --metrics s3://cityflow-processed/metrics --reports ./out 2025-11-03
  reporter completions bash > ~/.local/share/bash-completion/completions/reporter
  S3_BUCKET_METRICS=cityflow-processed/metrics reporter 2025-11-03
                                              reports go next to the metrics, to cityflow-processed/reports

S3: credentials, region and endpoint are the settings of the AWS SDK (AWS_PROFILE, AWS_REGION,
AWS_ENDPOINT_URL, ...); for a server other than AWS add --path-style.

Telemetry: the settings are OpenTelemetry's variables. Traces and metrics are sent to
OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4317; if it is not set, none are sent.

Exit codes:
  0    success
  2    wrong usage or settings; missing bucket, folder or permission
  65   the manifest cannot be read
  66   nothing to report on
  69   the store is unreachable or full
  70   a bug
  75   the metrics are not published yet: try again later
  143  interrupted by a signal";

/// Makes the daily report of a city's traffic (JSON, CSV) from the metrics documents that the processor publishes.
///
/// Every setting is a flag and an environment variable; the flag takes precedence. NO_COLOR is respected.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "reporter",
    version = runtime::version::version(),
    max_term_width = terminal::COLUMNS,
    after_help = FIRST_EXAMPLES,
    after_long_help = EXAMPLES,
    override_usage = "reporter [OPTIONS] [DAY]\n       reporter [OPTIONS] <COMMAND>",
    mut_args(|arg| arg.hide_env_values(true)),
    mut_arg("force", |arg| arg.help("Make the report even if the existing one is up to date"))
)]
pub struct Args {
    /// A command other than reporting
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Day to report on: 2025-11-03, yesterday, today-N, a range 2025-11-01..2025-11-07, or `all` [default: the day in the Job's name, else
    /// yesterday in the city's time zone]
    #[arg(value_name = "DAY", env = "REPORT_DATE")]
    pub day: Option<String>,

    /// Metrics documents: s3://bucket/prefix or a folder, e.g. s3://cityflow-processed/metrics. In the variable a bare name is a bucket,
    /// and a path begins with / or . [default: ./data/processed/metrics, or metrics/ next to the reports]
    #[arg(
        long, value_name = "LOCATION", env = "S3_BUCKET_METRICS", value_parser = checked_location(), global = true,
        help_heading = IN_OUT
    )]
    pub metrics: Option<Checked<Location>>,

    /// Reports: s3://bucket/prefix or a folder, e.g. s3://cityflow-processed/reports [default: ./data/processed/reports, or reports/ next
    /// to the metrics]
    #[arg(
        long, value_name = "LOCATION", env = "S3_BUCKET_REPORTS", value_parser = checked_location(), global = true,
        help_heading = IN_OUT
    )]
    pub reports: Option<Checked<Location>>,

    /// How long to wait for metrics that are not published yet, e.g. 40m, 90s, 1h; at most 24h
    #[arg(
        long, value_name = "DURATION", env = "CITYFLOW_WAIT", value_parser = checked(settings::duration), default_value = "0",
        help_heading = DAYS
    )]
    pub wait: Checked<Duration>,

    #[command(flatten)]
    pub shared: Shared,
}

/// A command other than reporting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Check settings, connections and permissions: reads from the metrics, writes and removes one probe object in the reports
    Check,
}

impl JobArgs for Args {
    const HELP: Help = Help {
        short: &["day", "metrics", "reports", "wait", "force", "dry_run", "lang", "quiet", "verbose"],
        commands: &[(
            "check",
            &[
                "metrics",
                "reports",
                "path_style",
                "events",
                "profile",
                "timezone",
                "city_name",
                "lang",
                "quiet",
                "verbose",
            ],
        )],
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
        let tables = settings::markdown::tables(&<Args as clap::CommandFactory>::command());
        assert_eq!(settings::markdown::hold(&document, "reporter", &tables), Ok(()));
    }
}
