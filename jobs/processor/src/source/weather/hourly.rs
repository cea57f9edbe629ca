//! Files of one row an hour: the day's hours, and the day they add up to.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, NaiveTime};
use contract::ServiceDay;

use super::record::{DayRecord, HourRecord};

/// The hours of the day over all files, by wall-clock time and, on the autumn day, which of the two of that name.
#[derive(Debug, Default)]
pub(crate) struct HourlyRows {
    hours: BTreeMap<(Arc<str>, bool), HourRecord>,
    seen_in_file: BTreeMap<Arc<str>, u32>,
}

impl HourlyRows {
    /// Another file begins: an hour that it has again is the same hour.
    pub(crate) fn begin_file(&mut self) {
        self.seen_in_file.clear();
    }

    /// Takes an hour; the last of a name wins. `None` for a new one, else whether it equals the one before.
    pub(crate) fn add(&mut self, time: NaiveTime, hour: &HourRecord, day: ServiceDay) -> Option<bool> {
        let times = self.seen_in_file.entry(Arc::clone(&hour.time)).or_default();
        let second = *times > 0 && twice(time, day);
        *times += 1;
        self.hours.insert((Arc::clone(&hour.time), second), hour.clone()).map(|before| before == *hour)
    }

    /// How many hours there are.
    pub(crate) fn len(&self) -> usize {
        self.hours.len()
    }

    /// Whether the file has an hour of the day.
    pub(crate) fn touched(&self) -> bool {
        !self.seen_in_file.is_empty()
    }

    /// The day: mean, lowest and highest temperature of its hours, their rain added, the highest wind (as the service's own days have
    /// it), and the words that most hours have, of equals the earlier. `None` without a temperature.
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

/// The mean of some values.
#[expect(clippy::cast_precision_loss, reason = "a day has 25 hours at most")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Whether a wall-clock time comes twice in the day.
fn twice(time: NaiveTime, day: ServiceDay) -> bool {
    let named = day.hours().filter(|hour| {
        let local = hour.with_timezone(&day.tz()).time();
        local <= time && time - local < Duration::hours(1)
    });
    named.count() > 1
}
