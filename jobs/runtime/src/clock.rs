//! The present instant. For tests alone, `CITYFLOW_NOW` (RFC 3339) stands in for it.
//!
//! Only the top of a job reads it; everything below takes the instant as an argument.

use chrono::{DateTime, Utc};

use crate::failure::{Code, Failure};

/// The variable that tests set.
pub const NOW_VARIABLE: &str = "CITYFLOW_NOW";

/// The present instant, or that of `CITYFLOW_NOW`, e.g. `2025-11-04T02:30:00+01:00`. One that cannot be read is a failure, never the
/// real time.
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
            format!("`{}` is not an instant ({error})", text.escape_debug()),
            NOW_VARIABLE,
            "Leave it unset, or write it like 2025-11-04T02:30:00+01:00",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_offset_and_refuses_a_bare_day() {
        assert_eq!(parse("2025-11-04T02:30:00+01:00").unwrap().to_rfc3339(), "2025-11-04T01:30:00+00:00");
        assert_eq!(parse("2025-11-04").unwrap_err().code, Code::Usage);
    }
}
