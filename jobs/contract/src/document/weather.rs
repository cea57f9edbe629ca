//! `weather`: the weather of one day.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Fixed1;

/// Body of the `weather` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Weather {
    /// Figures of the day.
    pub metrics: WeatherMetrics,
    /// Categories that apply to the day.
    pub categories: Vec<WeatherCategory>,
    /// 0 to 100; 50 is neutral.
    #[serde(rename = "impact_mobilite")]
    pub mobility_impact: Fixed1,
    /// 0 to 100; 100 is best.
    #[serde(rename = "indice_cyclable")]
    pub cycling_index: Fixed1,
    /// Hourly values; null if the snapshot has none.
    #[serde(rename = "heures")]
    pub hours: Option<Vec<WeatherHour>>,
    /// Whether the values are observed; false for a forecast.
    pub observation: bool,
}

/// Weather figures: temperatures in °C, rain in mm, wind in km/h.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherMetrics {
    /// Service day.
    pub date: NaiveDate,
    /// Mean temperature, °C; null if not published.
    #[serde(rename = "temp_moyenne")]
    pub temp_mean: Option<Fixed1>,
    /// Lowest temperature, °C; null if not published.
    pub temp_min: Option<Fixed1>,
    /// Highest temperature, °C; null if not published.
    pub temp_max: Option<Fixed1>,
    /// Rain, mm; 0 if not published.
    #[serde(rename = "precip_totale")]
    pub precip_total: Fixed1,
    /// Highest wind speed, km/h; null if not published.
    #[serde(rename = "vent_max")]
    pub wind_max: Option<Fixed1>,
    /// Mean wind speed, km/h; null if neither the day nor its hours have one.
    #[serde(rename = "vent_moyen")]
    pub wind_mean: Option<Fixed1>,
    /// Description as published; null if not published.
    pub conditions: Option<String>,
}

/// Category of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum WeatherCategory {
    /// Rain of 5 mm or more.
    #[serde(rename = "Pluvieux")]
    Rainy,
    /// Wind of 30 km/h or more.
    #[serde(rename = "Venteux")]
    Windy,
    /// Mean temperature below 10 °C.
    #[serde(rename = "Froid")]
    Cold,
    /// Mean temperature above 25 °C.
    #[serde(rename = "Chaud")]
    Hot,
}

/// One hour; each value is null if not published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeatherHour {
    /// Wall-clock time as published, `HH:MM:SS`.
    #[serde(rename = "heure")]
    pub time: String,
    /// Temperature, °C.
    pub temp: Option<Fixed1>,
    /// Rain, mm.
    pub precip: Option<Fixed1>,
    /// Wind speed, km/h.
    #[serde(rename = "vent")]
    pub wind: Option<Fixed1>,
    /// Description as published.
    pub conditions: Option<String>,
}
