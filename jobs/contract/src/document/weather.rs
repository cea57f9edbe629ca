//! `weather`: the weather of a day.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Fixed1;

/// What is the weather's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Weather {
    /// The figures of the day.
    pub metrics: WeatherMetrics,
    /// `Pluvieux`, `Venteux`, `Froid`, `Chaud`, as far as they apply.
    pub categories: Vec<WeatherCategory>,
    /// 0 to 100, 50 neutral.
    #[serde(rename = "impact_mobilite")]
    pub mobility_impact: Fixed1,
    /// 0 to 100, 100 best.
    #[serde(rename = "indice_cyclable")]
    pub cycling_index: Fixed1,
    /// By hour, where the snapshot has them.
    #[serde(rename = "heures")]
    pub hours: Option<Vec<WeatherHour>>,
    /// Observed, not forecast.
    pub observation: bool,
}

/// The figures of the day: °C, mm, km/h.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherMetrics {
    /// The day.
    pub date: NaiveDate,
    /// Mean temperature.
    #[serde(rename = "temp_moyenne")]
    pub temp_mean: Option<Fixed1>,
    /// Lowest temperature.
    pub temp_min: Option<Fixed1>,
    /// Highest temperature.
    pub temp_max: Option<Fixed1>,
    /// Rain.
    #[serde(rename = "precip_totale")]
    pub precip_total: Fixed1,
    /// Highest wind speed.
    #[serde(rename = "vent_max")]
    pub wind_max: Option<Fixed1>,
    /// Mean wind speed.
    #[serde(rename = "vent_moyen")]
    pub wind_mean: Option<Fixed1>,
    /// In words, as published.
    pub conditions: Option<String>,
}

/// What the day is remembered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum WeatherCategory {
    /// Rain of 5 mm or more.
    #[serde(rename = "Pluvieux")]
    Rainy,
    /// Wind of 30 km/h or more.
    #[serde(rename = "Venteux")]
    Windy,
    /// Mean below 10 °C.
    #[serde(rename = "Froid")]
    Cold,
    /// Mean above 25 °C.
    #[serde(rename = "Chaud")]
    Hot,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherHour {
    /// Wall-clock time, `HH:MM:SS`, as published.
    #[serde(rename = "heure")]
    pub time: String,
    /// Temperature.
    pub temp: Option<Fixed1>,
    /// Rain.
    pub precip: Option<Fixed1>,
    /// Wind speed.
    #[serde(rename = "vent")]
    pub wind: Option<Fixed1>,
    /// In words.
    pub conditions: Option<String>,
}
