//! `processor check`: settings, connections and permissions, also those in the cluster, and what the raw files hold. Writes no document; a probe
//! object is written and removed.

mod raw_files;

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::keys;
use runtime::cluster::check_permissions;
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::location::{Access, Location};
use runtime::store::{Condition, SharedStore, prove_conditions};
use runtime::terminal::{self, Tone};
use serde_json::json;

use crate::config::{CheckOptions, Config};
use crate::input::Inventory;
use crate::pipeline::engine::open_raw;
use crate::pipeline::terminal::line;
use raw_files::RawFiles;

/// Tests the configuration, the stores and the permissions, and prints each result; then the raw files. Fails like the run that it predicts.
pub(super) async fn check(config: &Config, options: CheckOptions, now: DateTime<Utc>) -> Result<(), Failure> {
    let lang = config.lang;
    let print = |text: &str| {
        if !options.json {
            line(&terminal::wrap(text, terminal::columns(), 2));
        }
    };
    let (city, zone, threads) = (&config.city.name, config.city.tz, config.threads);
    print(&lang.pick(
        format!("réglages : ville {city}, fuseau {zone}, threads : {threads}"),
        format!("settings: city {city}, time zone {zone}, threads: {threads}"),
    ));
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Write).await?;
    metrics.list(keys::MANIFEST_PREFIX).await.map_err(|error| error.failure())?;
    print(&match probe(&metrics, now).await? {
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
    let mut permissions = Vec::new();
    for permission in check_permissions(config.events, config.handoff.as_deref()).await? {
        print(&permission);
        permissions.push(permission);
    }
    let raw = open_raw(config).await?;
    let files = Inventory::files(&raw).await?;
    if let Some(object) = files.iter().find(|object| object.size > 0) {
        raw.get_range(&object.key, 0..1, &object.version).await.map_err(|error| error.failure())?;
    }
    print(&lang.pick(
        format!("données brutes {} : listage possible", raw.root()),
        format!("raw data {}: can be listed", raw.root()),
    ));
    let reads = options.files.unwrap_or(matches!(config.raw, Location::Local(_)));
    let (found, end) = if reads {
        let (found, end) = RawFiles::read(config, now, if options.json { Lang::En } else { lang }).await?;
        (found, Some(end))
    } else {
        let yesterday = now.with_timezone(&config.city.tz).date_naive() - chrono::Duration::days(1);
        (RawFiles::list(&raw, &BTreeSet::from([yesterday])).await?, None)
    };
    if options.json {
        let end_json = end.as_ref().map(|end| match end {
            Ok(line) => json!({ "exit_code": 0, "result": line }),
            Err(failure) => json!({ "exit_code": failure.code as i32, "result": failure.to_string() }),
        });
        let all = json!({
            "city": city, "timezone": zone.name(), "tz_version": contract::tz_version(), "raw": raw.root(),
            "metrics": metrics.root(), "permissions": permissions, "files": found.json(), "run": end_json,
        });
        line(&all.to_string());
    }
    if !options.json {
        found.text(lang).iter().for_each(|text| line(text));
    }
    match end {
        Some(end) => {
            let result = end?;
            print(&lang.pick(format!("un traitement réussirait : {result}"), format!("a run would succeed: {result}")));
        }
        None => print(lang.pick(
            "les fichiers ne sont pas lus (--files=yes les lit comme un traitement)",
            "the files are not read (--files=yes reads them like a run)",
        )),
    }
    print(&Tone::Good.paint(lang.pick("tout est en ordre", "all checks passed")));
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
