//! Why a row, a record or a value was not used. Every one that is not used is counted under one of these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something that was read was not used. Structural reasons concern the row or file itself and count the whole input; the others
/// concern a value and count only what belongs to the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Structure: the row has not as many fields as the header.
    NombreDeColonnes,
    /// Structure: the row or record is not valid UTF-8.
    Utf8Invalide,
    /// Structure: no identifier.
    IdentifiantAbsent,
    /// Structure: the date or time cannot be read.
    DateIllisible,
    /// Structure: a wall time that the clock change skipped.
    HeureInexistante,
    /// Structure: a record longer than 1 MiB.
    LigneTropLongue,
    /// Structure: a quote that is never closed; reading went on at the next line.
    GuillemetOuvert,
    /// Structure: an end before the start.
    DatesInversees,
    /// Structure: a snapshot that is empty, cut short or not the source's.
    InstantaneIllisible,
    /// Structure: a record that is not an object of the source's shape.
    EnregistrementIllisible,
    /// Structure: a period of a disruption that ends before it begins.
    PeriodeInversee,
    /// Structure: a disruption without a usable period.
    SansPeriode,
    /// Value: a flow that is not a number.
    DebitIllisible,
    /// Value: a flow below zero.
    DebitNegatif,
    /// Value: an occupancy that is not a number.
    TauxIllisible,
    /// Value: an occupancy outside 0 to 100.
    TauxHorsBornes,
    /// Value: a traffic state that is none of the known ones.
    EtatInconnu,
    /// Value: an arc status that is none of the known ones.
    StatutInconnu,
    /// Value: a count that is not a whole number.
    ComptageIllisible,
    /// Value: a count below zero.
    ComptageNegatif,
    /// Value: a shape or a point that cannot be read.
    GeometrieIllisible,
    /// Value: a number (weather, length, impact) that cannot be read.
    ValeurIllisible,
    /// Record: the lowest temperature above the highest.
    TemperaturesInversees,
    /// Record: a temperature below −20 or above 45 °C.
    TemperatureHorsBornes,
    /// Record: wind below zero.
    VentNegatif,
    /// Record: rain below zero.
    PluieNegative,
    /// Record: no temperature at all.
    TemperatureAbsente,
}

impl Reason {
    /// The name in documents.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether it concerns the row or file itself, and so counts the whole input.
    #[must_use]
    pub fn is_structural(self) -> bool {
        self <= Self::SansPeriode
    }
}
