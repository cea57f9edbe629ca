//! Day types.

use chrono::{Datelike, NaiveDate, Weekday};
use contract::DayType;

use crate::city::City;

/// The first match of: Sunday or public holiday, Saturday, school holiday, workday. Without a school calendar no day is a school holiday.
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
