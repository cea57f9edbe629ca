//! The job told as a story: which days, what is there, read, aggregate, measure, publish. All days of a run are made from one pass over the
//! input, each document byte for byte that of a run for its day alone.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::keys;
use runtime::day::DayOrigin;
use runtime::failure::{Code, Failure};
use runtime::location::Access;
use runtime::store::SharedStore;
use runtime::telemetry::{self, in_current_span_blocking};

use crate::config::{Action, Config, DEFAULT_RAW};
use crate::input::{InputError, Inventory};
use ledger::Ledger;
use sources::Sources;

mod check;
mod combine;
mod conclude;
mod day;
mod ends;
mod figures;
mod ledger;
pub mod outcome;
mod pass;
mod plan;
mod reference;
mod renewed;
mod roads;
mod shelf;
pub mod sources;
mod status;
mod summary;
mod trace;
mod window;

/// What a run works with.
#[derive(Debug)]
pub struct Engine {
    /// Settings.
    pub config: Config,
    /// Raw data.
    pub raw: SharedStore,
    /// Metrics documents.
    pub metrics: SharedStore,
    /// Threads that parse and aggregate.
    pub pool: Arc<rayon::ThreadPool>,
    /// Now.
    pub now: DateTime<Utc>,
    /// What it tells of each source.
    pub sources: Arc<Sources>,
}

/// Does what the configuration says. What was published stands on one line; nothing for what publishes nothing.
///
/// # Errors
/// How the run ended, where it did not end well.
pub async fn run(config: Config) -> Result<String, Failure> {
    if let Some(Action::Trace { file }) = &config.command {
        return trace::print(file).map(|()| String::new());
    }
    let now = runtime::clock::now()?;
    // The table of the last days reads nothing raw.
    let needed = |place: &&&str| !matches!(config.command, Some(Action::Status { .. })) || **place != DEFAULT_RAW;
    let places: Vec<&str> = config.defaults.iter().filter(needed).copied().collect();
    if !places.is_empty() && !config.log.quiet {
        let places = places.join(" and ");
        summary::note(&format!(
            "no location is set: working on {places} (--raw and --out, or their variables, say otherwise)"
        ));
    }
    if config.command == Some(Action::Check) {
        return check::check(&config, now).await.map(|()| String::new());
    }
    if let Some(Action::Status { last }) = config.command {
        return status::print(&config, now, last).await.map(|()| String::new());
    }
    let choice = config.days(now)?;
    if choice.origin == DayOrigin::Yesterday && !config.log.quiet {
        summary::note(&format!("{}: {}", choice.days, choice.origin));
    }
    choice.record();
    let (day, days) = choice.day_or_days();
    tracing::info!(day, days, day.origin = %choice.origin, "the run's days");
    let engine = Arc::new(Engine::open(config, now).await?);
    let planned = plan::days(&engine, &choice).await?;
    // Also of a run that is given up, or ended by a bug.
    let sources = engine.sources.clone();
    telemetry::on_finish(move || sources.end_all());
    let mut ledger = Ledger::default();
    let ended = Box::pin(pass::all_days(engine.clone(), planned, &mut ledger)).await;
    // Also where a day has ended badly: what was published has its report. A run that is killed is tried again, and hands over then.
    ledger.hand_off(&engine.config).await;
    ended.map(|()| ledger.line(&engine.config))
}

impl Engine {
    /// Opens the stores and the pool.
    ///
    /// # Errors
    /// A folder that is not there, a setting of the SDK that is wrong.
    pub async fn open(config: Config, now: DateTime<Utc>) -> Result<Self, Failure> {
        let raw = open_raw(&config).await?;
        let access = if config.dry_run { Access::Read } else { Access::Write };
        let metrics = match config.out.join(keys::METRICS).open(config.path_style, access).await {
            // There is nothing to read yet, and a dry run makes no folder.
            Err(_) if config.dry_run => Arc::new(runtime::store::MemoryStore::new()),
            opened => opened?,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build().map_err(|error| {
            Failure::new(Code::Bug, format!("no threads to compute with ({error})"), "", "Set --threads lower")
        })?;
        Ok(Self { config, raw, metrics, pool: Arc::new(pool), now, sources: Arc::default() })
    }
}

/// The raw folder: where it holds only `raw/`, that one.
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

/// What ends the whole run, of what can go wrong with an input.
fn fatal(error: InputError) -> Failure {
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
            Failure::new(Code::Data, error.reason, error.key, "Put the file right and run again")
        }
    }
}

/// A task of ours that died.
fn bug(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Bug, format!("a part of the run died ({error})"), "", "Report it with the log")
}

/// Computes on the pool, away from the threads that wait for answers.
async fn on_pool<T: Send + 'static>(
    pool: &rayon::ThreadPool,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let compute = in_current_span_blocking(compute);
    pool.spawn(move || drop(sender.send(compute())));
    receiver.await.map_err(|error| bug(&error))
}
