//! The expected `weather` document.

use chrono::{DateTime, Duration, Utc};
use contract::ServiceDay;
use contract::document::weather::{Weather, WeatherCategory, WeatherHour, WeatherMetrics};
use contract::document::{DayStatus, Quality};
use contract::number::Fixed1;

use super::TrueDocument;
use crate::City;
use crate::weather::WeatherRecord;

/// Whether a run for a day reads a folder: from two days before the day to seven days after it.
pub(super) fn is_read_for(folder: DateTime<Utc>, day: ServiceDay) -> bool {
    let offset = (folder.date_naive() - day.date()).num_days();
    (-2..=7).contains(&offset)
}

/// The document of a day; `None` without a valid record.
pub(super) fn document(city: &City, day: ServiceDay) -> Option<TrueDocument<Weather>> {
    let mut quality = Quality::default();
    let mut used: Option<(WeatherRecord, Option<DateTime<Utc>>)> = None;
    let mut is_final = false;
    let history = city.weather.history();
    quality.rows_read = history.len() as u64;
    let mut add = |record: &WeatherRecord, collected: Option<DateTime<Utc>>, quality: &mut Quality| {
        if record.date != day.date() {
            return;
        }
        quality.rows_of_day += 1;
        match (record.defect, &used) {
            (Some(reason), _) => {
                *quality.rejects.entry(reason).or_default() += 1;
                return;
            }
            (None, Some((before, _))) if same(before, record) => quality.duplicates += 1,
            (None, Some(_)) => quality.conflicts += 1,
            (None, None) => quality.cells += 1,
        }
        used = Some((record.clone(), collected));
    };
    history.iter().for_each(|record| add(record, None, &mut quality));
    for snapshot in city.weather.snapshots().filter(|snapshot| is_read_for(snapshot.folder, day)) {
        let Some(records) = &snapshot.records else {
            *quality.structural_rejects.entry(contract::Reason::UnreadableSnapshot).or_default() += 1;
            continue;
        };
        let collected = snapshot.folder + Duration::hours(1);
        is_final |= collected > day.end();
        quality.rows_read += records.len() as u64;
        records.iter().for_each(|record| add(record, Some(collected), &mut quality));
    }
    let (record, collected) = used?;
    let observed = record.source == "obs" || collected.is_some_and(|collected| collected > day.end());
    Some(TrueDocument {
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: None,
        completeness: None,
        quality,
        body: body(&record, observed),
    })
}

/// Whether two records have the same weather, regardless of their source.
fn same(a: &WeatherRecord, b: &WeatherRecord) -> bool {
    let without_source = |record: &WeatherRecord| WeatherRecord { source: "", ..record.clone() };
    without_source(a) == without_source(b)
}

fn tenths(value: i32) -> f64 {
    f64::from(value) / 10.0
}

fn body(record: &WeatherRecord, observed: bool) -> Weather {
    let fixed = |value: i32| Fixed1::of(tenths(value));
    let mean_wind = record.hours.as_ref().filter(|hours| !hours.is_empty()).map(|hours| {
        let sum: i32 = hours.iter().map(|hour| hour.3).sum();
        f64::from(sum) / (10.0 * f64::from(u32::try_from(hours.len()).unwrap_or(1)))
    });
    let rain = record.rain.unwrap_or(0);
    let mut categories = Vec::new();
    let mut impact = 50;
    for (applies, category, points) in [
        (rain >= 50, WeatherCategory::Rainy, -20),
        (record.wind >= 300, WeatherCategory::Windy, -10),
        (record.mean < 100, WeatherCategory::Cold, -10),
        (record.mean > 250, WeatherCategory::Hot, 5),
    ] {
        if applies {
            categories.push(category);
            impact += points;
        }
    }
    let (rain_mm, wind, temp) = (tenths(rain), tenths(record.wind), tenths(record.mean));
    let cost = (8.0 * rain_mm).min(40.0)
        + (wind - 15.0).clamp(0.0, 30.0)
        + (2.0 * (12.0 - temp).max(temp - 26.0).max(0.0)).min(30.0);
    Weather {
        metrics: WeatherMetrics {
            date: record.date,
            temp_mean: Some(fixed(record.mean)),
            temp_min: Some(fixed(record.min)),
            temp_max: Some(fixed(record.max)),
            precip_total: fixed(rain),
            wind_max: Some(fixed(record.wind)),
            wind_mean: record.wind_mean.map(tenths).or(mean_wind).map(Fixed1::of),
            conditions: Some(record.conditions.to_owned()),
        },
        categories,
        mobility_impact: Fixed1::of(f64::from(impact.clamp(0, 100))),
        cycling_index: Fixed1::of((100.0 - cost).max(0.0)),
        hours: record.hours.as_ref().map(|hours| {
            let hour = |(name, temp, rain, wind): &(usize, i32, i32, i32)| WeatherHour {
                time: format!("{name:02}:00:00"),
                temp: Some(fixed(*temp)),
                precip: Some(fixed(*rain)),
                wind: Some(fixed(*wind)),
                conditions: Some("Clear".to_owned()),
            };
            hours.iter().map(hour).collect()
        }),
        observation: observed,
    }
}
