//! Public holidays and school holidays (zone C) of the synthetic city, and the school calendar file.

use chrono::{Datelike, Duration, NaiveDate, Weekday};
use contract::DayType;

use crate::text;

/// The day type, given the calendar that [`school_file`] writes.
#[must_use]
pub fn day_type(date: NaiveDate) -> DayType {
    if date.weekday() == Weekday::Sun || public_holiday(date).is_some() {
        DayType::SundayOrHoliday
    } else if date.weekday() == Weekday::Sat {
        DayType::Saturday
    } else if school_holiday(date).is_some() {
        DayType::SchoolHoliday
    } else {
        DayType::Workday
    }
}

#[must_use]
pub fn public_holiday(date: NaiveDate) -> Option<&'static str> {
    let fixed = match (date.month(), date.day()) {
        (1, 1) => Some("Jour de l'an"),
        (5, 1) => Some("Fête du Travail"),
        (5, 8) => Some("Victoire 1945"),
        (7, 14) => Some("Fête nationale"),
        (8, 15) => Some("Assomption"),
        (11, 1) => Some("Toussaint"),
        (11, 11) => Some("Armistice 1918"),
        (12, 25) => Some("Noël"),
        _ => None,
    };
    fixed.or_else(|| match (date - easter(date.year())).num_days() {
        1 => Some("Lundi de Pâques"),
        39 => Some("Ascension"),
        50 => Some("Lundi de Pentecôte"),
        _ => None,
    })
}

/// Easter Sunday (Gauss, with the corrections of 1816 and after).
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year % 4, year % 7);
    let century = year / 100;
    let p = (13 + 8 * century) / 25;
    let m = (15 - p + century - century / 4) % 30;
    let n = (4 + century - century / 4) % 7;
    let d = (19 * a + m) % 30;
    let e = (2 * b + 4 * c + 6 * d + n) % 7;
    let mut days = d + e;
    if d == 29 && e == 6 || d == 28 && e == 6 && (11 * m + 11) % 30 < 19 {
        days -= 7;
    }
    date(year, 3, 22) + Duration::days(i64::from(days))
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// The first Saturday on or after a day.
fn saturday(from: NaiveDate) -> NaiveDate {
    from + Duration::days(i64::from((5 + 7 - from.weekday().num_days_from_monday()) % 7))
}

/// Name, first day and day of return of the pupils' holidays in the school year that begins in `year`.
fn holidays(year: i32) -> [(&'static str, NaiveDate, NaiveDate); 5] {
    let weeks = |from: NaiveDate| (from, from + Duration::days(16));
    let (autumn, autumn_end) = weeks(saturday(date(year, 10, 17)));
    let (christmas, christmas_end) = weeks(saturday(date(year, 12, 19)));
    let (winter, winter_end) = weeks(saturday(date(year + 1, 2, 15)));
    let (spring, spring_end) = weeks(saturday(date(year + 1, 4, 12)));
    [
        ("Vacances de la Toussaint", autumn, autumn_end),
        ("Vacances de Noël", christmas, christmas_end),
        ("Vacances d'Hiver", winter, winter_end),
        ("Vacances de Printemps", spring, spring_end),
        (
            "Vacances d'Été",
            saturday(date(year + 1, 7, 4)),
            date(year + 1, 9, if publishes_return(year) { 2 } else { 1 }),
        ),
    ]
}

/// Whether the file states when pupils return after the summer of the school year; if not, a reader has to assume 1 September.
fn publishes_return(year: i32) -> bool {
    year % 2 != 0
}

/// A summer's name and whether it has an end in the file: some years have one, some none, and some only a start under another name.
fn published_summer(year: i32) -> (&'static str, bool) {
    match (year + 1).rem_euclid(3) {
        0 => ("Vacances d'Été", true),
        1 => ("Vacances d'Été", false),
        _ => ("Début des Vacances d'Été", false),
    }
}

/// The school holidays that include a day; the day of return is excluded.
#[must_use]
pub fn school_holiday(day: NaiveDate) -> Option<&'static str> {
    [day.year() - 1, day.year()]
        .into_iter()
        .flat_map(holidays)
        .find(|(_, start, end)| *start <= day && day < *end)
        .map(|(name, _, _)| name)
}

/// `reference/calendrier-scolaire.csv` for these days: zone C, and rows that a reader has to ignore.
#[must_use]
pub fn school_file(first: NaiveDate, last: NaiveDate) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |name: &str, population: &str, start: String, end: String, zone: &str, year: i32| {
        let town = if zone == "Zone C" { "Paris" } else { "Ailleurs" };
        let years = format!("{year}-{}", year + 1);
        text::row(&mut out, &[name, population, &start, &end, town, zone, &years], b';', "\n");
    };
    // Midnight in Paris, in UTC or with the local offset: the ministry's export has both.
    let utc = |day: NaiveDate| {
        let start = contract::ServiceDay::new(day, contract::Tz::PARIS).start();
        start.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
    };
    let local = |day: NaiveDate| {
        let start = contract::ServiceDay::new(day, contract::Tz::PARIS);
        start.stamp(start.start()).to_string()
    };
    for year in first.year() - 2..=last.year() {
        for (index, (name, start, end)) in holidays(year).into_iter().enumerate() {
            let population = if name == "Vacances d'Été" { "Élèves" } else { "-" };
            let (from, to) = if index % 2 == 0 { (utc(start), utc(end)) } else { (local(start), local(end)) };
            let (published, to) = match (name, published_summer(year)) {
                ("Vacances d'Été", (name, true)) => (name, to),
                ("Vacances d'Été", (name, false)) => {
                    (name, if name == "Vacances d'Été" { String::new() } else { from.clone() })
                }
                _ => (name, to),
            };
            add(published, population, from, to, "Zone C", year);
            // Another zone, one week later; a reader must ignore it.
            add(name, population, local(start + Duration::days(7)), local(end + Duration::days(7)), "Zone A", year);
        }
        let summer = date(year + 1, 7, 4);
        add(
            "Vacances d'Été",
            "Enseignants",
            local(summer - Duration::days(20)),
            local(date(year + 1, 9, 20)),
            "Zone C",
            year,
        );
        if publishes_return(year) {
            // That of another zone and that of teachers come first; a reader must ignore them.
            for (days, who, zone) in [(-9, "Élèves", "Zone A"), (-1, "Enseignants", "Zone C"), (0, "Élèves", "Zone C")]
            {
                let day = local(date(year + 1, 9, 2) + Duration::days(days));
                add(&format!("Rentrée scolaire des {}", who.to_lowercase()), who, day.clone(), day, zone, year + 1);
            }
        }
        // Ends before it starts; a reader must ignore it.
        add("Pont de l'Ascension", "-", local(date(year + 1, 5, 20)), local(date(year + 1, 5, 10)), "Zone C", year);
    }
    let mut file = b"description;population;start_date;end_date;location;zones;annee_scolaire\n".to_vec();
    file.append(&mut out);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_gives_the_movable_holidays() {
        assert_eq!(easter(2024), day("2024-03-31"));
        assert_eq!(easter(2025), day("2025-04-20"));
        assert_eq!(easter(2026), day("2026-04-05"));
        assert_eq!(public_holiday(day("2025-05-29")), Some("Ascension"));
        assert_eq!(public_holiday(day("2025-06-09")), Some("Lundi de Pentecôte"));
    }

    #[test]
    fn summer_without_a_published_end_lasts_until_the_return() {
        let file = String::from_utf8(school_file(day("2026-09-01"), day("2026-09-02"))).unwrap();
        let (summer, back) = ("2026-07-03T22:00:00+00:00", "2026-09-02T00:00:00+02:00");
        assert!(file.contains(&format!("Vacances d'Été;Élèves;{summer};;Paris;Zone C;2025-2026")), "{file}");
        assert!(
            file.contains(&format!("Rentrée scolaire des élèves;Élèves;{back};{back};Paris;Zone C;2026-2027")),
            "{file}"
        );
        assert_eq!(school_holiday(day("2026-09-01")), Some("Vacances d'Été"));
        assert_eq!(school_holiday(day("2026-09-02")), None);
        assert_eq!(school_holiday(day("2027-09-01")), None);
    }

    #[test]
    fn each_day_has_one_type() {
        assert_eq!(day_type(day("2025-11-02")), DayType::SundayOrHoliday);
        assert_eq!(day_type(day("2025-11-11")), DayType::SundayOrHoliday);
        assert_eq!(day_type(day("2025-11-08")), DayType::Saturday);
        assert_eq!(day_type(day("2025-10-31")), DayType::SchoolHoliday);
        assert_eq!(day_type(day("2025-11-03")), DayType::Workday);
    }
}
