//! What can be wrong with real data, by name, so that each can be asked for on its own.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// One sort of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in `--faults`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does, for `--help`.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

faults! {
    /// identical rows of one cell, near and far from one another
    Duplicates = "duplicates",
    /// rows of one cell that differ; the last one holds
    Conflicts = "conflicts",
    /// empty flow or occupancy
    MissingValues = "missing-values",
    /// no row at all
    MissingRows = "missing-rows",
    /// numbers that are none, negative flows, occupancies outside 0 to 100
    BadNumbers = "bad-numbers",
    /// decimal commas (the number is good)
    DecimalCommas = "decimal-commas",
    /// rows with a wrong number of columns
    BrokenRows = "broken-rows",
    /// dates that cannot be read
    BadDates = "bad-dates",
    /// rows that are not UTF-8
    InvalidUtf8 = "invalid-utf8",
    /// rows without an identifier
    NoId = "no-id",
    /// states that are unknown, or far from the occupancy
    BadStates = "bad-states",
    /// a row of more than 1 MiB
    LongLine = "long-line",
    /// a quote at the end of a file that is never closed, with a row after it
    OpenQuote = "open-quote",
    /// wall times that the clock change skips, in files without offsets
    Clock = "clock",
    /// detectors and counters that say nothing for more than 6 hours
    Silent = "silent",
    /// detectors and counters stuck at one value for more than 12 hours
    Frozen = "frozen",
    /// flows over 10,000, and flows with an occupancy of 0
    Incoherent = "incoherent",
    /// an hour in which no arc reports
    CitySilence = "city-silence",
    /// the last hours of a file again in the next one
    Overlap = "overlap",
    /// labels with line breaks, quotes, separators, `=` and `<script>`
    OddLabels = "odd-labels",
    /// arcs without a point, outside all zones, on a border, unknown to the network
    OddPlaces = "odd-places",
    /// snapshots of 0 bytes, cut short, or without news
    BadSnapshots = "bad-snapshots",
    /// records that are no records, in snapshots and small files
    BadRecords = "bad-records",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which faults there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u32);

impl Faults {
    /// None: a city that reports without fault.
    pub const NONE: Self = Self(0);

    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Fault::ALL.iter().fold(Self::NONE, |set, fault| set.with(*fault))
    }

    /// One more.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | (1 << fault as u32))
    }

    /// Whether it is one of them.
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
                    format!("\"{name}\" is no fault; write none, all, or some of {}", names.join(","))
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_asked_for_by_name() {
        let some: Faults = "frozen, long-line".parse().unwrap();
        assert!(some.has(Fault::Frozen) && some.has(Fault::LongLine) && !some.has(Fault::Silent));
        assert!("all".parse::<Faults>().unwrap().has(Fault::BadRecords));
        assert_eq!("none".parse(), Ok(Faults::NONE));
        assert!("frosen".parse::<Faults>().unwrap_err().contains("frozen"));
    }
}
