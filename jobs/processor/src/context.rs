//! What every indicator may know of the day: its hours, its type, the zones, the city, the settings. Nothing here does I/O.

use contract::{DayType, ServiceDay};

use crate::city::City;
use crate::geo::Zones;
use crate::parameters::Parameters;

/// The day that is measured and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct DayContext<'a> {
    /// The service day.
    pub day: ServiceDay,
    /// Its type.
    pub day_type: DayType,
    /// The city: time zone, holidays, lines.
    pub city: &'a City,
    /// The zones; `None` where neither a file nor the profile has outlines.
    pub zones: Option<&'a Zones>,
    /// Thresholds.
    pub parameters: &'a Parameters,
}
