//! The hours of a day: rows of hourly files, and the day aggregated from its hours.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::record::{DayRecord, HourRecord};

/// The hours of the day in all files, by their start.
#[derive(Debug, Default)]
pub(crate) struct HourlyRows(BTreeMap<DateTime<Utc>, Versions>);

#[derive(Debug)]
struct Versions {
    last: HourRecord,
    /// The last one that has a value, if any has.
    used: HourRecord,
}

impl HourlyRows {
    /// Adds an hour, replacing an earlier record of it unless only that one has values. `None` if the hour is new, else whether it equals the
    /// record before it.
    pub(crate) fn add(&mut self, start: DateTime<Utc>, hour: HourRecord) -> Option<bool> {
        let Some(versions) = self.0.get_mut(&start) else {
            self.0.insert(start, Versions { last: hour.clone(), used: hour });
            return None;
        };
        let same = versions.last.equals(&hour);
        if hour.has_value() || !versions.used.has_value() {
            versions.used = hour.clone();
        }
        versions.last = hour;
        Some(same)
    }

    /// `None` without a temperature.
    pub(crate) fn day(&self) -> Option<DayRecord> {
        let hours: Vec<_> = self.0.values().map(|versions| versions.used.clone()).collect();
        let day = aggregate(&hours);
        day.temp?;
        let source = |name: &str| !hours.is_empty() && hours.iter().all(|hour| hour.source.as_deref() == Some(name));
        let source = if source("obs") {
            Some("obs".into())
        } else {
            hours.iter().any(|hour| hour.source.is_some()).then(|| "comb".into())
        };
        Some(DayRecord { source, hours, from_hours: true, ..day })
    }
}

/// The day's values: mean, minimum and maximum temperature, total rain, maximum wind (as in the service's daily records), and the most frequent
/// conditions, the earlier on a tie.
pub(super) fn aggregate(hours: &[HourRecord]) -> DayRecord {
    let temps: Vec<f64> = hours.iter().filter_map(|hour| hour.temp).collect();
    let mut words: Vec<(&str, usize)> = Vec::new();
    for text in hours.iter().filter_map(|hour| hour.conditions.as_deref()) {
        match words.iter_mut().find(|(known, _)| *known == text) {
            Some((_, n)) => *n += 1,
            None => words.push((text, 1)),
        }
    }
    DayRecord {
        temp: mean(&temps),
        temp_min: temps.iter().copied().reduce(f64::min),
        temp_max: temps.iter().copied().reduce(f64::max),
        precip: hours.iter().filter_map(|hour| hour.precip).reduce(|sum, mm| sum + mm),
        wind: hours.iter().filter_map(|hour| hour.wind).reduce(f64::max),
        conditions: words.iter().rev().max_by_key(|(_, n)| *n).map(|(text, _)| (*text).into()),
        ..DayRecord::default()
    }
}

impl DayRecord {
    /// Whether its temperatures and its wind are its own.
    pub(super) fn is_complete(&self) -> bool {
        [self.temp, self.temp_min, self.temp_max, self.wind].iter().all(Option::is_some)
    }

    /// With the values that the day lacks, from its hours.
    pub(super) fn completed(self) -> Self {
        let from_hours = aggregate(&self.hours);
        let lacks = |own: Option<f64>, other: Option<f64>| own.is_none() && other.is_some();
        let taken = lacks(self.temp, from_hours.temp)
            || lacks(self.temp_min, from_hours.temp_min)
            || lacks(self.temp_max, from_hours.temp_max)
            || lacks(self.wind, from_hours.wind);
        Self {
            temp: self.temp.or(from_hours.temp),
            temp_min: self.temp_min.or(from_hours.temp_min),
            temp_max: self.temp_max.or(from_hours.temp_max),
            precip: self.precip.or(from_hours.precip),
            wind: self.wind.or(from_hours.wind),
            conditions: self.conditions.or(from_hours.conditions),
            from_hours: taken,
            ..self
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a day has 25 hours at most")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
