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
    /// Structure: a date written month first (`02/13/2023`), which makes its whole file unusable.
    #[serde(rename = "date_mois_avant_jour")]
    MonthFirstDate,
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
    /// Value: a flow that is not a whole number of vehicles.
    #[serde(rename = "debit_non_entier")]
    FractionalFlow,
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

    /// What is wrong, in a few words for a log or an error message.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::ColumnCount => "another number of columns than the header",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::MissingId => "no identifier",
            Self::UnreadableDate => "unreadable timestamp",
            Self::MonthFirstDate => "date with the month first",
            Self::NonexistentTime => "local time that does not exist",
            Self::RecordTooLong => "record longer than 1 MiB",
            Self::UnclosedQuote => "quote that is never closed",
            Self::ReversedDates => "end before the start",
            Self::UnreadableSnapshot => "unreadable snapshot",
            Self::UnreadableRecord => "record of another shape",
            Self::ReversedPeriod => "period that ends before it begins",
            Self::NoPeriod => "disruption without a usable period",
            Self::UnreadableFlow => "flow that is not a number",
            Self::NegativeFlow => "negative flow",
            Self::FractionalFlow => "flow that is not a whole number",
            Self::UnreadableOccupancy => "occupancy that is not a number",
            Self::OccupancyOutOfRange => "occupancy outside 0 to 100",
            Self::UnknownState => "unknown traffic state",
            Self::UnknownStatus => "unknown arc status",
            Self::UnreadableCount => "count that is not a whole number",
            Self::NegativeCount => "negative count",
            Self::UnreadableGeometry => "unreadable shape or point",
            Self::UnreadableValue => "unreadable value",
            Self::ReversedTemperatures => "lowest temperature above the highest",
            Self::TemperatureOutOfRange => "temperature below -20 or above 45 °C",
            Self::NegativeWind => "negative wind speed",
            Self::NegativeRain => "negative rain",
            Self::MissingTemperature => "no temperature",
        }
    }

    /// Whether it concerns a whole row or file, and so is counted over the whole input instead of the day.
    #[must_use]
    pub fn is_structural(self) -> bool {
        self <= Self::NoPeriod
    }
}
