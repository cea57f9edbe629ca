//! The weather of the day: figures, categories and indices.

use contract::document::weather::{Weather, WeatherCategory, WeatherHour, WeatherMetrics};
use contract::number::Fixed1;

use crate::context::DayContext;
use crate::parameters::WeatherParameters;
use crate::source::weather::{DayRecord, HourRecord};

/// `collected_after` says whether the record was collected after the end of the day.
pub(crate) fn measure(record: &DayRecord, collected_after: bool, context: &DayContext<'_>) -> Weather {
    let parameters = &context.parameters.weather;
    let figure = |value: Option<f64>| value.and_then(Fixed1::new);
    let rain = record.precip.unwrap_or(0.0);
    let categories = categories(record, parameters);
    Weather {
        metrics: WeatherMetrics {
            date: context.day.date(),
            temp_mean: figure(record.temp),
            temp_min: figure(record.temp_min),
            temp_max: figure(record.temp_max),
            precip_total: Fixed1::of(rain),
            wind_max: figure(record.wind),
            wind_mean: figure(record.wind_mean.or_else(|| mean_wind(&record.hours))),
            conditions: record.conditions.as_deref().map(str::to_owned),
        },
        mobility_impact: Fixed1::of(impact(&categories)),
        cycling_index: Fixed1::of(cycling_index(rain, record.wind, record.temp)),
        categories,
        hours: (!record.hours.is_empty()).then(|| record.hours.iter().map(hour).collect()),
        observation: record.source.as_deref() == Some("obs") || collected_after,
    }
}

fn hour(hour: &HourRecord) -> WeatherHour {
    WeatherHour {
        time: hour.time.to_string(),
        temp: hour.temp.and_then(Fixed1::new),
        precip: hour.precip.and_then(Fixed1::new),
        wind: hour.wind.and_then(Fixed1::new),
        conditions: hour.conditions.as_deref().map(str::to_owned),
    }
}

/// The mean of the hours' wind speeds, km/h.
fn mean_wind(hours: &[HourRecord]) -> Option<f64> {
    let winds: Vec<f64> = hours.iter().filter_map(|hour| hour.wind).collect();
    #[expect(clippy::cast_precision_loss, reason = "a day has 25 hours at most")]
    (!winds.is_empty()).then(|| winds.iter().sum::<f64>() / winds.len() as f64)
}

/// `Pluvieux` from 5 mm, `Venteux` from 30 km/h, `Froid` below a mean of 10 °C, `Chaud` above one of 25 °C. Unknown values have no category.
fn categories(record: &DayRecord, parameters: &WeatherParameters) -> Vec<WeatherCategory> {
    let is = |value: Option<f64>, test: &dyn Fn(f64) -> bool| value.is_some_and(test);
    [
        (is(record.precip, &|mm| mm >= parameters.pluvieux_mm), WeatherCategory::Rainy),
        (is(record.wind, &|kmh| kmh >= parameters.venteux_kmh), WeatherCategory::Windy),
        (is(record.temp, &|t| t < parameters.froid_temp), WeatherCategory::Cold),
        (is(record.temp, &|t| t > parameters.chaud_temp), WeatherCategory::Hot),
    ]
    .into_iter()
    .filter_map(|(applies, category)| applies.then_some(category))
    .collect()
}

/// 50, −20 if Pluvieux, −10 if Venteux, −10 if Froid, +5 if Chaud, clamped to 0..100.
fn impact(categories: &[WeatherCategory]) -> f64 {
    let points = categories.iter().map(|category| match category {
        WeatherCategory::Rainy => -20.0,
        WeatherCategory::Windy | WeatherCategory::Cold => -10.0,
        WeatherCategory::Hot => 5.0,
    });
    (50.0 + points.sum::<f64>()).clamp(0.0, 100.0)
}

/// 100 − min(40, 8 · mm) − min(30, max(0, vent_max − 15)) − min(30, 2 · max(0, 12 − t, t − 26)), at least 0; missing terms are 0.
fn cycling_index(rain: f64, wind: Option<f64>, temp: Option<f64>) -> f64 {
    let wet = (8.0 * rain).min(40.0);
    let windy = wind.map_or(0.0, |wind| (wind - 15.0).clamp(0.0, 30.0));
    let uneasy = temp.map_or(0.0, |t| (2.0 * (12.0 - t).max(t - 26.0).max(0.0)).min(30.0));
    (100.0 - wet - windy - uneasy).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rainy_windy_cold_day_lowers_both_indices() {
        let record = DayRecord { temp: Some(9.0), precip: Some(5.0), wind: Some(30.0), ..DayRecord::default() };
        let categories = categories(&record, &WeatherParameters::default());
        assert_eq!(categories, [WeatherCategory::Rainy, WeatherCategory::Windy, WeatherCategory::Cold]);
        assert!((impact(&categories) - 10.0).abs() < 1e-9);
        // 100 − 40 − 15 − 6
        assert!((cycling_index(5.0, Some(30.0), Some(9.0)) - 39.0).abs() < 1e-9);
    }

    #[test]
    fn limits_and_missing_terms_of_the_cycling_index() {
        for (rain, wind, temp, expected) in [
            (0.0, None, None, 100.0),
            (100.0, Some(100.0), Some(-20.0), 0.0),
            (0.0, Some(15.0), Some(12.0), 100.0),
            (0.0, Some(15.0), Some(26.0), 100.0),
            (0.0, Some(15.0), Some(30.0), 92.0),
            (1.0, Some(20.0), Some(20.0), 87.0),
        ] {
            assert!((cycling_index(rain, wind, temp) - expected).abs() < 1e-9, "{rain} {wind:?} {temp:?}");
        }
    }

    #[test]
    fn categories_use_the_thresholds_of_the_contract() {
        let of = |temp, precip, wind| {
            let record = DayRecord { temp: Some(temp), precip: Some(precip), wind: Some(wind), ..DayRecord::default() };
            categories(&record, &WeatherParameters::default())
        };
        assert_eq!(of(10.0, 4.9, 29.9), []);
        assert_eq!(of(25.0, 0.0, 0.0), []);
        assert_eq!(of(25.1, 0.0, 0.0), [WeatherCategory::Hot]);
        assert!((impact(&[WeatherCategory::Hot]) - 55.0).abs() < 1e-9);
    }
}
