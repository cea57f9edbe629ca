use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use contract::Tz;
use contract::day::wall_to_instant;
use contract::document::disruptions::{Severity, TransitAlertType};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;
use crate::source::disruptions::{ActivePeriod, record::DisruptionContent};

fn day(date: &str) -> ServiceDay {
    ServiceDay::new(date.parse::<NaiveDate>().unwrap(), Tz::PARIS)
}

fn at(wall: &str) -> DateTime<Utc> {
    wall_to_instant(NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").unwrap(), Tz::PARIS).unwrap()
}

fn period(begin: &str, end: &str) -> ActivePeriod {
    ActivePeriod { begin: at(begin), end: (!end.is_empty()).then(|| at(end)) }
}

/// A disruption of the line itself.
fn event(id: &str, severity: Severity, line: (Mode, &str), periods: Vec<ActivePeriod>) -> MergedDisruption {
    let lines = [((line.0, line.1.to_owned()), Scope::Line)].into();
    let content = DisruptionContent {
        updated: None,
        severity,
        cause: None,
        title: Some(id.to_owned()),
        message: None,
        lines,
        scope: Scope::Line,
        periods: periods.clone(),
    };
    MergedDisruption { id: id.to_owned(), content: Arc::new(content), periods, records: 1, repeats: 0, conflicts: 0 }
}

/// The same with another scope.
fn scoped(mut event: MergedDisruption, scope: Scope) -> MergedDisruption {
    let content = Arc::make_mut(&mut event.content);
    content.lines.values_mut().for_each(|known| *known = scope);
    content.scope = scope;
    event
}

/// The same, of a stop on the line.
fn at_a_stop(event: MergedDisruption) -> MergedDisruption {
    scoped(event, Scope::Stop)
}

fn metro(code: &str) -> ServiceLine {
    ServiceLine::from_profile(Mode::Metro, code, "", &DisruptionParameters::default())
}

fn measure_on(date: &str, events: &[MergedDisruption], lines: &[ServiceLine]) -> Disruptions {
    let day = day(date);
    let observed = IntervalSet::of([(day.start(), day.end())]);
    measure(events, events.len() as u64, &observed, lines, day, &DisruptionParameters::default())
}

fn written<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

use Severity::{Critical, High, Low, Medium};

fn ids(traffic: &Disruptions) -> Vec<&str> {
    traffic.disruptions.iter().map(|one| one.id.as_str()).collect()
}

#[test]
fn disruptions_sort_by_severity_scope_rail_begin_on_the_day_length_and_id() {
    let (metro, bus) = ((Mode::Metro, "1"), (Mode::Bus, "1"));
    let hours = |begin: &str, end: &str| vec![period(begin, end)];
    let evening = || hours("2024-05-02 20:00", "2024-05-02 21:00");
    let since_yesterday = || hours("2024-05-01 08:00", "2024-05-03 09:00");
    let expected = [
        event("9", Critical, metro, hours("2024-05-02 18:00", "2024-05-02 21:00")),
        event("2", Critical, metro, evening()),
        event("10", Critical, metro, evening()),
        event("older", Critical, metro, since_yesterday()),
        event("bus", Critical, bus, since_yesterday()),
        scoped(event("section", Critical, metro, since_yesterday()), Scope::Section),
        at_a_stop(event("stop", Critical, metro, since_yesterday())),
        event("high", High, metro, since_yesterday()),
        event("low", Low, (Mode::Shuttle, "1"), since_yesterday()),
        scoped(event("lift", Low, bus, since_yesterday()), Scope::Equipment),
    ];
    let mut shuffled = expected.clone();
    shuffled.reverse();
    let traffic = measure_on("2024-05-02", &shuffled, &[]);
    assert_eq!(ids(&traffic), expected.iter().map(|one| one.id.as_str()).collect::<Vec<_>>());
    assert_eq!(written(&traffic.disruptions_by_severity), json!({"CRITIQUE": 7, "ELEVEE": 1, "FAIBLE": 2}));
    assert_eq!(written(&traffic.disruptions_by_mode), json!({"bus": 2, "metro": 7, "navette": 1}));
    let alerts: Vec<_> = traffic.alerts.iter().filter_map(|alert| alert.id.as_deref()).collect();
    assert_eq!(alerts, ["9", "2", "10", "older", "bus", "section", "high"], "alerts keep the order, without stops");
}

#[test]
fn disruptions_of_stops_are_counted_apart() {
    let all_day = || vec![period("2024-05-02 00:00", "2024-05-03 00:00")];
    let stop = |id: &str, line| at_a_stop(event(id, Critical, line, all_day()));
    let mut two_modes = stop("d", (Mode::Bus, "3"));
    Arc::make_mut(&mut two_modes.content).lines.insert((Mode::Tram, "T2".to_owned()), Scope::Stop);
    let mut wide = stop("e", (Mode::Bus, "4"));
    Arc::make_mut(&mut wide.content).lines.insert((Mode::Metro, "4".to_owned()), Scope::Line);
    Arc::make_mut(&mut wide.content).scope = Scope::Line;
    let events =
        [stop("a", (Mode::Bus, "1")), stop("b", (Mode::Bus, "1")), stop("c", (Mode::Bus, "2")), two_modes, wide];
    let traffic = measure_on("2024-05-02", &events, &[metro("4")]);
    let expected = json!({"bus": {"nombre": 4, "lignes": 3}, "tramway": {"nombre": 1, "lignes": 1}});
    assert_eq!(written(&traffic.stop_disruptions), expected);
    let top: Vec<_> = traffic.top_affected_lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(top, ["Métro 4"], "of a disruption of a line and a stop the line counts");
    assert_eq!(written(&traffic.disrupted_line_hours), json!({"metro": 24}));
    assert_eq!(ids(&traffic), ["e", "d", "a", "b", "c"]);
}

#[test]
fn times_without_a_snapshot_count_neither_as_service_nor_as_disrupted() {
    // 09:00 to 16:00 is observed: 7 hours of service, and 2 of the 8 disrupted hours.
    let events = [event("a", Critical, (Mode::Metro, "1"), vec![period("2024-05-02 14:00", "2024-05-02 22:00")])];
    let day = day("2024-05-02");
    let parameters = DisruptionParameters::default();
    let on = |collected: &[&str]| {
        let observed = observed(collected.iter().map(|time| at(time)), day, &parameters);
        measure(&events, 1, &observed, &[metro("1")], day, &parameters)
    };
    let gap = on(&["2024-05-02 12:00", "2024-05-02 13:00", "2024-05-02 13:00"]);
    assert_eq!(written(&gap.reliability_index), json!(71.4));
    assert_eq!(written(&gap.disrupted_line_hours), json!({"metro": 8}), "whole periods stay");
    assert_eq!(written(&gap.disruptions[0].duration_hours), json!(8));
    assert_eq!(on(&[]).reliability_index, None);
    assert_eq!(on(&["2024-05-02 03:00"]).reliability_index.map(contract::number::Fixed1::get), Some(100.0));
    // The evening before and the morning after speak for their ends of the day.
    assert_eq!(written(&on(&["2024-05-01 22:00", "2024-05-03 02:00"]).reliability_index), json!(100));
    assert_eq!(on(&["2024-05-01 20:59", "2024-05-03 03:00"]).reliability_index, None);
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
    assert_eq!(top, [("Métro 13".into(), json!(7), 3), ("Métro 4".into(), json!(0.5), 1)]);
}

#[test]
fn reliability_counts_service_hours_only() {
    // 19 hours of service each on two lines; of the disruption 00:00 to 06:00 one hour is within them.
    let events = [
        event("a", Critical, (Mode::Metro, "1"), vec![period("2024-05-02 00:00", "2024-05-02 06:00")]),
        event("b", Critical, (Mode::Bus, "1"), vec![period("2024-05-02 00:00", "2024-05-03 00:00")]),
    ];
    let index = |lines: &[ServiceLine]| measure_on("2024-05-02", &events, lines).reliability_index;
    assert_eq!(written(&index(&[metro("1"), metro("2")])), json!(97.4));
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
    // Buses and stops do not count, however many there are.
    events.extend((10..20).map(|n: u32| {
        event(&n.to_string(), Critical, (Mode::Bus, "1"), vec![period("2024-05-02 00:00", "2024-05-03 00:00")])
    }));
    let stop = event("20", Critical, (Mode::Metro, "9"), vec![period("2024-05-02 00:00", "2024-05-03 00:00")]);
    events.push(at_a_stop(stop));
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

/// Any disruption of a day: severity, scope, mode, code, begin and length in minutes.
fn any_event() -> impl Strategy<Value = MergedDisruption> {
    let modes = [Mode::Metro, Mode::Bus, Mode::Other, Mode::Tram];
    let severities = [Critical, High, Medium, Low];
    let scopes = [Scope::Line, Scope::Section, Scope::Stop, Scope::Equipment];
    let kind = (select(severities.to_vec()), select(scopes.to_vec()), select(modes.to_vec()), 0..3_u8);
    (kind, 0..100_u16, -600..1400_i64, 1..2000_i64).prop_map(|((severity, scope, mode, code), id, begin, length)| {
        let begin = at("2024-05-02 00:00") + Duration::minutes(begin);
        let periods = vec![ActivePeriod { begin, end: Some(begin + Duration::minutes(length)) }];
        scoped(event(&id.to_string(), severity, (mode, &code.to_string()), periods), scope)
    })
}

proptest! {
    #[test]
    fn order_scope_and_index_hold_for_any_disruptions(
        events in prop::collection::vec(any_event(), 0..12),
        collected in prop::collection::vec(-6..30_i64, 0..4),
    ) {
        let (day, parameters) = (day("2024-05-02"), DisruptionParameters::default());
        let lines: Vec<ServiceLine> = ["0", "1", "2"].map(metro).into();
        let times = || collected.iter().map(|hour| day.start() + Duration::hours(*hour));
        let seen = observed(times(), day, &parameters);
        let gaps = seen.gaps(day.start(), day.end());
        prop_assert_eq!(gaps.seconds() + seen.seconds(), 24 * 3600);
        prop_assert!(gaps.intersection(&seen).is_empty());

        let events: Vec<MergedDisruption> = events.into_iter().filter(|one| one.periods[0].touches(day.start(), day.end())).collect();
        let traffic = measure(&events, 0, &seen, &lines, day, &parameters);
        let key = |one: &Disruption| (one.severity, one.scope);
        prop_assert!(traffic.disruptions.is_sorted_by_key(key));
        let wide = traffic.disruptions.iter().filter(|one| one.scope.disrupts_line()).count() as u64;
        prop_assert!(traffic.alerts.iter().filter(|alert| alert.id.is_some()).count() as u64 <= wide);
        prop_assert_eq!(traffic.top_affected_lines.iter().map(|line| line.count).sum::<u64>(), wide);
        let stops = traffic.disruptions.iter().filter(|one| one.scope == Scope::Stop).count() as u64;
        prop_assert_eq!(traffic.stop_disruptions.values().map(|stops| stops.count).sum::<u64>(), stops);
        if let Some(index) = traffic.reliability_index {
            prop_assert!((0.0..=100.0).contains(&index.get()), "{index:?}");
        }

        // More snapshots never speak for less, and disruptions of stops change neither hours nor index.
        let narrow = events.iter().cloned().map(at_a_stop).collect::<Vec<_>>();
        let quiet = measure(&narrow, 0, &seen, &lines, day, &parameters);
        prop_assert!(quiet.disrupted_line_hours.is_empty() && quiet.alerts.is_empty());
        prop_assert!(quiet.reliability_index.is_none_or(|index| index.get() == 100.0));
        prop_assert_eq!(quiet.reliability_index.is_some(), traffic.reliability_index.is_some());
    }
}
