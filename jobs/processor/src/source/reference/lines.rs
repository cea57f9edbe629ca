//! Transit lines with their service hours, from `reference/lignes.csv`, and the spellings of transit modes.

use contract::document::disruptions::Mode;

use crate::raw_file::SourceError;
use crate::source::text::normalize::folded;
use crate::transit_line::{DAY, ServiceLine};

/// Reads `reference/lignes.csv`: `mode;code;nom;debut_service;fin_service`, times as HH:MM (24:30 is half past midnight). Columns may come in
/// any order, the separator may be `,`, the name may be missing; of two rows for one line the last one counts.
///
/// # Errors
/// A missing column, an unknown mode or an invalid time: skipping the line would silently compute the reliability over fewer lines.
pub(crate) fn read_lines(key: &str, bytes: &[u8]) -> Result<Vec<ServiceLine>, SourceError> {
    let error = |reason: String| SourceError { key: key.to_owned(), reason };
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if header.contains(&b';') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let headers = reader.headers().map_err(|cause| error(format!("the header cannot be read ({cause})")))?.clone();
    let column = |name: &str| headers.iter().position(|header| folded(header) == name);
    let required = |name: &str| {
        column(name).ok_or_else(|| {
            error(format!("missing column \"{name}\"; expected mode;code;nom;debut_service;fin_service"))
        })
    };
    let (mode_column, code) = (required("mode")?, required("code")?);
    let (start, end) = (required("debut_service")?, required("fin_service")?);
    let name = column("nom");

    let mut lines: Vec<ServiceLine> = Vec::new();
    for (at, row) in reader.records().enumerate() {
        let row = row.map_err(|cause| error(format!("row {} cannot be read ({cause})", at + 2)))?;
        let line = row.position().map_or(at as u64 + 2, csv::Position::line);
        let field = |column: usize| row.get(column).unwrap_or_default();
        if row.iter().all(str::is_empty) {
            continue;
        }
        // An unknown mode is an error here: the line would never match a disruption.
        let known =
            mode_of(field(mode_column)).filter(|mode| *mode != Mode::Other || folded(field(mode_column)) == "autre");
        let known = known.ok_or_else(|| {
            error(format!("line {line}: \"{}\" is not a known mode; expected metro, rer, transilien, tramway, bus, navette or autre", field(mode_column)))
        })?;
        if field(code).is_empty() {
            return Err(error(format!("line {line}: the code is missing")));
        }
        let minutes = |column: usize| {
            minutes(field(column)).ok_or_else(|| {
                error(format!("line {line}: \"{}\" is not a valid time; expected HH:MM, such as 05:30", field(column)))
            })
        };
        let found = ServiceLine::new(known, field(code), name.map_or("", field), minutes(start)? % DAY, minutes(end)?);
        lines.retain(|line| line.key() != found.key());
        lines.push(found);
    }
    Ok(lines)
}

/// `HH:MM` (or `HH:MM:SS`), up to 48:00, to minutes.
fn minutes(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    (hours * 60 + minutes <= 2 * DAY && hours <= 48 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The mode of a published word: of the bulk feed, of Navitia's ids (`commercial_mode:Metro`) and names, or of our own files. `None` if
/// blank.
pub(crate) fn mode_of(word: &str) -> Option<Mode> {
    let word = folded(word.rsplit(':').next().unwrap_or(word));
    Some(match word.as_str() {
        "" => return None,
        "metro" => Mode::Metro,
        "rer" | "rapidtransit" => Mode::Rer,
        "transilien" | "train transilien" | "localtrain" | "train" => Mode::Transilien,
        "tramway" | "tram" => Mode::Tram,
        "railshuttle" | "navette" | "orlyval, cdg val" | "orlyval" | "cdgval" | "cdg val" | "val" => Mode::Shuttle,
        "bus" | "noctilien" | "coach" | "car" => Mode::Bus,
        _ => Mode::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_columns_in_any_order() {
        let csv = "\u{FEFF}code;mode;debut_service;fin_service;nom\r\n13;metro;05:30;00:30;Ligne 13\r\nb;RER;4:50;25:10;\r\n\r\n";
        let lines = read_lines("reference/lignes.csv", csv.as_bytes()).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].mode, lines[0].name.as_str()), (Mode::Metro, "Ligne 13"));
        assert_eq!((lines[1].code.as_str(), lines[1].name.as_str()), ("B", "RER B"));
        assert_eq!((lines[1].service_start_minutes, lines[1].service_end_minutes), (290, 1510));
    }

    #[test]
    fn invalid_lines_file_is_refused_with_its_reason() {
        for (csv, part) in [
            ("a;b\n1;2\n", "missing column \"mode\""),
            ("mode;code;nom;debut_service;fin_service\nmetro;4;;5h;00:30\n", "line 2: \"5h\" is not a valid time"),
            ("mode;code;nom;debut_service;fin_service\nmetro;;;05:00;00:30\n", "line 2: the code is missing"),
            (
                "mode;code;nom;debut_service;fin_service\nmetor;4;;05:00;00:30\n",
                "line 2: \"metor\" is not a known mode",
            ),
        ] {
            let error = read_lines("reference/lignes.csv", csv.as_bytes()).unwrap_err();
            assert!(error.reason.contains(part), "{error}");
        }
    }

    #[test]
    fn published_spellings_of_a_mode_are_known() {
        for (word, mode) in [
            ("Metro", Mode::Metro),
            ("Métro", Mode::Metro),
            ("RapidTransit", Mode::Rer),
            ("LocalTrain", Mode::Transilien),
            ("commercial_mode:RailShuttle", Mode::Shuttle),
            ("Tramway", Mode::Tram),
            ("Bus", Mode::Bus),
            ("Funiculaire", Mode::Other),
        ] {
            assert_eq!(mode_of(word), Some(mode), "{word}");
        }
        assert_eq!(mode_of(" "), None);
    }
}
