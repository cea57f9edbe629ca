//! One day, source by source, from the inputs that were read.

use std::sync::Arc;

use contract::document::bike_counts::BikeCounts;
use contract::document::disruptions::Disruptions;
use contract::document::road_counts::RoadCounts;
use contract::document::road_network::RoadNetwork;
use contract::document::weather::Weather;
use contract::document::worksites::Worksites;
use contract::document::{Document, Input};
use contract::{NaiveDate, ServiceDay, Source};
use runtime::failure::Failure;
use runtime::telemetry::Span;

use super::batch_inputs::{BatchInputs, Inputs};
use super::engine::{Engine, on_pool};
use super::snapshots::DaySnapshots;
use crate::calendar;
use crate::context::DayContext;
use crate::document::road_counts::RoadInput;
use crate::document::{
    BikeCountsSource, DisruptionsSource, FileSource, FilesRead, RawSource, RoadCountsSource, RoadNetworkSource,
    WeatherSource, WorksitesSource, document,
};
use crate::draft::SourceResult;
use crate::indicator::context::WorksiteShape;
use crate::publish::{self, Written};
use crate::source::reference::school_calendar::school_holiday;
use crate::source::road_network::Network;
use crate::telemetry::INDICATORS;

/// The shared inputs of all days of a run.
pub(crate) struct Pipeline {
    pub(crate) engine: Arc<Engine>,
    pub(crate) inputs: BatchInputs,
    /// The run is for one day, whatever it catches up in addition.
    pub(crate) single_day: bool,
}

/// The document of a source for a day.
pub(crate) type DayDocument<B> = SourceResult<Document<B>>;

/// The documents of a day.
pub(crate) struct DayResult {
    pub(crate) day: ServiceDay,
    pub(crate) road_counts: DayDocument<RoadCounts>,
    pub(crate) bike_counts: DayDocument<BikeCounts>,
    pub(crate) disruptions: DayDocument<Disruptions>,
    pub(crate) weather: DayDocument<Weather>,
    pub(crate) worksites: DayDocument<Worksites>,
    pub(crate) road_network: DayDocument<RoadNetwork>,
    /// Shapes of the active worksites, if this run has read them.
    pub(crate) worksite_shapes: Option<Vec<WorksiteShape>>,
    /// Empty if there is none.
    pub(crate) network: Network,
    /// The documents as bytes, in the order of the manifest.
    pub(crate) written: Vec<(Source, SourceResult<Written>)>,
}

/// The network of a day, and its origin.
struct DayNetwork {
    document: DayDocument<RoadNetwork>,
    network: Network,
    inputs: Vec<Input>,
    warning: Option<String>,
}

/// Computes the documents of one day.
///
/// # Errors
/// Those of the store, if a document of an earlier run is needed.
pub(crate) async fn measure(
    pipeline: &Arc<Pipeline>,
    date: NaiveDate,
    snapshots: DaySnapshots,
) -> Result<DayResult, Failure> {
    let engine = &pipeline.engine;
    let day = ServiceDay::new(date, engine.config.city.tz);
    let of_day = pipeline.clone();
    let mut network = on_pool(&engine.pool, move || of_day.network(day)).await?;
    if let SourceResult::Failed(error) = &network.document {
        // The counts would lose lengths and labels because of a broken file of another source: the network already published for the
        // day serves.
        let kept = if engine.config.force {
            None
        } else {
            publish::kept_document::<RoadNetwork>(&engine.metrics, date, Source::RoadNetwork).await?
        };
        network.warning = Some(match &kept {
            Some(_) => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent de celui déjà publié pour ce jour."
            ),
            None => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent des comptages seuls, où ils y sont."
            ),
        });
        if let Some((document, input)) = kept {
            network.network = Network::of_document(&document);
            network.inputs.push(input);
        }
    }
    let of_day = pipeline.clone();
    on_pool(&engine.pool, move || of_day.all(day, network, &snapshots)).await?
}

impl Pipeline {
    pub(crate) fn context(&self, day: ServiceDay) -> DayContext<'_> {
        let (config, reference) = (&self.engine.config, &self.inputs.reference);
        let is_school_holiday = school_holiday(day.date(), &config.city, reference.calendar.as_ref()).is_some();
        DayContext {
            day,
            day_type: calendar::day_type(day.date(), &config.city, is_school_holiday),
            city: &config.city,
            zones: reference.zones.as_ref(),
            service_lines: &reference.lines,
            parameters: &config.parameters,
        }
    }

    fn network(&self, day: ServiceDay) -> DayNetwork {
        let context = self.context(day);
        let files = &self.inputs.road_network;
        let (document, network) = in_span(&Span::current(), Source::RoadNetwork, day, || {
            self.file_document::<RoadNetworkSource>(files, &context)
        });
        let inputs = match (&document, files) {
            (SourceResult::Failed(_), _) | (_, SourceResult::Absent(_) | SourceResult::Failed(_)) => Vec::new(),
            (_, SourceResult::Document((_, read))) => read.inputs.clone(),
        };
        DayNetwork { document, network: network.unwrap_or_default(), inputs, warning: None }
    }

    /// All sources; each is a task, so that a single day uses several threads too.
    fn all(&self, day: ServiceDay, network: DayNetwork, snapshots: &DaySnapshots) -> Result<DayResult, Failure> {
        let context = &self.context(day);
        // Another thread may take a task.
        let here = Span::current();
        let (road_counts, (worksites, (bike_counts, (disruptions, weather)))) = rayon::join(
            || serialized::<RoadCountsSource>(&here, day, || (self.road_counts(context, &network), Some(()))),
            || {
                rayon::join(
                    || {
                        serialized::<WorksitesSource>(&here, day, || {
                            self.file_document::<WorksitesSource>(&self.inputs.worksites, context)
                        })
                    },
                    || {
                        rayon::join(
                            || {
                                let files = snapshots.after::<BikeCountsSource>(Some(&self.inputs.bike_counts));
                                serialized::<BikeCountsSource>(&here, day, || {
                                    self.file_document::<BikeCountsSource>(&files, context)
                                })
                            },
                            || {
                                let lines = snapshots.after::<DisruptionsSource>(None);
                                let weather = snapshots.after::<WeatherSource>(Some(&self.inputs.weather));
                                (
                                    serialized::<DisruptionsSource>(&here, day, || {
                                        self.file_document::<DisruptionsSource>(&lines, context)
                                    }),
                                    serialized::<WeatherSource>(&here, day, || {
                                        self.file_document::<WeatherSource>(&weather, context)
                                    }),
                                )
                            },
                        )
                    },
                )
            },
        );
        let (road_counts, worksites, bike_counts) = (road_counts?, worksites?, bike_counts?);
        let (disruptions, weather, road_network) = (disruptions?, weather?, to_bytes(&network.document)?);
        Ok(DayResult {
            day,
            written: vec![
                (Source::RoadCounts, road_counts.bytes),
                (Source::BikeCounts, bike_counts.bytes),
                (Source::Disruptions, disruptions.bytes),
                (Source::Weather, weather.bytes),
                (Source::Worksites, worksites.bytes),
                (Source::RoadNetwork, road_network),
            ],
            road_counts: road_counts.document,
            bike_counts: bike_counts.document,
            disruptions: disruptions.document,
            weather: weather.document,
            worksites: worksites.document,
            road_network: network.document,
            worksite_shapes: worksites.shared.flatten(),
            network: network.network,
        })
    }

    fn road_counts(&self, context: &DayContext<'_>, network: &DayNetwork) -> DayDocument<RoadCounts> {
        self.inputs.road_counts.as_ref().and_then(|(read, files)| {
            let known = (!network.network.is_empty()).then_some(&network.network);
            let input = RoadInput { counts: &read.counts, network: known };
            let (draft, ()) = RoadCountsSource::draft(input, context);
            let mut files = self.inputs.reference.with_files(files, RoadCountsSource::REFERENCE);
            files.inputs.extend(network.inputs.iter().cloned());
            files.warnings.extend(network.warning.clone());
            draft.map(|draft| document::<RoadCountsSource>(draft, files, context))
        })
    }

    /// The document of a source with small files. The by-product is `None` if there are no files.
    fn file_document<S: FileSource>(
        &self,
        files: &Inputs<Vec<Arc<S::File>>>,
        context: &DayContext<'_>,
    ) -> (DayDocument<S::Body>, Option<S::Shared>) {
        let mut shared = None;
        let document = files.as_ref().and_then(|(files, read)| {
            let (draft, by_product) = S::draft(files, context);
            shared = Some(by_product);
            let files: FilesRead = self.inputs.reference.with_files(read, S::REFERENCE);
            draft.map(|draft| document::<S>(draft, files, context))
        });
        (document, shared)
    }
}

/// Runs the computation of a source in a span.
fn in_span<B, X>(
    here: &Span,
    source: Source,
    day: ServiceDay,
    measure: impl FnOnce() -> (DayDocument<B>, X),
) -> (DayDocument<B>, X) {
    let span = here.child(&INDICATORS, &format!("indicators {source}")).with_source(source).with_day(day.date());
    let (document, shared) = span.in_scope(measure);
    if let SourceResult::Failed(error) = &document {
        span.fail("SourceUnusable", &error.to_string());
    }
    (document, shared)
}

/// A document with its bytes and the by-product for other documents.
struct Serialized<S: RawSource> {
    document: DayDocument<S::Body>,
    bytes: SourceResult<Written>,
    shared: Option<S::Shared>,
}

fn serialized<S: RawSource>(
    here: &Span,
    day: ServiceDay,
    measure: impl FnOnce() -> (DayDocument<S::Body>, Option<S::Shared>),
) -> Result<Serialized<S>, Failure> {
    let (document, shared) = in_span(here, S::SOURCE, day, measure);
    Ok(Serialized { bytes: to_bytes(&document)?, document, shared })
}

fn to_bytes<B: serde::Serialize>(document: &DayDocument<B>) -> Result<SourceResult<Written>, Failure> {
    Ok(match document.as_ref() {
        SourceResult::Document(document) => SourceResult::Document(Written::of(document)?),
        SourceResult::Absent(reason) => SourceResult::Absent(reason),
        SourceResult::Failed(error) => SourceResult::Failed(error),
    })
}
