//! Inputs that a run reads once, whatever the number of its days: the files of `batch/` and `reference/`.

use std::sync::Arc;

use contract::Source;
use futures::future::{try_join, try_join4};
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;
use runtime::store::Object;
use runtime::telemetry::{Span, in_current_span_blocking};

use super::engine::{Engine, bug, fatal, on_pool};
use super::progress::Part;
use super::reference::Reference;
use super::road_counts::{self, RoadCountsRead, Scope};
use crate::document::{BikeCountsSource, FileSource, FilesRead, RoadNetworkSource, WeatherSource, WorksitesSource};
use crate::draft::SourceResult;
use crate::input::{self, FileSelection, InputError, Inventory};
use crate::raw_file::{RawFile, SourceError};
use crate::telemetry::DECODE;

/// Files of one source fetched at once.
const FETCHES: usize = 4;

/// The data of a source with the files that it comes from.
pub(crate) type Inputs<T> = SourceResult<(T, FilesRead)>;

/// The parsed files of a source.
pub(crate) type ParsedFiles<S> = Inputs<Vec<Arc<<S as FileSource>::File>>>;

/// The inputs that a run reads once, whatever the number of its days.
pub(crate) struct BatchInputs {
    pub(crate) reference: Reference,
    pub(crate) road_counts: Inputs<RoadCountsRead>,
    pub(crate) worksites: ParsedFiles<WorksitesSource>,
    pub(crate) road_network: ParsedFiles<RoadNetworkSource>,
    /// Exports; snapshots come in addition, day after day.
    pub(crate) bike_counts: ParsedFiles<BikeCountsSource>,
    /// As `bike_counts`.
    pub(crate) weather: ParsedFiles<WeatherSource>,
    /// Warnings about the files of a source that depend on the storage, for the manifest.
    pub(crate) file_warnings: Vec<(Source, Vec<String>)>,
}

impl BatchInputs {
    /// # Errors
    /// Those that end the whole run: an unreachable store, a missing permission, inputs that keep changing.
    pub(crate) async fn read(
        engine: &Arc<Engine>,
        files: &[Object],
        scope: Scope,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let reference =
            again_if_replaced(engine, files, async |files| Reference::read(&engine.raw, &files, &engine.config).await);
        let roads = engine.sources.span(Source::RoadCounts);
        let road_counts = roads.instrument(again_if_replaced(engine, files, async |files| {
            read_roads(engine, &files, scope, progress).await
        }));
        let whole =
            try_join(read_files::<WorksitesSource>(engine, files), read_files::<RoadNetworkSource>(engine, files));
        let exports =
            try_join(read_files::<BikeCountsSource>(engine, files), read_files::<WeatherSource>(engine, files));
        let (reference, road_counts, (worksites, road_network), (bike_counts, weather)) =
            Box::pin(try_join4(reference, road_counts, whole, exports)).await?;
        let file_warnings = [selected::<WorksitesSource>(files), selected::<RoadNetworkSource>(files)]
            .into_iter()
            .zip([Source::Worksites, Source::RoadNetwork])
            .map(|(selection, source)| {
                selection.warn();
                (source, selection.warnings())
            })
            .collect();
        Ok(Self { reference, road_counts, worksites, road_network, bike_counts, weather, file_warnings })
    }
}

/// Reads from the listed files. If one of them is replaced meanwhile, reads once more from a new listing.
async fn again_if_replaced<T>(
    engine: &Engine,
    files: &[Object],
    read: impl AsyncFn(Vec<Object>) -> Result<T, InputError>,
) -> Result<T, Failure> {
    match read(files.to_vec()).await {
        Err(InputError::Replaced(key)) => {
            tracing::warn!(key, "input replaced while it was read; reading its source again");
        }
        other => return other.map_err(fatal),
    }
    match read(Inventory::files(&engine.raw).await?).await {
        Err(InputError::Replaced(key)) => Err(replaced_twice(key)),
        other => other.map_err(fatal),
    }
}

pub(crate) fn replaced_twice(key: String) -> Failure {
    let what = "an input was replaced twice while it was read";
    Failure::new(Code::Later, what, key, "Run again once the upload is done")
}

/// The road counts of all days in one pass.
async fn read_roads(
    engine: &Arc<Engine>,
    files: &[Object],
    scope: Scope,
    progress: &Progress,
) -> Result<Inputs<RoadCountsRead>, InputError> {
    let files = Inventory::batch(files, Source::RoadCounts);
    if files.is_empty() {
        engine.sources.done(Source::RoadCounts, Part::Files);
        return Ok(SourceResult::no_file());
    }
    let bar = progress.bytes("comptages", files.iter().map(|file| file.size).sum());
    let reader = engine.clone();
    let read = tokio::task::spawn_blocking(in_current_span_blocking(move || {
        let read = road_counts::read(&reader, &files, scope, &bar);
        bar.finish();
        read
    }));
    let read = match read.await.map_err(|error| InputError::Failed(bug(&error)))? {
        Ok(read) => {
            let inputs = read.inputs.clone();
            SourceResult::Document((read, FilesRead { inputs, ..FilesRead::default() }))
        }
        Err(InputError::Content(error)) => {
            engine.sources.fail(Source::RoadCounts, &error);
            SourceResult::Failed(error)
        }
        Err(error) => return Err(error),
    };
    engine.sources.done(Source::RoadCounts, Part::Files);
    Ok(read)
}

/// All files of a source in `batch/`, whole.
async fn read_files<S: FileSource>(engine: &Arc<Engine>, files: &[Object]) -> Result<ParsedFiles<S>, Failure> {
    let read = engine.sources.span(S::SOURCE).instrument_result(fetch_and_parse::<S>(engine, files)).await?;
    match &read {
        SourceResult::Document((parsed, read)) => {
            for (file, input) in parsed.iter().zip(&read.inputs) {
                let days = S::days(file, engine.config.city.tz);
                engine.sources.files.add(S::SOURCE, &input.key, S::row_counts(file), days);
                engine.sources.add(S::SOURCE, input.size_bytes, 1, S::row_counts(file));
            }
        }
        SourceResult::Failed(error) => engine.sources.fail(S::SOURCE, error),
        SourceResult::Absent(_) => {}
    }
    engine.sources.done(S::SOURCE, Part::Files);
    Ok(read)
}

async fn fetch_and_parse<S: FileSource>(engine: &Arc<Engine>, files: &[Object]) -> Result<ParsedFiles<S>, Failure> {
    let fetched = again_if_replaced(engine, files, async |files| {
        let selection = selected::<S>(&files);
        if selection.read.is_empty() {
            return Ok(SourceResult::no_file());
        }
        let fetched = futures::stream::iter(&selection.read)
            .map(|object| engine.sources.read(S::SOURCE, object).instrument_result(input::fetch(&engine.raw, object)));
        match fetched.buffered(FETCHES).try_collect::<Vec<_>>().await {
            Ok(read) => Ok(SourceResult::Document((read, selection.ignored()))),
            Err(InputError::Content(error)) => Ok(SourceResult::Failed(error)),
            Err(error) => Err(error),
        }
    });
    let (fetched, ignored) = match fetched.await? {
        SourceResult::Document(fetched) => fetched,
        SourceResult::Absent(reason) => return Ok(SourceResult::Absent(reason)),
        SourceResult::Failed(error) => return Ok(SourceResult::Failed(error)),
    };
    let (stored, inputs): (Vec<_>, Vec<_>) = fetched.into_iter().unzip();
    let keys: Vec<String> = inputs.iter().map(|input| input.key.clone()).collect();
    let reader = engine.clone();
    let parsed = on_pool(&engine.pool, move || {
        keys.into_iter()
            .zip(stored)
            .map(|(key, stored)| {
                let span = Span::start(&DECODE).with_source(S::SOURCE).with("key", key.clone());
                span.in_scope(|| {
                    let bytes = input::content(&key, stored)?;
                    Ok(Arc::new(S::parse(&RawFile { key, bytes, collected: None }, &reader.config.city)))
                })
            })
            .collect::<Result<Vec<_>, SourceError>>()
    });
    let parsed = SourceResult::from(parsed.await?);
    Ok(parsed.map(|parsed| (parsed, FilesRead { inputs, ignored, ..FilesRead::default() })))
}

/// The files of a source in `batch/` that are read.
fn selected<S: FileSource>(files: &[Object]) -> FileSelection {
    FileSelection::new(Inventory::batch(files, S::SOURCE), S::ONLY_LAST_FILE)
}
