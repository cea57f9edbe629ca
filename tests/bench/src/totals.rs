//! Totals per arc and local day with the `csv` crate on one thread: a careful solution that takes an hour to write.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use runtime::failure::{Code, Failure};

/// Column indexes of an export with labels.
const ARC: usize = 0;
const INSTANT: usize = 2;
const FLOW: usize = 3;
const OCCUPANCY: usize = 4;
/// Length of a date. A timestamp starts with its local day.
const DAY: usize = "2025-11-01".len();

/// One arc on one local day. Flow and occupancy may each be missing.
#[derive(Debug, Default)]
struct Total {
    flow: f64,
    occupancy: f64,
    occupancies: u32,
}

/// Reads a file and returns a summary of its totals.
pub(crate) fn totals(path: &Path) -> Result<String, Failure> {
    let failure = |error: &dyn std::fmt::Display| {
        Failure::new(Code::NoInput, format!("cannot be read ({error})"), path.display().to_string(), "Create it again")
    };
    let file = File::open(path).map_err(|error| failure(&error))?;
    sum(file).map_err(|error| failure(&error))
}

fn sum(input: impl Read) -> csv::Result<String> {
    let mut reader = ReaderBuilder::new().delimiter(b';').flexible(true).buffer_capacity(1 << 20).from_reader(input);
    let mut cells: HashMap<Vec<u8>, Total> = HashMap::new();
    let (mut record, mut key, mut rows) = (ByteRecord::new(), Vec::new(), 0_u64);
    while reader.read_byte_record(&mut record)? {
        rows += 1;
        let field = |column: usize| record.get(column).unwrap_or_default();
        let number = |column: usize| std::str::from_utf8(field(column)).ok().and_then(|text| text.parse::<f64>().ok());
        key.clear();
        key.extend_from_slice(field(ARC));
        key.push(b' ');
        key.extend_from_slice(field(INSTANT).get(..DAY).unwrap_or_default());
        // The key is copied only for a new cell.
        let total = match cells.get_mut(key.as_slice()) {
            Some(total) => total,
            None => cells.entry(key.clone()).or_default(),
        };
        total.flow += number(FLOW).unwrap_or_default();
        if let Some(occupancy) = number(OCCUPANCY) {
            total.occupancy += occupancy;
            total.occupancies += 1;
        }
    }
    let flow: f64 = cells.values().map(|total| total.flow).sum();
    let known = cells.values().filter(|total| total.occupancies > 0);
    let means: Vec<f64> = known.map(|total| total.occupancy / f64::from(total.occupancies)).collect();
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    Ok(format!("{} cells, flow {flow:.0}, mean occupancy {mean:.3} ({rows} rows)", cells.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_count_rows_and_add_known_values() {
        let text = "arc;label;time;q;k\n\
                    1;\"a\nb\";2025-11-01T01:00:00+01:00;10.0;2\n\
                    1;x;2025-11-01T02:00:00+01:00;20.0;4\n\
                    1;x;2025-11-01T03:00:00+01:00;;4\n\
                    2;x;2025-11-01T02:00:00+01:00;5.0;5\n";
        assert_eq!(sum(text.as_bytes()).unwrap(), "2 cells, flow 35, mean occupancy 4.167 (4 rows)");
    }
}
