//! Numbers as documents hold them: computed in full precision, rounded once, half to even, when written.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A figure that is written with at most `DP` decimals.
///
/// Rounding is that of the exact binary value, ties to even, as Python's `round` and C's `printf` do it. A whole value is written
/// without a decimal point: counts are integers, and so is a sum of them.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Fixed<const DP: usize>(f64);

impl<const DP: usize> Fixed<DP> {
    /// The figure; what is not finite has no place in a document and gives `None`.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The figure of a value known to be finite; what is not becomes 0. For sums and means of finite numbers.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self(if value.is_finite() { value } else { 0.0 })
    }

    /// In full precision, as long as it was not read from a document.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// As it is written.
    #[must_use]
    pub fn rounded(self) -> f64 {
        // A document holds tens of thousands of figures, and almost none of them lies near the middle between two neighbours.
        self.rounded_by_scaling().unwrap_or_else(|| self.rounded_by_text())
    }

    /// The standard formatter rounds the exact value, ties to even; `+ 0.0` turns -0.0 into 0.
    fn rounded_by_text(self) -> f64 {
        format!("{:.*}", DP, self.0).parse::<f64>().unwrap_or(self.0) + 0.0
    }

    /// The same, where scaling the value cannot change its neighbour: away from the middle, and small enough that the error of the
    /// multiplication is far below the distance to it. Both the whole number and the power of ten are exact, so that their quotient is
    /// the nearest value to the decimal, as reading its text gives.
    fn rounded_by_scaling(self) -> Option<f64> {
        const LARGEST: f64 = 1e9;
        const MARGIN: f64 = 1e-4;
        let power = 10_f64.powi(i32::try_from(DP).ok().filter(|digits| *digits <= 6)?);
        let scaled = self.0 * power;
        let whole = scaled.round();
        let near_middle = ((scaled - whole).abs() - 0.5).abs() < MARGIN;
        (scaled.abs() < LARGEST && !near_middle).then(|| whole / power + 0.0)
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

/// Means, flows, occupancies, percents.
pub type Fixed2 = Fixed<2>;
/// Minutes, hours of lost time, veh·km, metres, m², °C, mm, km/h, indices.
pub type Fixed1 = Fixed<1>;
/// Minutes per vehicle, correlation coefficients.
pub type Fixed3 = Fixed<3>;
/// Degrees.
pub type Degrees = Fixed<5>;

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const DP: usize>(value: f64) -> String {
        serde_json::to_string(&Fixed::<DP>::of(value)).unwrap()
    }

    #[test]
    fn ties_go_to_even_and_whole_values_have_no_point() {
        assert_eq!(written::<2>(0.125), "0.12");
        assert_eq!(written::<2>(0.375), "0.38");
        assert_eq!(written::<0>(2.5), "2");
        assert_eq!(written::<2>(1034.0), "1034");
        assert_eq!(written::<1>(-0.04), "0");
        assert_eq!(written::<2>(2.675), "2.67");
        assert_eq!(written::<5>(2.301_722_792), "2.30172");
    }

    #[test]
    fn scaling_rounds_as_the_text_does() {
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
            // Beside any value those that lie at and next to a middle.
            let middle = (value * 1000.0).round() / 1000.0 + 0.0005;
            for value in [value, middle, middle.next_up(), middle.next_down(), (value * 8.0).round() / 8.0] {
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
    fn what_is_not_finite_is_no_figure() {
        assert!(Fixed::<2>::new(f64::NAN).is_none());
        assert!(Fixed::<2>::new(1.0 / 0.0).is_none());
    }
}
