//! The sources of a day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The six raw sources in the order of the manifest, then `contexte`, which is computed from several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Hourly road counts.
    #[serde(rename = "comptages")]
    RoadCounts,
    /// Bike counters.
    #[serde(rename = "bikes")]
    BikeCounts,
    /// Transit disruptions.
    #[serde(rename = "traffic")]
    Disruptions,
    /// Weather.
    Weather,
    /// Worksites.
    #[serde(rename = "chantiers")]
    Worksites,
    /// Road network.
    #[serde(rename = "referentiel")]
    RoadNetwork,
    /// Figures that need several sources.
    #[serde(rename = "contexte")]
    Context,
}

impl Source {
    /// The six raw sources, in the order of the manifest.
    pub const RAW: [Self; 6] =
        [Self::RoadCounts, Self::BikeCounts, Self::Disruptions, Self::Weather, Self::Worksites, Self::RoadNetwork];

    /// The sources of all seven documents, in the order of the manifest.
    pub const ALL: [Self; 7] = [
        Self::RoadCounts,
        Self::BikeCounts,
        Self::Disruptions,
        Self::Weather,
        Self::Worksites,
        Self::RoadNetwork,
        Self::Context,
    ];

    /// Name in keys, documents, metrics and log lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RoadCounts => "comptages",
            Self::BikeCounts => "bikes",
            Self::Disruptions => "traffic",
            Self::Weather => "weather",
            Self::Worksites => "chantiers",
            Self::RoadNetwork => "referentiel",
            Self::Context => "contexte",
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|source| source.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|source| source.name()).collect();
            format!("\"{text}\" is not a source; the sources are {}", names.join(", "))
        })
    }
}
