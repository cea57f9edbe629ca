//! Figures of the documents: computed in full precision and rounded once, half to even, on output.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A figure with at most `DP` decimals in JSON.
///
/// The exact binary value is rounded, ties to even, like Python's `round` and C's `printf`. Whole values have no decimal point in JSON:
/// counts are integers, and so are their sums.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Fixed<const DP: usize>(f64);

impl<const DP: usize> Fixed<DP> {
    /// The figure; `None` if the value is not finite, because JSON has no infinity and no NaN.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The figure of a value known to be finite, such as a sum or mean of finite numbers. A value that is not finite becomes 0.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self(if value.is_finite() { value } else { 0.0 })
    }

    /// Full precision, unless the figure was read from a document.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The value in JSON.
    #[must_use]
    pub fn rounded(self) -> f64 {
        // Documents have tens of thousands of figures, and almost none lies near the midpoint between two neighbours.
        self.rounded_by_scaling().unwrap_or_else(|| self.rounded_by_text())
    }

    /// The standard formatter rounds the exact value, ties to even; `+ 0.0` turns -0.0 into 0.
    fn rounded_by_text(self) -> f64 {
        format!("{:.*}", DP, self.0).parse::<f64>().unwrap_or(self.0) + 0.0
    }

    /// The same result without formatting, if scaling cannot select the wrong neighbour: away from the midpoint, and small enough that the
    /// error of the multiplication is far below the distance to it. The whole number and the power of ten are exact, so their quotient is
    /// the nearest `f64` to the decimal, as parsing its text gives.
    fn rounded_by_scaling(self) -> Option<f64> {
        const LARGEST: f64 = 1e9;
        const MARGIN: f64 = 1e-4;
        let power = 10_f64.powi(i32::try_from(DP).ok().filter(|digits| *digits <= 6)?);
        let scaled = self.0 * power;
        let whole = scaled.round();
        let near_midpoint = ((scaled - whole).abs() - 0.5).abs() < MARGIN;
        (scaled.abs() < LARGEST && !near_midpoint).then(|| whole / power + 0.0)
    }
}

impl<const DP: usize> Serialize for Fixed<DP> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;
        let value = self.rounded();
        if value.fract() == 0.0 && value.abs() <= LARGEST_WHOLE {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2^53")]
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

impl<'de, const DP: usize> Deserialize<'de> for Fixed<DP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

impl<const DP: usize> JsonSchema for Fixed<DP> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Decimal{DP}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "number", "description": format!("at most {DP} decimals, rounded half to even") })
    }
}

/// Means, flows, occupancies, percents, durations in hours.
pub type Fixed2 = Fixed<2>;
/// Delays in minutes or hours, vehicle-kilometres, metres, m², °C, mm, km/h, indices.
pub type Fixed1 = Fixed<1>;
/// Delays in minutes per vehicle, correlation coefficients.
pub type Fixed3 = Fixed<3>;
/// Longitudes and latitudes, degrees.
pub type Degrees = Fixed<5>;

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const DP: usize>(value: f64) -> String {
        serde_json::to_string(&Fixed::<DP>::of(value)).unwrap()
    }

    #[test]
    fn ties_round_to_even_and_whole_values_have_no_decimal_point() {
        assert_eq!(written::<2>(0.125), "0.12");
        assert_eq!(written::<2>(0.375), "0.38");
        assert_eq!(written::<0>(2.5), "2");
        assert_eq!(written::<2>(1034.0), "1034");
        assert_eq!(written::<1>(-0.04), "0");
        assert_eq!(written::<2>(2.675), "2.67");
        assert_eq!(written::<5>(2.301_722_792), "2.30172");
    }

    #[test]
    fn rounding_by_scaling_equals_rounding_by_text() {
        fn same<const DP: usize>(value: f64) {
            let value = Fixed::<DP>::of(value);
            let expected = value.rounded_by_text().to_bits();
            assert_eq!(value.rounded().to_bits(), expected, "{value:?}");
        }
        let mut state = 7_u64;
        for round in 0..200_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let size = 10_f64.powi(i32::try_from(round % 14).unwrap() - 4);
            let value = ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * size;
            // Each value, and the ones at and next to a midpoint.
            let midpoint = (value * 1000.0).round() / 1000.0 + 0.0005;
            for value in [value, midpoint, midpoint.next_up(), midpoint.next_down(), (value * 8.0).round() / 8.0] {
                same::<0>(value);
                same::<1>(value);
                same::<2>(value);
                same::<3>(value);
                same::<5>(value);
            }
        }
        for value in [0.0, -0.0, -0.004, f64::MIN_POSITIVE, 1e300, -1e300, 9_007_199_254_740_993.0] {
            same::<2>(value);
        }
    }

    #[test]
    fn non_finite_value_gives_no_figure() {
        assert!(Fixed::<2>::new(f64::NAN).is_none());
        assert!(Fixed::<2>::new(1.0 / 0.0).is_none());
    }
}
