//! One cell in 24 bytes: the winning row of one arc and one hour. A year of a city has about twenty million.

use contract::document::road_counts::{ArcStatus, TrafficState};

use crate::source::road_counts::value::Value;

/// The values of one row, as published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HourValues {
    /// Flow, vehicles in the hour.
    pub(crate) flow: Value,
    /// Occupancy, percent.
    pub(crate) occupancy: Value,
    pub(crate) state: TrafficState,
    pub(crate) status: ArcStatus,
    /// Hash of an unknown state or status; 0 if both are known.
    pub(crate) unknown: u32,
}

const STATES: [TrafficState; 5] = [
    TrafficState::Unknown,
    TrafficState::FreeFlow,
    TrafficState::PreSaturated,
    TrafficState::Saturated,
    TrafficState::Blocked,
];
const STATUSES: [ArcStatus; 4] = [ArcStatus::Unknown, ArcStatus::Open, ArcStatus::Closed, ArcStatus::Invalid];

const STATUS: u32 = 3;
const FLOW: u32 = 5;
const OCCUPANCY: u32 = 7;
/// Mask of state, status and the kinds of both values.
const GIVEN: u16 = (1 << 9) - 1;
const SEEN: u16 = 1 << 9;
const SHARED: u16 = 1 << 10;
const FOLLOWED: u16 = 1 << 11;
const ROWS: u32 = 12;
/// Saturated row counter; the exact number is in [`super::RoadCells`].
pub(crate) const MANY: u32 = 15;

const KNOWN: u16 = 1;
const REJECTED: u16 = 2;

/// One cell, or one row. All zeros is a cell without a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cell {
    /// Bits of the number, or the hash of a rejected value.
    flow: u64,
    occupancy: u64,
    unknown: u32,
    /// File of the row.
    pub(crate) file: u16,
    /// From the lowest bit: state 3, status 2, kind of flow 2, kind of occupancy 2, seen, shared between files, followed by a row
    /// without a value, rows of the file 4.
    flags: u16,
}

impl Cell {
    #[inline]
    #[must_use]
    pub(crate) fn new(values: &HourValues) -> Self {
        let bits = |value: Value| match value {
            Value::Absent => (0, 0),
            Value::Known(number) => (KNOWN, number.to_bits()),
            Value::Rejected(hash) => (REJECTED, hash),
        };
        let ((flow_kind, flow), (occupancy_kind, occupancy)) = (bits(values.flow), bits(values.occupancy));
        let flags = values.state as u16
            | (values.status as u16) << STATUS
            | flow_kind << FLOW
            | occupancy_kind << OCCUPANCY
            | SEEN
            | 1 << ROWS;
        Self { flow, occupancy, unknown: values.unknown, file: 0, flags }
    }

    #[inline]
    #[must_use]
    pub(crate) fn is_seen(&self) -> bool {
        self.flags & SEEN != 0
    }

    #[inline]
    #[must_use]
    pub(crate) fn flow(&self) -> Option<f64> {
        ((self.flags >> FLOW) & 3 == KNOWN).then(|| f64::from_bits(self.flow))
    }

    #[inline]
    #[must_use]
    pub(crate) fn occupancy(&self) -> Option<f64> {
        ((self.flags >> OCCUPANCY) & 3 == KNOWN).then(|| f64::from_bits(self.occupancy))
    }

    #[must_use]
    pub(crate) fn state(&self) -> TrafficState {
        STATES.get(usize::from(self.flags & 7)).copied().unwrap_or(TrafficState::Unknown)
    }

    #[must_use]
    pub(crate) fn status(&self) -> ArcStatus {
        STATUSES.get(usize::from((self.flags >> STATUS) & 3)).copied().unwrap_or(ArcStatus::Unknown)
    }

    /// Whether it has a flow or an occupancy.
    #[inline]
    #[must_use]
    pub(crate) fn is_measured(&self) -> bool {
        // No kind but `KNOWN` has its lowest bit.
        self.flags & (KNOWN << FLOW | KNOWN << OCCUPANCY) != 0
    }

    /// Whether a later row of it has no value; [`super::RoadCells`] keeps that row.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.flags & FOLLOWED != 0
    }

    pub(crate) fn set_followed(&mut self) {
        self.flags |= FOLLOWED;
    }

    #[inline]
    pub(crate) fn of_file(self, file: u16) -> Self {
        Self { file, ..self }
    }

    /// Whether both have the same published values.
    #[inline]
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (self.flow, self.occupancy, self.unknown, self.flags & GIVEN)
            == (other.flow, other.occupancy, other.unknown, other.flags & GIVEN)
    }

    /// Whether several files have rows of it.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.flags & SHARED != 0
    }

    /// Rows with a value of the file, up to [`MANY`].
    #[inline]
    pub(crate) fn rows(&self) -> u32 {
        u32::from(self.flags >> ROWS)
    }

    /// The same values with another row history.
    #[inline]
    pub(crate) fn with_past(self, shared: bool, rows: u32) -> Self {
        let rows = u16::try_from(rows.min(MANY)).unwrap_or(0);
        let flags = self.flags & (GIVEN | SEEN) | if shared { SHARED } else { 0 } | rows << ROWS;
        Self { flags, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_returns_the_values_of_its_row() {
        assert_eq!(size_of::<Cell>(), 24);
        for state in STATES {
            for status in STATUSES {
                let values =
                    HourValues { flow: Value::Known(12.5), occupancy: Value::Rejected(7), state, status, unknown: 0 };
                let cell = Cell::new(&values).with_past(true, 99);
                assert_eq!((cell.state(), cell.status()), (state, status));
                assert_eq!((cell.flow(), cell.occupancy()), (Some(12.5), None));
                assert_eq!((cell.is_seen(), cell.is_shared(), cell.rows()), (true, true, MANY));
                assert!(cell.says_the_same(&Cell::new(&values)));
                let other = HourValues { occupancy: Value::Rejected(8), ..values };
                assert!(!cell.says_the_same(&Cell::new(&other)));
            }
        }
        assert!(!Cell::default().is_seen());
    }
}
