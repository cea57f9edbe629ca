//! `contexte`: what needs several sources of a day.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::{Fixed1, Fixed2, Fixed3};
use crate::{DayType, Source};

/// What needs several sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Context {
    /// Associations over the days known; null without history.
    pub correlations: Option<Vec<Correlation>>,
    /// Arcs near each active worksite, by worksite; null without worksites or arcs.
    #[serde(rename = "chantiers_troncons")]
    pub worksite_arcs: Option<Vec<WorksiteArcs>>,
    /// The day itself.
    #[serde(rename = "jour")]
    pub day: DayFacts,
    /// Candidates for the report's sentences, most unusual first.
    #[serde(rename = "faits")]
    pub facts: Vec<Fact>,
}

/// An association, never called a cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Correlation {
    /// What against what.
    #[serde(rename = "cle")]
    pub key: String,
    /// Days.
    pub n: u64,
    /// Spearman's coefficient.
    pub r: Option<Fixed3>,
    /// 95 % interval.
    #[serde(rename = "intervalle")]
    pub interval: Option<[Fixed3; 2]>,
    /// Wet days.
    #[serde(rename = "jours_de_pluie")]
    pub wet_days: u64,
}

/// The arcs within 50 m of a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteArcs {
    /// The worksite.
    #[serde(rename = "identifiant")]
    pub id: String,
    /// Its arcs, by distance, then id.
    #[serde(rename = "troncons")]
    pub arcs: Vec<NearbyArc>,
}

/// One arc near a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearbyArc {
    /// The arc.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Distance, m.
    #[serde(rename = "distance_metres")]
    pub distance_m: Fixed1,
    /// Its total of the day.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Option<Fixed2>,
    /// Against the day type; null without history.
    #[serde(rename = "ecart_jour_type_pourcent")]
    pub day_type_deviation_percent: Option<Fixed2>,
}

/// The day itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayFacts {
    /// The day.
    pub date: NaiveDate,
    /// `lundi` … `dimanche`.
    #[serde(rename = "jour_semaine")]
    pub weekday: String,
    /// Its type.
    #[serde(rename = "type_jour")]
    pub day_type: DayType,
    /// Name of the public holiday, or null.
    #[serde(rename = "ferie")]
    pub public_holiday: Option<String>,
    /// Name of the school holidays, or null.
    #[serde(rename = "vacances")]
    pub school_holiday: Option<String>,
    /// 23, 24 or 25.
    #[serde(rename = "heures")]
    pub hours: u32,
}

/// A figure worth a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Which figure, `source.key`.
    #[serde(rename = "cle")]
    pub key: String,
    /// Its value.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// What it is compared with.
    pub reference: Option<Fixed2>,
    /// Difference, percent of the reference.
    #[serde(rename = "ecart")]
    pub deviation: Option<Fixed2>,
    /// How unusual, standard deviations.
    pub z: Option<Fixed2>,
    /// Where it comes from.
    pub source: Source,
}
