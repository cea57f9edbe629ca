//! The sources of a day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The six raw sources, in the order of the manifest, then the document that needs several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Hourly road counts.
    Comptages,
    /// Bike counters.
    Bikes,
    /// Transit disruptions.
    Traffic,
    /// Weather.
    Weather,
    /// Worksites.
    Chantiers,
    /// The road network.
    Referentiel,
    /// What needs several sources.
    Contexte,
}

impl Source {
    /// The six raw sources, in the order of the manifest.
    pub const RAW: [Self; 6] =
        [Self::Comptages, Self::Bikes, Self::Traffic, Self::Weather, Self::Chantiers, Self::Referentiel];

    /// All documents, in the order of the manifest.
    pub const ALL: [Self; 7] = [
        Self::Comptages,
        Self::Bikes,
        Self::Traffic,
        Self::Weather,
        Self::Chantiers,
        Self::Referentiel,
        Self::Contexte,
    ];

    /// The name in keys and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Comptages => "comptages",
            Self::Bikes => "bikes",
            Self::Traffic => "traffic",
            Self::Weather => "weather",
            Self::Chantiers => "chantiers",
            Self::Referentiel => "referentiel",
            Self::Contexte => "contexte",
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
