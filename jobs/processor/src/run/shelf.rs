//! What a run reads once, whatever the number of its days: the files of `batch/` and `reference/`.

use std::sync::Arc;

use contract::Source;
use contract::document::Ignored;
use futures::future::{try_join, try_join4};
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;
use runtime::store::Object;
use runtime::telemetry::{Span, in_current_span_blocking};

use super::outcome::{NO_FILE, Outcome, Reading};
use super::reference::Reference;
use super::roads::{self, Roads, Scope};
use super::sources::Part;
use super::{Engine, fatal, on_pool};
use crate::city::City;
use crate::input::{self, InputError, Inventory};
use crate::quality::Counted;
use crate::source::{RawFile, SourceError};
use crate::source::{bikes, chantiers, referentiel, weather};
use crate::telemetry::DECODE;

/// Files of one source fetched at once.
const FETCHES: usize = 4;

/// Why a source gives nothing at all.
#[derive(Debug, Clone)]
pub(super) enum Missing {
    NoFile,
    Error(SourceError),
}

impl<B> From<&Missing> for Outcome<B> {
    fn from(missing: &Missing) -> Self {
        match missing {
            Missing::NoFile => Self::Absent(NO_FILE.to_owned()),
            Missing::Error(error) => Self::Error(error.clone()),
        }
    }
}

/// What was read of a source, or why there is nothing.
pub(super) type Held<T> = Result<(T, Reading), Missing>;

/// The files of one source.
pub(super) type Files<F> = Held<Vec<Arc<F>>>;

/// What a run reads once.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) reference: Reference,
    pub(super) roads: Held<Roads>,
    pub(super) chantiers: Files<chantiers::ParsedFile>,
    pub(super) referentiel: Files<referentiel::ParsedFile>,
    /// Exports; the snapshots come beside them.
    pub(super) bikes: Files<bikes::ParsedFile>,
    /// As `bikes`.
    pub(super) weather: Files<weather::ParsedFile>,
}

impl Shelf {
    /// Reads all of it.
    ///
    /// # Errors
    /// What ends the whole run: an unreachable store, a missing right, inputs that do not hold still.
    pub(super) async fn read(
        engine: &Arc<Engine>,
        files: &[Object],
        scope: Scope,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let reference =
            again_if_replaced(engine, files, async |files| Reference::read(&engine.raw, &files, &engine.config).await);
        let of_roads = engine.sources.span(Source::RoadCounts);
        let roads = of_roads.instrument(again_if_replaced(engine, files, async |files| {
            read_roads(engine, &files, scope, progress).await
        }));
        let whole = try_join(
            read_files(engine, files, Source::Worksites, chantiers::parse, chantiers::ParsedFile::counted),
            read_files(engine, files, Source::RoadNetwork, referentiel::parse, referentiel::ParsedFile::counted),
        );
        let exports = try_join(
            read_files(engine, files, Source::BikeCounts, bikes::parse, bikes::ParsedFile::counted),
            read_files(engine, files, Source::Weather, weather::parse, weather::ParsedFile::counted),
        );
        let (reference, roads, (chantiers, referentiel), (bikes, weather)) =
            Box::pin(try_join4(reference, roads, whole, exports)).await?;
        Ok(Self { reference, roads, chantiers, referentiel, bikes, weather })
    }
}

/// Reads something from the files that were listed; where one of them is replaced meanwhile, once more from a new listing.
async fn again_if_replaced<T>(
    engine: &Engine,
    files: &[Object],
    read: impl AsyncFn(Vec<Object>) -> Result<T, InputError>,
) -> Result<T, Failure> {
    match read(files.to_vec()).await {
        Err(InputError::Replaced(key)) => {
            tracing::warn!(key, "replaced while it was read; its source starts again");
        }
        other => return other.map_err(fatal),
    }
    match read(Inventory::files(&engine.raw).await?).await {
        Err(InputError::Replaced(key)) => Err(replaced_twice(key)),
        other => other.map_err(fatal),
    }
}

/// The end of a run whose inputs do not hold still.
pub(super) fn replaced_twice(key: String) -> Failure {
    let what = "an input was replaced twice while it was read";
    Failure::new(Code::Later, what, key, "Run again once the upload is done")
}

/// The road counts of all days in one pass.
async fn read_roads(
    engine: &Arc<Engine>,
    files: &[Object],
    scope: Scope,
    progress: &Progress,
) -> Result<Held<Roads>, InputError> {
    let files = Inventory::batch(files, Source::RoadCounts);
    if files.is_empty() {
        engine.sources.done(Source::RoadCounts, Part::Files);
        return Ok(Err(Missing::NoFile));
    }
    let bar = progress.bytes("comptages", files.iter().map(|file| file.size).sum());
    let (reader, reads) = (engine.clone(), engine.clone());
    let read = tokio::task::spawn_blocking(in_current_span_blocking(move || {
        let read = roads::read(&reader, &files, scope, &bar);
        bar.finish();
        read
    }));
    // A panic has ended the process by its hook; what is left is a runtime that shuts down.
    let died = |error: tokio::task::JoinError| {
        InputError::Content(SourceError { key: String::new(), reason: format!("a part of the run died ({error})") })
    };
    match read.await.map_err(died)? {
        Ok(roads) => {
            reads.sources.done(Source::RoadCounts, Part::Files);
            let inputs = roads.inputs().to_vec();
            Ok(Ok((roads, Reading { inputs, ..Reading::default() })))
        }
        Err(InputError::Content(error)) => {
            reads.sources.fail(Source::RoadCounts, &error);
            reads.sources.done(Source::RoadCounts, Part::Files);
            Ok(Err(Missing::Error(error)))
        }
        Err(error) => Err(error),
    }
}

/// All files of a source in `batch/`, whole.
async fn read_files<F: Send + Sync + 'static>(
    engine: &Arc<Engine>,
    files: &[Object],
    source: Source,
    parse: fn(&RawFile, &City) -> F,
    counted: fn(&F) -> Counted,
) -> Result<Files<F>, Failure> {
    let read = engine.sources.span(source).instrument_result(read_whole(engine, files, source, parse)).await?;
    match &read {
        Ok((parsed, reading)) => {
            for (file, input) in parsed.iter().zip(&reading.inputs) {
                engine.sources.add(source, input.size_bytes, 1, counted(file));
            }
        }
        Err(Missing::Error(error)) => engine.sources.fail(source, error),
        Err(Missing::NoFile) => {}
    }
    engine.sources.done(source, Part::Files);
    Ok(read)
}

async fn read_whole<F: Send + Sync + 'static>(
    engine: &Arc<Engine>,
    files: &[Object],
    source: Source,
    parse: fn(&RawFile, &City) -> F,
) -> Result<Files<F>, Failure> {
    let fetched = again_if_replaced(engine, files, async |files| {
        let (objects, ignored) = plan(&files, source);
        if objects.is_empty() {
            return Ok(Err(Missing::NoFile));
        }
        let fetched = futures::stream::iter(&objects)
            .map(|object| engine.sources.read(source, object).instrument_result(input::fetch(&engine.raw, object)));
        match fetched.buffered(FETCHES).try_collect::<Vec<_>>().await {
            Ok(read) => Ok(Ok((read, ignored))),
            Err(InputError::Content(error)) => Ok(Err(Missing::Error(error))),
            Err(error) => Err(error),
        }
    });
    let (fetched, ignored) = match fetched.await? {
        Ok(fetched) => fetched,
        Err(missing) => return Ok(Err(missing)),
    };
    let (stored, inputs): (Vec<_>, Vec<_>) = fetched.into_iter().unzip();
    let keys: Vec<String> = inputs.iter().map(|input| input.key.clone()).collect();
    let reader = engine.clone();
    let parsed = on_pool(&engine.pool, move || {
        keys.into_iter()
            .zip(stored)
            .map(|(key, stored)| {
                let span = Span::start(&DECODE).with_source(source).with("key", key.clone());
                span.in_scope(|| {
                    let bytes = input::content(&key, stored)?;
                    Ok(Arc::new(parse(&RawFile { key, bytes, collected: None }, &reader.config.city)))
                })
            })
            .collect::<Result<Vec<_>, SourceError>>()
    });
    Ok(match parsed.await? {
        Ok(parsed) => Ok((parsed, Reading { inputs, ignored, ..Reading::default() })),
        Err(error) => Err(Missing::Error(error)),
    })
}

/// Which files of a source are read, and which are there and are not.
fn plan(files: &[Object], source: Source) -> (Vec<Object>, Vec<Ignored>) {
    let mut batch = Inventory::batch(files, source);
    let mut ignored = Vec::new();
    if matches!(source, Source::Worksites | Source::RoadNetwork)
        && let Some(last) = batch.pop()
    {
        let reason = format!("instantane_anterieur_a {}", last.key);
        ignored.extend(batch.drain(..).map(|object| Ignored { key: object.key, reason: reason.clone() }));
        batch.push(last);
    }
    (batch, ignored)
}
