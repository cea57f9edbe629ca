//! The current time, which tests set with `CITYFLOW_NOW` (RFC 3339).
//!
//! Only the start of a job reads it; everything else takes the instant as an argument.

use chrono::{DateTime, Utc};

use crate::failure::{Code, Failure};

/// Set by tests, never in production.
pub const NOW_VARIABLE: &str = "CITYFLOW_NOW";

/// The current time, or that of `CITYFLOW_NOW`, e.g. `2025-11-04T02:30:00+01:00`.
///
/// # Errors
/// [`Code::Usage`] if `CITYFLOW_NOW` is invalid; the real time would hide the mistake.
pub fn now() -> Result<DateTime<Utc>, Failure> {
    match std::env::var(NOW_VARIABLE) {
        Ok(text) => parse(&text),
        Err(_) => Ok(Utc::now()),
    }
}

fn parse(text: &str) -> Result<DateTime<Utc>, Failure> {
    DateTime::parse_from_rfc3339(text.trim()).map(|instant| instant.to_utc()).map_err(|error| {
        Failure::new(
            Code::Usage,
            format!("`{}` is not a valid time ({error})", text.escape_debug()),
            NOW_VARIABLE,
            "Unset it, or write it like 2025-11-04T02:30:00+01:00",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_needs_an_offset() {
        assert_eq!(parse("2025-11-04T02:30:00+01:00").unwrap().to_rfc3339(), "2025-11-04T01:30:00+00:00");
        assert_eq!(parse("2025-11-04").unwrap_err().code, Code::Usage);
    }
}
