use proptest::prelude::*;

use contract::{DayType, Tz};

use super::*;
use crate::calendar::day_type;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar(rows: &str) -> SchoolCalendar {
    let text = format!("description;population;start_date;end_date;location;zones;annee_scolaire\r\n{rows}");
    SchoolCalendar::read("reference/calendrier-scolaire.csv", text.as_bytes(), Tz::PARIS).unwrap()
}

#[test]
fn midnight_in_utc_is_the_local_day() {
    let school =
        calendar("Vacances de Noël;-;2024-12-20T23:00:00+00:00;2025-01-05T23:00:00+00:00;Paris;Zone C;2024-2025\n");
    assert_eq!(school.holiday(date("2024-12-20"), "Zone C"), None);
    assert_eq!(school.holiday(date("2024-12-21"), "Zone C"), Some("Vacances de Noël"));
    assert_eq!(school.holiday(date("2025-01-05"), "Zone C"), Some("Vacances de Noël"));
    // The end is the day school resumes.
    assert_eq!(school.holiday(date("2025-01-06"), "Zone C"), None);
    assert_eq!(school.holiday(date("2024-12-21"), "Zone A"), None);
}

#[test]
fn holidays_of_pupils_count_and_an_open_summer_ends_on_1_september() {
    let school = calendar(
        "Vacances d'Été;Enseignants;2025-07-05T00:00:00+02:00;2025-08-29T00:00:00+02:00;Paris;Zone C;2024-2025\n\
         Vacances d'Été;Élèves;2025-07-05T00:00:00+02:00;2025-09-01T00:00:00+02:00;Paris;Zone C;2024-2025\n\
         Début des Vacances d’Été;-;2026-07-04T00:00:00+02:00;2026-07-04T00:00:00+02:00;Paris;Zone C;2025-2026\n",
    );
    assert_eq!(school.holiday(date("2025-08-29"), "Zone C"), Some("Vacances d'Été"));
    assert_eq!(school.holiday(date("2025-09-01"), "Zone C"), None);
    assert_eq!(school.holiday(date("2026-08-31"), "Zone C"), Some("Vacances d'Été"));
    assert_eq!(school.holiday(date("2026-09-01"), "Zone C"), None);
    assert_eq!(school.ignored(), 0);
}

#[test]
fn files_are_used_together() {
    let mut school =
        calendar("Vacances d'Hiver;-;2025-02-15;2025-03-03;Paris;Zone C;2024-2025\nPont;-;x;y;Paris;Zone C;z\n");
    school.extend(calendar("Vacances d'Hiver;-;2026-02-21;2026-03-09;Paris;Zone C;2025-2026\n"));
    for day in ["2025-02-17", "2026-02-23"] {
        assert_eq!(school.holiday(date(day), "Zone C"), Some("Vacances d'Hiver"), "{day}");
    }
    assert_eq!(school.ignored(), 1);
}

/// The holiday of zone C on each of the days.
fn on<'a>(school: &'a SchoolCalendar, days: &[&str]) -> Vec<Option<&'a str>> {
    days.iter().map(|day| school.holiday(date(day), "Zone C")).collect()
}

const SUMMER: Option<&str> = Some("Vacances d'Été");

#[test]
fn return_to_school_is_no_holiday() {
    let school = calendar(
        "Vacances d'Été;Élèves;2030-07-05T22:00:00+00:00;2030-09-01T22:00:00+00:00;Paris;Zone C;2029-2030\n\
         Rentrée scolaire des élèves;Élèves;2030-09-01T22:00:00+00:00;2030-09-01T22:00:00+00:00;Paris;Zone C;2030-2031\n\
         Rentrée scolaire des enseignants;Enseignants;2030-08-29;2030-08-29;Paris;Zone C;2030-2031\n\
         Journée portes ouvertes;-;2030-10-01;2030-10-02;Paris;Zone C;2030-2031\n",
    );
    assert_eq!(on(&school, &["2030-09-01", "2030-09-02", "2030-10-01"]), [SUMMER, None, None]);
    assert_eq!(school.ignored(), 0);
}

#[test]
fn summer_without_an_end_lasts_until_the_pupils_of_its_zone_return() {
    for (summer, name) in [
        ("Vacances d'été;-;2030-07-06;2030-07-06", "Vacances d'été"),
        ("Vacances d’Été;Élèves;2030-07-06;", "Vacances d'Été"),
        ("Début des Vacances d'Été;-;2030-07-06;2030-07-06", "Vacances d'Été"),
    ] {
        let summer = format!("{summer};Paris;Zone C;x\n");
        let alone = calendar(&summer);
        let days = ["2030-07-05", "2030-07-06", "2030-08-31", "2030-09-01"];
        assert_eq!(on(&alone, &days), [None, Some(name), Some(name), None], "{summer}");
        let mut later = calendar(&summer);
        // In another file; those of another zone, of teachers and of the next year do not count.
        later.extend(calendar(
            "Rentrée scolaire des élèves;Élèves;2030-09-03;2030-09-03;Paris;Zone C;x\n\
             Rentrée scolaire des élèves;Élèves;2031-09-01;2031-09-01;Paris;Zone C;x\n\
             Rentrée scolaire des élèves;Élèves;2030-08-20;2030-08-20;Lyon;Zone A;x\n\
             Rentrée des enseignants;-;2030-08-30;2030-08-30;Paris;Zone C;x\n",
        ));
        let days = ["2030-08-30", "2030-09-02", "2030-09-03", "2031-08-20"];
        assert_eq!(on(&later, &days), [Some(name), Some(name), None, None], "{summer}");
        let mut earlier = calendar(&summer);
        earlier.extend(calendar("Rentrée;-;2030-08-26;2030-08-26;Paris;Zone C;x\n"));
        assert_eq!(on(&earlier, &["2030-08-25", "2030-08-26"]), [Some(name), None], "{summer}");
    }
    let austral = calendar("Vacances d'Été austral;-;2030-12-20;2030-12-20;x;Zone C;x\n");
    assert_eq!(on(&austral, &["2030-12-20", "2030-12-21"]), [Some("Vacances d'Été austral"), None]);
    assert_eq!(calendar("Vacances de Noël;-;2030-12-20;;x;Zone C;x\n").ignored(), 1);
}

#[test]
fn export_of_days_is_read() {
    let text = "date,vacances_zone_a,vacances_zone_b,vacances_zone_c,nom_vacances\n\
                2030-02-22,True,True,False,Vacances d'hiver\n2030-02-23,False,True,True,Vacances d’hiver\n\
                2030-02-24,false,false,true,\n2030-02-25,False,False,False,\n2030-02-26,False,Perhaps,True,\n";
    let school = SchoolCalendar::read("c.csv", text.as_bytes(), Tz::PARIS).unwrap();
    let days = ["2030-02-22", "2030-02-23", "2030-02-24", "2030-02-25"];
    assert_eq!(on(&school, &days), [None, Some("Vacances d'hiver"), Some("Vacances scolaires"), None]);
    assert_eq!(school.holiday(date("2030-02-22"), "Zone A"), Some("Vacances d'hiver"));
    assert_eq!(school.ignored(), 1);
}

#[test]
fn file_of_another_kind_is_refused() {
    let error = SchoolCalendar::read("reference/c.csv", b"date;nom\n2030-01-01;x\n", Tz::PARIS).unwrap_err();
    assert!(error.reason.contains("missing column description"), "{error}");
}

#[test]
fn unusable_rows_are_counted() {
    let school = calendar(
        "Vacances;-;2019-01-10T00:00:00+01:00;2018-10-29T00:00:00+01:00;x;Zone C;2018-2019\n\
         Vacances;-;soon;2018-10-29T00:00:00+01:00;x;Zone C;2018-2019\n\
         Vacances;-\n\
         Pont;-;2021-05-14T00:00:00+02:00;2021-05-14T00:00:00+02:00;x;Zone C;2020-2021\n",
    );
    assert_eq!(school.ignored(), 3);
    assert_eq!(school.holiday(date("2021-05-14"), "Zone C"), Some("Pont"));
    assert_eq!(school.holiday(date("2021-05-15"), "Zone C"), None);
}

#[test]
fn older_header_is_accepted() {
    let text = "\u{feff}Description;Population;Date de début;Date de fin;Académies;Zones;annee_scolaire\n\
                Vacances d'Hiver;-;2025-02-15;2025-03-03;Paris;Zone C;2024-2025\n";
    let school = SchoolCalendar::read("c.csv", text.as_bytes(), Tz::PARIS).unwrap();
    assert_eq!(school.holiday(date("2025-02-17"), "zone c"), Some("Vacances d'Hiver"));
}

proptest! {
    /// Every day of an open summer before the return is a holiday, and no day from the return on.
    #[test]
    fn open_summer_ends_with_the_return(start in 120_u32..240, back in 1_u32..120, published: bool) {
        let day = |ordinal| NaiveDate::from_yo_opt(2030, ordinal).unwrap();
        let mut rows = format!("Vacances d'Été;-;{};;Paris;Zone C;x\n", day(start));
        let september = date("2030-09-01");
        let returns = if published { day(start + back) } else { september };
        if published {
            rows.push_str(&format!("Rentrée;-;{returns};{returns};Paris;Zone C;x\n"));
        }
        let school = calendar(&rows);
        for at in date("2030-01-01").iter_days().take(365) {
            let expected = day(start) <= at && at < returns;
            prop_assert_eq!(school.holiday(at, "Zone C").is_some(), expected, "{}", at);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut text = b"description;start_date;end_date;zones\n".to_vec();
        text.extend(bytes);
        let _ = SchoolCalendar::read("c.csv", &text, Tz::PARIS);
    }
}

#[test]
fn day_type_is_the_first_match() {
    let city = City::paris();
    let school =
        calendar("Vacances de la Toussaint;-;2025-10-18T00:00:00+02:00;2025-11-03T00:00:00+01:00;Paris;Zone C;x\n");
    for (day, kind, without) in [
        ("2025-10-18", DayType::Saturday, DayType::Saturday),
        ("2025-10-19", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
        ("2025-10-20", DayType::SchoolHoliday, DayType::Workday),
        ("2025-11-01", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
        ("2025-11-03", DayType::Workday, DayType::Workday),
        ("2025-11-11", DayType::SundayOrHoliday, DayType::SundayOrHoliday),
    ] {
        let holiday = |school| school_holiday(date(day), &city, school).is_some();
        assert_eq!(day_type(date(day), &city, holiday(Some(&school))), kind, "{day}");
        assert_eq!(day_type(date(day), &city, holiday(None)), without, "{day}");
    }
}
