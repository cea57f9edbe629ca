//! Every key that a job writes or reads in the store, in one place.
//!
//! Keys of raw files are relative to the raw folder, those of documents to the metrics folder, those of reports to the reports folder.

use chrono::NaiveDate;

use crate::Source;

/// Folder of the metrics documents within the processed folder.
pub const METRICS: &str = "metrics";
/// Folder of the reports within the processed folder.
pub const REPORTS: &str = "reports";
/// Raw: years of history as files.
pub const BATCH: &str = "batch/";
/// Raw: hourly snapshots.
pub const API: &str = "api/";
/// Raw: outlines of the zones.
pub const ZONES: &str = "reference/zones.geojson";
/// Raw: school holidays.
pub const SCHOOL_CALENDAR: &str = "reference/calendrier-scolaire.csv";
/// Raw: transit lines with their hours of service.
pub const LINES: &str = "reference/lignes.csv";
/// What all manifests begin with.
pub const MANIFEST_PREFIX: &str = "manifest_";
/// What all immutable documents begin with.
pub const OBJECTS: &str = "objets/";

/// The manifest of a day.
#[must_use]
pub fn manifest(day: NaiveDate) -> String {
    format!("{MANIFEST_PREFIX}{day}.json")
}

/// The day of a manifest's key, if it is one.
#[must_use]
pub fn manifest_day(key: &str) -> Option<NaiveDate> {
    let day = key.strip_prefix(MANIFEST_PREFIX)?.strip_suffix(".json")?;
    (day.len() == 10).then(|| day.parse().ok()).flatten()
}

/// All immutable documents of a day.
#[must_use]
pub fn objects(day: NaiveDate) -> String {
    format!("{OBJECTS}{day}/")
}

/// One immutable document; `sha256` in lower-case hexadecimal.
#[must_use]
pub fn object(day: NaiveDate, source: Source, sha256: &str) -> String {
    format!("{}{source}-{}.json", objects(day), sha256.get(..16).unwrap_or(sha256))
}

/// The fixed name of a document, for readers without the manifest.
#[must_use]
pub fn fixed(day: NaiveDate, source: Source) -> String {
    format!("{source}_metrics_{day}.json")
}

/// Raw: the folder of a day's snapshots of a source, by day of collection.
#[must_use]
pub fn snapshots(source: Source, collected: NaiveDate) -> String {
    format!("{API}{source}/dt={collected}/")
}

/// The report of a day; `extension` is `json` or `csv`.
#[must_use]
pub fn report(day: NaiveDate, extension: &str) -> String {
    format!("daily_report_{day}.{extension}")
}

/// The summary of a day's report, for the index.
#[must_use]
pub fn summary(day: NaiveDate) -> String {
    format!("daily_summary_{day}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_key_gives_its_day_back() {
        let day = "2025-11-03".parse().unwrap();
        assert_eq!(manifest_day(&manifest(day)), Some(day));
        assert_eq!(manifest_day("manifest_2025-11-3.json"), None);
        assert_eq!(manifest_day("manifest_2025-02-30.json"), None);
        assert_eq!(manifest_day("objets/manifest_2025-11-03.json"), None);
    }
}
