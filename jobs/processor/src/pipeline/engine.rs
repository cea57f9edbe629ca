//! The resources of a run: settings, stores, threads.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::keys;
use runtime::failure::{Code, Failure};
use runtime::location::Access;
use runtime::store::{Condition, SharedStore, StoreError};
use runtime::telemetry::in_current_span_blocking;

use super::progress::SourceProgress;
use crate::config::Config;
use crate::input::InputError;

/// Always the same key: a probe that could not be removed is overwritten by the next run, and none accumulate.
const PROBE: &str = "objets/probe.tmp";

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: Config,
    /// Raw data.
    pub(crate) raw: SharedStore,
    /// Metrics documents.
    pub(crate) metrics: SharedStore,
    /// Threads that parse and aggregate.
    pub(crate) pool: Arc<rayon::ThreadPool>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) sources: Arc<SourceProgress>,
}

impl Engine {
    /// # Errors
    /// A missing folder, an invalid setting of the SDK.
    pub(crate) async fn open(config: Config, now: DateTime<Utc>) -> Result<Self, Failure> {
        let raw = open_raw(&config).await?;
        let access = if config.dry_run { Access::Read } else { Access::Write };
        let metrics = match config.out.join(keys::METRICS).open(config.path_style, access).await {
            // There is nothing to read yet, and a dry run creates no folder.
            Err(_) if config.dry_run => {
                Arc::new(runtime::store::MemoryStore::in_place_of(config.out.join(keys::METRICS).to_string()))
            }
            opened => opened?,
        };
        // Before any input is read: a wrong bucket, region, secret or right must not show up after gigabytes.
        if !config.dry_run {
            probe_output(&metrics).await?;
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build().map_err(|error| {
            Failure::new(Code::Bug, format!("the thread pool cannot be created ({error})"), "", "Set a lower --threads")
        })?;
        Ok(Self { config, raw, metrics, pool: Arc::new(pool), now, sources: Arc::default() })
    }
}

/// Lists the manifests, and writes and removes an object of no day.
async fn probe_output(metrics: &SharedStore) -> Result<(), Failure> {
    metrics.contains_any(keys::MANIFEST_PREFIX).await.map_err(|error| error.failure())?;
    let body = Bytes::from_static(b"Written at the start of a run; may be removed at any time.\n");
    match metrics.put(PROBE, body, Condition::Always).await {
        // Another run writes the same probe, so the output can be written.
        Ok(_) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.failure()),
    }
    if let Err(error) = metrics.delete(PROBE).await {
        tracing::debug!(%error, key = PROBE, "the probe could not be removed; the next run overwrites it");
    }
    Ok(())
}

/// Opens the raw location, or `raw/` below it if that is all it holds.
pub(crate) async fn open_raw(config: &Config) -> Result<SharedStore, Failure> {
    let store = config.raw.open(config.path_style, Access::Read).await?;
    for folder in [keys::BATCH, keys::API] {
        if store.contains_any(folder).await.map_err(|error| error.failure())? {
            return Ok(store);
        }
    }
    if !store.contains_any("raw/").await.map_err(|error| error.failure())? {
        return Ok(store);
    }
    let below = config.raw.join("raw");
    tracing::info!(raw = %below, "batch/ and api/ are below raw/");
    below.open(config.path_style, Access::Read).await
}

/// The failure of the run for an input that could not be read.
pub(crate) fn fatal(error: InputError) -> Failure {
    match error {
        InputError::Store(error) => error.failure(),
        InputError::Failed(failure) => failure,
        InputError::Replaced(key) => Failure::new(
            Code::Later,
            "an input was replaced while it was read",
            key,
            "Run again once the upload is done",
        ),
        InputError::Content(error) => {
            Failure::new(Code::Data, error.reason, error.key, "Correct the file and run again")
        }
    }
}

/// The failure of a run with a panicked worker task: exit code 70.
pub(crate) fn bug(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Bug, format!("a worker task panicked ({error})"), "", "Report it with the log")
}

/// Computes on the thread pool, so that the async threads stay free.
pub(crate) async fn on_pool<T: Send + 'static>(
    pool: &rayon::ThreadPool,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let compute = in_current_span_blocking(compute);
    pool.spawn(move || drop(sender.send(compute())));
    receiver.await.map_err(|error| bug(&error))
}
