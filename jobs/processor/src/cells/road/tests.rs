//! Properties of the aggregation.

use contract::document::road_counts::{ArcStatus, TrafficState};
use proptest::prelude::*;

use super::*;
use crate::source::road_counts::GeometryCache;
use crate::source::road_counts::value::Value;

/// Arc, day, hour, flow, file, label of a row.
type Input = (u8, i32, u8, i8, u32, u8);

const SPAN: DayRange = DayRange { from: 90, first: 99, last: 100 };

fn batch(rows: &[Input]) -> Batch {
    let (mut batch, mut geometry) = (Batch::default(), GeometryCache::default());
    for (arc, day, hour, flow, _, label) in rows {
        let flow = match flow {
            -1 => Value::Rejected(1),
            0 => Value::Absent,
            n => Value::Known(f64::from(*n)),
        };
        let (state, status) = (TrafficState::Unknown, ArcStatus::Invalid);
        let cell = Cell::new(&HourValues { flow, occupancy: Value::Absent, state, status, unknown: 0 });
        let label: &[u8] = if *label == 0 { b"" } else { std::slice::from_ref(label) };
        batch.add(&[*arc], *day, *hour, cell, SPAN.asks_for(*day).then_some([label, b"", b"\""]), &mut geometry);
    }
    batch
}

/// Rows in batches of at most `size`, each of one file.
fn cells(rows: &[Input], size: usize) -> RoadCells {
    let mut cells = RoadCells::new(SPAN);
    for of_file in rows.chunk_by(|a, b| a.4 == b.4) {
        of_file.chunks(size).for_each(|part| cells.fold(part[0].4, &batch(part)));
    }
    cells.finish();
    cells
}

type Arcs = BTreeMap<(Vec<u8>, i32), (Vec<(Option<f64>, bool)>, Option<String>, Measures)>;

fn comparable(cells: &RoadCells) -> Arcs {
    let mut all = BTreeMap::new();
    for day in SPAN.from..=SPAN.last {
        for arc in cells.arcs(day, day) {
            let hours = arc.page(day).unwrap().cells.iter().map(|cell| (cell.flow(), cell.is_seen())).collect();
            all.insert(
                (arc.id.to_vec(), day),
                (hours, arc.attributes(day)[0].text().map(str::to_owned), arc.measures()),
            );
        }
    }
    all
}

/// Reference implementation with nested maps, row by row.
fn counted(rows: &[Input], day: i32) -> DayCounts {
    let mut last: BTreeMap<(u8, u8), Vec<&Input>> = BTreeMap::new();
    let mut counts = DayCounts::default();
    for row in rows.iter().filter(|row| row.1 == day) {
        let cell = last.entry((row.0, row.2)).or_default();
        match cell.last() {
            Some(before) if before.3 == row.3 => counts.repeats += 1,
            Some(_) => counts.conflicts += 1,
            None => counts.cells += 1,
        }
        counts.rows += 1;
        cell.push(row);
    }
    for rows in last.values_mut() {
        // Rows without a value supersede nothing.
        rows.retain(|row| row.3 > 0);
        for row in &*rows {
            counts.files.entry(row.4 as u16).or_default().rows += 1;
        }
        if rows.is_empty() {
            continue;
        }
        let final_file = rows.last().unwrap().4;
        let shared = rows.iter().any(|row| row.4 != final_file);
        for row in &*rows {
            let file = counts.files.entry(row.4 as u16).or_default();
            file.shared += u64::from(shared);
            file.superseded += u64::from(row.4 != final_file);
        }
    }
    counts
}

proptest! {
    #[test]
    fn any_split_of_the_rows_gives_the_same_cells_and_counts(
        mut rows in prop::collection::vec((0u8..3, 97i32..101, 0u8..3, -1i8..3, 0u32..3, 0u8..3), 0..400),
        size in 1usize..50,
    ) {
        rows.sort_by_key(|row| row.4);
        let (whole, split) = (cells(&rows, usize::MAX), cells(&rows, size));
        prop_assert_eq!(comparable(&whole), comparable(&split));
        for day in [99, 100] {
            prop_assert_eq!(split.counts(day), counted(&rows, day));
            prop_assert_eq!(whole.counts(day), counted(&rows, day));
        }
        prop_assert!(split.days().all(|day| SPAN.asks_for(day)));
        let winners = rows.iter().filter(|row| row.3 > 0 && row.1 >= SPAN.from);
        let winners: BTreeMap<_, _> = winners.map(|row| ((row.0, row.1, row.2), f64::from(row.3))).collect();
        for ((arc, day, hour), flow) in winners {
            let of = split.arcs(day, day).find(|known| known.id == [arc]).unwrap();
            prop_assert_eq!(of.page(day).unwrap().cells[usize::from(hour)].flow(), Some(flow));
        }
    }
}

#[test]
fn last_row_wins_and_each_is_compared_with_the_previous_one() {
    let rows = [(1, 100, 5, 1, 0, 0), (1, 100, 5, 1, 0, 0), (1, 100, 5, 2, 1, 7), (1, 100, 5, 1, 1, 0)];
    let whole = cells(&rows, 2);
    let counts = whole.counts(100);
    assert_eq!((counts.cells, counts.repeats, counts.conflicts), (1, 1, 2));
    let of = |superseded| Overlap { rows: 2, shared: 2, superseded };
    assert_eq!(counts.files, BTreeMap::from([(0, of(2)), (1, of(0))]));
    let arc = whole.arcs(100, 100).next().unwrap();
    assert_eq!(arc.page(100).unwrap().cells[5].flow(), Some(1.0));
    assert_eq!(arc.attributes(100).map(ArcAttribute::text), [Some("\x07"), None, None]);
}

#[test]
fn row_without_a_value_replaces_no_measured_one_and_archives_no_file() {
    let (measured, empty, rejected) = (5, 0, -1);
    let rows = [
        (1, 100, 5, measured, 0, 0),
        (1, 100, 5, empty, 1, 0),
        (1, 100, 5, empty, 1, 0),
        (1, 100, 5, rejected, 1, 0),
        (1, 100, 5, measured, 1, 0),
        (1, 100, 6, empty, 0, 0),
        (1, 100, 6, measured, 1, 0),
    ];
    let whole = cells(&rows, 1);
    let page = |day| whole.arcs(day, day).next().unwrap().page(day).unwrap().clone();
    assert_eq!((page(100).cells[5].flow(), page(100).cells[6].flow()), (Some(5.0), Some(5.0)));
    let counts = whole.counts(100);
    assert_eq!((counts.rows, counts.cells, counts.repeats, counts.conflicts), (7, 2, 1, 4));
    let without_last = cells(&rows[..4], 1);
    assert_eq!(without_last.counts(100).files, [(0, Overlap { rows: 1, shared: 0, superseded: 0 })].into());
}
