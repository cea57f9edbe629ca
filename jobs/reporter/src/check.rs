//! `reporter check`: tests settings, access and rights before a scheduled run depends on them.
//!
//! Every test runs, whichever fails first. No report is read or written: in the reports one probe object is written and removed.

use std::fmt::Display;

use bytes::Bytes;
use chrono::NaiveDate;
use runtime::cluster::check_permissions;
use runtime::failure::{Code, Failure};
use runtime::lang::Lang;
use runtime::location::Access;
use runtime::store::{Condition, Store, StoreError, prove_conditions};

use crate::collect;
use crate::config::Config;
use crate::failures::worst;
use crate::terminal::Terminal;

/// Always the same key: a probe that could not be removed is overwritten by the next check, and none accumulate.
pub const PROBE: &str = "reporter-check-probe.tmp";

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// The metrics can be listed; without a manifest no read was tried.
    NoManifest,
    Readable {
        manifests: usize,
        newest: NaiveDate,
    },
    Writable,
    /// The probe stays: there is no right to remove it, and a report never needs one.
    NotRemovable,
    Rights(Vec<String>),
}

impl Finding {
    fn text(&self, lang: Lang) -> String {
        let (fr, en) = match self {
            Self::NoManifest => (
                "listage possible ; aucun manifeste encore, lecture non testée".to_owned(),
                "can be listed; there is no manifest yet, so reading was not tested".to_owned(),
            ),
            Self::Readable { manifests, newest } => (
                format!("listage et lecture possibles ; jours avec manifeste : {manifests}, le dernier {newest}"),
                format!("can be listed and read; days with a manifest: {manifests}, the newest {newest}"),
            ),
            Self::Writable => ("écriture et lecture possibles".to_owned(), "can be written and read".to_owned()),
            Self::NotRemovable => (
                format!("écriture et lecture possibles ; suppression interdite, {PROBE} reste"),
                format!("can be written and read; there is no right to remove objects, so {PROBE} stays"),
            ),
            Self::Rights(rights) => (rights.join("; "), rights.join("; ")),
        };
        lang.pick(fr, en)
    }
}

/// Runs every test, logs each result and shows it on the terminal.
///
/// # Errors
/// The most severe failure.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let terminal = Terminal::new(config.log.quiet, config.lang);
    let mut failures = Vec::new();
    let (city, tz) = (&config.city.name, config.city.tz);
    terminal.line(format_args!("réglages  ok : {city}, {tz}"), format_args!("settings  ok: {city}, {tz}"));
    let mut record =
        |check: &'static str, fr: &str, location: &dyn Display, result: Result<Finding, Failure>| match result {
            Ok(finding) => {
                let detail = finding.text(Lang::En);
                tracing::info!(check, place = %location, detail, "check passed");
                terminal.line(
                    format_args!("{fr:<9} ok : {location} : {}", finding.text(Lang::Fr)),
                    format_args!("{check:<9} ok: {location}: {detail}"),
                );
            }
            Err(failure) => {
                terminal.line(format_args!("{fr:<9} ÉCHEC : {failure}"), format_args!("{check:<9} FAILED: {failure}"));
                failures.push((check, failure));
            }
        };
    let metrics = async { check_metrics(&*config.metrics.open(config.path_style, Access::Read).await?).await };
    record("metrics", "métriques", &config.metrics, metrics.await);
    let reports = async { check_reports(&*config.reports.open(config.path_style, Access::Write).await?).await };
    record("reports", "rapports", &config.reports, reports.await);
    if config.events {
        record("cluster", "cluster", &"Events", check_permissions(true, None).await.map(Finding::Rights));
    }
    worst(failures, "checks", if config.events { 3 } else { 2 })
}

/// Lists the manifests and reads the newest.
async fn check_metrics(store: &dyn Store) -> Result<Finding, Failure> {
    let days = collect::days(store).await?;
    let Some(newest) = days.last().copied() else { return Ok(Finding::NoManifest) };
    collect::manifest(store, newest).await?;
    Ok(Finding::Readable { manifests: days.len(), newest })
}

/// Writes the probe, reads it back, tries to overwrite it against a condition, and removes it.
async fn check_reports(store: &dyn Store) -> Result<Finding, Failure> {
    // The same bytes for every check, so that two checks at once do not disturb each other.
    let body = Bytes::from_static(b"Written by `reporter check`; may be removed at any time.\n");
    store.put(PROBE, body.clone(), Condition::Always).await?;
    let (stored, _) = store.get(PROBE).await?;
    if stored != body {
        let what = "the probe does not read back as it was written";
        let todo = "Check which other program writes to this location";
        return Err(Failure::new(Code::Unavailable, what, store.address(PROBE), todo));
    }
    let conditions = prove_conditions(store, PROBE, &body).await;
    let removed = store.delete(PROBE).await;
    conditions?;
    match removed {
        Ok(()) => Ok(Finding::Writable),
        Err(StoreError::Denied { .. }) => Ok(Finding::NotRemovable),
        Err(error) => Err(error.failure()),
    }
}

#[cfg(test)]
mod tests {
    use runtime::store::MemoryStore;

    use super::*;
    use crate::sample::SampleDay;

    #[tokio::test]
    async fn check_removes_its_probe_and_leaves_reports_alone() {
        let store = MemoryStore::new();
        store.insert("daily_report_2025-11-03.json", "x");
        assert_eq!(check_reports(&store).await.unwrap(), Finding::Writable);
        assert_eq!(store.keys(), ["daily_report_2025-11-03.json"]);
    }

    #[tokio::test]
    async fn check_reads_the_newest_manifest() {
        let store = MemoryStore::new();
        assert_eq!(check_metrics(&store).await.unwrap(), Finding::NoManifest);
        SampleDay::full().publish_to(&store);
        let newest = SampleDay::DATE.parse().unwrap();
        assert_eq!(check_metrics(&store).await.unwrap(), Finding::Readable { manifests: 1, newest });
        store.insert("manifest_2025-11-04.json", "{");
        assert_eq!(check_metrics(&store).await.unwrap_err().code, Code::Data);
    }

    #[test]
    fn findings_are_worded_in_both_languages() {
        let finding = Finding::Readable { manifests: 2, newest: "2025-11-03".parse().unwrap() };
        assert!(finding.text(Lang::Fr).ends_with("jours avec manifeste : 2, le dernier 2025-11-03"));
        assert!(finding.text(Lang::En).ends_with("days with a manifest: 2, the newest 2025-11-03"));
    }
}
