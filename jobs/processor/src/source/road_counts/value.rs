//! Parses the values of a road-count row directly from bytes.

use contract::Reason;
use contract::document::road_counts::{ArcStatus, TrafficState};

use crate::source::text::normalize::folded;
use crate::source::text::table::number;

/// A value of a row: missing, rejected or known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// Empty.
    Absent,
    /// Rejected; a hash of the published text, so that two different ones do not count as a repeat.
    Rejected(u64),
    Known(f64),
}

/// A value and, if it was rejected, the reason.
type ParsedValue = (Value, Option<Reason>);

/// Flow: vehicles in the hour, a whole number, not negative.
#[inline]
pub(crate) fn flow(bytes: &[u8]) -> ParsedValue {
    match parse(bytes) {
        ParsedNumber::Empty => (Value::Absent, None),
        ParsedNumber::Number(value) if value < 0.0 => (Value::Rejected(hash(bytes)), Some(Reason::NegativeFlow)),
        ParsedNumber::Number(value) if !is_whole(value) => (Value::Rejected(hash(bytes)), Some(Reason::FractionalFlow)),
        ParsedNumber::Number(value) => (Value::Known(value), None),
        ParsedNumber::Other => (Value::Rejected(hash(bytes)), Some(Reason::UnreadableFlow)),
    }
}

/// Whether a number that is not negative has no decimals. Without `fract`, which is a call where the processor is not known to round.
#[inline]
fn is_whole(value: f64) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the cast saturates, and numbers from 2^53 on are whole"
    )]
    let whole = value >= 9_007_199_254_740_992.0 || value as u64 as f64 == value;
    whole
}

/// Occupancy: percent, 0 to 100.
#[inline]
pub(crate) fn occupancy(bytes: &[u8]) -> ParsedValue {
    match parse(bytes) {
        ParsedNumber::Empty => (Value::Absent, None),
        ParsedNumber::Number(value) if !(0.0..=100.0).contains(&value) => {
            (Value::Rejected(hash(bytes)), Some(Reason::OccupancyOutOfRange))
        }
        ParsedNumber::Number(value) => (Value::Known(value), None),
        ParsedNumber::Other => (Value::Rejected(hash(bytes)), Some(Reason::UnreadableOccupancy)),
    }
}

#[derive(Debug, PartialEq)]
enum ParsedNumber {
    Empty,
    Number(f64),
    Other,
}

#[inline]
fn parse(bytes: &[u8]) -> ParsedNumber {
    if bytes.is_empty() {
        return ParsedNumber::Empty;
    }
    match decimal(bytes) {
        Some(value) => ParsedNumber::Number(value),
        None => parse_any(bytes),
    }
}

/// Powers of ten that an `f64` represents exactly.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Fast path for up to 15 digits with at most one point or comma: the quotient of two exact doubles is rounded once, as in the standard
/// parser. `None` for everything else.
#[inline]
fn decimal(bytes: &[u8]) -> Option<f64> {
    if bytes.len() > 16 {
        return None;
    }
    let (mut digits, mut count, mut decimals, mut point) = (0u64, 0usize, 0usize, false);
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits * 10 + u64::from(digit);
            count += 1;
            decimals += usize::from(point);
        } else if (byte == b'.' || byte == b',') && !point {
            point = true;
        } else {
            return None;
        }
    }
    if count == 0 || count > 15 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "15 digits are less than 2^53")]
    let whole = digits as f64;
    Some(whole / POWERS.get(decimals)?)
}

#[cold]
fn parse_any(bytes: &[u8]) -> ParsedNumber {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return ParsedNumber::Empty;
    }
    // Adding 0.0 turns "-0" into zero, which is not negative.
    std::str::from_utf8(bytes)
        .ok()
        .and_then(number)
        .map_or(ParsedNumber::Other, |value| ParsedNumber::Number(value + 0.0))
}

/// FNV-1a of the raw field, never 0, so that two different rejected values are not counted as a repeat.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let span = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.trim_ascii().iter().fold(0xcbf2_9ce4_8422_2325, span) | 1
}

/// [`hash`] folded to 32 bits, never 0.
pub(crate) fn short_hash(bytes: &[u8]) -> u32 {
    let hash = hash(bytes);
    u32::try_from((hash ^ hash >> 32) & 0xffff_ffff).unwrap_or(0) | 1
}

/// Published state: a label in any case, with or without accents, or a digit.
#[inline]
pub(crate) fn state(bytes: &[u8]) -> (TrafficState, Option<Reason>) {
    let known = match bytes {
        b"" | b"0" | b"Inconnu" => TrafficState::Unknown,
        b"1" | b"Fluide" => TrafficState::FreeFlow,
        b"2" | b"Pr\xC3\xA9-satur\xC3\xA9" => TrafficState::PreSaturated,
        b"3" | b"Satur\xC3\xA9" => TrafficState::Saturated,
        b"4" | b"Bloqu\xC3\xA9" => TrafficState::Blocked,
        other => return other_state(other),
    };
    (known, None)
}

#[cold]
fn other_state(bytes: &[u8]) -> (TrafficState, Option<Reason>) {
    let known = match bytes.trim_ascii() {
        b"" | b"0" => TrafficState::Unknown,
        b"1" => TrafficState::FreeFlow,
        b"2" => TrafficState::PreSaturated,
        b"3" => TrafficState::Saturated,
        b"4" => TrafficState::Blocked,
        other => match letters(other).as_str() {
            "inconnu" => TrafficState::Unknown,
            "fluide" => TrafficState::FreeFlow,
            "presature" => TrafficState::PreSaturated,
            "sature" => TrafficState::Saturated,
            "bloque" => TrafficState::Blocked,
            _ => return (TrafficState::Unknown, Some(Reason::UnknownState)),
        },
    };
    (known, None)
}

/// Arc status: a label or a digit; anything else is unknown and counted.
#[inline]
pub(crate) fn status(bytes: &[u8]) -> (ArcStatus, Option<Reason>) {
    let known = match bytes {
        b"1" | b"Ouvert" => ArcStatus::Open,
        b"2" | b"Barr\xC3\xA9" => ArcStatus::Closed,
        b"3" | b"Invalide" => ArcStatus::Invalid,
        b"" | b"0" | b"Inconnu" => ArcStatus::Unknown,
        other => return other_status(other),
    };
    (known, None)
}

#[cold]
fn other_status(bytes: &[u8]) -> (ArcStatus, Option<Reason>) {
    let known = match bytes.trim_ascii() {
        b"1" => ArcStatus::Open,
        b"2" => ArcStatus::Closed,
        b"3" => ArcStatus::Invalid,
        b"" | b"0" => ArcStatus::Unknown,
        other => match letters(other).as_str() {
            "ouvert" => ArcStatus::Open,
            "barre" => ArcStatus::Closed,
            "invalide" => ArcStatus::Invalid,
            "inconnu" => ArcStatus::Unknown,
            _ => return (ArcStatus::Unknown, Some(Reason::UnknownStatus)),
        },
    };
    (known, None)
}

fn letters(bytes: &[u8]) -> String {
    folded(&String::from_utf8_lossy(bytes)).chars().filter(char::is_ascii_alphabetic).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn states_are_parsed_with_and_without_accents() {
        for text in ["Pré-saturé", "pre-sature", "PRÉ-SATURÉ", "2", " 2", "Pre sature"] {
            assert_eq!(state(text.as_bytes()), (TrafficState::PreSaturated, None), "{text}");
        }
        assert_eq!(state(b"Embouteille").1, Some(Reason::UnknownState));
        assert_eq!(status("Barré".as_bytes()), (ArcStatus::Closed, None));
        assert_eq!(status(b" ouvert "), (ArcStatus::Open, None));
    }

    proptest! {
        #[test]
        fn fast_path_agrees_with_the_standard_parser(
            text in prop_oneof!["[0-9]{0,9}[.,]?[0-9]{0,9}", "[0-9.,+e -]{0,8}"],
        ) {
            if let Some(value) = decimal(text.as_bytes()) {
                prop_assert_eq!(Some(value.to_bits()), number(&text).map(f64::to_bits), "{}", text);
            }
        }
    }
}
