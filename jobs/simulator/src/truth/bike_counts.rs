//! The true `bikes` document.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::bike_counts::{
    BikeEvolution, BikeGlobal, BikeZone, BikeCounts as Body, Coordinates, CounterFault, CounterMetrics, FailingCounter,
    TopCounter,
};
use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed2};
use contract::{Reason, ServiceDay};

use super::weather::in_reach;
use super::{Answer, id_order};
use crate::City;
use crate::bikes::{BikeCounters, Count, Counter, Damage, Entry};
use crate::clock::{self, Hour};

/// Days in which a counter with a value is expected, the day included.
const EXPECTED_DAYS: i64 = 28;
/// Days past the day after which it is final anyway.
const FINAL_DAYS: i64 = 3;
/// Hours of one value that are still none.
const STUCK: Hour = 12;

/// What the records of a run say: the last count of every counter and hour.
struct Records {
    cells: BTreeMap<(usize, Hour), Count>,
    quality: Quality,
    newest: Hour,
}

fn records(bikes: &BikeCounters, day: ServiceDay) -> Records {
    let hours = clock::hour_of(day.start())..clock::hour_of(day.end());
    let mut records = Records { cells: BTreeMap::new(), quality: Quality::default(), newest: i64::MIN };
    let take = |records: &mut Records, counter: usize, hour: Hour, count: Count| {
        let before = records.cells.insert((counter, hour), count);
        records.newest = records.newest.max(hour);
        let quality = &mut records.quality;
        quality.rows_read += 1;
        if !hours.contains(&hour) {
            return;
        }
        quality.rows_of_day += 1;
        match before {
            None => quality.cells += 1,
            Some(before) if before == count => quality.duplicates += 1,
            Some(_) => quality.conflicts += 1,
        }
        let wrong = match count {
            Count::Negative => Reason::NegativeCount,
            Count::Text => Reason::UnreadableCount,
            Count::Known(_) | Count::Null => return,
        };
        *quality.rejects.entry(wrong).or_default() += 1;
    };
    bikes.history().for_each(|(counter, hour, count)| take(&mut records, counter, hour, count));
    for folder in bikes.folders().filter(|folder| in_reach(clock::instant(*folder), day)) {
        let snapshot = bikes.snapshot(folder);
        if snapshot.damage != Damage::None {
            *records.quality.structural_rejects.entry(Reason::UnreadableSnapshot).or_default() += 1;
            continue;
        }
        for entry in snapshot.entries {
            let reason = match entry {
                Entry::Count { counter, hour, count } => {
                    take(&mut records, counter, hour, count);
                    continue;
                }
                Entry::NoId => Reason::MissingId,
                Entry::BadDate => Reason::UnreadableDate,
                Entry::NoObject => Reason::UnreadableRecord,
            };
            records.quality.rows_read += 1;
            *records.quality.structural_rejects.entry(reason).or_default() += 1;
        }
    }
    records
}

fn known(count: Option<&Count>) -> Option<u32> {
    if let Some(Count::Known(n)) = count { Some(*n) } else { None }
}

/// The day of a counter.
struct CounterDay<'a> {
    counter: &'a Counter,
    /// By hour of the day; the inner one is none where there is no cell.
    counts: Vec<Option<Option<u32>>>,
    failing: Vec<FailingCounter>,
    place: (Option<String>, Option<String>),
}

impl CounterDay<'_> {
    fn values(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.counts.iter().enumerate().filter_map(|(index, count)| Some((index, count.flatten()?)))
    }

    fn total(&self) -> Option<u64> {
        self.values().map(|(_, n)| u64::from(n)).reduce(|sum, n| sum + n)
    }
}

/// The document of a day; none where no record is of it.
pub(super) fn of(city: &City, day: ServiceDay) -> Option<Answer<Body>> {
    let bikes = &city.bikes;
    let records = records(bikes, day);
    if records.quality.cells == 0 {
        return None;
    }
    let (start, end) = (clock::hour_of(day.start()), clock::hour_of(day.end()));
    let since = clock::hour_of(day.plus(1 - EXPECTED_DAYS).start());
    let valued = |from: Hour| {
        let cells = records.cells.iter().filter(move |((_, hour), _)| (from..end).contains(hour));
        cells.filter(|(_, count)| known(Some(count)).is_some()).map(|(cell, _)| *cell)
    };
    let expected: BTreeSet<usize> = valued(since).map(|(counter, _)| counter).collect();
    let window = clock::hour_of(day.plus(-2).start());
    let until = valued(start).map(|(_, hour)| hour + 1).max();
    let known_hours = Span {
        window: (window, start, end),
        edges: (valued(window).map(|(_, hour)| hour).min().unwrap_or(start), until.unwrap_or(end)),
    };
    let mut days: Vec<CounterDay<'_>> = bikes
        .counters
        .iter()
        .filter_map(|counter| {
            let count = |hour: Hour| records.cells.get(&(counter.index, hour));
            let counts: Vec<_> = (start..end).map(|hour| count(hour).map(|count| known(Some(count)))).collect();
            let seen = counts.iter().any(Option::is_some);
            (seen || expected.contains(&counter.index)).then(|| CounterDay {
                failing: failing(counter, |hour| known(count(hour)), day, &known_hours),
                place: city.zones.place(Some(counter.point)),
                counter,
                counts,
            })
        })
        .collect();
    days.sort_by(|a, b| id_order(&a.counter.id, &b.counter.id));
    // One that is expected and has no record at all fails, and is nowhere else.
    let failures: Vec<_> = days.iter().flat_map(|counter| counter.failing.clone()).collect();
    days.retain(|counter| counter.counts.iter().any(Option::is_some));
    let last = days.iter().flat_map(CounterDay::values).map(|(index, _)| index).max();
    let global = global(&days, day, expected.len(), last);
    let old = clock::instant(records.newest) >= day.plus(FINAL_DAYS + 1).start();
    let definite = old || global.observed_percent.is_some_and(|share| share.get() >= 95.0);
    let out =
        days.iter().filter(|counter| !counter.failing.is_empty()).map(|counter| counter.values().count() as u64).sum();
    Some(Answer {
        status: if definite { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: last.map(|index| day.stamp(clock::instant(start + i64::try_from(index).unwrap_or(0) + 1))),
        completeness: global.observed_percent,
        quality: Quality { excluded_cells: out, ..records.quality },
        body: body(&days, day, failures, global),
    })
}

/// Hours that a run is looked for in.
struct Span {
    /// Two days before the day, its begin, its end.
    window: (Hour, Hour, Hour),
    /// The first hour of it in which any counter has a value, and the end of the last one of the day.
    edges: (Hour, Hour),
}

/// When and why a counter fails: nothing but zero all day, from as long before as there was nothing else; or stuck.
fn failing(
    counter: &Counter,
    count: impl Fn(Hour) -> Option<u32>,
    day: ServiceDay,
    span: &Span,
) -> Vec<FailingCounter> {
    let fault = |reason: CounterFault, from: Hour, to: Hour| FailingCounter {
        counter_id: counter.id.clone(),
        counter_name: Some(counter.name.clone()),
        reason: reason,
        start: day.stamp(clock::instant(from)),
        end: day.stamp(clock::instant(to)),
        duration_hours: Fixed2::of(f64::from(i32::try_from(to - from).unwrap_or(0))),
        open: from <= span.edges.0 || span.edges.1 <= to,
    };
    let (window, start, end) = span.window;
    let something = |hour: Hour| count(hour).is_some_and(|n| n > 0);
    if !(start..end).any(something) {
        let before = (window..start).rev().find(|hour| something(*hour)).map_or(window, |hour| hour + 1);
        return vec![fault(CounterFault::Silent, before.max(span.edges.0).min(start), span.edges.1)];
    }
    let mut stuck = Vec::new();
    let mut from = window;
    while from < end {
        let value = count(from);
        let to = (from + 1..end).find(|hour| count(*hour) != value).unwrap_or(end);
        if value.is_some_and(|n| n > 0) && to - from > STUCK && to > start {
            stuck.push(fault(CounterFault::Stuck, from, to));
        }
        from = to;
    }
    stuck
}

fn curve(day: ServiceDay, value: impl Fn(usize) -> Option<f64>) -> Vec<Option<Fixed2>> {
    let mut sums = [(0.0, 0_u32); 24];
    for (index, local) in day.local_hours().into_iter().enumerate() {
        if let (Some(value), Some(slot)) = (value(index), sums.get_mut(local)) {
            *slot = (slot.0 + value, slot.1 + 1);
        }
    }
    sums.iter().map(|(sum, n)| (*n > 0).then(|| Fixed2::of(sum / f64::from(*n)))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn percent(part: usize, whole: usize) -> Option<Fixed2> {
    (whole > 0).then(|| Fixed2::of(100.0 * part as f64 / whole as f64))
}

fn small(value: usize) -> Option<u8> {
    u8::try_from(value).ok()
}

fn global(days: &[CounterDay<'_>], day: ServiceDay, expected: usize, last: Option<usize>) -> BikeGlobal {
    let hours = day.hour_count();
    let good = || days.iter().filter(|counter| counter.failing.is_empty());
    let curve = curve(day, |index| {
        let counts = good().filter_map(|counter| counter.counts.get(index)?.flatten());
        counts.map(f64::from).reduce(|sum, n| sum + n)
    });
    let highest = curve.iter().flatten().map(|value| value.get()).fold(f64::NEG_INFINITY, f64::max);
    let peak = curve.iter().position(|value| value.is_some_and(|value| value.get() >= highest));
    BikeGlobal {
        date: day.date(),
        daily_total: good().filter_map(CounterDay::total).reduce(|sum, n| sum + n),
        counter_count: days.len() as u64,
        active_counter_count: days.iter().filter(|counter| counter.values().any(|(_, n)| n > 0)).count() as u64,
        observed_percent: percent(days.iter().map(|counter| counter.values().count()).sum(), expected * hours),
        availability: percent(
            good().map(|counter| counter.values().count()).sum(),
            expected * last.map_or(0, |last| last + 1),
        ),
        peak_hour: peak.and_then(small),
        hourly_flow: curve,
    }
}

fn metrics(entry: &CounterDay<'_>, day: ServiceDay) -> CounterMetrics {
    let total = entry.total();
    let n = entry.values().count();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let mean = total.map(|total| total as f64 / n as f64);
    let largest = entry.values().map(|(_, n)| n).max();
    let names = day.local_hours();
    let peak = entry.values().find(|(_, n)| Some(*n) == largest).and_then(|(index, _)| names.get(index).copied());
    let curve = curve(day, |index| entry.counts.get(index)?.flatten().map(f64::from));
    let quiet = |value: &Option<Fixed2>| value.zip(mean).is_some_and(|(value, mean)| value.get() < mean / 2.0);
    let [lon, lat] = entry.counter.point;
    CounterMetrics {
        date: day.date(),
        counter_id: entry.counter.id.clone(),
        counter_name: Some(entry.counter.name.clone()),
        daily_total: total,
        hourly_mean: mean.map(Fixed2::of),
        peak_hour: peak.and_then(small),
        off_peak_hours: curve
            .iter()
            .enumerate()
            .filter(|(_, value)| quiet(value))
            .filter_map(|(hour, _)| small(hour))
            .collect(),
        hourly_flow: curve,
        observed_percent: percent(n, day.hour_count()).unwrap_or_default(),
        district: entry.place.0.clone(),
        zone: entry.place.1.clone(),
        coordinates: Some(Coordinates { lon: Degrees::of(lon), lat: Degrees::of(lat) }),
        is_anomalous: None,
        failing: !entry.failing.is_empty(),
    }
}

/// Each id once, in the order of the failures.
fn failing_sensors(failures: &[FailingCounter]) -> Vec<String> {
    let mut ids: Vec<_> = failures.iter().map(|failure| failure.counter_id.clone()).collect();
    ids.dedup();
    ids
}

fn body(days: &[CounterDay<'_>], day: ServiceDay, failures: Vec<FailingCounter>, global_metrics: BikeGlobal) -> Body {
    let good = || days.iter().filter(|counter| counter.failing.is_empty());
    let mut top: Vec<_> = good().filter_map(|counter| Some((counter.total()?, counter))).collect();
    top.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| id_order(&a.1.counter.id, &b.1.counter.id)));
    let mut districts: BTreeMap<(bool, Option<String>), BikeZone> = BTreeMap::new();
    for counter in good() {
        let (code, zone) = counter.place.clone();
        let district = districts.entry((code.is_none(), code.clone())).or_insert(BikeZone {
            district: code,
            zone,
            counter_count: 0,
            daily_total: None,
        });
        district.counter_count += 1;
        district.daily_total = match (district.daily_total, counter.total()) {
            (Some(sum), Some(total)) => Some(sum + total),
            (sum, total) => sum.or(total),
        };
    }
    Body {
        metrics: days.iter().map(|counter| metrics(counter, day)).collect(),
        failing_sensors: failing_sensors(&failures),
        sensor_failures: failures,
        top_counters: top
            .into_iter()
            .take(10)
            .map(|(total, entry)| TopCounter {
                counter_id: entry.counter.id.clone(),
                counter_name: Some(entry.counter.name.clone()),
                daily_total: total,
                zone: entry.place.1.clone(),
            })
            .collect(),
        by_district: districts.into_values().collect(),
        global_metrics,
        ridership_index: None,
        anomalies: None,
        profiles: None,
        evolution: BikeEvolution::default(),
    }
}
