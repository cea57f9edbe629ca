//! Road counts read through the scan engine.

use super::*;
use crate::scan::Simd;
use crate::scan::engine::{self, Chunk, Feed, Settings};
use crate::scan::head::{self, Peek};
use proptest::prelude::*;

const KEY: &str = "batch/comptages.csv";
const FIELD_NAMES: &str = "iu_ac;libelle;t_1h;q;k;etat_trafic;etat_barre\n";

fn day() -> NaiveDate {
    "2025-11-03".parse().unwrap()
}

fn filter() -> RowFilter {
    RowFilter::new(Scope::Days { first: day(), last: day() }, chrono_tz::Europe::Paris, 28)
}

struct Chunks<'a>(std::slice::Chunks<'a, u8>);

impl Feed for Chunks<'_> {
    type Error = SourceError;

    fn next(&mut self) -> Result<Option<Chunk>, SourceError> {
        Ok(self.0.next().map(|piece| Chunk::Bytes(piece.to_vec().into())))
    }
}

fn read(text: &[u8], size: usize) -> Result<RoadAccumulator, SourceError> {
    let mut counts = RoadAccumulator::new(filter());
    let Peek::Head(head) = head::peek(text, true) else { panic!("no header") };
    let rows = RoadRows::new(filter(), Layout::of(KEY, &head)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let settings =
        Settings { separator: head.separator, line: head.line, simd: Simd::detect(), in_flight: 2, sum: false };
    let chunks = Chunks(text[head.length..].chunks(size));
    engine::run(&pool, &rows, settings, chunks, |_, _| Ok(()), |chunk, lines| counts.fold(0, KEY, chunk, lines))?;
    counts.end_file(KEY)?;
    counts.cells.finish();
    Ok(counts)
}

#[test]
fn row_at_midnight_is_the_last_hour_of_the_previous_day() {
    let text = format!("{FIELD_NAMES}1;A;2025-11-04T00:00:00+01:00;12,0;3;Fluide;Ouvert\n");
    let counts = read(text.as_bytes(), 1 << 20).unwrap();
    let number = day().num_days_from_ce();
    let arc = counts.cells.arcs(number, number).next().unwrap();
    let page = arc.page(number).unwrap();
    assert_eq!(page.cells.iter().position(Cell::is_seen), Some(23));
    assert_eq!(page.cells[23].flow(), Some(12.0));
    assert_eq!(arc.attributes(number)[0].text(), Some("A"));
}

#[test]
fn every_row_is_used_or_counted() {
    let text = format!(
        "{FIELD_NAMES}1;A;2025-11-03 01:00:00;-1;3;Fluide;1\n1;A;2025-11-03 02:00:00;x;101;7;1\n1;A\n;A;2025-11-03 02:00:00;1;1;1;1\n1;A;tomorrow;1;1;1;1\n1;A;2025-03-30 02:30:00;1;1;1;1\n"
    );
    for size in [1, 9, 64, 1 << 20] {
        let quality = read(text.as_bytes(), size).unwrap().quality(day());
        assert_eq!((quality.rows_read, quality.rows_of_day), (6, 2));
        assert_eq!(quality.structural_rejects.values().sum::<u64>(), 4);
        assert_eq!(quality.rejects.values().sum::<u64>(), 4);
        let lines: Vec<_> = quality.examples.iter().map(|example| example.line).collect();
        assert_eq!(lines, [2, 3, 3, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn a_file_without_a_known_header_is_refused() {
    let error = read(b"a;b;c\n1;2;3\n", 64).unwrap_err();
    assert!(error.reason.contains("header"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_chunk_size_changes_nothing(
        body in prop::collection::vec(any::<u8>(), 0..300),
        rows in prop::collection::vec((0u8..3, 0u32..24, -1i32..30, prop::sample::select(vec!["a", "\"b\nb\"", "", "é"])), 0..40),
        size in 1usize..500,
    ) {
        let mut text = FIELD_NAMES.as_bytes().to_vec();
        for (arc, hour, flow, label) in rows {
            text.extend(format!("{arc};{label};2025-11-03 {hour:02}:00:00;{flow};3;Fluide;1\n").bytes());
        }
        text.extend(body);
        let whole = read(&text, text.len());
        let split = read(&text, size);
        prop_assert_eq!(whole.as_ref().err(), split.as_ref().err());
        if let (Ok(whole), Ok(split)) = (whole, split) {
            prop_assert_eq!(whole.quality(day()), split.quality(day()));
            let cells = |counts: &RoadAccumulator| {
                let number = day().num_days_from_ce();
                let mut all: Vec<_> = counts.cells.arcs(number - 27, number).map(|arc| {
                    (arc.id.to_vec(), arc.page(number).map(|page| page.cells), arc.attributes(number).map(|attribute| attribute.text().map(str::to_owned)), arc.measures())
                }).collect();
                all.sort_by(|a, b| a.0.cmp(&b.0));
                all
            };
            prop_assert_eq!(cells(&whole), cells(&split));
        }
    }
}
