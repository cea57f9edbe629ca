//! Snapshots, exports and forecasts; hours without values.

use super::*;

const EXPORT: &str = "name,datetime,tempmax,tempmin,temp\nparis,2025-11-05,9,3,6\n";

#[test]
fn export_outranks_a_forecast_and_gives_way_to_a_later_snapshot() {
    let before = timeline("2025-11-05T20:00:00Z", &day_of(8.0));
    let after = timeline("2025-11-06T02:00:00Z", &day_of(10.0));
    let late_forecast = {
        let day = day_of(12.0).replace(r#""precip""#, r#""source":"fcst","precip""#);
        timeline("2025-11-07T02:00:00Z", &day)
    };
    let export = table("meteo.csv", EXPORT);
    for (files, temperature) in [
        (vec![&before, &export], 6.0),
        (vec![&before, &export, &late_forecast], 6.0),
        (vec![&before, &late_forecast], 12.0),
        (vec![&after, &export, &before], 10.0),
        (vec![&after, &late_forecast], 10.0),
    ] {
        let files: Vec<RawFile> = files.into_iter().cloned().collect();
        assert!((mean(&draft_on(DAY, &files)) - temperature).abs() < 1e-9, "{temperature}");
    }
}

#[test]
fn hourly_export_outranks_a_forecast() {
    let hours: String = (0..24).map(|hour| format!("{DAY}T{hour:02}:00:00,5\n")).collect();
    let files =
        [timeline("2025-11-05T20:00:00Z", &day_of(8.0)), table("meteo.csv", &format!("datetime,temp\n{hours}"))];
    let draft = draft_on(DAY, &files);
    assert!((mean(&draft) - 5.0).abs() < 1e-9);
    assert_eq!((draft.quality.cells, draft.quality.rows_of_day), (25, 25));
}

#[test]
fn hour_without_a_value_never_replaces_one() {
    let text =
        "datetime,temp,precip\n2025-11-05 08:00,4,1\n2025-11-05 08:00,,\n2025-11-05 09:00,,\n2025-11-05 09:00,6,\n";
    let draft = draft_on(DAY, &[table("meteo.csv", text)]);
    assert!((mean(&draft) - 5.0).abs() < 1e-9);
    assert_eq!((draft.quality.cells, draft.quality.conflicts), (2, 2));
}
