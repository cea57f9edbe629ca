//! `reporter check`: whether the settings, the reach and the rights will do, before a night depends on them.
//!
//! Everything is tried, whatever fails first. No report is read or written: the reports get one probe object, which is removed again.

use std::fmt::Display;

use bytes::Bytes;
use contract::keys;
use runtime::cluster::check_permissions;
use runtime::failure::{Code, Failure};
use runtime::location::Access;
use runtime::store::{Condition, Store, StoreError};

use crate::collect;
use crate::config::Config;
use crate::notice::Notice;
use crate::run::worst;

/// The probe: always the same key, so that one that could not be removed is replaced by the next and none pile up.
pub const PROBE: &str = "reporter-check-probe.tmp";

/// Tries everything and tells what was found.
///
/// # Errors
/// The worst of what was found, with the others named in it.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let notice = Notice::new(config.log.quiet);
    let mut failures = Vec::new();
    notice.say(&format!("settings  ok: {}, {}\n", config.city.name, config.city.tz));
    let mut found = |what: &'static str, place: &dyn Display, result: Result<String, Failure>| match result {
        Ok(detail) => {
            tracing::info!(check = what, place = %place, detail, "check passed");
            notice.say(&format!("{what:<9} ok: {place}: {detail}\n"));
        }
        Err(failure) => {
            notice.say(&format!("{what:<9} FAILED: {failure}\n"));
            failures.push((what, failure));
        }
    };
    let metrics = async { readable(&*config.metrics.open(config.path_style, Access::Read).await?).await };
    found("metrics", &config.metrics, metrics.await);
    let reports = async { writable(&*config.reports.open(config.path_style, Access::Write).await?).await };
    found("reports", &config.reports, reports.await);
    if config.events {
        let rights = check_permissions(true, None).await.map(|rights| rights.join("; "));
        found("cluster", &"Events", rights);
    }
    worst(failures, "checks", if config.events { 3 } else { 2 })
}

/// Lists the manifests, and reads the newest if there is one.
async fn readable(store: &dyn Store) -> Result<String, Failure> {
    let days: Vec<_> =
        store.list(keys::MANIFEST_PREFIX).await?.iter().filter_map(|object| keys::manifest_day(&object.key)).collect();
    let Some(newest) = days.iter().max() else {
        return Ok("can be listed; there is no manifest yet, so reading was not tried".to_owned());
    };
    collect::manifest(store, *newest).await?;
    Ok(format!("can be listed and read; days with a manifest: {}, the newest {newest}", days.len()))
}

/// Writes the probe, reads it back and removes it.
async fn writable(store: &dyn Store) -> Result<String, Failure> {
    let body = Bytes::from_static(b"Written by `reporter check`; may be removed at any time.\n");
    store.put(PROBE, body.clone(), Condition::Always).await?;
    let (back, _) = store.get(PROBE).await?;
    if back != body {
        // Another check at the same time writes the same bytes, so that these are somebody else's.
        let what = "the probe that was written reads back as something else";
        return Err(Failure::new(Code::Unavailable, what, store.address(PROBE), "Check what else writes there"));
    }
    match store.delete(PROBE).await {
        Ok(()) => Ok("can be written and read".to_owned()),
        // The reporter itself never removes anything, so that it needs no right to.
        Err(StoreError::Denied { .. }) => {
            Ok(format!("can be written and read; there is no right to remove, so that {PROBE} stays"))
        }
        Err(error) => Err(error.failure()),
    }
}

#[cfg(test)]
mod tests {
    use runtime::store::MemoryStore;

    use super::*;
    use crate::sample::Day;

    #[tokio::test]
    async fn the_probe_is_removed_and_reports_are_left_alone() {
        let store = MemoryStore::new();
        store.insert("daily_report_2025-11-03.json", "x");
        assert_eq!(writable(&store).await.unwrap(), "can be written and read");
        assert_eq!(store.keys(), ["daily_report_2025-11-03.json"]);
    }

    #[tokio::test]
    async fn the_newest_manifest_is_read() {
        let store = MemoryStore::new();
        assert!(readable(&store).await.unwrap().contains("no manifest yet"));
        Day::full().publish_to(&store);
        assert!(readable(&store).await.unwrap().contains("days with a manifest: 1, the newest 2025-11-03"));
        store.insert("manifest_2025-11-04.json", "{");
        assert_eq!(readable(&store).await.unwrap_err().code, Code::Data);
    }
}
