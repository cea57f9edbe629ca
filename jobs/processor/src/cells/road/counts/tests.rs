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
    RowFilter::new(Scope::Days { first: day(), last: day() }, contract::Tz::PARIS, 28)
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
    counts.begin_file(KEY);
    engine::run(&pool, &rows, settings, chunks, |_, _| Ok(()), |chunk, lines| counts.fold(chunk, lines))?;
    counts.end_file()?;
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

#[test]
fn day_first_times_and_decimal_ids_are_read() {
    let text = format!("{FIELD_NAMES}7.0;A;03/11/2025 1:00;5;3;1;1\n7;A;03/11/2025 02:00:00;6;3;1;1\n");
    let counts = read(text.as_bytes(), 1 << 20).unwrap();
    assert_eq!((counts.quality(day()).cells, counts.warnings.len()), (2, 0));
    let number = day().num_days_from_ce();
    assert_eq!(counts.cells.arcs(number, number).map(|arc| arc.id).collect::<Vec<_>>(), [b"7"]);
}

#[test]
fn file_without_an_accepted_row_is_an_error_and_a_mostly_rejected_one_a_warning() {
    let rows = |times: &[&str]| times.iter().map(|time| format!("1;A;{time};5;3;1;1\n")).collect::<String>();
    let bad = ["Feb 6, 2023 1:00 AM", "Feb 6, 2023 2:00 AM", "Feb 6, 2023 3:00 AM"];
    let read = |times: &[&str], size| read(format!("{FIELD_NAMES}{}", rows(times)).as_bytes(), size);
    for size in [1, 20, 1 << 20] {
        let error = read(&bad, size).unwrap_err();
        assert_eq!(error.key, KEY);
        assert!(
            error.reason.starts_with("3 of 3 rows rejected: unreadable timestamp, such as \"Feb 6, 2023 1:00 AM\""),
            "{error}"
        );
        let warnings = read(&[&bad[..], &["2025-11-03 08:00"]].concat(), size).unwrap().warnings;
        assert!(warnings[0].contains("3 des 4 lignes"), "{warnings:?}");
        assert!(read(&["13/11/2025 08:00", "11/13/2025 08:00"], size).is_err(), "one month-first date");
    }
    assert!(read(&[], 9).unwrap().warnings.is_empty());
}

#[test]
fn unreadable_geometry_is_counted_once_per_row_and_replaces_nothing() {
    let header = "iu_ac,t_1h,q,k,geo_point_2d,geo_shape\n";
    let good =
        "\"{'lon': 2.35, 'lat': 48.85}\",\"{'coordinates': [[2.35, 48.85], [2.351, 48.8509]], 'type': 'LineString'}\"";
    let rows = [good, "here,there", "\"48.85, 2.35\",nan", "None,\"LINESTRING (2.35 48.85)\"", ","];
    let lines: String =
        rows.iter().zip(1..).map(|(place, hour)| format!("1,2025-11-03 0{hour}:00,1,1,{place}\n")).collect();
    for size in [30, 1 << 20] {
        let counts = read(format!("{header}{lines}").as_bytes(), size).unwrap();
        let quality = counts.quality(day());
        assert_eq!(quality.rejects, [(Reason::UnreadableGeometry, 2)].into());
        assert_eq!(quality.examples.iter().map(|example| example.line).collect::<Vec<_>>(), [3, 5]);
        let number = day().num_days_from_ce();
        let arc = counts.cells.arcs(number, number).next().unwrap();
        let [_, point, shape] = arc.attributes(number).map(|attribute| attribute.text().unwrap_or_default().to_owned());
        assert_eq!(point, "48.85, 2.35");
        assert!(shape.starts_with("{'coordinates'"));
    }
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
