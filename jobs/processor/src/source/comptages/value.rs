//! Values of a road-count row, straight from bytes.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use contract::Reason;
use contract::day::wall_to_instant;
use contract::document::comptages::{ArcStatus, TrafficState};

use super::super::table::{folded, number};
use super::Judged;
use crate::cells::roads::Value;

/// Flow: vehicles in the hour, not negative.
pub(super) fn flow(bytes: &[u8]) -> Judged {
    match parse(bytes) {
        Parsed::Empty => (Value::Absent, None),
        Parsed::Number(value) if value < 0.0 => (Value::Rejected(hash(bytes)), Some(Reason::DebitNegatif)),
        Parsed::Number(value) => (Value::Known(value), None),
        Parsed::Other => (Value::Rejected(hash(bytes)), Some(Reason::DebitIllisible)),
    }
}

/// Occupancy: percent, 0 to 100.
pub(super) fn occupancy(bytes: &[u8]) -> Judged {
    match parse(bytes) {
        Parsed::Empty => (Value::Absent, None),
        Parsed::Number(value) if !(0.0..=100.0).contains(&value) => {
            (Value::Rejected(hash(bytes)), Some(Reason::TauxHorsBornes))
        }
        Parsed::Number(value) => (Value::Known(value), None),
        Parsed::Other => (Value::Rejected(hash(bytes)), Some(Reason::TauxIllisible)),
    }
}

enum Parsed {
    Empty,
    Number(f64),
    Other,
}

fn parse(bytes: &[u8]) -> Parsed {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Parsed::Empty;
    }
    // "-0" is zero, and not a negative number.
    std::str::from_utf8(bytes).ok().and_then(number).map_or(Parsed::Other, |value| Parsed::Number(value + 0.0))
}

/// FNV-1a of what was given, never 0: two different values that are not believed are not a repeat of one another.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.trim_ascii().iter().fold(0xcbf2_9ce4_8422_2325, step) | 1
}

/// Given state, as a label with or without accents and case, or as a digit.
pub(super) fn state(bytes: &[u8]) -> (TrafficState, Option<Reason>) {
    let known = match bytes.trim_ascii() {
        b"" | b"0" | b"Inconnu" => TrafficState::Inconnu,
        b"1" | b"Fluide" => TrafficState::Fluide,
        b"2" => TrafficState::PreSature,
        b"3" => TrafficState::Sature,
        b"4" => TrafficState::Bloque,
        other => match letters(other).as_str() {
            "inconnu" => TrafficState::Inconnu,
            "fluide" => TrafficState::Fluide,
            "presature" => TrafficState::PreSature,
            "sature" => TrafficState::Sature,
            "bloque" => TrafficState::Bloque,
            _ => return (TrafficState::Inconnu, Some(Reason::EtatInconnu)),
        },
    };
    (known, None)
}

/// Arc status, as a label or a digit; anything else is unknown, and counted.
pub(super) fn status(bytes: &[u8]) -> (ArcStatus, Option<Reason>) {
    let known = match bytes.trim_ascii() {
        b"1" | b"Ouvert" => ArcStatus::Ouvert,
        b"2" => ArcStatus::Barre,
        b"3" | b"Invalide" => ArcStatus::Invalide,
        b"" | b"0" => ArcStatus::Inconnu,
        other => match letters(other).as_str() {
            "ouvert" => ArcStatus::Ouvert,
            "barre" => ArcStatus::Barre,
            "invalide" => ArcStatus::Invalide,
            "inconnu" => ArcStatus::Inconnu,
            _ => return (ArcStatus::Inconnu, Some(Reason::StatutInconnu)),
        },
    };
    (known, None)
}

fn letters(bytes: &[u8]) -> String {
    folded(&String::from_utf8_lossy(bytes)).chars().filter(char::is_ascii_alphabetic).collect()
}

/// Timestamps to instants. Wall times are looked up once an hour of the clock: the zone's rules are slow, and rows repeat them.
#[derive(Debug)]
pub(super) struct Clock {
    tz: Tz,
    walls: HashMap<NaiveDateTime, Option<i64>>,
}

impl Clock {
    pub(super) fn new(tz: Tz) -> Self {
        Self { tz, walls: HashMap::new() }
    }

    /// Seconds since the epoch of a timestamp: with an offset an instant, without one a wall time of the city.
    pub(super) fn instant(&mut self, bytes: &[u8]) -> Result<i64, Reason> {
        if let Some((wall, offset)) = with_offset(bytes) {
            return Ok(wall.and_utc().timestamp() - offset);
        }
        if let Some(wall) = wall(bytes) {
            let tz = self.tz;
            let instant =
                self.walls.entry(wall).or_insert_with(|| wall_to_instant(wall, tz).map(|instant| instant.timestamp()));
            return instant.ok_or(Reason::HeureInexistante);
        }
        // Rarer forms: fractions of a second, no seconds.
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::DateIllisible)?;
        // A year of two digits would be taken for one of the first century.
        if bytes.get(4) != Some(&b'-') {
            return Err(Reason::DateIllisible);
        }
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(instant.timestamp());
        }
        let wall = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .ok_or(Reason::DateIllisible)?;
        wall_to_instant(wall, self.tz).map(|instant| instant.timestamp()).ok_or(Reason::HeureInexistante)
    }
}

/// `YYYY-MM-DD?HH:MM:SS` and an offset in seconds.
fn with_offset(bytes: &[u8]) -> Option<(NaiveDateTime, i64)> {
    let (stamp, offset) = bytes.split_at_checked(19)?;
    let seconds = match offset {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let seconds = match rest {
                [a, b, b':', c, d] | [a, b, c, d] => {
                    let (hours, minutes) = (digits(&[*a, *b])?, digits(&[*c, *d])?);
                    (hours <= 23 && minutes <= 59).then_some(i64::from(hours) * 3600 + i64::from(minutes) * 60)?
                }
                _ => return None,
            };
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some((wall(stamp)?, seconds))
}

/// `YYYY-MM-DD HH:MM:SS`, with a space or a T.
fn wall(bytes: &[u8]) -> Option<NaiveDateTime> {
    let [date @ .., b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] = bytes else { return None };
    let [year @ .., b'-', o1, o2, b'-', d1, d2] = date else { return None };
    if year.len() != 4 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(digits(year)?).ok()?, digits(&[*o1, *o2])?, digits(&[*d1, *d2])?)?;
    date.and_hms_opt(digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Result<i64, Reason> {
        Clock::new(chrono_tz::Europe::Paris).instant(text.as_bytes()).map(|seconds| seconds / 3600)
    }

    #[test]
    fn stamps_with_and_without_offset_are_the_same_instant() {
        let expected = hours("2025-11-03T17:00:00+01:00");
        for text in ["2025-11-03T16:00:00Z", "2025-11-03 17:00:00", "2025-11-03T17:00:00.000+01:00", "2025-11-03 17:00"]
        {
            assert_eq!(hours(text), expected, "{text}");
        }
    }

    #[test]
    fn of_two_instants_the_later_is_meant_and_a_skipped_one_is_rejected() {
        assert_eq!(hours("2024-10-27 02:00:00"), hours("2024-10-27T02:00:00+01:00"));
        assert_eq!(hours("2024-03-31 02:00:00"), Err(Reason::HeureInexistante));
        for wrong in
            ["", "2024-13-01 00:00:00", "2024-02-30T00:00:00Z", "24-01-01 00:00:00", "2024-01-01T00:00:00+99:00"]
        {
            assert_eq!(hours(wrong), Err(Reason::DateIllisible), "{wrong}");
        }
    }

    #[test]
    fn states_come_with_and_without_accents() {
        for text in ["Pré-saturé", "pre-sature", "PRÉ-SATURÉ", "2", "Pre sature"] {
            assert_eq!(state(text.as_bytes()), (TrafficState::PreSature, None), "{text}");
        }
        assert_eq!(state(b"Embouteille").1, Some(Reason::EtatInconnu));
        assert_eq!(status("Barré".as_bytes()), (ArcStatus::Barre, None));
    }
}
