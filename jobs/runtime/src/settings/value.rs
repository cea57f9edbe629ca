//! The values of settings: switches, sizes, durations, numbers of days. Each parser says in its error what to write instead.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Command;
use clap::builder::{BoolishValueParser, TypedValueParser as _};

/// More would be a typing error; ranges and `all` are there for more days.
const MAX_EARLIER_DAYS: u32 = 366;
/// A longer wait would be a typing error.
const MAX_DURATION: Duration = Duration::from_secs(24 * 3600);

/// A switch in clap's words (yes, true, on, 1, …). Blank is no: that is how a chart renders an unset variable.
///
/// # Errors
/// Any other word.
pub fn switch(text: &str) -> Result<bool, String> {
    let word = text.trim();
    if word.is_empty() {
        return Ok(false);
    }
    let parsed = BoolishValueParser::new().parse_ref(&Command::default(), None, OsStr::new(word));
    parsed.map_err(|_| format!("\"{}\" is not a valid switch; write yes or no", text.escape_debug()))
}

/// A number of bytes: `512MB`, `2GiB`, `1.5Gi`, or plain digits.
///
/// # Errors
/// A text of another form, and a size beyond 64 bits.
pub fn size(text: &str) -> Result<u64, String> {
    // A number beyond 64 bits saturates in `bytesize`.
    match text.trim().parse::<ByteSize>() {
        Ok(ByteSize(bytes)) if bytes < u64::MAX => Ok(bytes),
        _ => Err(format!("\"{}\" is not a valid size; write one such as 512MB, 2GiB or bytes", text.escape_debug())),
    }
}

/// A duration of at most 24 hours: `40m`, `90s`, `1h30m`, `1.5h`, `0`.
///
/// # Errors
/// A text of another form, and a longer duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let shown = text.escape_debug();
    match humantime::parse_duration(text.trim()) {
        Ok(duration) if duration <= MAX_DURATION => Ok(duration),
        Ok(_) => Err(format!("\"{shown}\" is longer than 24h; write one such as 40m, 90s or 1h")),
        Err(_) => Err(format!("\"{shown}\" is not a valid duration; write one such as 40m, 90s or 1h")),
    }
}

/// A number of days before the run's own day, 0 to 366.
///
/// # Errors
/// Another number or text.
pub fn earlier_days(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(days) if days <= MAX_EARLIER_DAYS => Ok(days),
        _ => Err(format!("\"{}\" is not a number from 0 to {MAX_EARLIER_DAYS}", text.escape_debug())),
    }
}

/// Any text, for settings whose check needs more than the text.
///
/// # Errors
/// Never.
pub fn text(text: &str) -> Result<String, Infallible> {
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switch_is_yes_no_or_blank() {
        for (text, expected) in [("yes", true), (" TRUE ", true), ("1", true), ("On", true), ("y", true)]
            .into_iter()
            .chain([("no", false), ("False", false), ("0", false), ("off", false), ("N", false), (" ", false)])
        {
            assert_eq!(switch(text), Ok(expected), "{text:?}");
        }
        for text in ["perhaps", "2", "yes no", "oui"] {
            assert!(switch(text).unwrap_err().ends_with("is not a valid switch; write yes or no"), "{text:?}");
        }
    }

    #[test]
    fn size_has_decimal_and_binary_units() {
        for (text, bytes) in [
            ("1048576", 1 << 20),
            ("7GB", 7_000_000_000),
            ("512MB", 512_000_000),
            ("512 mb", 512_000_000),
            ("256 MiB", 256 << 20),
            ("2GiB", 2 << 30),
            ("1Gi", 1 << 30),
            ("1.5GiB", 3 << 29),
            ("600M", 600_000_000),
            ("10k", 10_000),
            ("64 b", 64),
            ("0", 0),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "lots", "7 Go", "99999999999GiB", "1 2MB"] {
            assert!(size(text).unwrap_err().contains("such as 512MB"), "{text}");
        }
    }

    #[test]
    fn duration_has_units_and_at_most_a_day() {
        for (text, seconds) in [
            ("0", 0),
            ("90s", 90),
            ("40m", 2400),
            ("1h", 3600),
            ("1h30m", 5400),
            ("1.5h", 5400),
            ("24h", 86_400),
            (" 1h ", 3600),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "40", "m", "-1m", "25h", "99999999999999999999h", "18446744073709551615h", "1h30"] {
            assert!(duration(text).unwrap_err().contains("such as 40m"), "{text}");
        }
    }

    #[test]
    fn earlier_days_are_at_most_a_year() {
        assert_eq!((earlier_days(" 0"), earlier_days("366")), (Ok(0), Ok(366)));
        for text in ["367", "-1", "many", "1.5", ""] {
            assert!(earlier_days(text).unwrap_err().contains("from 0 to 366"), "{text}");
        }
    }
}
