//! The context of a day for all indicators: hours, day type, zones, city, parameters.

use contract::{DayType, ServiceDay};

use crate::city::City;
use crate::geo::Zones;
use crate::parameters::Parameters;
use crate::transit_line::ServiceLine;

#[derive(Debug, Clone, Copy)]
pub(crate) struct DayContext<'a> {
    pub(crate) day: ServiceDay,
    pub(crate) day_type: DayType,
    pub(crate) city: &'a City,
    /// `None` if neither a file nor the profile has outlines.
    pub(crate) zones: Option<&'a Zones>,
    /// Empty if no transit lines are known.
    pub(crate) service_lines: &'a [ServiceLine],
    pub(crate) parameters: &'a Parameters,
}
