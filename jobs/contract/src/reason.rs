//! Why a row, a record or a value was not used. Everything that is not used is counted under exactly one reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something that was read was not used. Structural reasons concern a whole row or file and are counted over the whole input; the others
/// concern a value or a record and are counted for the day only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Reason {
    /// Structure: the row has more or fewer fields than the header.
    #[serde(rename = "nombre_de_colonnes")]
    ColumnCount,
    /// Structure: the row or record is not valid UTF-8.
    #[serde(rename = "utf8_invalide")]
    InvalidUtf8,
    /// Structure: no identifier.
    #[serde(rename = "identifiant_absent")]
    MissingId,
    /// Structure: the date or time cannot be read.
    #[serde(rename = "date_illisible")]
    UnreadableDate,
    /// Structure: a wall-clock time that the clock change skips.
    #[serde(rename = "heure_inexistante")]
    NonexistentTime,
    /// Structure: a record longer than 1 MiB.
    #[serde(rename = "ligne_trop_longue")]
    RecordTooLong,
    /// Structure: a quote that is never closed; reading resumed at the next line.
    #[serde(rename = "guillemet_ouvert")]
    UnclosedQuote,
    /// Structure: the end is before the start.
    #[serde(rename = "dates_inversees")]
    ReversedDates,
    /// Structure: a snapshot that is empty, truncated or of another source.
    #[serde(rename = "instantane_illisible")]
    UnreadableSnapshot,
    /// Structure: a record without the shape of the source.
    #[serde(rename = "enregistrement_illisible")]
    UnreadableRecord,
    /// Structure: a period of a disruption that ends before it begins.
    #[serde(rename = "periode_inversee")]
    ReversedPeriod,
    /// Structure: a disruption without a usable period.
    #[serde(rename = "sans_periode")]
    NoPeriod,
    /// Value: a flow that is not a number.
    #[serde(rename = "debit_illisible")]
    UnreadableFlow,
    /// Value: a flow below zero.
    #[serde(rename = "debit_negatif")]
    NegativeFlow,
    /// Value: an occupancy that is not a number.
    #[serde(rename = "taux_illisible")]
    UnreadableOccupancy,
    /// Value: an occupancy outside 0 to 100.
    #[serde(rename = "taux_hors_bornes")]
    OccupancyOutOfRange,
    /// Value: an unknown traffic state.
    #[serde(rename = "etat_inconnu")]
    UnknownState,
    /// Value: an unknown arc status.
    #[serde(rename = "statut_inconnu")]
    UnknownStatus,
    /// Value: a count that is not a whole number.
    #[serde(rename = "comptage_illisible")]
    UnreadableCount,
    /// Value: a count below zero.
    #[serde(rename = "comptage_negatif")]
    NegativeCount,
    /// Value: a shape or a point that cannot be read.
    #[serde(rename = "geometrie_illisible")]
    UnreadableGeometry,
    /// Value: a number (weather, length, impact) that cannot be read.
    #[serde(rename = "valeur_illisible")]
    UnreadableValue,
    /// Record: the lowest temperature is above the highest.
    #[serde(rename = "temperatures_inversees")]
    ReversedTemperatures,
    /// Record: a temperature below −20 °C or above 45 °C.
    #[serde(rename = "temperature_hors_bornes")]
    TemperatureOutOfRange,
    /// Record: a wind speed below zero.
    #[serde(rename = "vent_negatif")]
    NegativeWind,
    /// Record: rain below zero.
    #[serde(rename = "pluie_negative")]
    NegativeRain,
    /// Record: no temperature at all.
    #[serde(rename = "temperature_absente")]
    MissingTemperature,
}

impl Reason {
    /// Name in the documents.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether it concerns a whole row or file, and so is counted over the whole input instead of the day.
    #[must_use]
    pub fn is_structural(self) -> bool {
        self <= Self::NoPeriod
    }
}
