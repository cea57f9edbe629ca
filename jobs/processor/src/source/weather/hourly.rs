//! Files with one row per hour: the hours of a day, and the day aggregated from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, NaiveTime};
use contract::ServiceDay;

use super::record::{DayRecord, HourRecord};

/// The hours of the day in all files, by local time and whether it is the second occurrence, on the day of the autumn clock change.
#[derive(Debug, Default)]
pub(crate) struct HourlyRows {
    hours: BTreeMap<(Arc<str>, bool), HourRecord>,
    seen_in_file: BTreeMap<Arc<str>, u32>,
}

impl HourlyRows {
    /// Starts the next file, which may repeat hours of earlier ones.
    pub(crate) fn begin_file(&mut self) {
        self.seen_in_file.clear();
    }

    /// Adds an hour, replacing an earlier record of it. `None` if the hour is new, else whether both records are equal.
    pub(crate) fn add(&mut self, time: NaiveTime, hour: &HourRecord, day: ServiceDay) -> Option<bool> {
        let times = self.seen_in_file.entry(Arc::clone(&hour.time)).or_default();
        let second = *times > 0 && twice(time, day);
        *times += 1;
        self.hours.insert((Arc::clone(&hour.time), second), hour.clone()).map(|before| before == *hour)
    }

    pub(crate) fn len(&self) -> usize {
        self.hours.len()
    }

    /// Whether the current file has an hour of the day.
    pub(crate) fn touched(&self) -> bool {
        !self.seen_in_file.is_empty()
    }

    /// The day: mean, minimum and maximum temperature, total rain, maximum wind (as in the service's daily records), and the most frequent
    /// conditions, the earlier on a tie. `None` without a temperature.
    pub(crate) fn day(&self) -> Option<DayRecord> {
        let hours: Vec<_> = self.hours.values().cloned().collect();
        let temps: Vec<f64> = hours.iter().filter_map(|hour| hour.temp).collect();
        let mut words: Vec<(&str, usize)> = Vec::new();
        for text in hours.iter().filter_map(|hour| hour.conditions.as_deref()) {
            match words.iter_mut().find(|(known, _)| *known == text) {
                Some((_, n)) => *n += 1,
                None => words.push((text, 1)),
            }
        }
        let conditions = words.iter().rev().max_by_key(|(_, n)| *n).map(|(text, _)| (*text).into());
        let source = |name: &str| !hours.is_empty() && hours.iter().all(|hour| hour.source.as_deref() == Some(name));
        let source = if source("obs") {
            Some("obs".into())
        } else {
            hours.iter().any(|hour| hour.source.is_some()).then(|| "comb".into())
        };
        Some(DayRecord {
            temp: Some(mean(&temps)?),
            temp_min: temps.iter().copied().reduce(f64::min),
            temp_max: temps.iter().copied().reduce(f64::max),
            precip: hours.iter().filter_map(|hour| hour.precip).reduce(|sum, mm| sum + mm),
            wind: hours.iter().filter_map(|hour| hour.wind).reduce(f64::max),
            wind_mean: None,
            conditions,
            source,
            hours,
            from_hours: true,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a day has 25 hours at most")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Whether a local time occurs twice in the day.
fn twice(time: NaiveTime, day: ServiceDay) -> bool {
    let named = day.hours().filter(|hour| {
        let local = hour.with_timezone(&day.tz()).time();
        local <= time && time - local < Duration::hours(1)
    });
    named.count() > 1
}
