//! The type of a day.

use chrono::{Datelike, NaiveDate, Weekday};
use contract::DayType;

use crate::city::City;

/// The type of a day, first match: Sunday or public holiday, Saturday, school holiday, any other. Without a school calendar no day is a
/// school holiday.
#[must_use]
pub(crate) fn day_type(date: NaiveDate, city: &City, is_school_holiday: bool) -> DayType {
    let weekday = date.weekday();
    if weekday == Weekday::Sun || city.public_holiday(date).is_some() {
        DayType::SundayOrHoliday
    } else if weekday == Weekday::Sat {
        DayType::Saturday
    } else if is_school_holiday {
        DayType::SchoolHoliday
    } else {
        DayType::Workday
    }
}
