//! What every indicator may know of the day: its hours, its type, the zones, the city, the settings. Nothing here does I/O.

use contract::{DayType, ServiceDay};

use crate::city::City;
use crate::geo::Zones;
use crate::parameters::Parameters;
use crate::transit_line::ServiceLine;

/// The day that is measured and what is known around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayContext<'a> {
    /// The service day.
    pub(crate) day: ServiceDay,
    /// Its type.
    pub(crate) day_type: DayType,
    /// The city: time zone, holidays, lines.
    pub(crate) city: &'a City,
    /// The zones; `None` where neither a file nor the profile has outlines.
    pub(crate) zones: Option<&'a Zones>,
    /// Transit lines with their hours of service; empty if none are known.
    pub(crate) service_lines: &'a [ServiceLine],
    /// Thresholds.
    pub(crate) parameters: &'a Parameters,
}
