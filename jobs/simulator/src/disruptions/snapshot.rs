//! What each hourly snapshot of the disruptions holds, before it is written in either shape.

use chrono::{DateTime, Duration, Utc};

use super::{Incident, Transit, Version};
use crate::faults::Fault;

/// What a folder's hour holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole, in the bulk shape.
    Bulk,
    /// The whole, in pages of the Navitia shape.
    Pages,
    /// The first of two pages only: what is absent from it may go on.
    FirstPage,
    /// "No news": nothing known, and nothing ends.
    NoNews,
    /// 0 bytes.
    Empty,
    /// Cut short.
    Cut,
}

/// Who is asked: each has a list of its own, and what one leaves out the other may still tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// The one big file.
    Bulk,
    /// The pages of the API.
    Navitia,
}

/// The snapshot of an hour.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// The hour of its folder.
    pub folder: DateTime<Utc>,
    /// When it was taken, as it says itself.
    pub taken: DateTime<Utc>,
    /// What it is.
    pub form: Form,
    /// What it tells, by incident; nothing where it cannot be read.
    pub told: Vec<(&'a Incident, &'a Version)>,
    /// How many incidents there are at that time.
    pub all: usize,
}

impl Snapshot<'_> {
    /// Whether what is absent from it is over.
    #[must_use]
    pub fn complete(&self) -> bool {
        matches!(self.form, Form::Bulk | Form::Pages)
    }

    /// Which feed it is of.
    #[must_use]
    pub fn feed(&self) -> Feed {
        if matches!(self.form, Form::Pages | Form::FirstPage) { Feed::Navitia } else { Feed::Bulk }
    }

    /// Whether it cannot be read.
    #[must_use]
    pub fn damaged(&self) -> bool {
        matches!(self.form, Form::Empty | Form::Cut)
    }
}

impl Transit {
    /// All snapshots in order: for the days and two more.
    pub fn snapshots(&self) -> impl Iterator<Item = Snapshot<'_>> + '_ {
        (0..self.folders).map(|number| self.snapshot(number))
    }

    fn snapshot(&self, number: i64) -> Snapshot<'_> {
        let folder = self.first_folder + Duration::hours(number);
        let taken = folder + Duration::minutes(41) + Duration::seconds(25);
        let damage = self.faults.has(Fault::BadSnapshots);
        let form = match (number % 17, number % 23, number % 8, number % 24) {
            (6, ..) if damage => Form::Empty,
            (_, 9, ..) if damage => Form::Cut,
            (12, ..) if damage => Form::NoNews,
            (.., 14) => Form::FirstPage,
            (_, _, 5, _) => Form::Pages,
            _ => Form::Bulk,
        };
        let mut told: Vec<_> = self
            .incidents
            .iter()
            .filter_map(|incident| incident.told(taken).map(|version| (incident, version)))
            .collect();
        let all = told.len();
        match form {
            Form::Bulk | Form::Pages => {}
            Form::FirstPage => told.truncate(all.div_ceil(2)),
            Form::NoNews | Form::Empty | Form::Cut => told.clear(),
        }
        Snapshot { folder, taken, form, told, all }
    }
}
