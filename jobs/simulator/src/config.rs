//! The configuration of a run, checked.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;
use contract::{Source, Tz};
use runtime::location::Location;

use crate::faults::Faults;
use crate::output::Compression;
use crate::road_counts::file_plan::FormatOption;
use crate::shapes::Shapes;

/// The city to write.
#[derive(Debug, Clone)]
pub struct Config {
    /// Location of `batch/`, `api/` and `reference/`.
    pub out: Location,
    /// Path-style S3 addresses.
    pub path_style: bool,
    /// Folder of the truth: the expected documents.
    pub truth: Option<PathBuf>,
    /// First day with data.
    pub first: NaiveDate,
    /// Last day with data.
    pub last: NaiveDate,
    /// Time zone of the city; its offsets are whole hours.
    pub tz: Tz,
    /// Number of road arcs.
    pub arcs: usize,
    /// Number of bike counters.
    pub counters: usize,
    /// Number of worksites.
    pub worksites: usize,
    /// New transit disruptions per day.
    pub disruptions: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Faults in the data.
    pub faults: Faults,
    /// Compression of the files of counts.
    pub compression: Compression,
    /// Shape of the files of counts.
    pub count_format: FormatOption,
    /// Shapes of the snapshots and small files.
    pub shapes: Shapes,
    /// Sources to write.
    pub only: BTreeSet<Source>,
    /// Size at which a new file of counts begins, in bytes before compression.
    pub file_size: Option<u64>,
    /// Whether to write `reference/lignes.csv`.
    pub lines: bool,
    /// Write even if the location is not empty.
    pub force: bool,
    /// Print only errors.
    pub quiet: bool,
}

impl Config {
    /// A small city for these days in a local folder, for tests: six sources, no faults.
    #[must_use]
    pub fn small(out: PathBuf, first: NaiveDate, last: NaiveDate) -> Self {
        Self {
            out: Location::Local(out),
            path_style: false,
            truth: None,
            first,
            last,
            tz: contract::Tz::PARIS,
            arcs: 40,
            counters: 12,
            worksites: 30,
            disruptions: 6,
            seed: 42,
            faults: Faults::NONE,
            compression: Compression::None,
            count_format: FormatOption::Labels,
            shapes: Shapes::Usual,
            only: Source::RAW.into(),
            file_size: None,
            lines: true,
            force: false,
            quiet: true,
        }
    }

    /// Whether a source is written.
    #[must_use]
    pub fn makes(&self, source: Source) -> bool {
        self.only.contains(&source)
    }
}
