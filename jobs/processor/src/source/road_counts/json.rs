//! Road counts as the API's JSON: each record becomes a row with the columns of [`COLUMNS`], so that everything after it is the same as for
//! delimited files.

use contract::Reason;
use serde::de::Deserialize as _;

use crate::scan::Row;
use crate::source::road_counts::Layout;
use crate::source::text::json::Json;
use crate::source::text::json_records::Answer;
use crate::source::text::table::LONGEST_RECORD;

/// The columns of the rows.
const COLUMNS: [&str; 9] =
    ["iu_ac", "t_1h", "q", "k", "etat_trafic", "etat_barre", "libelle", "geo_point_2d", "geo_shape"];
/// Keys of the lists of records in a page.
const LISTS: [&str; 3] = ["results", "records", "features"];
/// Separates the values in a row; the scan knows their ends, so that a value may contain it.
const SEPARATOR: u8 = 0x1f;

/// The layout of the rows.
pub(crate) fn layout() -> Layout {
    Layout {
        columns: COLUMNS.len(),
        arc: 0,
        time: 1,
        flow: 2,
        occupancy: 3,
        state: Some(4),
        status: Some(5),
        attributes: [Some(6), Some(7), Some(8)],
    }
}

/// Text and ends of the values of one row, reused for all rows.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl RowBuffer {
    /// Passes on the rows of an object that begins on `line`: one record, or a page of them. A record that cannot be read is passed on with the
    /// reason.
    pub(crate) fn rows(
        &mut self,
        line: u64,
        object: &[u8],
        emit: &mut impl FnMut(Result<Row<'_>, (u64, Reason, &[u8])>),
    ) {
        let Ok(answer) = Answer::split(object, &LISTS) else {
            return emit(Err((line, Reason::UnreadableRecord, object)));
        };
        for record in answer.elements() {
            let line = line + record.line - 1;
            match self.row(line, record.raw) {
                Ok(row) => emit(Ok(row)),
                Err(reason) => emit(Err((line, reason, record.raw))),
            }
        }
    }

    fn row<'a>(&'a mut self, line: u64, raw: &'a [u8]) -> Result<Row<'a>, Reason> {
        if raw.len() > LONGEST_RECORD {
            return Err(Reason::RecordTooLong);
        }
        let text = std::str::from_utf8(raw).map_err(|_| Reason::InvalidUtf8)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let record = Json::deserialize(&mut reader).map_err(|_| Reason::UnreadableRecord)?;
        let inner = record.get("record").filter(|inner| inner.is_object()).unwrap_or(&record);
        let fields = ["fields", "properties"].iter().find_map(|key| inner.get(key).filter(|fields| fields.is_object()));
        let fields = fields.unwrap_or(inner);
        if !fields.is_object() {
            return Err(Reason::UnreadableRecord);
        }
        self.text.clear();
        self.ends.clear();
        for column in COLUMNS {
            if !self.ends.is_empty() {
                self.text.push(SEPARATOR);
            }
            let shape = || record.get("geometry").filter(|_| column == "geo_shape");
            if let Some(value) = fields.get(column).or_else(shape) {
                self.value(value);
            }
            self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        }
        Ok(Row::of_fields(raw, line, &self.text, &self.ends))
    }

    fn value(&mut self, value: &Json<'_>) {
        match value {
            Json::Null => {}
            Json::Text(text) => crate::scan::row::quote(text.as_bytes(), &mut self.text),
            other => self.text.extend_from_slice(other.to_value().to_string().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(object: &str) -> Vec<Result<Vec<String>, (u64, Reason)>> {
        let mut found = Vec::new();
        RowBuffer::default().rows(7, object.as_bytes(), &mut |row| {
            found.push(match row {
                Ok(row) => {
                    Ok((0..row.columns()).map(|at| String::from_utf8_lossy(&row.field(at)).into_owned()).collect())
                }
                Err((line, reason, _)) => Err((line, reason)),
            });
        });
        found
    }

    #[test]
    fn record_has_the_same_values_in_every_shape() {
        let fields =
            r#""iu_ac": 5462, "libelle": "\"Quai\"", "t_1h": "2025-11-03T01:00:00+01:00", "q": 12.0, "k": null"#;
        let expected = vec![Ok(["5462", "2025-11-03T01:00:00+01:00", "12.0", "", "", "", "\"Quai\"", "", ""]
            .map(str::to_owned)
            .to_vec())];
        for object in [
            format!("{{{fields}}}"),
            format!(r#"{{"total_count": 1, "results": [{{{fields}}}]}}"#),
            format!(r#"{{"records": [{{"fields": {{{fields}}}}}]}}"#),
            format!(r#"{{"records": [{{"record": {{"fields": {{{fields}}}}}}}]}}"#),
            format!(
                r#"{{"type": "FeatureCollection", "features": [{{"type": "Feature", "geometry": null, "properties": {{{fields}}}}}]}}"#
            ),
        ] {
            assert_eq!(rows(&object), expected, "{object}");
        }
    }

    #[test]
    fn shape_stays_json_and_comes_from_a_feature_too() {
        let shape = r#"{"coordinates":[[2.35,48.85],[2.351,48.8509]],"type":"LineString"}"#;
        for object in [
            format!(r#"{{"geo_shape": {shape}}}"#),
            format!(r#"{{"type": "Feature", "geometry": {shape}, "properties": {{}}}}"#),
        ] {
            assert_eq!(rows(&object)[0].as_ref().unwrap()[8], shape);
        }
    }

    #[test]
    fn bad_record_is_passed_on_with_its_line() {
        assert_eq!(rows("{\"results\": [\n12,\n{}]}")[0], Err((8, Reason::UnreadableRecord)));
        assert_eq!(rows("{\"a\": nope}"), [Err((7, Reason::UnreadableRecord))]);
    }
}
