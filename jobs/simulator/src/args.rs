//! The command line: flags and variables to a valid [`Config`], with all mistakes reported at once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use clap::Parser;
use contract::{Source, Tz};
use runtime::failure::Failure;
use runtime::location::Location;
use runtime::settings::command_line::Help;
use runtime::settings::{self, Checked, DAYS, IN_OUT, Mistakes, checked};
use runtime::terminal;

use crate::clock;
use crate::config::Config;
use crate::faults::{Fault, Faults};
use crate::output::Compression;
use crate::road_counts::file_plan::FormatOption;
use crate::road_counts::row::RowFormat;
use crate::shapes::Shapes;

/// Default size of a file of counts in a bucket: each is uploaded whole, from memory.
const STORE_FILE: u64 = 256 << 20;
/// Days without `--to` and `--size`.
const USUAL_DAYS: u64 = 7;
/// Arcs with `--size`: about as many as Paris has.
const CITY_ARCS: usize = 3400;

const EXAMPLES: &str = "\
Examples:
  simulator --out data/raw --from 2025-11-01 --to 2025-11-07
      a week of a small city, for a first look
  simulator --out data/raw --truth data/truth --to 2025-11-07 \\
    --faults all --shape mixed
      the same with every fault of real data; the expected documents
      are in data/truth
  simulator --out /tmp/raw --size 7GB --only comptages,referentiel
      seven gigabytes of road counts, to measure the speed
  simulator --out s3://cityflow-raw --from 2025-11-01 --to 2025-11-07
      into a bucket; credentials, region and endpoint are those of the AWS SDK";

const CITY_SIZE: &str = "Size of the city";
const FILES: &str = "Files";

/// Writes a synthetic city: all six raw sources in their real shapes, for any days and size, with the expected documents.
///
/// The same settings give the same bytes, on any machine and with any number of threads.
#[derive(Debug, Parser)]
#[command(
    name = "simulator",
    version,
    max_term_width = terminal::COLUMNS,
    after_help = EXAMPLES,
    after_long_help = after_long_help(),
    mut_args(|arg| arg.hide_env_values(true))
)]
pub struct Args {
    /// Where to write the raw files: a folder, or s3://bucket/prefix. They go to batch/, api/ and reference/ below it
    ///
    /// In a bucket each file is uploaded whole, from memory: see --file-size.
    #[arg(long, value_name = "LOCATION", env = "SIMULATOR_OUT", help_heading = IN_OUT)]
    out: String,
    /// Local folder for the truth: the expected document of every source and day [default: none]
    #[arg(long, value_name = "DIR", env = "SIMULATOR_TRUTH", help_heading = IN_OUT)]
    truth: Option<PathBuf>,
    /// Address buckets by path, for S3 servers other than AWS, such as MinIO
    #[arg(
        long, env = "CITYFLOW_S3_PATH_STYLE", value_name = "YES|NO", value_parser = checked(settings::switch), default_value = "no",
        num_args = 0..=1, require_equals = true, default_missing_value = "yes", help_heading = IN_OUT
    )]
    path_style: Checked<bool>,
    /// Write even if --out is not empty; existing files are kept, except those of the same name
    #[arg(long, help_heading = IN_OUT)]
    force: bool,
    /// First day that has data
    #[arg(
        long, value_name = "DATE", env = "SIMULATOR_FROM", value_parser = checked(date), default_value = "2025-11-01",
        help_heading = DAYS
    )]
    from: Checked<NaiveDate>,
    /// Last day that has data [default: 6 days after the first]
    #[arg(
        long, value_name = "DATE", env = "SIMULATOR_TO", value_parser = checked(date), conflicts_with = "size",
        help_heading = DAYS
    )]
    to: Option<Checked<NaiveDate>>,
    /// Approximate size of the road counts, such as 500MB or 7GB, which determines the last day [default: that of --to]
    #[arg(long, value_name = "SIZE", env = "SIMULATOR_SIZE", value_parser = checked(positive_size), help_heading = DAYS)]
    size: Option<Checked<u64>>,
    /// IANA name of the city's time zone; its offsets must be whole hours
    #[arg(
        long, value_name = "ZONE", env = "CITY_TIMEZONE", value_parser = checked(time_zone), default_value = "Europe/Paris",
        help_heading = CITY_SIZE
    )]
    timezone: Checked<Tz>,
    /// Road arcs, 1 to 1000000 [default: 40; 3400 with --size]
    #[arg(long, value_name = "N", env = "SIMULATOR_ARCS", value_parser = checked(number::<usize>), help_heading = CITY_SIZE)]
    arcs: Option<Checked<usize>>,
    /// Bike counters
    #[arg(
        long, value_name = "N", env = "SIMULATOR_COUNTERS", value_parser = checked(number::<usize>), default_value = "12",
        help_heading = CITY_SIZE
    )]
    counters: Checked<usize>,
    /// Worksites
    #[arg(
        long, value_name = "N", env = "SIMULATOR_WORKSITES", value_parser = checked(number::<usize>), default_value = "30",
        help_heading = CITY_SIZE
    )]
    worksites: Checked<usize>,
    /// New transit disruptions per day
    #[arg(
        long, value_name = "N", env = "SIMULATOR_DISRUPTIONS", value_parser = checked(number::<usize>), default_value = "6",
        help_heading = CITY_SIZE
    )]
    disruptions: Checked<usize>,
    /// Seed of the random numbers; another seed gives another city
    #[arg(
        long, value_name = "N", env = "SIMULATOR_SEED", value_parser = checked(number::<u64>), default_value = "42",
        help_heading = CITY_SIZE
    )]
    seed: Checked<u64>,
    /// Faults in the data: none, all, or a list with commas (--help describes them)
    #[arg(long, value_name = "LIST", default_value = "none", env = "SIMULATOR_FAULTS", help_heading = FILES)]
    faults: Faults,
    /// Compression of the files of counts
    #[arg(long, value_enum, default_value_t, env = "SIMULATOR_COMPRESS", help_heading = FILES)]
    compress: Compression,
    /// Shape of the files of counts
    #[arg(long, value_enum, default_value_t, env = "SIMULATOR_SHAPE", help_heading = FILES)]
    shape: FormatOption,
    /// Shapes of the snapshots and small files
    #[arg(long, value_enum, default_value_t, env = "SIMULATOR_SHAPES", help_heading = FILES)]
    shapes: Shapes,
    /// Sources to write, a list with commas [default: comptages,bikes,traffic,weather,chantiers,referentiel]
    #[arg(long, value_name = "SOURCES", value_delimiter = ',', env = "SIMULATOR_ONLY", help_heading = FILES)]
    only: Vec<Source>,
    /// Start a new file of counts at about this size, after a whole day, before compression [default: none in a folder; 256MB in a bucket]
    #[arg(long, value_name = "SIZE", env = "SIMULATOR_FILE_SIZE", value_parser = checked(positive_size), help_heading = FILES)]
    file_size: Option<Checked<u64>>,
    /// Leave out reference/lignes.csv, so that the jobs use the lines of their city profile
    #[arg(long, help_heading = FILES)]
    no_lines: bool,
    /// Print only errors
    #[arg(long, short)]
    quiet: bool,
}

fn after_long_help() -> String {
    let faults: Vec<_> = Fault::ALL.iter().map(|fault| format!("  {:15} {}", fault.name(), fault.about())).collect();
    format!("{EXAMPLES}\n\nFaults:\n{}", faults.join("\n"))
}

fn positive_size(text: &str) -> Result<u64, String> {
    match settings::size(text)? {
        0 => Err("the size must not be 0".to_owned()),
        bytes => Ok(bytes),
    }
}

fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a valid date; write one such as 2025-11-03"))
}

fn time_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a known time zone; write one such as Europe/Paris"))
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a whole number"))
}

/// Which settings the help names.
pub const HELP: Help = Help {
    short: &["out", "truth", "from", "to", "size", "arcs", "faults", "shape", "shapes", "only", "force", "quiet"],
    commands: &[],
};

impl Args {
    /// Checks the settings together.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn config(self) -> Result<Config, Failure> {
        let mut mistakes = Mistakes::default();
        let size = mistakes.take(&self.size);
        let arcs = mistakes.take(&self.arcs).unwrap_or(if size.is_some() { CITY_ARCS } else { 40 });
        let first = mistakes.take(&self.from).unwrap_or_default();
        let tz = mistakes.take(&self.timezone).unwrap_or_default();
        let days = size.map_or(USUAL_DAYS, |size| size.div_ceil(24 * arcs.max(1) as u64 * row_bytes(self.shape)));
        let last =
            mistakes.take(&self.to).or_else(|| first.checked_add_days(Days::new(days.max(1) - 1))).unwrap_or(first);
        if last < first {
            mistakes.add(format!("--to {last} is before --from {first}"));
        }
        if (last - first).num_days() > 4000 {
            mistakes.add(format!("{first} to {last} is more than 4000 days; raise --arcs or lower --size"));
        } else if !clock::whole_hours(first, last, tz) {
            mistakes.add(format!("--timezone {tz}: its offset is not a whole number of hours"));
        }
        if !(1..=1_000_000).contains(&arcs) {
            mistakes.add(format!("--arcs {arcs} is not a number from 1 to 1000000"));
        }
        if let Some(source) = self.only.iter().find(|source| **source == Source::Context) {
            mistakes.add(format!("--only {source}: it has no raw files, because it is derived from the other sources"));
        }
        let out = Location::from_flag(&self.out).map_err(|error| mistakes.add(format!("--out: {error}"))).ok();
        let path_style = mistakes.take(&self.path_style).unwrap_or_default();
        let mut count = |setting: &Checked<usize>| mistakes.take(setting).unwrap_or_default();
        let (counters, worksites) = (count(&self.counters), count(&self.worksites));
        let disruptions = count(&self.disruptions);
        let seed = mistakes.take(&self.seed).unwrap_or_default();
        let file_size = mistakes.take(&self.file_size);
        mistakes.finish("simulator")?;
        let out = out.unwrap_or_else(|| Location::Local(self.out.into()));
        let only: BTreeSet<_> = if self.only.is_empty() { Source::RAW.into() } else { self.only.into_iter().collect() };
        let in_store = matches!(out, Location::S3 { .. });
        Ok(Config {
            file_size: file_size.or(in_store.then_some(STORE_FILE)),
            out,
            path_style,
            truth: self.truth,
            first,
            last,
            tz,
            arcs,
            counters,
            worksites,
            disruptions,
            seed,
            faults: self.faults,
            compression: self.compress,
            count_format: self.shape,
            shapes: self.shapes,
            only,
            lines: !self.no_lines,
            force: self.force,
            quiet: self.quiet,
        })
    }
}

fn row_bytes(shapes: FormatOption) -> u64 {
    match shapes {
        FormatOption::Labels => RowFormat::Labels.row_bytes(),
        FormatOption::Fields => RowFormat::Fields.row_bytes(),
        FormatOption::Historical => RowFormat::Historical.row_bytes(),
        FormatOption::Mixed => {
            (RowFormat::Labels.row_bytes() + RowFormat::Fields.row_bytes() + RowFormat::Historical.row_bytes()) / 3
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};
    use runtime::failure::Code;

    use super::*;

    #[test]
    fn documented_settings_match_the_parser() {
        let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        let tables = settings::markdown::tables(&<Args as clap::CommandFactory>::command());
        assert_eq!(settings::markdown::hold(&document, "simulator", &tables), Ok(()));
    }

    fn config(flags: &str) -> Result<Config, Failure> {
        let command = settings::without_environment(Args::command());
        let line = ["simulator"].into_iter().chain(flags.split_whitespace());
        Args::from_arg_matches(&command.try_get_matches_from(line).unwrap()).unwrap().config()
    }

    #[test]
    fn size_determines_the_days() {
        let config = config("--out x --size 7GB").unwrap();
        assert_eq!(config.arcs, 3400);
        assert!((200..260).contains(&(config.last - config.first).num_days()));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let failure = config(
            "--out gs://x --from 2025-11-03 --to 2025-11-01 --arcs 0 --only contexte --seed x --path-style=perhaps",
        )
        .unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        for part in [
            "6 invalid",
            "--to 2025-11-01",
            "--arcs 0",
            "contexte",
            "gs://",
            "--seed (SIMULATOR_SEED): \"x\"",
            "\"perhaps\"",
        ] {
            assert!(failure.to_string().contains(part), "{part}: {failure}");
        }
    }

    #[test]
    fn size_of_zero_is_a_mistake() {
        assert_eq!(positive_size("256 MiB"), Ok(256 << 20));
        assert!(positive_size("0").is_err());
    }

    #[test]
    fn help_lists_every_fault() {
        let help = Args::command().render_long_help().to_string();
        assert!(Fault::ALL.iter().all(|fault| help.contains(fault.name())));
    }
}
