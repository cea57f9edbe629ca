//! The content of each hourly snapshot of the disruptions, independent of the format it is written in.

use chrono::{DateTime, Duration, Utc};

use super::{DisruptionSimulation, Incident, IncidentVersion};
use crate::faults::Fault;

/// Hours without a snapshot, in every 72: the afternoon and evening of a day without a general disruption.
const OUTAGE: std::ops::Range<i64> = 60..72;

/// The form of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotForm {
    /// The complete list, in the bulk format.
    Bulk,
    /// The complete list, in pages of the Navitia format.
    Pages,
    /// The first of two pages only: incidents that it does not list may still last.
    FirstPage,
    /// The same, with a second page that is cut.
    CutPage,
    /// The error "no news found": nothing is known, and no incident ends.
    NoNews,
    /// 0 bytes.
    Empty,
    /// No file: the collector did not run.
    Missing,
    Truncated,
}

/// The API that was queried. Each has its own list; an incident that one leaves out may still be in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DisruptionFeed {
    /// A single file.
    Bulk,
    /// Pages.
    Navitia,
}

#[derive(Debug)]
pub struct DisruptionSnapshot<'a> {
    pub folder: DateTime<Utc>,
    /// The time in its own timestamp, unlike that of the folder.
    pub taken: DateTime<Utc>,
    pub form: SnapshotForm,
    /// Empty if the snapshot is unreadable.
    pub incidents: Vec<(&'a Incident, &'a IncidentVersion)>,
    /// Number of incidents at that time, including those that the snapshot does not list.
    pub total: usize,
}

impl DisruptionSnapshot<'_> {
    /// Whether incidents that it does not list have ended.
    #[must_use]
    pub fn complete(&self) -> bool {
        matches!(self.form, SnapshotForm::Bulk | SnapshotForm::Pages)
            || self.is_first_page() && self.incidents.len() == self.total
    }

    fn is_first_page(&self) -> bool {
        matches!(self.form, SnapshotForm::FirstPage | SnapshotForm::CutPage)
    }

    /// Whether it lists less than its answer states.
    #[must_use]
    pub fn lacks_pages(&self) -> bool {
        self.is_first_page() && self.incidents.len() < self.total
    }

    /// Whether it has a page that is cut.
    #[must_use]
    pub fn has_cut_page(&self) -> bool {
        self.form == SnapshotForm::CutPage && self.lacks_pages()
    }

    #[must_use]
    pub fn feed(&self) -> DisruptionFeed {
        if self.form == SnapshotForm::Pages || self.is_first_page() {
            DisruptionFeed::Navitia
        } else {
            DisruptionFeed::Bulk
        }
    }

    /// Whether it is unreadable.
    #[must_use]
    pub fn damaged(&self) -> bool {
        matches!(self.form, SnapshotForm::Empty | SnapshotForm::Truncated)
    }
}

impl DisruptionSimulation {
    /// All snapshots in order: those of the simulated days and of two more.
    pub fn snapshots(&self) -> impl Iterator<Item = DisruptionSnapshot<'_>> + '_ {
        (0..self.folders).map(|number| self.snapshot(number))
    }

    fn snapshot(&self, number: i64) -> DisruptionSnapshot<'_> {
        let folder = self.first_folder + Duration::hours(number);
        let taken = folder + Duration::minutes(41) + Duration::seconds(25);
        let damage = self.faults.has(Fault::BadSnapshots);
        let incomplete = self.faults.has(Fault::IncompleteAnswers);
        let is_after = folder >= self.end;
        let form = match (number % 17, number % 23, number % 8, number % 24) {
            _ if damage && OUTAGE.contains(&(number % 72)) => SnapshotForm::Missing,
            (6, ..) if damage => SnapshotForm::Empty,
            (_, 9, ..) if damage => SnapshotForm::Truncated,
            (_, _, 3, _) if incomplete && (is_after || number % 24 == 3) => SnapshotForm::CutPage,
            _ if incomplete && is_after => SnapshotForm::FirstPage,
            (12, ..) if damage => SnapshotForm::NoNews,
            (.., 14) => SnapshotForm::FirstPage,
            (_, _, 5, _) => SnapshotForm::Pages,
            _ => SnapshotForm::Bulk,
        };
        let mut incidents: Vec<_> = self
            .incidents
            .iter()
            .filter_map(|incident| incident.version_at(taken).map(|version| (incident, version)))
            .collect();
        let total = incidents.len();
        match form {
            SnapshotForm::Bulk | SnapshotForm::Pages => {}
            SnapshotForm::FirstPage | SnapshotForm::CutPage => incidents.truncate(total.div_ceil(2)),
            SnapshotForm::NoNews | SnapshotForm::Empty | SnapshotForm::Missing | SnapshotForm::Truncated => {
                incidents.clear()
            }
        }
        DisruptionSnapshot { folder, taken, form, incidents, total }
    }
}
