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
    pub chantiers_troncons: Option<Vec<WorksiteArcs>>,
    /// The day itself.
    pub jour: DayFacts,
    /// Candidates for the report's sentences, most unusual first.
    pub faits: Vec<Fact>,
}

/// An association, never called a cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Correlation {
    /// What against what.
    pub cle: String,
    /// Days.
    pub n: u64,
    /// Spearman's coefficient.
    pub r: Option<Fixed3>,
    /// 95 % interval.
    pub intervalle: Option<[Fixed3; 2]>,
    /// Wet days.
    pub jours_de_pluie: u64,
}

/// The arcs within 50 m of a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorksiteArcs {
    /// The worksite.
    pub identifiant: String,
    /// Its arcs, by distance, then id.
    pub troncons: Vec<NearbyArc>,
}

/// One arc near a worksite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearbyArc {
    /// The arc.
    pub identifiant_arc: String,
    /// Distance, m.
    pub distance_metres: Fixed1,
    /// Its total of the day.
    pub debit_journalier_total: Option<Fixed2>,
    /// Against the day type; null without history.
    pub ecart_jour_type_pourcent: Option<Fixed2>,
}

/// The day itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayFacts {
    /// The day.
    pub date: NaiveDate,
    /// `lundi` … `dimanche`.
    pub jour_semaine: String,
    /// Its type.
    pub type_jour: DayType,
    /// Name of the public holiday, or null.
    pub ferie: Option<String>,
    /// Name of the school holidays, or null.
    pub vacances: Option<String>,
    /// 23, 24 or 25.
    pub heures: u32,
}

/// A figure worth a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Which figure, `source.key`.
    pub cle: String,
    /// Its value.
    pub valeur: Fixed2,
    /// What it is compared with.
    pub reference: Option<Fixed2>,
    /// Difference, percent of the reference.
    pub ecart: Option<Fixed2>,
    /// How unusual, standard deviations.
    pub z: Option<Fixed2>,
    /// Where it comes from.
    pub source: Source,
}
