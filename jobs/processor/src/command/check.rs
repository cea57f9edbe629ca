//! `processor check`: settings, connections and permissions, also those in the cluster. Writes no document; a probe object is written and
//! removed.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::{Source, keys};
use runtime::cluster::check_permissions;
use runtime::failure::Failure;
use runtime::location::Access;
use runtime::store::{Condition, SharedStore, prove_conditions};

use crate::config::Config;
use crate::input::{Inventory, NotRead};
use crate::pipeline::engine::open_raw;
use crate::pipeline::terminal::line;

/// Tests the configuration, the stores and the permissions, and prints each result.
pub(super) async fn check(config: &Config, now: DateTime<Utc>) -> Result<(), Failure> {
    let lang = config.lang;
    let (city, zone, threads) = (&config.city.name, config.city.tz, config.threads);
    line(&lang.pick(
        format!("réglages : ville {city}, fuseau {zone}, threads : {threads}"),
        format!("settings: city {city}, time zone {zone}, threads: {threads}"),
    ));
    let raw = open_raw(config).await?;
    let yesterday = now.with_timezone(&config.city.tz).date_naive() - chrono::Duration::days(1);
    let inventory = Inventory::list(&raw, &BTreeSet::from([yesterday])).await?;
    line(&lang.pick(
        format!("données brutes {} : listage possible", raw.root()),
        format!("raw data {}: can be listed", raw.root()),
    ));
    for source in Source::RAW {
        let files = Inventory::batch(&inventory.files, source).len();
        let snapshots = inventory.snapshots(source, yesterday).0.len();
        let required = config.required.contains(&source);
        line(&lang.pick(
            format!(
                "  {source:<12} fichiers : {files}, instantanés autour du {yesterday} : {snapshots}{}",
                if required { ", obligatoire" } else { "" }
            ),
            format!(
                "  {source:<12} files: {files}, snapshots around {yesterday}: {snapshots}{}",
                if required { ", required" } else { "" }
            ),
        ));
    }
    let not_read = inventory.not_read();
    for file in not_read.files.iter().take(NotRead::NAMED) {
        line(&lang.pick(
            format!("  non lu : {} : {}", file.key, file.why.texte()),
            format!("  not read: {}: {}", file.key, file.why.text()),
        ));
    }
    if let Some(object) = inventory.files.iter().find(|object| object.size > 0) {
        raw.get_range(&object.key, 0..1, &object.version).await.map_err(|error| error.failure())?;
        line(&lang.pick(format!("  lecture possible : {}", object.key), format!("  can be read: {}", object.key)));
    }
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Write).await?;
    metrics.list(keys::MANIFEST_PREFIX).await.map_err(|error| error.failure())?;
    line(&match probe(&metrics, now).await? {
        None => lang.pick(
            format!("métriques {} : listage, écriture conditionnelle et suppression possibles", metrics.root()),
            format!("metrics {}: can be listed, written under conditions and deleted", metrics.root()),
        ),
        Some(key) => lang.pick(
            format!(
                "métriques {} : listage et écriture conditionnelle possibles ; suppression impossible, {key} reste",
                metrics.root()
            ),
            format!(
                "metrics {}: can be listed and written under conditions; cannot be deleted, so {key} stays",
                metrics.root()
            ),
        ),
    });
    for permission in check_permissions(config.events, config.handoff.as_deref()).await? {
        line(&permission);
    }
    line(lang.pick("tout est en ordre", "all checks passed"));
    Ok(())
}

/// Writes a small object under the prefix of the immutable objects, tries to overwrite it against its conditions, and removes it. Returns its
/// key if it cannot be removed: a run needs that right only to clean up.
async fn probe(store: &SharedStore, now: DateTime<Utc>) -> Result<Option<String>, Failure> {
    let key = format!("{}check-{}-{}", keys::OBJECTS, now.timestamp_micros(), std::process::id());
    let body = Bytes::from_static(b"Written by `processor check`; may be removed at any time.\n");
    store.put(&key, body.clone(), Condition::Always).await.map_err(|error| error.failure())?;
    let conditions = prove_conditions(store.as_ref(), &key, &body).await;
    let removed = store.delete(&key).await;
    conditions?;
    Ok(removed.is_err().then_some(key))
}
