//! The hours that a timeline lists under its days.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use contract::Tz;

use super::parsed::{RecordPeriod, WeatherRecord};
use super::record::{self, HourRecord, Interner};
use crate::source::text::json::Json;
use crate::source::text::timestamp::Timestamp;

/// The hours that a timeline of another time zone lists under the day before or after their own.
#[derive(Debug, Default)]
pub(super) struct TimelineHours(BTreeMap<NaiveDate, Vec<HourRecord>>);

impl TimelineHours {
    /// Reads an hour that is listed under a day; `None` if it belongs to another day, or has no time, which counts as an unreadable value.
    pub(super) fn read(
        &mut self,
        hour: &Json<'_>,
        date: NaiveDate,
        tz: Tz,
        texts: &mut Interner,
        unread: &mut u32,
    ) -> Option<HourRecord> {
        let Some(written) = record::text_of(hour.get("datetime"), texts) else {
            *unread += 1;
            return None;
        };
        let Ok(timestamp) = Timestamp::parse(&written) else {
            // A time of day alone is that of the timeline.
            return Some(HourRecord::of_json(hour, written, texts, unread));
        };
        let Ok(start) = timestamp.instant(tz) else {
            *unread += 1;
            return None;
        };
        let hour = HourRecord::of_json(hour, record::clock_time(start, tz, texts), texts, unread);
        let own = start.with_timezone(&tz).date_naive();
        if own == date {
            return Some(hour);
        }
        self.0.entry(own).or_default().push(hour);
        None
    }

    /// Gives each day the hours that were listed elsewhere; those of a day that the timeline does not have are left out.
    pub(super) fn distribute(self, days: &mut BTreeMap<NaiveDate, Vec<WeatherRecord>>) {
        for (date, hours) in self.0 {
            for record in days.get_mut(&date).into_iter().flatten() {
                if let RecordPeriod::Day(day) = &mut record.period {
                    let day = Arc::make_mut(day);
                    day.hours.extend(hours.iter().cloned());
                    day.hours.sort_by(|a, b| a.time.cmp(&b.time));
                }
            }
        }
    }
}
