//! The offsets of every time zone from a year on, for two years: one line `zone TAB seconds since the epoch TAB offset in seconds` for the
//! beginning and for each change. `.ci/time-zones` compares them with those of the newest IANA release.

use std::io::{self, Write as _};

use chrono::{DateTime, Datelike as _, Offset as _, TimeZone as _, Utc};
use contract::{Tz, tz_version};

/// Seconds between two looks; no zone changes back within this time.
const STEP: i64 = 6 * 3600;

fn offset(tz: Tz, second: i64) -> i32 {
    let instant = DateTime::from_timestamp(second, 0).unwrap_or_default();
    tz.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()
}

fn main() -> io::Result<()> {
    let year = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(Utc::now().year());
    let start = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or_default().timestamp();
    let mut out = io::stdout().lock();
    writeln!(out, "# {}", tz_version())?;
    for tz in Tz::all() {
        let (from, to) = (start(year), start(year + 2));
        writeln!(out, "{tz}\t{from}\t{}", offset(tz, from))?;
        for second in (from..to).step_by(STEP as usize) {
            let (mut before, mut after) = (second, second + STEP);
            if offset(tz, before) == offset(tz, after) {
                continue;
            }
            while after - before > 1 {
                let middle = before.midpoint(after);
                if offset(tz, middle) == offset(tz, second) { before = middle } else { after = middle }
            }
            writeln!(out, "{tz}\t{after}\t{}", offset(tz, after))?;
        }
    }
    Ok(())
}
