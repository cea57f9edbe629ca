//! The job told as a story: which days, what is there, read, aggregate, measure, publish.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::document::DayStatus;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::number::Fixed2;
use contract::{NaiveDate, Source, keys};
use runtime::day::{Days, Origin};
use runtime::failure::{Code, Failure};
use runtime::location::Access;
use runtime::progress::Progress;
use runtime::store::SharedStore;

use crate::config::{Action, Config, DEFAULT_RAW};
use crate::input::InputError;
use crate::publish::{Fresh, Published, Publisher, to_bytes};

mod all_days;
mod check;
mod combine;
mod day;
pub mod outcome;
mod reference;
mod roads;
mod status;
mod summary;

pub use day::{DayResult, measure};
use outcome::Outcome;

/// What a run works with.
#[derive(Debug, Clone)]
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
}

/// Does what the configuration says.
///
/// # Errors
/// How the run ended, where it did not end well.
pub async fn run(config: Config) -> Result<(), Failure> {
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
        return check::check(&config, now).await;
    }
    if let Some(Action::Status { last }) = config.command {
        return status::print(&config, now, last).await;
    }
    let choice = config.days(now)?;
    if choice.origin == Origin::Yesterday && !config.log.quiet {
        summary::note(&format!("{}: {}", choice.days, choice.origin));
    }
    tracing::info!(days = %choice.days, origin = %choice.origin, "days of this run");
    let engine = Engine::open(config, now).await?;
    let days = match choice.days {
        Days::All => all_days::present(&engine).await?,
        other => other.list().unwrap_or_default(),
    };
    let mut worst: Option<Failure> = None;
    let several = days.len() > 1;
    for day in days {
        match one_day(&engine, day).await {
            Ok(()) => {}
            // What concerns one day does not keep the others from being done; what concerns the store does.
            Err(failure) if matches!(failure.code, Code::Data | Code::NoInput | Code::Later) => {
                // Of one day the end of the run tells it, on its one line.
                if several {
                    tracing::error!(day = %day, code = failure.code as i32, "{failure}");
                }
                if worst.as_ref().is_none_or(|worst| severity(worst.code) < severity(failure.code)) {
                    worst = Some(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    worst.map_or(Ok(()), Err)
}

/// Which of two days' ends is told: what needs a person before what time heals.
fn severity(code: Code) -> u8 {
    match code {
        Code::Data => 3,
        Code::NoInput => 2,
        _ => 1,
    }
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
        Ok(Self { config, raw, metrics, pool: Arc::new(pool), now })
    }
}

/// The raw folder: where it holds only `raw/`, that one.
pub(crate) async fn open_raw(config: &Config) -> Result<SharedStore, Failure> {
    let store = config.raw.open(config.path_style, Access::Read).await?;
    for folder in [keys::BATCH, keys::API] {
        if !store.list(folder).await.map_err(|error| error.failure())?.is_empty() {
            return Ok(store);
        }
    }
    if store.list("raw/").await.map_err(|error| error.failure())?.is_empty() {
        return Ok(store);
    }
    let below = config.raw.join("raw");
    tracing::info!(raw = %below, "batch/ and api/ are below raw/");
    below.open(config.path_style, Access::Read).await
}

/// Measures and publishes one day.
async fn one_day(engine: &Engine, date: NaiveDate) -> Result<(), Failure> {
    let config = &engine.config;
    let progress = Progress::new(config.log.quiet);
    let result = measure(engine, date, &progress).await?;
    if !result.any_input {
        return Err(Failure::new(
            Code::NoInput,
            format!("there is no input at all for {date}"),
            engine.raw.root(),
            "Check the raw location: it holds batch/ and api/ (processor check shows what is there)",
        ));
    }
    let fresh = [
        (Source::Comptages, fresh(&result.comptages)?),
        (Source::Bikes, fresh(&result.bikes)?),
        (Source::Traffic, fresh(&result.traffic)?),
        (Source::Weather, fresh(&result.weather)?),
        (Source::Chantiers, fresh(&result.chantiers)?),
        (Source::Referentiel, fresh(&result.referentiel)?),
    ];
    let publisher = Publisher {
        store: &engine.metrics,
        now: engine.now,
        force: config.force,
        dry_run: config.dry_run,
        required: &config.required,
    };
    let context = |documents: &[_]| combine::document(engine, &result, documents).map(Bytes::from);
    let Published { manifest, changed } = publisher.publish(&result.day, &fresh, context).await?;
    for entry in &manifest.documents {
        let (source, statut) = (entry.source.name(), entry.statut.name());
        match &entry.raison {
            Some(reason) if entry.statut == EntryStatus::Erreur || reason_is_error(&fresh, entry.source) => {
                tracing::warn!(day = %date, source, statut, reason, "source in error");
            }
            Some(reason) if entry.statut == EntryStatus::Conserve => {
                tracing::warn!(day = %date, source, statut, reason, "this run has no document; the earlier one is kept");
            }
            reason => tracing::info!(day = %date, source, statut, reason = reason.as_deref().unwrap_or(""), "document"),
        }
    }
    tracing::info!(
        day = %date, statut_jour = status(manifest.statut_jour), completude = manifest.completude.map(Fixed2::rounded),
        digest = manifest.digest, changed, dry_run = config.dry_run, "day done"
    );
    summary::print(engine, &result, &manifest, changed);
    judge(engine, &fresh, &manifest)
}

fn reason_is_error(fresh: &[(Source, Fresh)], source: Source) -> bool {
    fresh.iter().any(|(of, fresh)| *of == source && matches!(fresh, Fresh::Error(_)))
}

fn fresh<B: serde::Serialize>(outcome: &Outcome<B>) -> Result<Fresh, Failure> {
    Ok(match outcome {
        Outcome::Document(document) => Fresh::Document(to_bytes(document)?.into()),
        Outcome::Absent(reason) => Fresh::Absent(reason.clone()),
        Outcome::Error(error) => Fresh::Error(error.clone()),
    })
}

/// The name in documents.
fn status(status: DayStatus) -> &'static str {
    match status {
        DayStatus::Definitif => "definitif",
        DayStatus::Provisoire => "provisoire",
    }
}

/// Where the files of a source are looked for.
fn place(source: Source) -> &'static str {
    match source {
        Source::Comptages => "batch/comptages-*.csv",
        Source::Bikes => "api/bikes/ or batch/comptage-velo*.csv",
        Source::Traffic => "api/traffic/",
        Source::Weather => "api/weather/ or batch/meteo*.csv",
        Source::Chantiers => "batch/chantiers-*.csv",
        Source::Referentiel => "batch/referentiel-*.csv",
        Source::Contexte => "",
    }
}

/// How a published day ends the run.
fn judge(engine: &Engine, fresh: &[(Source, Fresh)], manifest: &Manifest) -> Result<(), Failure> {
    let config = &engine.config;
    // What is wrong with a source, and with which file of it.
    let unusable = |source: Source, fresh: &Fresh| match fresh {
        Fresh::Error(error) => Some((format!("{source} is unusable ({})", error.reason), error.key.clone())),
        Fresh::Absent(reason) if reason == outcome::NO_FILE => {
            Some((format!("{source} has no file"), place(source).to_owned()))
        }
        _ => None,
    };
    let all: Vec<(Source, (String, String))> =
        fresh.iter().filter_map(|(source, fresh)| Some((*source, unusable(*source, fresh)?))).collect();
    let required = || all.iter().filter(|(source, _)| config.required.contains(source));
    let failed: Vec<_> =
        if required().count() == 0 && all.len() == fresh.len() { all.iter().collect() } else { required().collect() };
    if !failed.is_empty() {
        let (what, keys): (Vec<_>, Vec<_>) =
            failed.iter().map(|(_, (what, key))| (what.as_str(), engine.raw.address(key))).unzip();
        return Err(Failure::new(
            Code::Data,
            format!("{}: {}", manifest.date, what.join("; ")),
            keys.join(", "),
            "Put the right file there and run the day again; what could be published was",
        ));
    }
    if manifest.statut_jour == DayStatus::Provisoire {
        tracing::warn!(day = %manifest.date, completude = manifest.completude.map(Fixed2::rounded),
            "the day is provisoire: more of its data is still to come; a later run completes it");
        if config.until_complete {
            return Err(Failure::new(
                Code::Later,
                format!("{} is published, and still provisoire", manifest.date),
                engine.metrics.address(&keys::manifest(manifest.date)),
                "Run again when more of its data is there",
            ));
        }
    }
    Ok(())
}

/// What ends the whole run, of what can go wrong with an input.
fn fatal(error: InputError) -> Failure {
    match error {
        InputError::Store(error) => error.failure(),
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
