//! The city profile: time zone, names, public holidays, school zone, rail lines, outlines. `profiles/paris/` is data, not code.

use chrono_tz::Tz;

/// A city.
#[derive(Debug, Clone)]
pub struct City {
    /// Its time zone.
    pub tz: Tz,
}
