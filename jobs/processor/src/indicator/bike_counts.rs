//! Figures of the bike counters. Counts are integers; means and percentages are rounded only when written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use contract::Stamp;
use contract::document::bike_counts::{
    BikeCounts, BikeEvolution, BikeGlobal, BikeZone, Coordinates, CounterMetrics, TopCounter,
};
use contract::number::{Degrees, Fixed2};

use crate::cells::bike::{BikeCells, Counter, LONGEST_WINDOW};
use crate::context::DayContext;
use crate::geo::place;
use crate::indicator::hours::{curve, expected, first_maximum};
use crate::order::{id_order, optional_id_order};

mod failing;

/// Number of ranked counters.
const TOP: usize = 10;

/// The figures of a day with its status.
#[derive(Debug)]
pub(crate) struct BikeDay {
    pub(crate) body: BikeCounts,
    pub(crate) is_final: bool,
    /// End of the last measured hour.
    pub(crate) complete_until: Option<Stamp>,
    /// Percent of the expected cells.
    pub(crate) completeness: Option<Fixed2>,
    /// Cells of the day with a record.
    pub(crate) cells: u64,
    /// Measured cells of failing counters, which are excluded.
    pub(crate) excluded_cells: u64,
}

pub(crate) fn measure(cells: &BikeCells, context: &DayContext<'_>) -> BikeDay {
    let day = context.day;
    let parameters = &context.parameters.bikes;
    let expected_since = day.plus(1 - parameters.attendu_jours.clamp(1, LONGEST_WINDOW)).start();
    let mut counters: Vec<_> = cells.counters().map(|counter| CounterDay::new(counter, context)).collect();
    counters.sort_by(|a, b| id_order(a.id, b.id));
    let expected_counters: Vec<_> =
        counters.iter().filter(|seen| seen.counter.has_value_since(expected_since)).collect();

    let measured: Vec<bool> =
        (0..day.hour_count()).map(|at| counters.iter().any(|seen| seen.value(at).is_some())).collect();
    let complete_until = measured.iter().rposition(|yes| *yes).map(|last| day.start() + hours(last + 1));

    let faults = failing::find(&counters, &expected_counters, cells.earliest(), complete_until, context);
    let failing: BTreeSet<_> = faults.iter().map(|fault| fault.counter_id.as_str()).collect();
    let sound: Vec<_> = counters.iter().filter(|seen| seen.in_day && !failing.contains(seen.id)).collect();

    let expected_hours = expected(day, &measured);
    let up_to_last = measured.iter().rposition(|yes| *yes).map_or(0, |last| last + 1);
    let hours_in = |n: usize| expected_hours.iter().take(n).filter(|yes| **yes).count();
    let measured_cells: usize = counters.iter().map(CounterDay::measured).sum();
    let sound_cells: usize = sound.iter().map(|seen| seen.measured()).sum();
    let completeness = percent(measured_cells, expected_counters.len() * hours_in(day.hour_count()));
    let availability = percent(sound_cells, expected_counters.len() * hours_in(up_to_last));

    let final_by_age = cells
        .newest()
        .is_some_and(|newest| newest >= day.plus(parameters.definitif_jours.clamp(0, LONGEST_WINDOW)).end());
    let answers = &cells.answers;
    let complete = completeness.is_some_and(|part| part.get() >= parameters.definitif_part)
        && (answers.incomplete.is_none() || answers.complete_after);

    let body = BikeCounts {
        metrics: counters
            .iter()
            .filter(|seen| seen.in_day)
            .map(|seen| metrics(seen, failing.contains(seen.id), context))
            .collect(),
        failing_sensors: failing_ids(&counters, &failing),
        top_counters: top(&sound),
        by_district: if context.zones.is_some() { by_zone(&counters, &failing) } else { Vec::new() },
        global_metrics: global(&counters, &sound, completeness, availability, context),
        ridership_index: None,
        anomalies: None,
        profiles: None,
        evolution: BikeEvolution::default(),
        sensor_failures: faults,
    };

    let used: usize = counters.iter().map(|seen| seen.counter.cells_of(day)).sum();
    BikeDay {
        is_final: complete || final_by_age,
        complete_until: complete_until.map(|end| day.stamp(end)),
        completeness,
        cells: used as u64,
        excluded_cells: (measured_cells - sound_cells) as u64,
        body,
    }
}

/// A counter with its values of the day.
#[derive(Debug)]
pub(crate) struct CounterDay<'a> {
    id: &'a str,
    counter: &'a Counter,
    /// By hour of the day.
    values: Vec<Option<u32>>,
    /// Whether it has a record of the day.
    in_day: bool,
    district: Option<String>,
    zone: Option<String>,
}

impl<'a> CounterDay<'a> {
    fn new(counter: &'a Counter, context: &DayContext<'_>) -> Self {
        let (district, zone) = place(context.zones, counter.point);
        let values = context.day.hours().map(|hour| counter.at(hour).flatten()).collect();
        Self { id: &counter.id, counter, values, in_day: counter.cells_of(context.day) > 0, district, zone }
    }

    fn name(&self) -> Option<String> {
        self.counter.name.as_deref().map(str::to_owned)
    }

    fn value(&self, at: usize) -> Option<u32> {
        self.values.get(at).copied().flatten()
    }

    fn known(&self) -> impl Iterator<Item = u32> {
        self.values.iter().flatten().copied()
    }

    fn measured(&self) -> usize {
        self.known().count()
    }

    /// Sum of the counts; `None` if no hour has one.
    fn total(&self) -> Option<u64> {
        (self.measured() > 0).then(|| self.known().map(u64::from).sum())
    }

    fn as_numbers(&self) -> Vec<Option<f64>> {
        self.values.iter().map(|value| value.map(f64::from)).collect()
    }
}

/// One counter. Mean: over the hours with a value. Peak: the local hour of the first maximum. Off-peak: the local hours below
/// `heure_creuse_part` of the mean.
fn metrics(seen: &CounterDay<'_>, failing: bool, context: &DayContext<'_>) -> CounterMetrics {
    let day = context.day;
    let values = seen.as_numbers();
    let by_hour = curve(day, &values);
    let total = seen.total();
    let mean = total.map(|total| ratio(total, seen.measured() as u64));
    let quiet_below = mean.map(|mean| mean * context.parameters.bikes.heure_creuse_part);
    let quiet = by_hour
        .iter()
        .enumerate()
        .filter(|(_, value)| value.zip(quiet_below).is_some_and(|(value, below)| value < below));
    CounterMetrics {
        date: day.date(),
        counter_id: seen.id.to_owned(),
        counter_name: seen.name(),
        daily_total: total,
        hourly_mean: mean.map(Fixed2::of),
        peak_hour: first_maximum(&values).and_then(|at| day.local_hours().get(at).copied()).and_then(small),
        off_peak_hours: quiet.filter_map(|(local, _)| small(local)).collect(),
        hourly_flow: written(&by_hour),
        observed_percent: percent(seen.measured(), day.hour_count()).unwrap_or_default(),
        district: seen.district.clone(),
        zone: seen.zone.clone(),
        coordinates: seen.counter.point.map(|(lon, lat)| Coordinates { lon: Degrees::of(lon), lat: Degrees::of(lat) }),
        is_anomalous: None,
        failing,
    }
}

/// The whole city, with total and curve without failing counters. Observed: measured cells ÷ expected cells. Availability: the same without
/// failing counters, over the hours up to the last measured one.
fn global(
    counters: &[CounterDay<'_>],
    sound: &[&CounterDay<'_>],
    observed: Option<Fixed2>,
    availability: Option<Fixed2>,
    context: &DayContext<'_>,
) -> BikeGlobal {
    let day = context.day;
    let per_hour: Vec<Option<f64>> = (0..day.hour_count())
        .map(|at| {
            let mut known = sound.iter().filter_map(|seen| seen.value(at)).peekable();
            known.peek()?;
            Some(known.map(f64::from).sum())
        })
        .collect();
    let by_hour = curve(day, &per_hour);
    BikeGlobal {
        date: day.date(),
        daily_total: total_of(sound.iter().copied()),
        counter_count: counters.iter().filter(|seen| seen.in_day).count() as u64,
        active_counter_count: counters.iter().filter(|seen| seen.known().any(|value| value > 0)).count() as u64,
        observed_percent: observed,
        availability,
        peak_hour: first_maximum(&by_hour).and_then(small),
        hourly_flow: written(&by_hour),
    }
}

/// The busiest, by total, ties by id.
fn top(sound: &[&CounterDay<'_>]) -> Vec<TopCounter> {
    let mut busiest: Vec<_> = sound.iter().filter_map(|seen| seen.total().map(|total| (total, *seen))).collect();
    busiest.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| id_order(x.id, y.id)));
    let first = busiest.into_iter().take(TOP);
    first
        .map(|(daily_total, seen)| TopCounter {
            counter_id: seen.id.to_owned(),
            counter_name: seen.name(),
            daily_total,
            zone: seen.zone.clone(),
        })
        .collect()
}

/// By district code, counters outside all districts last. Failing counters are counted, but are not in the totals.
fn by_zone(counters: &[CounterDay<'_>], failing: &BTreeSet<&str>) -> Vec<BikeZone> {
    let mut zones: BTreeMap<(bool, Option<&str>), Vec<&CounterDay<'_>>> = BTreeMap::new();
    for seen in counters.iter().filter(|seen| seen.in_day) {
        let code = seen.district.as_deref();
        zones.entry((code.is_none(), code)).or_default().push(seen);
    }
    let mut list: Vec<_> = zones
        .into_values()
        .filter_map(|inside| {
            let first = inside.first()?;
            Some(BikeZone {
                district: first.district.clone(),
                zone: first.zone.clone(),
                counter_count: inside.len() as u64,
                daily_total: total_of(inside.iter().filter(|seen| !failing.contains(seen.id)).copied()),
            })
        })
        .collect();
    list.sort_by(|a, b| optional_id_order(a.district.as_deref(), b.district.as_deref()));
    list
}

/// In id order, including counters without a record of the day.
fn failing_ids(counters: &[CounterDay<'_>], failing: &BTreeSet<&str>) -> Vec<String> {
    counters.iter().filter(|seen| failing.contains(seen.id)).map(|seen| seen.id.to_owned()).collect()
}

fn total_of<'a>(counters: impl Iterator<Item = &'a CounterDay<'a>>) -> Option<u64> {
    counters.filter_map(CounterDay::total).reduce(|sum, total| sum + total)
}

fn hours(n: usize) -> Duration {
    Duration::hours(i64::try_from(n).unwrap_or(0))
}

fn hours_between(from: DateTime<Utc>, to: DateTime<Utc>) -> Fixed2 {
    #[expect(clippy::cast_precision_loss, reason = "a few days of seconds")]
    Fixed2::of((to - from).num_seconds() as f64 / 3600.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a day are far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn percent(part: usize, whole: usize) -> Option<Fixed2> {
    (whole > 0).then(|| Fixed2::of(100.0 * ratio(part as u64, whole as u64)))
}

fn small(hour: usize) -> Option<u8> {
    u8::try_from(hour).ok()
}

fn written(curve: &[Option<f64>]) -> Vec<Option<Fixed2>> {
    curve.iter().map(|value| value.map(Fixed2::of)).collect()
}
