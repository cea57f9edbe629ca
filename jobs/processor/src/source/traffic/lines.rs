//! Transit lines: their modes, codes and names, and the lines of service with their hours.
//!
//! Not for: finding lines in sentences ([`super::named`]).

use contract::document::disruptions::{Line, Mode};

use super::record::LineKey;
use crate::parameters::TrafficParameters;
use crate::source::SourceError;

/// Minutes of a day of 24 hours.
const DAY: u32 = 24 * 60;

/// A line that runs, and its hours of service by the wall clock. The reliability of a day is measured over these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLine {
    /// Mode.
    pub mode: Mode,
    /// Code, such as `13` or `T3a`.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Begin of service, minutes after midnight, below 1440.
    pub service_start_minutes: u32,
    /// End of service, minutes after midnight; of the next midnight where it is not after the begin, or where it is 1440 or more.
    pub service_end_minutes: u32,
}

impl ServiceLine {
    /// A line with its hours; without a name it bears that of its mode and code.
    #[must_use]
    pub fn new(mode: Mode, code: &str, name: &str, service_start_minutes: u32, service_end_minutes: u32) -> Self {
        let code = canonical_code(mode, code);
        let name = if name.trim().is_empty() { default_name(mode, &code) } else { name.trim().to_owned() };
        Self { mode, code, name, service_start_minutes, service_end_minutes }
    }

    /// A line of the city profile, which knows no hours: they are the settings.
    #[must_use]
    pub fn from_profile(mode: Mode, code: &str, name: &str, parameters: &TrafficParameters) -> Self {
        // The setting counts the end from the next midnight.
        let end = DAY + parameters.service_fin_minutes.min(DAY);
        Self::new(mode, code, name, parameters.service_debut_minutes, end)
    }

    /// What names it.
    #[must_use]
    pub fn key(&self) -> LineKey {
        (self.mode, self.code.clone())
    }

    /// Its hours of service on a day by the wall clock, minutes after midnight, begin inclusive, end exclusive: 05:30 to 00:30 is
    /// 00:00 to 00:30 and 05:30 to 24:00. An end that equals the begin is service round the clock.
    #[must_use]
    pub fn service(&self) -> Vec<(u32, u32)> {
        let (start, end) = (self.service_start_minutes.min(DAY), self.service_end_minutes);
        let after_midnight = if end > DAY { Some(end - DAY) } else { (end <= start).then_some(end) };
        match after_midnight {
            None => vec![(start, end)],
            Some(end) if end >= start => vec![(0, DAY)],
            Some(0) => vec![(start, DAY)],
            Some(end) => vec![(0, end), (start, DAY)],
        }
    }
}

/// The lines of `reference/lignes.csv`: `mode;code;nom;debut_service;fin_service`, hours as HH:MM (24:30 is half past midnight). Columns may
/// come in any order, `,` separates too, a name may be missing; of two rows for one line the last one holds.
///
/// # Errors
/// A missing column, a mode or an hour that cannot be read: a reliability over half the lines would look like one over all of them.
pub fn read_lines(key: &str, bytes: &[u8]) -> Result<Vec<ServiceLine>, SourceError> {
    let error = |reason: String| SourceError { key: key.to_owned(), reason };
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if header.contains(&b';') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let headers = reader.headers().map_err(|cause| error(format!("the header cannot be read ({cause})")))?.clone();
    let column = |name: &str| headers.iter().position(|header| fold(header) == name);
    let required = |name: &str| {
        column(name).ok_or_else(|| {
            error(format!("no column \"{name}\"; the columns are mode;code;nom;debut_service;fin_service"))
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
        // A mode that nobody knows is a slip here: its line would never be found disrupted.
        let known =
            mode_of(field(mode_column)).filter(|mode| *mode != Mode::Other || fold(field(mode_column)) == "autre");
        let known = known.ok_or_else(|| {
            error(format!("line {line}: \"{}\" is no mode, such as metro, rer or tramway", field(mode_column)))
        })?;
        if field(code).is_empty() {
            return Err(error(format!("line {line}: no code")));
        }
        let minutes = |column: usize| {
            minutes(field(column))
                .ok_or_else(|| error(format!("line {line}: \"{}\" is no hour, such as 05:30", field(column))))
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

/// Lower case without accents, for comparing words.
pub(super) fn fold(text: &str) -> String {
    text.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

/// The mode of a published word: the bulk feed's, Navitia's ids (`commercial_mode:Metro`) and names, our own. `None` for a blank one.
pub(super) fn mode_of(word: &str) -> Option<Mode> {
    let folded = fold(word.rsplit(':').next().unwrap_or(word));
    Some(match folded.as_str() {
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

/// One spelling per code: `7bis` is `7B`, `T3A` and `3a` are `T3a`, letters of trains are capitals. Others as they are.
pub(super) fn canonical_code(mode: Mode, code: &str) -> String {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match mode {
        Mode::Metro => {
            let upper = code.to_uppercase();
            match upper.strip_suffix("BIS") {
                Some(number) => format!("{}B", number.trim_end()),
                None => upper,
            }
        }
        Mode::Rer | Mode::Transilien => code.to_uppercase(),
        Mode::Tram => {
            let lower = code.to_lowercase();
            let number = lower.strip_prefix('t').unwrap_or(&lower);
            if number.starts_with(|first: char| first.is_ascii_digit()) { format!("T{number}") } else { code }
        }
        Mode::Shuttle | Mode::Bus | Mode::Other => code,
    }
}

/// Name for people, such as `Métro 13`.
pub(super) fn default_name(mode: Mode, code: &str) -> String {
    match mode {
        Mode::Metro => format!("Métro {code}"),
        Mode::Rer => format!("RER {code}"),
        Mode::Transilien => format!("Transilien {code}"),
        Mode::Tram => format!("Tram {code}"),
        Mode::Bus => format!("Bus {code}"),
        Mode::Shuttle | Mode::Other => code.to_owned(),
    }
}

/// The line as documents hold it: named as the lines of service name it, else by mode and code.
#[must_use]
pub fn line(key: &LineKey, service: &[ServiceLine]) -> Line {
    let (mode, code) = key;
    let known = service.iter().find(|line| line.mode == *mode && line.code == *code);
    let name = known.map_or_else(|| default_name(*mode, code), |line| line.name.clone());
    Line { mode: *mode, code: code.clone(), name }
}

/// The order of ids and codes: numbers in numeric order, then text.
#[must_use]
pub fn natural_order(one: &str, other: &str) -> std::cmp::Ordering {
    let number = |text: &str| text.parse::<u64>().ok();
    match (number(one), number(other)) {
        (Some(a), Some(b)) => a.cmp(&b).then_with(|| one.cmp(other)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_service_are_read_in_any_order_of_columns() {
        let csv = "\u{FEFF}code;mode;debut_service;fin_service;nom\r\n13;metro;05:30;00:30;Ligne 13\r\nb;RER;4:50;25:10;\r\n\r\n";
        let lines = read_lines("reference/lignes.csv", csv.as_bytes()).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].mode, lines[0].name.as_str()), (Mode::Metro, "Ligne 13"));
        assert_eq!((lines[1].code.as_str(), lines[1].name.as_str()), ("B", "RER B"));
        assert_eq!((lines[1].service_start_minutes, lines[1].service_end_minutes), (290, 1510));
    }

    #[test]
    fn a_file_that_is_not_the_lines_is_refused_with_its_reason() {
        for (csv, part) in [
            ("a;b\n1;2\n", "no column \"mode\""),
            ("mode;code;nom;debut_service;fin_service\nmetro;4;;5h;00:30\n", "line 2: \"5h\" is no hour"),
            ("mode;code;nom;debut_service;fin_service\nmetro;;;05:00;00:30\n", "line 2: no code"),
            ("mode;code;nom;debut_service;fin_service\nmetor;4;;05:00;00:30\n", "line 2: \"metor\" is no mode"),
        ] {
            let error = read_lines("reference/lignes.csv", csv.as_bytes()).unwrap_err();
            assert!(error.reason.contains(part), "{error}");
        }
    }

    #[test]
    fn service_over_midnight_is_the_two_ends_of_the_day() {
        let service = |start, end| ServiceLine::new(Mode::Metro, "1", "", start, end).service();
        assert_eq!(service(330, 30), [(0, 30), (330, 1440)]);
        assert_eq!(service(330, 1470), [(0, 30), (330, 1440)]);
        assert_eq!(service(330, 0), [(330, 1440)]);
        assert_eq!(service(330, 1440), [(330, 1440)]);
        assert_eq!(service(360, 1200), [(360, 1200)]);
        assert_eq!(service(300, 300), [(0, 1440)]);
        let profile = |end: u32| {
            let parameters = TrafficParameters { service_fin_minutes: end, ..TrafficParameters::default() };
            ServiceLine::from_profile(Mode::Metro, "1", "", &parameters).service()
        };
        assert_eq!(profile(30), [(0, 30), (330, 1440)]);
        assert_eq!(profile(400), [(0, 1440)]);
    }

    #[test]
    fn codes_have_one_spelling_and_modes_every_published_one() {
        assert_eq!(canonical_code(Mode::Metro, "7bis"), "7B");
        assert_eq!(canonical_code(Mode::Metro, "3 bis"), "3B");
        assert_eq!(canonical_code(Mode::Tram, "T3A"), "T3a");
        assert_eq!(canonical_code(Mode::Tram, "3b"), "T3b");
        assert_eq!(canonical_code(Mode::Bus, "N12"), "N12");
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

    #[test]
    fn numbers_come_in_numeric_order_then_text() {
        let mut codes = vec!["T3a", "10", "B", "2"];
        codes.sort_by(|one, other| natural_order(one, other));
        assert_eq!(codes, ["2", "10", "B", "T3a"]);
    }
}
