//! The command line: flags and variables to a [`Config`], with everything that is wrong said at once.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use clap::Parser;
use contract::Source;
use runtime::failure::{Code, Failure};
use runtime::location::Location;

use crate::clock;
use crate::config::Config;
use crate::faults::{Fault, Faults};
use crate::output::Compression;
use crate::roads::plan::Shapes;
use crate::roads::row::Shape;

/// Largest object that is put into a store at once, unless asked otherwise.
const STORE_FILE: u64 = 256 << 20;
/// Days where none are asked for.
const USUAL_DAYS: u64 = 7;
/// Arcs where a size is asked for: about as many as the real city has.
const CITY_ARCS: usize = 3400;

const EXAMPLES: &str = "EXAMPLES:\n  A week of a small city, for a first look:\n    simulator --out data/raw --from 2025-11-01 --to \
2025-11-07\n\n  The same with everything that goes wrong in real data, and the true answer beside it:\n    simulator --out data/raw \
--truth data/truth --from 2025-11-01 --to 2025-11-07 --faults all --shape mixed\n\n  Seven gigabytes of road counts, to see how \
fast it is:\n    simulator --out /tmp/raw --size 7GB --only comptages,referentiel\n\n  Into a bucket (credentials, region and \
endpoint as for every AWS tool):\n    simulator --out s3://cityflow-raw --from 2025-11-01 --to 2025-11-07";

/// Writes a synthetic city: all six raw sources in their real shapes, for any days and size, with the true answer beside them.
///
/// The same flags give the same bytes, on any machine and with any number of threads.
#[derive(Debug, Parser)]
#[command(
    name = "simulator",
    version,
    after_help = EXAMPLES,
    after_long_help = after_long_help()
)]
pub struct Args {
    /// Where the raw files go: a folder, or s3://bucket/prefix. `batch/`, `api/` and `reference/` are made there.
    ///
    /// In a bucket every file is put whole, from memory: see --file-size.
    #[arg(long, value_name = "LOCATION", env = "SIMULATOR_OUT")]
    out: String,
    /// A local folder for the true answer: the expected document of every source and day [default: none]
    #[arg(long, value_name = "DIR", env = "SIMULATOR_TRUTH")]
    truth: Option<PathBuf>,
    /// First day that has data
    #[arg(long, value_name = "DATE", default_value = "2025-11-01", env = "SIMULATOR_FROM")]
    from: NaiveDate,
    /// Last day that has data [default: 6 days later]
    #[arg(long, value_name = "DATE", conflicts_with = "size", env = "SIMULATOR_TO")]
    to: Option<NaiveDate>,
    /// About how many bytes of road counts, such as 500MB or 7GB, instead of --to
    #[arg(long, value_name = "SIZE", value_parser = bytes, env = "SIMULATOR_SIZE")]
    size: Option<u64>,
    /// Road sections [default: 40; 3400 with --size]
    #[arg(long, value_name = "N", env = "SIMULATOR_ARCS")]
    arcs: Option<usize>,
    /// Bike counters
    #[arg(long, value_name = "N", default_value_t = 12, env = "SIMULATOR_COUNTERS")]
    counters: usize,
    /// Worksites
    #[arg(long, value_name = "N", default_value_t = 30, env = "SIMULATOR_WORKSITES")]
    worksites: usize,
    /// New transit disruptions a day
    #[arg(long, value_name = "N", default_value_t = 6, env = "SIMULATOR_DISRUPTIONS")]
    disruptions: usize,
    /// Another seed is another city
    #[arg(long, value_name = "N", default_value_t = 42, env = "SIMULATOR_SEED")]
    seed: u64,
    /// What goes wrong: none, all, or a list with commas (--help lists them)
    #[arg(long, value_name = "LIST", default_value = "none", env = "SIMULATOR_FAULTS")]
    faults: Faults,
    /// How the files of counts are compressed
    #[arg(long, value_enum, default_value_t, env = "SIMULATOR_COMPRESS")]
    compress: Compression,
    /// Shape of the files of counts
    #[arg(long, value_enum, default_value_t, env = "SIMULATOR_SHAPE")]
    shape: Shapes,
    /// Write these sources only, a list with commas [default: comptages,bikes,traffic,weather,chantiers,referentiel]
    #[arg(long, value_name = "SOURCES", value_delimiter = ',', env = "SIMULATOR_ONLY")]
    only: Vec<Source>,
    /// Begin another file of counts at about this size (whole days; before compression) [default: none in a folder; 256MB in a bucket]
    #[arg(long, value_name = "SIZE", value_parser = bytes, env = "SIMULATOR_FILE_SIZE")]
    file_size: Option<u64>,
    /// IANA name of the city's time zone; its offsets must be whole hours
    #[arg(long, value_name = "ZONE", default_value = "Europe/Paris", env = "CITY_TIMEZONE")]
    timezone: Tz,
    /// Leave out reference/lignes.csv, so that the jobs use their city profile's lines
    #[arg(long)]
    no_lines: bool,
    /// Path-style addresses, for S3 servers other than AWS
    #[arg(long, env = "CITYFLOW_S3_PATH_STYLE", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    path_style: bool,
    /// Write although there is something at --out; what is there is kept, but for files of the same name
    #[arg(long)]
    force: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

fn after_long_help() -> String {
    let faults: Vec<_> = Fault::ALL.iter().map(|fault| format!("  {:15} {}", fault.name(), fault.about())).collect();
    format!("{EXAMPLES}\n\nFAULTS:\n{}", faults.join("\n"))
}

/// `7GB`, `256MB`, `1.5GiB` or plain bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return Err(format!("\"{text}\" is no size; write 500MB, 7GB or 256MiB")),
    };
    let number: f64 = number.parse().map_err(|_| format!("\"{text}\" is no size; write 500MB, 7GB or 256MiB"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; sizes beyond 2^64 saturate")]
    let value = (number * factor) as u64;
    if value == 0 { Err("a size cannot be 0".to_owned()) } else { Ok(value) }
}

impl Args {
    /// Checks everything that a flag alone cannot tell.
    ///
    /// # Errors
    /// All that is wrong, in one message.
    pub fn config(self) -> Result<Config, Failure> {
        let mut wrong = Vec::new();
        let arcs = self.arcs.unwrap_or(if self.size.is_some() { CITY_ARCS } else { 40 });
        let days = match self.size {
            Some(size) => size.div_ceil(24 * arcs.max(1) as u64 * row_bytes(self.shape)),
            None => USUAL_DAYS,
        };
        let last = self.to.or_else(|| self.from.checked_add_days(Days::new(days.max(1) - 1))).unwrap_or(self.from);
        if last < self.from {
            wrong.push(format!("--to {last} comes before --from {}", self.from));
        }
        if (last - self.from).num_days() > 4000 {
            wrong
                .push(format!("{} to {last} are more than 4000 days; give more --arcs or a smaller --size", self.from));
        } else if !clock::whole_hours(self.from, last, self.timezone) {
            wrong.push(format!("the offset of {} is not a whole number of hours", self.timezone));
        }
        if !(1..=1_000_000).contains(&arcs) {
            wrong.push("--arcs must be 1 to 1000000".to_owned());
        }
        if let Some(source) = self.only.iter().find(|source| **source == Source::Context) {
            wrong.push(format!("--only {source}: it is made from the others and has no raw files"));
        }
        let out = Location::from_flag(&self.out).map_err(|error| wrong.push(format!("--out: {error}"))).ok();
        let (true, Some(out)) = (wrong.is_empty(), out) else {
            return Err(Failure::new(Code::Usage, wrong.join("; "), "", "See --help"));
        };
        let only: BTreeSet<_> = if self.only.is_empty() { Source::RAW.into() } else { self.only.into_iter().collect() };
        let in_store = matches!(out, Location::S3 { .. });
        Ok(Config {
            file_size: self.file_size.or(in_store.then_some(STORE_FILE)),
            out,
            path_style: self.path_style,
            truth: self.truth,
            first: self.from,
            last,
            tz: self.timezone,
            arcs,
            counters: self.counters,
            worksites: self.worksites,
            disruptions: self.disruptions,
            seed: self.seed,
            faults: self.faults,
            compression: self.compress,
            shapes: self.shape,
            only,
            lines: !self.no_lines,
            force: self.force,
            quiet: self.quiet,
        })
    }
}

fn row_bytes(shapes: Shapes) -> u64 {
    match shapes {
        Shapes::Labels => Shape::Labels.row_bytes(),
        Shapes::Fields => Shape::Fields.row_bytes(),
        Shapes::Historique => Shape::Historique.row_bytes(),
        Shapes::Mixed => (Shape::Labels.row_bytes() + Shape::Fields.row_bytes() + Shape::Historique.row_bytes()) / 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: &str) -> Result<Config, Failure> {
        let args = ["simulator"].into_iter().chain(flags.split_whitespace());
        Args::try_parse_from(args).unwrap().config()
    }

    #[test]
    fn a_size_gives_the_days() {
        let config = config("--out x --size 7GB").unwrap();
        assert_eq!(config.arcs, 3400);
        assert!((200..260).contains(&(config.last - config.first).num_days()));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let failure = config("--out gs://x --from 2025-11-03 --to 2025-11-01 --arcs 0 --only contexte").unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        for part in ["--to 2025-11-01", "--arcs", "contexte", "gs://"] {
            assert!(failure.what.contains(part), "{part}: {failure}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("7GB"), Ok(7_000_000_000));
        assert_eq!(bytes("256 MiB"), Ok(256 << 20));
        assert!(bytes("7 Go").is_err() && bytes("0").is_err());
    }

    #[test]
    fn the_help_lists_every_fault() {
        use clap::CommandFactory as _;
        let help = Args::command().render_long_help().to_string();
        assert!(Fault::ALL.iter().all(|fault| help.contains(fault.name())));
    }
}
