//! What a run is to make, all values checked.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;
use chrono_tz::Tz;
use contract::Source;
use runtime::location::Location;

use crate::faults::Faults;
use crate::output::Compression;
use crate::roads::plan::Shapes;

/// What a run is to make.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the raw files go: the folder of `batch/`, `api/` and `reference/`.
    pub out: Location,
    /// Path-style addresses for S3.
    pub path_style: bool,
    /// Folder of the true answers; none where they are not wanted.
    pub truth: Option<PathBuf>,
    /// First day that has data.
    pub first: NaiveDate,
    /// Last day that has data.
    pub last: NaiveDate,
    /// The city's zone.
    pub tz: Tz,
    /// Arcs.
    pub arcs: usize,
    /// Bike counters.
    pub counters: usize,
    /// Worksites.
    pub worksites: usize,
    /// Transit disruptions a day.
    pub disruptions: usize,
    /// The seed.
    pub seed: u64,
    /// Which faults there are.
    pub faults: Faults,
    /// How files of counts are compressed.
    pub compression: Compression,
    /// Shape of the files of counts.
    pub shapes: Shapes,
    /// Which sources are written.
    pub only: BTreeSet<Source>,
    /// Largest file of counts, bytes before compression.
    pub file_size: Option<u64>,
    /// Whether there is `reference/lignes.csv`.
    pub lines: bool,
    /// Write although there is something.
    pub force: bool,
    /// Say nothing but errors.
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
            tz: chrono_tz::Europe::Paris,
            arcs: 40,
            counters: 12,
            worksites: 30,
            disruptions: 6,
            seed: 42,
            faults: Faults::NONE,
            compression: Compression::None,
            shapes: Shapes::Labels,
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
