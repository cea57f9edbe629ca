//! Units inferred from the humidity.

use crate::units::Units;

/// Whether the temperatures of a file are in °C or °F, judged by its records that have temperature, dew point and relative humidity: the Magnus
/// formula gives the humidity, and only with the right unit it agrees.
#[derive(Debug, Default)]
pub(super) struct HumidityCheck {
    /// Differences in percentage points, read as °C.
    celsius: Vec<f64>,
    /// Read as °F.
    fahrenheit: Vec<f64>,
}

/// Largest median difference that decides, percentage points.
const AGREES: f64 = 6.0;
/// By which the other reading must differ more.
const MARGIN: f64 = 2.0;

impl HumidityCheck {
    pub(super) fn add(&mut self, temperature: Option<f64>, dew_point: Option<f64>, humidity: Option<f64>) {
        let (Some(temperature), Some(dew_point), Some(humidity)) = (temperature, dew_point, humidity) else { return };
        let difference =
            |units: Units| (relative_humidity(units.celsius(temperature), units.celsius(dew_point)) - humidity).abs();
        let (celsius, fahrenheit) = (difference(Units::Metric), difference(Units::Us));
        if celsius.is_finite() && fahrenheit.is_finite() {
            self.celsius.push(celsius);
            self.fahrenheit.push(fahrenheit);
        }
    }

    /// `None` if the records do not decide.
    pub(super) fn units(self) -> Option<Units> {
        let (celsius, fahrenheit) = (median(self.celsius)?, median(self.fahrenheit)?);
        let (units, best, other) =
            if fahrenheit < celsius { (Units::Us, fahrenheit, celsius) } else { (Units::Metric, celsius, fahrenheit) };
        (best <= AGREES && best + MARGIN <= other).then_some(units)
    }
}

/// Percent, by the Magnus formula; temperatures in °C.
fn relative_humidity(temperature: f64, dew_point: f64) -> f64 {
    let exponent = |celsius: f64| 17.625 * celsius / (243.04 + celsius);
    100.0 * (exponent(dew_point) - exponent(temperature)).exp()
}

/// Of an even number of values the mean of the middle two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inferred(records: &[(f64, f64, f64)]) -> Option<Units> {
        let mut check = HumidityCheck::default();
        for (temperature, dew_point, humidity) in records {
            check.add(Some(*temperature), Some(*dew_point), Some(*humidity));
        }
        check.units()
    }

    #[test]
    fn humidity_decides_only_if_one_reading_agrees_clearly() {
        // 10 °C with a dew point of 5 °C is 71 %; 50 °F with 41 °F is the same air.
        assert_eq!(inferred(&[(10.0, 5.0, 71.0)]), Some(Units::Metric));
        assert_eq!(inferred(&[(50.0, 41.0, 71.0)]), Some(Units::Us));
        // Saturated air is so in both readings.
        assert_eq!(inferred(&[(10.0, 10.0, 100.0)]), None);
        assert_eq!(inferred(&[(50.0, 41.0, 20.0)]), None);
        assert_eq!(inferred(&[]), None);
        // The median: one outlier of three does not matter.
        assert_eq!(inferred(&[(50.0, 41.0, 71.0), (50.0, 41.0, 71.5), (50.0, 41.0, 5.0)]), Some(Units::Us));
        let mut check = HumidityCheck::default();
        check.add(Some(50.0), None, Some(71.0));
        assert_eq!(check.units(), None);
    }

    proptest! {
        #[test]
        fn inferred_unit_is_that_of_the_air(temperature in -10.0..35.0_f64, spread in 4.0..15.0_f64) {
            let dew_point = temperature - spread;
            let humidity = relative_humidity(temperature, dew_point);
            let fahrenheit = |celsius: f64| celsius * 1.8 + 32.0;
            let metric = inferred(&[(temperature, dew_point, humidity)]);
            let us = inferred(&[(fahrenheit(temperature), fahrenheit(dew_point), humidity)]);
            prop_assert_eq!(metric, Some(Units::Metric));
            prop_assert_eq!(us, Some(Units::Us));
        }
    }
}
