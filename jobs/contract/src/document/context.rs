//! `contexte`: the figures of one day that need several sources.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::{Fixed1, Fixed2, Fixed3};
use crate::{DayType, Source};

/// Body of the `contexte` document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Context {
    /// Associations over the known days; null without history.
    pub correlations: Option<Vec<Correlation>>,
    /// Arcs near each active worksite, by worksite id; null without worksites or arcs.
    #[serde(rename = "chantiers_troncons")]
    pub worksite_arcs: Option<Vec<WorksiteArcs>>,
    /// Calendar facts of the day.
    #[serde(rename = "jour")]
    pub day: DayFacts,
    /// Candidates for the sentences of the report, most unusual first.
    #[serde(rename = "faits")]
    pub facts: Vec<Fact>,
}

/// A statistical association; not a cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Correlation {
    /// The two figures that are compared.
    #[serde(rename = "cle")]
    pub key: String,
    /// Days compared.
    pub n: u64,
    /// Spearman's rank correlation, −1 to 1; null with fewer than 30 days or 8 wet days.
    pub r: Option<Fixed3>,
    /// 95 % confidence interval; null if `r` is null.
    #[serde(rename = "intervalle")]
    pub interval: Option<[Fixed3; 2]>,
    /// Wet days among the days compared.
    #[serde(rename = "jours_de_pluie")]
    pub wet_days: u64,
}

/// The arcs within 50 m of a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteArcs {
    /// Worksite id.
    #[serde(rename = "identifiant")]
    pub id: String,
    /// Arcs by distance, then id.
    #[serde(rename = "troncons")]
    pub arcs: Vec<NearbyArc>,
}

/// One arc near a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearbyArc {
    /// Arc id.
    #[serde(rename = "identifiant_arc")]
    pub arc_id: String,
    /// Distance, m.
    #[serde(rename = "distance_metres")]
    pub distance_m: Fixed1,
    /// Total flow of the day, vehicles; null if no cell has a flow.
    #[serde(rename = "debit_journalier_total")]
    pub total_daily_flow: Option<Fixed2>,
    /// Deviation from the usual day, percent; null without history.
    #[serde(rename = "ecart_jour_type_pourcent")]
    pub day_type_deviation_percent: Option<Fixed2>,
}

/// Calendar facts of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayFacts {
    /// Service day.
    pub date: NaiveDate,
    /// French name, `lundi` … `dimanche`.
    #[serde(rename = "jour_semaine")]
    pub weekday: String,
    /// Day type.
    #[serde(rename = "type_jour")]
    pub day_type: DayType,
    /// Name of the public holiday; null on other days.
    #[serde(rename = "ferie")]
    pub public_holiday: Option<String>,
    /// Name of the school holiday; null on other days.
    #[serde(rename = "vacances")]
    pub school_holiday: Option<String>,
    /// Hours of the day: 23, 24 or 25.
    #[serde(rename = "heures")]
    pub hours: u32,
}

/// A figure that the report may put into a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Figure, `source.key`.
    #[serde(rename = "cle")]
    pub key: String,
    /// Value of the day.
    #[serde(rename = "valeur")]
    pub value: Fixed2,
    /// Value it is compared with; null without one.
    pub reference: Option<Fixed2>,
    /// Deviation from the reference, percent; null without a reference.
    #[serde(rename = "ecart")]
    pub deviation: Option<Fixed2>,
    /// How unusual the value is, standard deviations; null without history.
    pub z: Option<Fixed2>,
    /// Source of the figure.
    pub source: Source,
}
