use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Europe::Paris;
use contract::day::wall_to_instant;
use contract::document::disruptions::{Severity, TransitAlertType};
use serde_json::{Value, json};

use super::*;
use crate::source::disruptions::{ActivePeriod, record::DisruptionContent};

fn day(date: &str) -> ServiceDay {
    ServiceDay::new(date.parse::<NaiveDate>().unwrap(), Paris)
}

fn at(wall: &str) -> DateTime<Utc> {
    wall_to_instant(NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").unwrap(), Paris).unwrap()
}

fn period(begin: &str, end: &str) -> ActivePeriod {
    ActivePeriod { begin: at(begin), end: (!end.is_empty()).then(|| at(end)) }
}

/// A disruption of the line itself.
fn event(id: &str, severity: Severity, line: (Mode, &str), periods: Vec<ActivePeriod>) -> MergedDisruption {
    let lines = [((line.0, line.1.to_owned()), true)].into();
    let content = DisruptionContent {
        updated: None,
        severity,
        cause: None,
        title: Some(id.to_owned()),
        message: None,
        lines,
        periods: periods.clone(),
    };
    MergedDisruption { id: id.to_owned(), content: Arc::new(content), periods, records: 1, repeats: 0, conflicts: 0 }
}

/// The same, of a stop on the line.
fn at_a_stop(mut event: MergedDisruption) -> MergedDisruption {
    let content = Arc::make_mut(&mut event.content);
    content.lines.values_mut().for_each(|whole| *whole = false);
    event
}

fn metro(code: &str) -> ServiceLine {
    ServiceLine::from_profile(Mode::Metro, code, "", &DisruptionParameters::default())
}

fn measure_on(date: &str, events: &[MergedDisruption], lines: &[ServiceLine]) -> Disruptions {
    measure(events, events.len() as u64, lines, day(date), &DisruptionParameters::default())
}

fn written<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

use Severity::{Critical, High, Low, Medium};

#[test]
fn disruptions_sort_by_severity_then_begin_then_id() {
    let evening = || vec![period("2024-05-02 20:00", "2024-05-02 21:00")];
    let morning = || vec![period("2024-05-01 08:00", "2024-05-03 09:00")];
    let line = (Mode::Metro, "1");
    let events = [
        event("b", Low, line, morning()),
        event("10", Critical, line, evening()),
        event("9", Critical, line, evening()),
        event("z", Critical, line, morning()),
        event("y", High, line, morning()),
    ];
    let traffic = measure_on("2024-05-02", &events, &[]);
    let ids: Vec<_> = traffic.disruptions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["z", "9", "10", "y", "b"]);
    assert_eq!(written(&traffic.disruptions_by_severity), json!({"CRITIQUE": 3, "ELEVEE": 1, "FAIBLE": 1}));
    assert_eq!(written(&traffic.disruptions_by_mode), json!({"metro": 5}));
}

#[test]
fn a_disruption_is_clipped_to_the_day_and_its_overlaps_are_merged() {
    let periods = vec![
        period("2024-05-01 22:00", "2024-05-02 01:00"),
        period("2024-05-02 10:00", "2024-05-02 12:00"),
        period("2024-05-02 11:00", "2024-05-02 12:30"),
        period("2024-05-02 23:30", "2024-05-03 02:00"),
    ];
    let traffic = measure_on("2024-05-02", &[event("a", Critical, (Mode::Rer, "B"), periods)], &[]);
    let one = &traffic.disruptions[0];
    assert_eq!(written(&one.duration_hours), json!(4));
    assert_eq!(one.status, DisruptionStatus::Ongoing);
    assert_eq!(one.start.to_string(), "2024-05-01T22:00:00+02:00");
    assert_eq!(one.end.unwrap().to_string(), "2024-05-03T02:00:00+02:00");
    assert_eq!(one.periods.len(), 4);
    let alert = &traffic.alerts[0];
    assert_eq!(written(alert)["debut"], json!("2024-05-02T00:00:00+02:00"));
    assert_eq!(written(alert)["fin"], json!("2024-05-03T00:00:00+02:00"));
    assert_eq!(written(&alert.duration_hours), json!(4));
}

#[test]
fn disruption_ending_with_the_day_is_ended_and_open_one_is_ongoing() {
    let ends = event("a", Low, (Mode::Bus, "72"), vec![period("2024-05-02 22:00", "2024-05-03 00:00")]);
    let open = event("b", Low, (Mode::Bus, "72"), vec![period("2024-05-02 23:00", "")]);
    let traffic = measure_on("2024-05-02", &[ends, open], &[]);
    assert_eq!(traffic.disruptions[0].status, DisruptionStatus::Ended);
    assert_eq!((traffic.disruptions[1].status, traffic.disruptions[1].end), (DisruptionStatus::Ongoing, None));
    assert_eq!(written(&traffic.disruptions[1].duration_hours), json!(1));
}

#[test]
fn disrupted_hours_count_serious_disruptions_of_the_line_itself() {
    let line = (Mode::Metro, "13");
    let events = [
        event("a", Critical, line, vec![period("2024-05-02 10:00", "2024-05-02 12:00")]),
        event("b", High, line, vec![period("2024-05-02 11:00", "2024-05-02 13:00")]),
        event("c", Medium, line, vec![period("2024-05-02 14:00", "2024-05-02 18:00")]),
        at_a_stop(event("d", Critical, line, vec![period("2024-05-02 14:00", "2024-05-02 18:00")])),
        event("e", Critical, (Mode::Metro, "4"), vec![period("2024-05-02 14:00", "2024-05-02 14:30")]),
        at_a_stop(event("f", Critical, (Mode::Rer, "A"), vec![period("2024-05-02 14:00", "2024-05-02 18:00")])),
    ];
    let traffic = measure_on("2024-05-02", &events, &[]);
    assert_eq!(written(&traffic.disrupted_line_hours), json!({"metro": 3.5}));
    let top: Vec<_> =
        traffic.top_affected_lines.iter().map(|line| (line.name.clone(), written(&line.hours), line.count)).collect();
    assert_eq!(
        top,
        [("Métro 13".into(), json!(7), 4), ("RER A".into(), json!(4), 1), ("Métro 4".into(), json!(0.5), 1)]
    );
}

#[test]
fn reliability_counts_service_hours_only() {
    // 19 hours of service each on two lines; of the disruption 00:00 to 06:00 one hour is within them.
    let events = [
        event("a", Critical, (Mode::Metro, "1"), vec![period("2024-05-02 00:00", "2024-05-02 06:00")]),
        event("b", Critical, (Mode::Bus, "1"), vec![period("2024-05-02 00:00", "2024-05-03 00:00")]),
    ];
    let index = |lines: &[ServiceLine]| measure_on("2024-05-02", &events, lines).reliability_index;
    assert_eq!(written(&index(&[metro("1"), metro("2")])), json!(97.37));
    assert_eq!(index(&[]), None);
    assert_eq!(written(&index(&[metro("2")])), json!(100));
}

#[test]
fn service_follows_the_wall_clock_over_the_clock_changes() {
    let night = ServiceLine::new(Mode::Bus, "N12", "", 60, 240);
    let hours = |date: &str, line: &ServiceLine| reliability::service(line, day(date)).hours();
    assert_eq!(
        [hours("2024-05-02", &night), hours("2024-03-31", &night), hours("2024-10-27", &night)],
        [3.0, 2.0, 4.0]
    );
    assert_eq!([hours("2024-03-31", &metro("1")), hours("2024-10-27", &metro("1"))], [19.0, 19.0]);
    let half = ServiceLine::new(Mode::Bus, "N12", "", 150, 240);
    assert_eq!([hours("2024-03-31", &half), hours("2024-10-27", &half)], [1.0, 2.0]);
}

#[test]
fn critical_and_long_disruptions_are_alerts() {
    let line = (Mode::Metro, "1");
    let events = [
        event("two", High, line, vec![period("2024-05-02 10:00", "2024-05-02 12:00")]),
        event("long", High, line, vec![period("2024-05-02 10:00", "2024-05-02 12:01")]),
        event("short", Critical, line, vec![period("2024-05-02 15:00", "2024-05-02 15:05")]),
        event("minor", Medium, line, vec![period("2024-05-02 10:00", "2024-05-02 22:00")]),
    ];
    let alerts = measure_on("2024-05-02", &events, &[]).alerts;
    let found: Vec<_> = alerts.iter().map(|alert| (alert.kind, alert.id.as_deref().unwrap())).collect();
    assert_eq!(found, [(TransitAlertType::Critical, "short"), (TransitAlertType::Long, "long")]);
}

#[test]
fn more_than_five_at_once_are_one_widespread_alert_per_interval() {
    // Five all morning, a sixth from 10:00 to 11:00 that a seventh takes over at that instant, and an eighth later.
    let mut events: Vec<_> = (1..=5)
        .map(|n: u32| {
            event(
                &n.to_string(),
                High,
                (Mode::Metro, &n.to_string()),
                vec![period("2024-05-02 08:00", "2024-05-02 14:00")],
            )
        })
        .collect();
    let general = |events: &[MergedDisruption]| -> Vec<Value> {
        let alerts = measure_on("2024-05-02", events, &[]).alerts;
        alerts.iter().filter(|alert| alert.kind == TransitAlertType::Widespread).map(written).collect()
    };
    assert!(general(&events).is_empty());
    events.push(event("6", Critical, (Mode::Rer, "A"), vec![period("2024-05-02 10:00", "2024-05-02 11:00")]));
    events.push(event("7", Critical, (Mode::Rer, "B"), vec![period("2024-05-02 11:00", "2024-05-02 12:00")]));
    events.push(event("8", Low, (Mode::Rer, "C"), vec![period("2024-05-02 12:00", "2024-05-02 13:00")]));
    events.push(event("9", High, (Mode::Rer, "A"), vec![period("2024-05-02 13:00", "2024-05-02 13:30")]));
    let alerts = general(&events);
    assert_eq!(alerts.len(), 2);
    assert_eq!(alerts[0]["debut"], json!("2024-05-02T10:00:00+02:00"));
    assert_eq!(
        (&alerts[0]["duree_heures"], &alerts[0]["nombre"], &alerts[0]["id"]),
        (&json!(2), &json!(6), &Value::Null)
    );
    assert_eq!(alerts[0]["lignes"].as_array().unwrap().len(), 7);
    assert_eq!((&alerts[1]["duree_heures"], alerts[1]["lignes"].as_array().unwrap().len()), (&json!(0.5), 6));
}

#[test]
fn curve_has_24_entries_on_clock_change_days() {
    let line = (Mode::Metro, "1");
    let spring =
        measure_on("2024-03-31", &[event("a", Low, line, vec![period("2024-03-31 01:30", "2024-03-31 03:10")])], &[]);
    let curve = written(&spring.running_by_hour);
    assert_eq!(curve.as_array().unwrap().len(), 24);
    assert_eq!(curve.as_array().unwrap()[..5], [json!(0), json!(1), Value::Null, json!(1), json!(0)]);
    assert_eq!(written(&spring.disruptions[0].duration_hours), json!(0.67));

    // 02:30 of the second time round to 03:00: one of the two hours that are called 2.
    let autumn =
        measure_on("2024-10-27", &[event("a", Low, line, vec![period("2024-10-27 02:30", "2024-10-27 03:00")])], &[]);
    let curve = written(&autumn.running_by_hour);
    assert_eq!(curve.as_array().unwrap()[1..4], [json!(0), json!(0.5), json!(0)]);
    let whole = event("a", Low, line, vec![period("2024-10-26 20:00", "")]);
    assert_eq!(written(&measure_on("2024-10-27", &[whole], &[]).disruptions[0].duration_hours), json!(25));
}

#[test]
fn lines_have_the_name_of_the_service_lines() {
    let named = ServiceLine::new(Mode::Metro, "13", "Ligne 13", 330, 30);
    let one = event("a", Critical, (Mode::Metro, "13"), vec![period("2024-05-02 10:00", "2024-05-02 12:00")]);
    let traffic = measure_on("2024-05-02", &[one], &[named]);
    assert_eq!(traffic.disruptions[0].lines[0].name, "Ligne 13");
    assert_eq!(traffic.top_affected_lines[0].name, "Ligne 13");
}
