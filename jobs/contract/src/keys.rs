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
/// Folder of the immutable documents.
pub const OBJECTS: &str = "objets/";

/// Source of a file in `batch/`, by its name; `None` for files of no source.
#[must_use]
pub fn batch_source(key: &str) -> Option<Source> {
    let stem = uncompressed(key.strip_prefix(BATCH)?).strip_suffix(".csv").filter(|stem| !stem.contains('/'))?;
    [
        ("comptages-", Source::RoadCounts),
        ("comptage-velo", Source::BikeCounts),
        ("chantiers-", Source::Worksites),
        ("referentiel-", Source::RoadNetwork),
        ("meteo", Source::Weather),
    ]
    .into_iter()
    .find_map(|(prefix, source)| stem.starts_with(prefix).then_some(source))
}

/// Raw: folder of the snapshots of a source, by day of collection.
#[must_use]
pub fn snapshots(source: Source, collected: NaiveDate) -> String {
    format!("{API}{source}/dt={collected}/")
}

/// Day of collection of a key within [`snapshots`] of the source; `None` for any other key.
#[must_use]
pub fn snapshot_day(source: Source, key: &str) -> Option<NaiveDate> {
    let rest = key.strip_prefix(API)?.strip_prefix(source.name())?.strip_prefix("/dt=")?;
    let day: NaiveDate = rest.split_once('/')?.0.parse().ok()?;
    // Several spellings parse to the same day, but listing the folder of the day finds only one of them.
    key.starts_with(&snapshots(source, day)).then_some(day)
}

/// End of the hour (or of the day, if there is no `hour=` folder) in which a snapshot was collected; `None` if the key is not that of a
/// snapshot. Folders are in UTC.
#[must_use]
pub fn snapshot_end(key: &str) -> Option<DateTime<Utc>> {
    let plain = uncompressed(key);
    if !plain.ends_with(".json") && !plain.ends_with(".jsonl") {
        return None;
    }
    let mut parts = key.split('/');
    let day: NaiveDate = parts.find_map(|part| part.strip_prefix("dt="))?.parse().ok()?;
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    match parts.find_map(|part| part.strip_prefix("hour=")) {
        Some(hour) => {
            let hour = hour.parse::<u8>().ok().filter(|hour| *hour < 24)?;
            Some(midnight + Duration::hours(i64::from(hour) + 1))
        }
        None => Some(midnight + Duration::days(1)),
    }
}

fn uncompressed(key: &str) -> &str {
    key.strip_suffix(".gz").or_else(|| key.strip_suffix(".zst")).unwrap_or(key)
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

/// Report of a day; `extension` is `json` or `csv`.
#[must_use]
pub fn report(day: NaiveDate, extension: &str) -> String {
    format!("daily_report_{day}.{extension}")
}

/// Summary of the report of a day, for the index.
#[must_use]
pub fn summary(day: NaiveDate) -> String {
    format!("daily_summary_{day}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_decides_the_source_of_a_batch_file() {
        assert_eq!(batch_source("batch/comptages-2025.csv.zst"), Some(Source::RoadCounts));
        assert_eq!(batch_source("batch/comptage-velo-2021-09.csv"), Some(Source::BikeCounts));
        assert_eq!(batch_source("batch/meteo.csv"), Some(Source::Weather));
        for other in
            ["batch/comptages.csv", "batch/old/comptages-1.csv", "batch/comptages-1.txt", "reference/lignes.csv"]
        {
            assert_eq!(batch_source(other), None, "{other}");
        }
    }

    #[test]
    fn snapshot_end_is_the_end_of_its_hour_folder() {
        let end = |key| snapshot_end(key).map(|end| end.to_rfc3339());
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=02/a.json").as_deref(), Some("2025-11-04T03:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/a.json").as_deref(), Some("2025-11-05T00:00:00+00:00"));
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=24/a.json"), None);
        assert_eq!(end("api/bikes/dt=2025-11-04/hour=02/a.txt"), None);
        assert_eq!(end("api/bikes/a.json"), None);
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
