//! Column positions of a road-count file, from its header.

use memchr::memrchr;

use crate::raw_file::SourceError;
use crate::scan::head::Head;
use crate::source::text::normalize::folded;
use crate::source::text::table::{number, without_bom};
use crate::source::text::timestamp::Timestamp;

/// Rows whose types are checked in a file without a header.
const TYPED_ROWS: usize = 100;

/// Column positions in a file. Columns may come in any order; unknown columns are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) columns: usize,
    pub(crate) arc: usize,
    pub(crate) time: usize,
    pub(crate) flow: usize,
    pub(crate) occupancy: usize,
    pub(crate) state: Option<usize>,
    pub(crate) status: Option<usize>,
    pub(crate) attributes: [Option<usize>; 3],
}

impl Layout {
    /// # Errors
    /// Lists the missing columns and quotes the header.
    pub(crate) fn of(key: &str, head: &Head) -> Result<Self, SourceError> {
        let error = |reason: String| SourceError { key: key.to_owned(), reason };
        if std::str::from_utf8(&head.record).is_err() {
            return Err(error("the header is not valid UTF-8; export the file again as UTF-8".to_owned()));
        }
        let names: Vec<String> = head.fields.iter().map(|name| folded(&String::from_utf8_lossy(name))).collect();
        let find = |known: [&str; 2]| names.iter().position(|name| known.contains(&name.as_str()));
        let mut missing = Vec::new();
        let mut need = |known: [&'static str; 2]| {
            find(known).unwrap_or_else(|| {
                missing.push(known[1]);
                0
            })
        };
        let layout = Self {
            columns: names.len(),
            arc: need(["identifiant arc", "iu_ac"]),
            time: need(["date et heure de comptage", "t_1h"]),
            flow: need(["debit horaire", "q"]),
            occupancy: need(["taux d'occupation", "k"]),
            state: find(["etat trafic", "etat_trafic"]),
            status: find(["etat arc", "etat_barre"]),
            attributes: ["libelle", "geo_point_2d", "geo_shape"].map(|name| find([name, name])),
        };
        if missing.is_empty() {
            return Ok(layout);
        }
        let shown: String = String::from_utf8_lossy(&head.record).chars().take(120).collect();
        Err(error(format!(
            "unrecognised header: missing column {} (found: \"{shown}\"); replace the file by an export of the road counts or remove it",
            missing.join(", ")
        )))
    }

    /// The layout of the files of 2010 to 2016, which have tabs, no header and four columns: arc, time, flow, occupancy. They are recognised
    /// by the types of the values in the first rows of `beginning`, which may end within a row if it is not `all`.
    #[must_use]
    pub(crate) fn without_header(beginning: &[u8], all: bool) -> Option<Self> {
        let text = without_bom(beginning);
        let complete = if all { text.len() } else { memrchr(b'\n', text)? };
        let lines = text.get(..complete)?.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let mut rows = lines.filter(|line| !line.is_empty()).take(TYPED_ROWS).peekable();
        rows.peek()?;
        rows.all(is_typed_row).then_some(Self {
            columns: 4,
            arc: 0,
            time: 1,
            flow: 2,
            occupancy: 3,
            state: None,
            status: None,
            attributes: [None; 3],
        })
    }
}

fn is_typed_row(line: &[u8]) -> bool {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').map(<[u8]>::trim_ascii).collect();
    let number = |field: &[u8]| field.is_empty() || std::str::from_utf8(field).is_ok_and(|text| number(text).is_some());
    match fields.as_slice() {
        // Trailing empty fields are trimmed with the line end.
        [arc, time, values @ ..] => {
            values.len() <= 2
                && !arc.is_empty()
                && arc.iter().all(u8::is_ascii_digit)
                && Timestamp::parse_bytes(time).is_ok()
                && values.iter().all(|value| number(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_right_types_need_no_header() {
        let typed = |text: &str, all| Layout::without_header(text.as_bytes(), all).is_some();
        assert!(typed("\u{feff}5462\t2012-01-01 01:00:00\t120\t3,5\r\n5462\t2012-01-01 02:00:00\t\t\n54", false));
        assert!(!typed("5462\t2012-01-01 01:00:00\t120\t3,5\n54", true), "the last row is not complete");
        for text in
            ["", "iu_ac\tt_1h\tq\tk\n", "5462;2012-01-01 01:00:00;120;3,5\n", "5462\t120\t3,5\t2012-01-01 01:00:00\n"]
        {
            assert!(!typed(text, true), "{text}");
        }
    }
}
