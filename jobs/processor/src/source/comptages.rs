//! Road counts: one row per arc and hour, in three shapes told apart by the header. Chunks of rows become cells.
//!
//! The timestamp marks the END of the hour. Nothing is dropped for its arc status: that says whether the *open/closed status* is known.

use contract::{Reason, ServiceDay};

use super::SourceError;
use crate::cells::roads::{Reading, RoadCells, RoadRow, Value, Window};
use crate::quality::Tally;
use crate::scan::record::{Fields, Records};
use crate::scan::split::Chunk;

pub mod layout;
pub mod value;

pub use layout::Layout;
use value::Clock;

/// What a run looks for in the rows.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The day.
    pub day: ServiceDay,
    /// The window of hours.
    pub window: Window,
}

/// What a part of the input holds. Parts are merged in the order of the input.
#[derive(Debug, Clone)]
pub struct Part {
    /// Cells of the window.
    pub cells: RoadCells,
    /// What became of the rows.
    pub tally: Tally,
    /// Start of the newest hour of any row, seconds since the epoch.
    pub newest: Option<i64>,
}

impl Part {
    /// Nothing yet.
    #[must_use]
    pub fn new(search: &Search) -> Self {
        Self { cells: RoadCells::new(search.window), tally: Tally::default(), newest: None }
    }

    /// Adds the part that follows.
    pub fn merge(&mut self, next: Self) {
        self.cells.merge(next.cells);
        self.tally.merge(next.tally);
        self.newest = self.newest.max(next.newest);
    }
}

/// One of the files of the data set.
#[derive(Debug, Clone, Copy)]
pub struct FileOf<'a> {
    /// Its place in key order.
    pub number: u32,
    /// Its key.
    pub key: &'a str,
    /// Where its columns are.
    pub layout: &'a Layout,
}

/// Reads one chunk; `with_header` where it begins with the header row.
#[must_use]
pub fn read_chunk(chunk: &Chunk, with_header: bool, file: FileOf<'_>, search: &Search) -> Part {
    let mut part = Part::new(search);
    let mut clock = Clock::new(search.day.tz());
    let mut fields = Fields::default();
    let layout = file.layout;
    let records = Records::new(&chunk.bytes, layout.separator, chunk.first_line).skip(usize::from(with_header));
    for record in records {
        part.tally.rows += 1;
        if let Err(reason) = read_row(record.bytes, record.line, &mut fields, file, search, &mut clock, &mut part) {
            part.tally.reject(reason, file.key, record.line, record.bytes);
        }
    }
    part
}

/// Reads one row into the part, or says why it is rejected whole.
fn read_row(
    record: &[u8],
    line: u64,
    fields: &mut Fields,
    file: FileOf<'_>,
    search: &Search,
    clock: &mut Clock,
    part: &mut Part,
) -> Result<(), Reason> {
    let layout = file.layout;
    if std::str::from_utf8(record).is_err() {
        return Err(Reason::Utf8Invalide);
    }
    fields.cut(record, layout.separator);
    if fields.len() != layout.columns {
        return Err(Reason::NombreDeColonnes);
    }
    let arc = fields.get(record, layout.arc);
    let arc = arc.trim_ascii();
    if arc.is_empty() {
        return Err(Reason::IdentifiantAbsent);
    }
    let end = clock.instant(fields.get(record, layout.time).trim_ascii())?;
    let start = end - 3600;
    part.newest = part.newest.max(Some(start));
    let Some(hour) = search.window.hour_of(start) else { return Ok(()) };
    let flow = value::flow(&fields.get(record, layout.flow));
    let occupancy = value::occupancy(&fields.get(record, layout.occupancy));
    let given = [layout.optional(fields, record, layout.state), layout.optional(fields, record, layout.status)];
    let (state, status) = (value::state(&given[0]), value::status(&given[1]));
    let in_day = hour >= search.window.day_from;
    if in_day {
        part.tally.rows_of_day += 1;
        for reason in [flow.1, occupancy.1, state.1, status.1].into_iter().flatten() {
            part.tally.reject(reason, file.key, line, record);
        }
    }
    let raw = |column: Option<usize>| column.map_or(b"".as_slice(), |column| fields.raw(record, column));
    let reading = Reading {
        flow: flow.0,
        occupancy: occupancy.0,
        state: state.0,
        status: status.0,
        unknown: [state.1, status.1]
            .iter()
            .zip(&given)
            .filter(|(reason, _)| reason.is_some())
            .fold(0, |all, (_, text)| all ^ value::hash(text)),
    };
    let row =
        RoadRow { arc, hour, reading, label: raw(layout.label), point: raw(layout.point), shape: raw(layout.shape) };
    part.cells.add(file.number, &row);
    Ok(())
}

/// The starts of the hours of which a chunk has a row, one per local day and chunk at least: seconds since the epoch.
#[must_use]
pub fn days_of_chunk(chunk: &Chunk, with_header: bool, layout: &Layout, tz: chrono_tz::Tz) -> Vec<i64> {
    let mut clock = Clock::new(tz);
    let mut fields = Fields::default();
    let mut hours: Vec<i64> = Records::new(&chunk.bytes, layout.separator, chunk.first_line)
        .skip(usize::from(with_header))
        .filter_map(|record| {
            fields.cut(record.bytes, layout.separator);
            if fields.len() != layout.columns || fields.get(record.bytes, layout.arc).trim_ascii().is_empty() {
                return None;
            }
            clock.instant(fields.get(record.bytes, layout.time).trim_ascii()).ok().map(|end| end - 3600)
        })
        .collect();
    hours.sort_unstable();
    hours.dedup();
    hours
}

/// More invalid rows than this part of all make a file unusable.
const INVALID_TEXT_PART: f64 = 0.01;

/// Whether so many rows are not valid text that the file cannot be the source.
///
/// # Errors
/// Names the file, the number of rows and what to do.
pub fn check_text(key: &str, rows: u64, invalid: u64) -> Result<(), SourceError> {
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    if invalid as f64 > rows as f64 * INVALID_TEXT_PART {
        let reason = format!("{invalid} of {rows} rows are not valid UTF-8; export the file again as UTF-8");
        return Err(SourceError { key: key.to_owned(), reason });
    }
    Ok(())
}

/// A value with the reason for which it was rejected.
type Judged = (Value, Option<Reason>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::split::{Piece, Splitter};
    use proptest::prelude::*;

    fn search() -> Search {
        let day = ServiceDay::new("2025-11-03".parse().unwrap(), chrono_tz::Europe::Paris);
        Search { day, window: Window::new(&day, 28) }
    }

    fn read(text: &[u8]) -> Result<Part, SourceError> {
        let mut splitter = Splitter::new(1 << 20);
        let mut pieces = Vec::new();
        splitter.feed(text, &mut pieces);
        splitter.finish(&mut pieces);
        let mut whole = Part::new(&search());
        let mut layout = None;
        for piece in &pieces {
            let Piece::Chunk(chunk) = piece else { continue };
            let first = layout.is_none();
            if first {
                layout = Some(Layout::of_chunk("batch/comptages.csv", chunk, splitter.separator().unwrap())?);
            }
            let file = FileOf { number: 0, key: "batch/comptages.csv", layout: layout.as_ref().unwrap() };
            whole.merge(read_chunk(chunk, first, file, &search()));
        }
        Ok(whole)
    }

    const FIELD_NAMES: &str = "iu_ac;libelle;t_1h;q;k;etat_trafic;etat_barre\n";

    #[test]
    fn a_row_stamped_at_midnight_is_the_last_hour_of_the_day_before() {
        let part =
            read(format!("{FIELD_NAMES}1;A;2025-11-04T00:00:00+01:00;12,5;3;Fluide;Ouvert\n").as_bytes()).unwrap();
        let (_, arc) = part.cells.arcs().next().unwrap();
        let (hour, cell) = arc.cells.iter().next().unwrap();
        assert_eq!(*hour, search().window.day_from + 23);
        assert_eq!(cell.last.flow, Value::Known(12.5));
    }

    #[test]
    fn every_row_is_used_or_counted() {
        let text = format!(
            "{FIELD_NAMES}1;A;2025-11-03 01:00:00;-1;3;Fluide;1\n1;A;2025-11-03 02:00:00;x;101;7;1\n1;A\n;A;2025-11-03 02:00:00;1;1;1;1\n1;A;tomorrow;1;1;1;1\n1;A;2025-03-30 02:30:00;1;1;1;1\n"
        );
        let part = read(text.as_bytes()).unwrap();
        let quality = part.tally.finish();
        assert_eq!((quality.lignes_lues, quality.lignes_du_jour), (6, 2));
        assert_eq!(quality.rejets_structure.values().sum::<u64>(), 4);
        assert_eq!(quality.rejets.values().sum::<u64>(), 4);
        assert_eq!(quality.exemples.iter().map(|example| example.ligne).collect::<Vec<_>>(), [2, 3, 3, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_file_without_a_known_header_is_refused() {
        let error = read(b"a;b;c\n1;2;3\n").unwrap_err();
        assert!(error.reason.contains("header"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut text = FIELD_NAMES.as_bytes().to_vec();
            text.extend(body);
            read(&text).unwrap();
        }
    }
}
