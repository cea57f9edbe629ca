//! `processor check`: configuration, reach and rights, also in the cluster. Writes no document; a probe object shows the right to write, and is removed.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::{Source, keys};
use runtime::cluster::check_permissions;
use runtime::failure::Failure;
use runtime::location::Access;
use runtime::store::{Condition, SharedStore};

use crate::config::Config;
use crate::input::Inventory;
use crate::pipeline::engine::open_raw;
use crate::pipeline::terminal::line;

/// Tests all and says what was found.
pub(crate) async fn check(config: &Config, now: DateTime<Utc>) -> Result<(), Failure> {
    line(&format!("configuration: city {}, zone {}, {} threads", config.city.name, config.city.tz, config.threads));
    let raw = open_raw(config).await?;
    let yesterday = now.with_timezone(&config.city.tz).date_naive() - chrono::Duration::days(1);
    let inventory = Inventory::take(&raw, &BTreeSet::from([yesterday])).await?;
    line(&format!("raw {}: reachable", raw.root()));
    for source in Source::RAW {
        let (snapshots, _) = inventory.snapshots(source, yesterday);
        let required = if config.required.contains(&source) { ", required" } else { "" };
        line(&format!(
            "  {source:<12} {} files, {} snapshots around {yesterday}{required}",
            Inventory::batch(&inventory.files, source).len(),
            snapshots.len()
        ));
    }
    if let Some(object) = inventory.files.iter().find(|object| object.size > 0) {
        raw.get_range(&object.key, 0..1, &object.version).await.map_err(|error| error.failure())?;
        line(&format!("  readable: {}", object.key));
    }
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Write).await?;
    metrics.list(keys::MANIFEST_PREFIX).await.map_err(|error| error.failure())?;
    probe(&metrics, now).await?;
    line(&format!("metrics {}: may list, write and delete", metrics.root()));
    for right in check_permissions(config.events, config.handoff.as_deref()).await? {
        line(&right);
    }
    line("all well");
    Ok(())
}

/// Writes and removes a small object under the prefix of the immutable objects.
async fn probe(store: &SharedStore, now: DateTime<Utc>) -> Result<(), Failure> {
    let key = format!("{}check-{}-{}", keys::OBJECTS, now.timestamp_micros(), std::process::id());
    store.put(&key, Bytes::from_static(b"probe\n"), Condition::Absent).await.map_err(|error| error.failure())?;
    store.delete(&key).await.map_err(|error| error.failure())
}
