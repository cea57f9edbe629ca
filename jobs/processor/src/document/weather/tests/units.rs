//! Units: declared by the parameter, the profile or the record, or inferred from the humidity.

use contract::{DayType, ServiceDay};

use super::*;
use crate::document::tests::parsed;
use crate::units::Units;

/// 50 °F, 0.5 inch and 10 mph, with a dew point of 41 °F.
fn us_day(extra: &str) -> String {
    format!(
        r#"{{"datetime":"{DAY}","tempmax":59,"tempmin":41,"temp":50,"precip":0.5,"windspeed":10,"windspeedmean":5{extra}}}"#
    )
}

fn snapshot_of(day: &str, top: &str) -> RawFile {
    snapshot("2025-11-06T02:00:00Z", format!(r#"{{"timezone":"Europe/Paris"{top},"days":[{day}]}}"#))
}

fn temperatures(draft: &Draft<Weather>) -> Vec<f64> {
    let metrics = &draft.body.metrics;
    [metrics.temp_mean, metrics.temp_min, metrics.temp_max].iter().map(|value| value.unwrap().get()).collect()
}

#[test]
fn record_declares_its_units_or_shows_them_by_its_humidity() {
    for (file, origin) in [
        (snapshot_of(&us_day(r#","unitGroup":"us""#), ""), "unitGroup"),
        (snapshot_of(&us_day(""), r#","unitGroup":"us""#), "unitGroup"),
        (snapshot_of(&us_day(r#","dew":41,"humidity":71.2"#), ""), "humidité"),
        (
            table(
                "meteo.csv",
                &format!(
                    "datetime,tempmax,tempmin,temp,dew,humidity,precip,windspeed,windspeedmean\n{DAY},59,41,50,41,71,0.5,10,5\n"
                ),
            ),
            "humidité",
        ),
    ] {
        let draft = draft_on(DAY, std::slice::from_ref(&file));
        assert_eq!(temperatures(&draft), [10.0, 5.0, 15.0], "{}", file.key);
        let metrics = &draft.body.metrics;
        let others = [metrics.precip_total, metrics.wind_max.unwrap(), metrics.wind_mean.unwrap()];
        assert_eq!(serde_json::json!(others), serde_json::json!([12.7, 16.1, 8]));
        let [warning] = &draft.quality.warnings[..] else { panic!("{:?}", draft.quality.warnings) };
        assert!(warning.contains("américaines") && warning.contains(origin), "{warning}");
    }
}

#[test]
fn metric_values_and_undecided_ones_are_not_converted() {
    let metric = format!(r#"{{"datetime":"{DAY}","tempmax":15,"tempmin":5,"temp":10,"dew":5,"humidity":71}}"#);
    let undecided = format!(r#"{{"datetime":"{DAY}","tempmax":15,"tempmin":5,"temp":10,"dew":10,"humidity":100}}"#);
    for day in [metric, undecided] {
        let draft = draft_on(DAY, &[snapshot_of(&day, "")]);
        assert_eq!(temperatures(&draft), [10.0, 5.0, 15.0]);
        assert!(draft.quality.warnings.is_empty());
    }
}

#[test]
fn humidity_of_the_hours_and_of_other_days_decides_too() {
    let hours: Vec<_> = (0..24)
        .map(|hour| format!(r#"{{"datetime":"{hour:02}:00:00","temp":50,"dew":41,"humidity":71,"windspeed":10}}"#))
        .collect();
    let day = format!(r#"{{"datetime":"{DAY}","hours":[{}]}}"#, hours.join(","));
    let draft = draft_on(DAY, &[snapshot_of(&day, "")]);
    assert_eq!(temperatures(&draft), [10.0; 3]);
    assert_eq!(serde_json::json!(draft.body.hours.unwrap()[3].wind), serde_json::json!(16.1));
    let other = r#"{"datetime":"2025-11-04","temp":50,"dew":41,"humidity":71}"#;
    let draft = draft_on(DAY, &[snapshot_of(&format!("{other},{}", us_day("")), "")]);
    assert_eq!(temperatures(&draft), [10.0, 5.0, 15.0]);
}

#[test]
fn parameter_outranks_profile_and_profile_outranks_the_record() {
    let file = snapshot_of(&us_day(r#","unitGroup":"metric""#), "");
    let read = |parameter: Option<Units>, profile: Option<Units>| {
        let city = City { weather_units: profile, ..City::paris() };
        let mut parameters = Parameters::default();
        parameters.weather.unites = parameter;
        let context = DayContext {
            day: ServiceDay::new(DAY.parse().unwrap(), city.tz),
            day_type: DayType::Workday,
            city: &city,
            zones: None,
            service_lines: &[],
            parameters: &parameters,
        };
        draft(&parsed::<WeatherSource>(std::slice::from_ref(&file), &city), &context)
    };
    // 59 °C is out of range.
    assert!(read(None, None).unwrap_err().reason.contains("temperature_hors_bornes"));
    let draft = read(None, Some(Units::Us)).unwrap();
    assert_eq!(temperatures(&draft), [10.0, 5.0, 15.0]);
    assert!(draft.quality.warnings[0].contains("profil"));
    assert!(read(Some(Units::Metric), Some(Units::Us)).unwrap_err().reason.contains("temperature_hors_bornes"));
    let draft = read(Some(Units::Us), None).unwrap();
    assert!(draft.quality.warnings[0].contains("paramètre"));
}

#[test]
fn uk_wind_is_converted_and_uk_temperatures_are_celsius() {
    let day = format!(
        r#"{{"datetime":"{DAY}","tempmax":15,"tempmin":5,"temp":10,"precip":2,"windspeed":10,"unitGroup":"uk"}}"#
    );
    let draft = draft_on(DAY, &[snapshot_of(&day, "")]);
    assert_eq!(temperatures(&draft), [10.0, 5.0, 15.0]);
    let metrics = &draft.body.metrics;
    assert_eq!(serde_json::json!([metrics.precip_total, metrics.wind_max.unwrap()]), serde_json::json!([2, 16.1]));
    assert!(draft.quality.warnings[0].contains("britanniques"));
}

#[test]
fn equal_days_in_different_units_are_a_repeat() {
    let metric = format!(
        r#"{{"datetime":"{DAY}","tempmax":15,"tempmin":5,"temp":10,"precip":12.7,"windspeed":16.09344,"windspeedmean":8.04672}}"#
    );
    let files =
        [timeline("2025-11-06T02:00:00Z", &metric), timeline("2025-11-06T03:00:00Z", &us_day(r#","unitGroup":"us""#))];
    let quality = draft_on(DAY, &files).quality;
    assert_eq!((quality.cells, quality.duplicates, quality.conflicts), (1, 1, 0));
}
