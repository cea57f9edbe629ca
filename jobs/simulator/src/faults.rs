//! The faults of the real data that the simulator can reproduce, each one selectable by name with `--faults`.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
        }

        impl Fault {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in `--faults`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The description in `--help`.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

faults! {
    /// identical rows of one cell, adjacent or far apart
    Duplicates = "duplicates",
    /// contradictory rows of one cell; the last one counts
    Conflicts = "conflicts",
    /// empty flow or occupancy
    MissingValues = "missing-values",
    /// no row at all
    MissingRows = "missing-rows",
    /// unreadable numbers, negative flows, occupancies outside 0 to 100
    BadNumbers = "bad-numbers",
    /// decimal commas (the number is valid)
    DecimalCommas = "decimal-commas",
    /// rows with a wrong number of columns
    BrokenRows = "broken-rows",
    /// unreadable dates
    BadDates = "bad-dates",
    /// rows that are not UTF-8
    InvalidUtf8 = "invalid-utf8",
    /// rows without an identifier
    NoId = "no-id",
    /// states that are unknown or contradict the occupancy
    BadStates = "bad-states",
    /// a row of more than 1 MiB
    LongLine = "long-line",
    /// a quote that is never closed near the end of a file, with a row after it
    OpenQuote = "open-quote",
    /// wall times that the clock change skips, in files without UTC offsets
    Clock = "clock",
    /// detectors and counters without data for more than 6 hours
    Silent = "silent",
    /// detectors and counters stuck at one value for more than 12 hours
    Frozen = "frozen",
    /// flows over 10,000, and flows with an occupancy of 0
    Incoherent = "incoherent",
    /// an hour in which no arc reports
    CitySilence = "city-silence",
    /// the last hours of a file repeated in the next one
    Overlap = "overlap",
    /// labels with line breaks, quotes, separators, outer spaces, `=` and `<script>`
    OddLabels = "odd-labels",
    /// arcs without a point, outside all zones, on a border, or missing in the road network
    OddPlaces = "odd-places",
    /// snapshots that are empty, truncated, without news, or not collected for hours
    BadSnapshots = "bad-snapshots",
    /// answers with fewer records than they announce, or with a page that is cut; all of them after the last day
    IncompleteAnswers = "incomplete-answers",
    /// malformed records, in snapshots and small files
    BadRecords = "bad-records",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u32);

impl Faults {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn all() -> Self {
        Fault::ALL.iter().fold(Self::NONE, |set, fault| set.with(*fault))
    }

    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | (1 << fault as u32))
    }

    #[must_use]
    pub fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" | "" => Ok(Self::NONE),
            "all" => Ok(Self::all()),
            list => list.split(',').map(str::trim).try_fold(Self::NONE, |set, name| {
                let fault = Fault::ALL.iter().find(|fault| fault.name() == name);
                fault.map(|fault| set.with(*fault)).ok_or_else(|| {
                    let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
                    format!(
                        "\"{name}\" is not a known fault; expected none, all, or a comma-separated list of {}",
                        names.join(",")
                    )
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_parsed_by_name() {
        let some: Faults = "frozen, long-line".parse().unwrap();
        assert!(some.has(Fault::Frozen) && some.has(Fault::LongLine) && !some.has(Fault::Silent));
        assert!("all".parse::<Faults>().unwrap().has(Fault::BadRecords));
        assert_eq!("none".parse(), Ok(Faults::NONE));
        assert!("frosen".parse::<Faults>().unwrap_err().contains("frozen"));
    }
}
