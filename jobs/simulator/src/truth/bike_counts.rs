//! The expected `bikes` document.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::bike_counts::{
    BikeCounts as Body, BikeEvolution, BikeGlobal, BikeZone, Coordinates, CounterFault, CounterMetrics, FailingCounter,
    TopCounter,
};
use contract::document::{DayStatus, Quality};
use contract::number::{Degrees, Fixed2};
use contract::{Reason, ServiceDay};

use super::weather::is_read_for;
use super::{TrueDocument, hourly_curve, id_order, peak_hour, percent, to_f64};
use crate::City;
use crate::bike_counts::{BikeSimulation, Counter, PublishedCount, SnapshotDamage, SnapshotRecord};
use crate::clock::{self, Hour};

/// A counter with a value in these days, the day included, is expected.
const EXPECTED_DAYS: i64 = 28;
/// Days after which the day is final regardless of its completeness.
const FINAL_DAYS: i64 = 3;
/// A constant value for more hours than these is a failure.
const STUCK_HOURS: Hour = 12;
/// Zeros are a failure once the day has reported more hours than these.
const SILENT_HOURS: Hour = 12;

/// The records that a run reads: for every counter and hour the last count that is known, else the last one.
struct BikeRecords {
    cells: BTreeMap<(usize, Hour), PublishedCount>,
    quality: Quality,
    newest: Hour,
    /// Whether an answer holds less than it announces.
    has_incomplete: bool,
    /// Whether an answer that does not was collected after the end of the day.
    has_complete_after: bool,
}

fn records(bikes: &BikeSimulation, day: ServiceDay) -> BikeRecords {
    let hours = clock::hour_of(day.start())..clock::hour_of(day.end());
    let mut records = BikeRecords {
        cells: BTreeMap::new(),
        quality: Quality::default(),
        newest: i64::MIN,
        has_incomplete: false,
        has_complete_after: false,
    };
    let mut latest: BTreeMap<(usize, Hour), PublishedCount> = BTreeMap::new();
    let mut add = |records: &mut BikeRecords, counter: usize, hour: Hour, count: PublishedCount| {
        let before = latest.insert((counter, hour), count);
        let used = records.cells.entry((counter, hour)).or_insert(count);
        if matches!(count, PublishedCount::Known(_)) || !matches!(used, PublishedCount::Known(_)) {
            *used = count;
        }
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
        let reason = match count {
            PublishedCount::Negative => Reason::NegativeCount,
            PublishedCount::Text => Reason::UnreadableCount,
            PublishedCount::Known(_) | PublishedCount::Null => return,
        };
        *quality.rejects.entry(reason).or_default() += 1;
    };
    bikes.history().for_each(|(counter, hour, count)| add(&mut records, counter, hour, count));
    for folder in bikes.folders().filter(|folder| is_read_for(clock::instant(*folder), day)) {
        let snapshot = bikes.snapshot(folder);
        if snapshot.has_cut_page {
            *records.quality.structural_rejects.entry(Reason::UnreadableSnapshot).or_default() += 1;
        }
        let has_count = snapshot.records.iter().any(|record| matches!(record, SnapshotRecord::Count { .. }));
        // Of a snapshot with nothing but bad records nothing is trusted.
        if snapshot.damage != SnapshotDamage::None || !has_count && !snapshot.records.is_empty() {
            *records.quality.structural_rejects.entry(Reason::UnreadableSnapshot).or_default() += 1;
            continue;
        }
        // A snapshot is collected by the end of its folder's hour.
        let collected = clock::instant(folder + 1);
        match snapshot.announced {
            Some(_) => records.has_incomplete = true,
            None => records.has_complete_after |= collected > day.end(),
        }
        for record in snapshot.records {
            let reason = match record {
                SnapshotRecord::Count { counter, hour, count } => {
                    add(&mut records, counter, hour, count);
                    continue;
                }
                SnapshotRecord::NoId => Reason::MissingId,
                SnapshotRecord::BadDate => Reason::UnreadableDate,
                SnapshotRecord::NotAnObject => Reason::UnreadableRecord,
            };
            records.quality.rows_read += 1;
            *records.quality.structural_rejects.entry(reason).or_default() += 1;
        }
    }
    records
}

fn known(count: Option<&PublishedCount>) -> Option<u32> {
    if let Some(PublishedCount::Known(n)) = count { Some(*n) } else { None }
}

struct CounterDay<'a> {
    counter: &'a Counter,
    /// By hour of the day: `None` without a record, `Some(None)` without a usable count.
    counts: Vec<Option<Option<u32>>>,
    failing: Vec<FailingCounter>,
    zone: (Option<String>, Option<String>),
}

impl CounterDay<'_> {
    fn values(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.counts.iter().enumerate().filter_map(|(index, count)| Some((index, count.flatten()?)))
    }

    fn value_count(&self) -> u64 {
        self.values().count() as u64
    }

    fn total(&self) -> Option<u64> {
        self.values().map(|(_, n)| u64::from(n)).reduce(|sum, n| sum + n)
    }
}

/// The document of a day; `None` without a record of the day.
pub(super) fn document(city: &City, day: ServiceDay) -> Option<TrueDocument<Body>> {
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
    let from = clock::hour_of(day.plus(-2).start());
    let until = valued(start).map(|(_, hour)| hour + 1).max();
    let failure_window = FailureWindow {
        bounds: (from, start, end),
        judges_silence: until.is_some_and(|until| until - start > SILENT_HOURS),
        edges: (valued(from).map(|(_, hour)| hour).min().unwrap_or(start), until.unwrap_or(end)),
    };
    let mut days: Vec<CounterDay<'_>> = bikes
        .counters
        .iter()
        .filter_map(|counter| {
            let count = |hour: Hour| records.cells.get(&(counter.index, hour));
            let counts: Vec<_> = (start..end).map(|hour| count(hour).map(|count| known(Some(count)))).collect();
            let seen = counts.iter().any(Option::is_some);
            (seen || expected.contains(&counter.index)).then(|| CounterDay {
                failing: failing(counter, |hour| known(count(hour)), day, &failure_window),
                zone: city.zones.code_and_name(Some(counter.point)),
                counter,
                counts,
            })
        })
        .collect();
    days.sort_by(|a, b| id_order(&a.counter.id, &b.counter.id));
    // A counter that is expected but has no record on the day is only listed as failing.
    let failures: Vec<_> = days.iter().flat_map(|counter| counter.failing.clone()).collect();
    days.retain(|counter| counter.counts.iter().any(Option::is_some));
    let last = days.iter().flat_map(CounterDay::values).map(|(index, _)| index).max();
    let global = global(&days, day, expected.len(), last);
    let old = clock::instant(records.newest) >= day.plus(FINAL_DAYS + 1).start();
    let has_all = !records.has_incomplete || records.has_complete_after;
    let is_final = old || has_all && global.observed_percent.is_some_and(|share| share.get() >= 95.0);
    let set_aside = days.iter().filter(|counter| !counter.failing.is_empty()).map(CounterDay::value_count).sum();
    Some(TrueDocument {
        status: if is_final { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: last.map(|index| day.stamp(clock::instant(start + i64::try_from(index).unwrap_or(0) + 1))),
        completeness: global.observed_percent,
        quality: Quality { excluded_cells: set_aside, ..records.quality },
        body: body(&days, day, failures, global),
    })
}

/// The hours in which failures are searched.
struct FailureWindow {
    /// Two days before the day, its begin, its end.
    bounds: (Hour, Hour, Hour),
    /// Whether enough hours of the day are reported to distinguish a silent counter from a quiet one.
    judges_silence: bool,
    /// The begin of the first hour in which any counter has a value, and the end of the last such hour of the day.
    edges: (Hour, Hour),
}

/// The failures of a counter: only zeros in the reported hours (from the begin of the zeros), or a constant value.
fn failing(
    counter: &Counter,
    count: impl Fn(Hour) -> Option<u32>,
    day: ServiceDay,
    window: &FailureWindow,
) -> Vec<FailingCounter> {
    let fault = |reason: CounterFault, from: Hour, to: Hour| FailingCounter {
        counter_id: counter.id.clone(),
        counter_name: Some(counter.name.clone()),
        reason,
        start: day.stamp(clock::instant(from)),
        end: day.stamp(clock::instant(to)),
        duration_hours: Fixed2::of(f64::from(i32::try_from(to - from).unwrap_or(0))),
        open: from <= window.edges.0 || window.edges.1 <= to,
    };
    let (from, start, end) = window.bounds;
    let has_bikes = |hour: Hour| count(hour).is_some_and(|n| n > 0);
    if window.judges_silence && !(start..end).any(has_bikes) {
        let before = (from..start).rev().find(|hour| has_bikes(*hour)).map_or(from, |hour| hour + 1);
        return vec![fault(CounterFault::Silent, before.max(window.edges.0).min(start), window.edges.1)];
    }
    let mut stuck = Vec::new();
    let mut from = from;
    while from < end {
        let value = count(from);
        let to = (from + 1..end).find(|hour| count(*hour) != value).unwrap_or(end);
        if value.is_some_and(|n| n > 0) && to - from > STUCK_HOURS && to > start {
            stuck.push(fault(CounterFault::Stuck, from, to));
        }
        from = to;
    }
    stuck
}

fn global(days: &[CounterDay<'_>], day: ServiceDay, expected: usize, last: Option<usize>) -> BikeGlobal {
    let hours = day.hour_count();
    let good = || days.iter().filter(|counter| counter.failing.is_empty());
    let sum = |index: usize| {
        let counts = good().filter_map(|counter| counter.counts.get(index)?.flatten());
        counts.map(f64::from).reduce(|sum, n| sum + n)
    };
    let curve =
        hourly_curve(day.local_hours().into_iter().enumerate().map(|(index, local_hour)| (local_hour, sum(index))));
    BikeGlobal {
        date: day.date(),
        daily_total: good().filter_map(CounterDay::total).reduce(|sum, n| sum + n),
        counter_count: days.len() as u64,
        active_counter_count: days.iter().filter(|counter| counter.values().any(|(_, n)| n > 0)).count() as u64,
        observed_percent: percent(days.iter().map(CounterDay::value_count).sum(), (expected * hours) as u64),
        availability: percent(
            good().map(CounterDay::value_count).sum(),
            (expected * last.map_or(0, |last| last + 1)) as u64,
        ),
        peak_hour: peak_hour(&curve),
        hourly_flow: curve,
    }
}

fn metrics(entry: &CounterDay<'_>, day: ServiceDay) -> CounterMetrics {
    let total = entry.total();
    let mean = total.map(|total| to_f64(total) / to_f64(entry.value_count()));
    let largest = entry.values().map(|(_, n)| n).max();
    let names = day.local_hours();
    let peak = entry.values().find(|(_, n)| Some(*n) == largest).and_then(|(index, _)| names.get(index).copied());
    let count = |index: usize| entry.counts.get(index)?.flatten().map(f64::from);
    let curve = hourly_curve(names.iter().enumerate().map(|(index, local_hour)| (*local_hour, count(index))));
    let quiet = |value: &Option<Fixed2>| value.zip(mean).is_some_and(|(value, mean)| value.get() < mean / 2.0);
    let [lon, lat] = entry.counter.point;
    CounterMetrics {
        date: day.date(),
        counter_id: entry.counter.id.clone(),
        counter_name: Some(entry.counter.name.clone()),
        daily_total: total,
        hourly_mean: mean.map(Fixed2::of),
        peak_hour: peak.and_then(|hour| u8::try_from(hour).ok()),
        off_peak_hours: curve
            .iter()
            .enumerate()
            .filter(|(_, value)| quiet(value))
            .filter_map(|(hour, _)| u8::try_from(hour).ok())
            .collect(),
        hourly_flow: curve,
        observed_percent: percent(entry.value_count(), day.hour_count() as u64).unwrap_or_default(),
        district: entry.zone.0.clone(),
        zone: entry.zone.1.clone(),
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
    for counter in days {
        let (code, zone) = counter.zone.clone();
        let district = districts.entry((code.is_none(), code.clone())).or_insert(BikeZone {
            district: code,
            zone,
            counter_count: 0,
            daily_total: None,
        });
        district.counter_count += 1;
        if !counter.failing.is_empty() {
            continue;
        }
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
                zone: entry.zone.1.clone(),
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
