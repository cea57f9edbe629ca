//! Every key that a job reads or writes in the store.
//!
//! Keys are relative to their folder: raw files to the raw folder, documents to the metrics folder, reports to the reports folder.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use crate::Source;

/// Folder of the metrics documents within the processed folder.
pub const METRICS: &str = "metrics";
/// Folder of the reports within the processed folder.
pub const REPORTS: &str = "reports";
/// Raw: exports, as files that cover many days.
pub const BATCH: &str = "batch/";
/// Raw: hourly snapshots of the APIs.
pub const API: &str = "api/";
/// Raw: reference files.
pub const REFERENCE: &str = "reference/";
/// Raw: outlines of the zones.
pub const ZONES: &str = "reference/zones.geojson";
/// Raw: school holidays.
pub const SCHOOL_CALENDAR: &str = "reference/calendrier-scolaire.csv";
/// Raw: transit lines with their service hours.
pub const LINES: &str = "reference/lignes.csv";
/// Prefix of all manifests.
pub const MANIFEST_PREFIX: &str = "manifest_";
/// Folder of the tidy tables of the reports.
pub const TABLES: &str = "tables/";
/// Folder of the immutable documents.
pub const OBJECTS: &str = "objets/";

/// Endings of snapshots: one answer, or one record a line.
const SNAPSHOT_ENDINGS: [&str; 3] = ["json", "jsonl", "ndjson"];

/// Source of a file in `batch/`, by its name; `None` for files of no source.
#[must_use]
pub fn batch_source(key: &str) -> Option<Source> {
    let name = key.strip_prefix(BATCH).filter(|name| !name.contains('/'))?;
    let (stem, ending) = split_ending(name);
    let (_, source, endings) = [
        ("comptages-", Source::RoadCounts, ["csv", "txt", "zip", "json", "jsonl", "ndjson"].as_slice()),
        ("comptage-velo", Source::BikeCounts, &["csv"]),
        ("chantiers-", Source::Worksites, &["csv"]),
        ("referentiel-", Source::RoadNetwork, &["csv"]),
        ("meteo", Source::Weather, &["csv"]),
    ]
    .into_iter()
    .find(|(prefix, ..)| stem.starts_with(prefix))?;
    endings.contains(&ending.as_str()).then_some(source)
}

/// A file of `reference/` that the jobs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// Outlines of the zones: `zones.geojson`.
    Zones,
    /// School holidays: any file whose name contains `calendrier-scolaire`, as the ministry calls its export.
    SchoolCalendar,
    /// Transit lines: `lignes.csv`.
    Lines,
}

/// What a file of `reference/` holds, by its name; `None` for a file that nothing reads.
#[must_use]
pub fn reference_kind(key: &str) -> Option<ReferenceKind> {
    let name = key.strip_prefix(REFERENCE).filter(|name| !name.contains('/'))?;
    match split_ending(name) {
        ("zones", ending) if ending == "geojson" => Some(ReferenceKind::Zones),
        ("lignes", ending) if ending == "csv" => Some(ReferenceKind::Lines),
        (stem, ending) if ending == "csv" && stem.contains("calendrier-scolaire") => {
            Some(ReferenceKind::SchoolCalendar)
        }
        _ => None,
    }
}

/// Raw: folder of the snapshots of a source, by day of collection, as the collectors of this project write it. [`snapshot_folder_day`] also
/// reads other spellings.
#[must_use]
pub fn snapshots(source: Source, collected: NaiveDate) -> String {
    format!("{API}{source}/dt={collected}/")
}

/// Day of collection of a folder name: `dt=` or `date=` and a day, with or without leading zeros.
#[must_use]
pub fn snapshot_folder_day(folder: &str) -> Option<NaiveDate> {
    let day = folder.strip_prefix("dt=").or_else(|| folder.strip_prefix("date="))?;
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(number(year)?).ok()?, number(month)?, number(day)?)
}

/// A whole number of one to four digits.
fn number(digits: &str) -> Option<u32> {
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Day of collection of a snapshot of the source, by the folder in its key; `None` for any other key.
#[must_use]
pub fn snapshot_day(source: Source, key: &str) -> Option<NaiveDate> {
    let rest = key.strip_prefix(API)?.strip_prefix(source.name())?.strip_prefix('/')?;
    snapshot_folder_day(rest.split_once('/')?.0)
}

/// End of the hour in which a snapshot was collected, or the beginning of its day if there is no `hour=` folder; `None` if the key is not that
/// of a snapshot. Folders are in UTC.
#[must_use]
pub fn snapshot_end(key: &str) -> Option<DateTime<Utc>> {
    let (folders, name) = key.rsplit_once('/')?;
    if !SNAPSHOT_ENDINGS.contains(&split_ending(name).1.as_str()) {
        return None;
    }
    let mut parts = folders.split('/');
    let midnight = parts.find_map(snapshot_folder_day)?.and_time(NaiveTime::MIN).and_utc();
    match parts.find_map(|part| part.strip_prefix("hour=")) {
        Some(hour) => {
            let hour = number(hour).filter(|_| hour.len() <= 2).filter(|hour| *hour < 24)?;
            Some(midnight + Duration::hours(i64::from(hour) + 1))
        }
        None => Some(midnight),
    }
}

/// Whether the name says that the file holds one JSON record a line.
#[must_use]
pub fn is_json_lines(key: &str) -> bool {
    matches!(split_ending(key).1.as_str(), "jsonl" | "ndjson")
}

/// Whether a person or a program hides the file or one of its folders: a name that begins with `.` or `_`.
#[must_use]
pub fn is_hidden(key: &str) -> bool {
    key.split('/').any(|part| part.starts_with(['.', '_']))
}

/// The name without `.gz` or `.zst` and without its ending, and that ending in lower case; `""` if the name has none. Endings may be in any
/// case.
#[must_use]
pub fn split_ending(name: &str) -> (&str, String) {
    let name = strip_ending(name, "gz").or_else(|| strip_ending(name, "zst")).unwrap_or(name);
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[base..].rfind('.') {
        Some(dot) if dot > 0 => (&name[..base + dot], name[base + dot + 1..].to_ascii_lowercase()),
        _ => (name, String::new()),
    }
}

/// The name without `.` and this ending in any case.
fn strip_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let (stem, found) = name.rsplit_once('.')?;
    (!stem.is_empty() && found.eq_ignore_ascii_case(ending)).then_some(stem)
}

/// Manifest of a day.
#[must_use]
pub fn manifest(day: NaiveDate) -> String {
    format!("{MANIFEST_PREFIX}{day}.json")
}

/// Day of a manifest; `None` if the key is not that of a manifest.
#[must_use]
pub fn manifest_day(key: &str) -> Option<NaiveDate> {
    let day = key.strip_prefix(MANIFEST_PREFIX)?.strip_suffix(".json")?;
    (day.len() == 10).then(|| day.parse().ok()).flatten()
}

/// Folder of the immutable documents of a day.
#[must_use]
pub fn objects(day: NaiveDate) -> String {
    format!("{OBJECTS}{day}/")
}

/// Immutable document with this SHA-256 (lower-case hexadecimal).
#[must_use]
pub fn object(day: NaiveDate, source: Source, sha256: &str) -> String {
    format!("{}{source}-{}.json", objects(day), sha256.get(..16).unwrap_or(sha256))
}

/// Fixed name of a document, for readers that do not use the manifest.
#[must_use]
pub fn fixed(day: NaiveDate, source: Source) -> String {
    format!("{source}_metrics_{day}.json")
}

/// Report of a day in a language; `extension` is `json` or `csv`. Each language has files of its own, so that a run in one never replaces
/// those of the other.
#[must_use]
pub fn report(day: NaiveDate, language: &str, extension: &str) -> String {
    format!("daily_report_{day}{}.{extension}", language_part(language))
}

/// Summary of the report of a day, for the index.
#[must_use]
pub fn summary(day: NaiveDate, language: &str) -> String {
    format!("daily_summary_{day}{}.json", language_part(language))
}

/// The part of a report's name that tells the language. The documents' language, French, has none.
fn language_part(language: &str) -> String {
    if language == "fr" { String::new() } else { format!(".{language}") }
}

/// Tidy table of a day, such as `troncons`; `extension` is `csv` or `parquet`. Tables have no language.
#[must_use]
pub fn table(day: NaiveDate, name: &str, extension: &str) -> String {
    format!("{TABLES}{day}/{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_decides_the_source_of_a_batch_file() {
        assert_eq!(batch_source("batch/comptages-2025.csv.zst"), Some(Source::RoadCounts));
        assert_eq!(batch_source("batch/comptage-velo-2021-09.csv"), Some(Source::BikeCounts));
        assert_eq!(batch_source("batch/meteo.csv"), Some(Source::Weather));
        assert_eq!(batch_source("batch/chantiers-3.CSV.GZ"), Some(Source::Worksites));
        for other in ["batch/comptages.csv", "batch/old/comptages-1.csv", "batch/meteo.xlsx", "reference/lignes.csv"] {
            assert_eq!(batch_source(other), None, "{other}");
        }
    }

    #[test]
    fn reference_files_are_known_by_their_names() {
        assert_eq!(reference_kind("reference/zones.GeoJSON"), Some(ReferenceKind::Zones));
        assert_eq!(reference_kind("reference/lignes.csv.zst"), Some(ReferenceKind::Lines));
        for calendar in ["reference/calendrier-scolaire.csv", "reference/fr-en-calendrier-scolaire (2).csv.gz"] {
            assert_eq!(reference_kind(calendar), Some(ReferenceKind::SchoolCalendar), "{calendar}");
        }
        for other in ["reference/zones.shp", "reference/old/lignes.csv", "batch/lignes.csv", "reference/lines.csv"] {
            assert_eq!(reference_kind(other), None, "{other}");
        }
    }

    #[test]
    fn folder_names_give_the_day_of_collection() {
        let day = NaiveDate::from_ymd_opt(2025, 11, 4);
        for folder in ["dt=2025-11-04", "date=2025-11-04", "dt=2025-11-4"] {
            assert_eq!(snapshot_folder_day(folder), day, "{folder}");
        }
        for other in ["2025-11-04", "day=2025-11-04", "dt=20251104", "dt=2025-13-04", "dt=2025-11-04-1", "dt=25-11-04"]
        {
            assert_eq!(snapshot_folder_day(other), None, "{other}");
        }
        assert_eq!(snapshot_day(Source::BikeCounts, "api/bikes/date=2025-11-4/a.json"), day);
        assert_eq!(snapshot_day(Source::Weather, "api/bikes/dt=2025-11-04/a.json"), None);
    }

    #[test]
    fn ending_is_split_off_without_the_compression() {
        let split = |name| split_ending(name);
        assert_eq!(split("a/b.c/name (1).csv.gz"), ("a/b.c/name (1)", "csv".to_owned()));
        assert_eq!(split("NAME.NDJSON.ZST"), ("NAME", "ndjson".to_owned()));
        assert_eq!(split("a.b/name"), ("a.b/name", String::new()));
        assert_eq!(split(".gz"), (".gz", String::new()));
        assert!(is_json_lines("x/a.JSONL.gz") && !is_json_lines("x.jsonl/a.json"));
        assert!(is_hidden("batch/_tmp/a.csv") && is_hidden("batch/.a.csv") && !is_hidden("batch/a_b.csv"));
    }

    #[test]
    fn snapshot_end_is_the_end_of_its_hour_folder_or_the_beginning_of_its_day() {
        let end = |key| snapshot_end(key).map(|end| end.to_rfc3339());
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=02/a.json").as_deref(), Some("2025-11-04T03:00:00+00:00"));
        assert_eq!(end("api/bikes/date=2025-11-4/hour=2/a.NDJSON.gz").as_deref(), Some("2025-11-04T03:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/a.json").as_deref(), Some("2025-11-04T00:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=002/a.json"), None);
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=24/a.json"), None);
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=02/a.txt"), None);
        assert_eq!(end("api/bikes/a.json"), None);
    }

    #[test]
    fn languages_have_reports_of_their_own_and_share_the_tables() {
        let day = "2025-11-03".parse().unwrap();
        assert_eq!(report(day, "fr", "csv"), "daily_report_2025-11-03.csv");
        assert_eq!(report(day, "en", "csv"), "daily_report_2025-11-03.en.csv");
        assert_eq!(summary(day, "fr"), "daily_summary_2025-11-03.json");
        assert_eq!(summary(day, "en"), "daily_summary_2025-11-03.en.json");
        assert_eq!(table(day, "troncons", "parquet"), "tables/2025-11-03/troncons.parquet");
    }

    #[test]
    fn manifest_key_gives_its_day_back() {
        let day = "2025-11-03".parse().unwrap();
        assert_eq!(manifest_day(&manifest(day)), Some(day));
        assert_eq!(manifest_day("manifest_2025-11-3.json"), None);
        assert_eq!(manifest_day("manifest_2025-02-30.json"), None);
        assert_eq!(manifest_day("objets/manifest_2025-11-03.json"), None);
    }
}
