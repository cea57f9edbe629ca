//! The groups of units in which the weather service writes its records.

use serde::{Deserialize, Serialize};

/// Groups of units of the weather service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Units {
    /// °C, mm, km/h.
    Metric,
    /// °C, mm, mph.
    Uk,
    /// °F, inches, mph.
    Us,
}

/// Millimetres in an inch.
const INCH: f64 = 25.4;
/// Kilometres in a mile.
const MILE: f64 = 1.609_344;

impl Units {
    /// A unit group as the service names it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "metric" => Some(Self::Metric),
            "uk" => Some(Self::Uk),
            "us" => Some(Self::Us),
            _ => None,
        }
    }

    /// In °C.
    pub(crate) fn celsius(self, temperature: f64) -> f64 {
        match self {
            Self::Us => rounded((temperature - 32.0) / 1.8),
            Self::Metric | Self::Uk => temperature,
        }
    }

    /// In mm.
    pub(crate) fn millimetres(self, rain: f64) -> f64 {
        match self {
            Self::Us => rounded(rain * INCH),
            Self::Metric | Self::Uk => rain,
        }
    }

    /// In km/h.
    pub(crate) fn kilometres_per_hour(self, wind: f64) -> f64 {
        match self {
            Self::Us | Self::Uk => rounded(wind * MILE),
            Self::Metric => wind,
        }
    }
}

/// Without the error of binary fractions, which would decide how a half is rounded.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_values_become_metric() {
        assert_eq!((Units::Us.celsius(50.0), Units::Us.celsius(-40.0)), (10.0, -40.0));
        assert_eq!((Units::Us.millimetres(0.5), Units::Us.kilometres_per_hour(10.0)), (12.7, 16.09344));
        assert_eq!((Units::Uk.celsius(50.0), Units::Uk.kilometres_per_hour(10.0)), (50.0, 16.09344));
        assert_eq!(Units::Metric.kilometres_per_hour(10.0), 10.0);
    }
}
