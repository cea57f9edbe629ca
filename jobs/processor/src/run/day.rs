//! One day, source by source, from what has been read: everything that a day's raw data gives.

use std::sync::Arc;

use contract::document::Input;
use contract::document::bike_counts::BikeCounts;
use contract::document::disruptions::Disruptions;
use contract::document::road_counts::RoadCounts;
use contract::document::road_network::RoadNetwork;
use contract::document::weather::Weather;
use contract::document::worksites::Worksites;
use contract::{NaiveDate, ServiceDay, Source};
use runtime::failure::Failure;
use runtime::telemetry::Span;

use super::outcome::{Outcome, Reading, document};
use super::reference::Reference;
use super::shelf::{Files, Missing, Shelf};
use super::window::{OfSource, Snapshots};
use super::{Engine, on_pool};
use crate::calendar;
use crate::context::DayContext;
use crate::publish::{self, Fresh, Written};
use crate::source;
use crate::source::Measured;
use crate::source::chantiers::WorksiteShape;
use crate::source::referentiel::Network;
use crate::telemetry::INDICATORS;

/// What all days of a run are made from.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) engine: Arc<Engine>,
    pub(super) shelf: Shelf,
    /// Whether the run is for one day, whatever it does along.
    pub(super) alone: bool,
}

impl Pass {
    fn context(&self, day: ServiceDay) -> DayContext<'_> {
        let (config, reference) = (&self.engine.config, &self.shelf.reference);
        DayContext {
            day,
            day_type: calendar::day_type(day.date(), &config.city, reference.calendar.as_ref()),
            city: &config.city,
            zones: reference.zones.as_ref(),
            parameters: &config.parameters,
        }
    }
}

/// Everything that one day's raw data gives.
#[derive(Debug)]
pub(super) struct DayResult {
    /// The day.
    pub(super) day: ServiceDay,
    /// Road counts.
    pub(super) comptages: Outcome<RoadCounts>,
    /// Bike counters.
    pub(super) bikes: Outcome<BikeCounts>,
    /// Disruptions.
    pub(super) traffic: Outcome<Disruptions>,
    /// Weather.
    pub(super) weather: Outcome<Weather>,
    /// Worksites.
    pub(super) chantiers: Outcome<Worksites>,
    /// Network.
    pub(super) referentiel: Outcome<RoadNetwork>,
    /// Shapes of the active worksites, where this run has read them.
    pub(super) worksites: Option<Vec<WorksiteShape>>,
    /// The network, empty where there is none.
    pub(super) network: Network,
    /// The documents as they are written.
    pub(super) fresh: Vec<(Source, Fresh)>,
}

/// The network of a day, and where it comes from.
#[derive(Debug)]
struct Roads {
    outcome: Outcome<RoadNetwork>,
    network: Network,
    inputs: Vec<Input>,
    warning: Option<String>,
}

/// Measures one day.
///
/// # Errors
/// The store's, where a document of an earlier run is needed.
pub(super) async fn measure(pass: &Arc<Pass>, date: NaiveDate, snapshots: Snapshots) -> Result<DayResult, Failure> {
    let engine = &pass.engine;
    let day = ServiceDay::new(date, engine.config.city.tz);
    let of_day = pass.clone();
    let mut roads = on_pool(&engine.pool, move || of_day.roads(day)).await?;
    if let Outcome::Error(error) = &roads.outcome {
        // The counts would lose lengths and labels for a broken file of another source: the network that the day has already serves.
        let kept = if engine.config.force {
            None
        } else {
            publish::kept_document::<RoadNetwork>(&engine.metrics, date, Source::RoadNetwork).await?
        };
        roads.warning = Some(match &kept {
            Some(_) => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent de celui déjà publié pour ce jour."
            ),
            None => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent des comptages seuls, où ils y sont."
            ),
        });
        if let Some((document, input)) = kept {
            roads.network = Network::of_document(&document);
            roads.inputs.push(input);
        }
    }
    let of_day = pass.clone();
    on_pool(&engine.pool, move || of_day.all(day, roads, &snapshots)).await?
}

impl Pass {
    fn roads(&self, day: ServiceDay) -> Roads {
        let context = self.context(day);
        let (mut network, mut inputs) = (Network::default(), Vec::new());
        let read = |files: &[Arc<source::referentiel::ParsedFile>], reading: &Reading| {
            let (measured, read) = source::referentiel::read(files, &context)?;
            network = read;
            inputs.clone_from(&reading.inputs);
            Ok(measured)
        };
        let outcome = indicators(&Span::current(), Source::RoadNetwork, day, || {
            let parameters = &context.parameters.referentiel;
            self.whole(Source::RoadNetwork, &self.shelf.referentiel, &context, read, parameters)
        });
        Roads { outcome, network, inputs, warning: None }
    }

    /// All sources; each is a task of its own, so that a day alone uses several threads too.
    fn all(&self, day: ServiceDay, roads: Roads, snapshots: &Snapshots) -> Result<DayResult, Failure> {
        let context = &self.context(day);
        let mut worksites = None;
        // Another thread may take a part.
        let here = Span::current();
        let (comptages, (chantiers, (bikes, (traffic, weather)))) = rayon::join(
            || with_bytes(&here, Source::RoadCounts, day, || self.comptages(context, &roads)),
            || {
                rayon::join(
                    || with_bytes(&here, Source::Worksites, day, || self.chantiers(context, &mut worksites)),
                    || {
                        rayon::join(
                            || with_bytes(&here, Source::BikeCounts, day, || self.bikes(context, &snapshots.bikes)),
                            || {
                                (
                                    with_bytes(&here, Source::Disruptions, day, || {
                                        self.traffic(context, &snapshots.traffic)
                                    }),
                                    with_bytes(&here, Source::Weather, day, || {
                                        self.weather(context, &snapshots.weather)
                                    }),
                                )
                            },
                        )
                    },
                )
            },
        );
        let (comptages, chantiers, bikes) = (comptages?, chantiers?, bikes?);
        let (traffic, weather, referentiel) = (traffic?, weather?, written(&roads.outcome)?);
        let fresh = vec![
            (Source::RoadCounts, comptages.1),
            (Source::BikeCounts, bikes.1),
            (Source::Disruptions, traffic.1),
            (Source::Weather, weather.1),
            (Source::Worksites, chantiers.1),
            (Source::RoadNetwork, referentiel),
        ];
        Ok(DayResult {
            day,
            comptages: comptages.0,
            bikes: bikes.0,
            traffic: traffic.0,
            weather: weather.0,
            chantiers: chantiers.0,
            referentiel: roads.outcome,
            worksites,
            network: roads.network,
            fresh,
        })
    }

    fn comptages(&self, context: &DayContext<'_>, roads: &Roads) -> Outcome<RoadCounts> {
        let (counts, reading) = match &self.shelf.roads {
            Ok(held) => (&held.0, &held.1),
            Err(missing) => return missing.into(),
        };
        let known = (!roads.network.is_empty()).then_some(&roads.network);
        let measured = counts.measure(known, context);
        let mut reading = self.shelf.reference.beside(reading, Reference::zones);
        reading.inputs.extend(roads.inputs.iter().cloned());
        reading.warnings.extend(roads.warning.clone());
        document(Source::RoadCounts, measured, reading, &context.parameters.comptages, context)
    }

    fn chantiers(&self, context: &DayContext<'_>, worksites: &mut Option<Vec<WorksiteShape>>) -> Outcome<Worksites> {
        let read = |files: &[Arc<source::chantiers::ParsedFile>], _: &Reading| {
            let (measured, shapes) = source::chantiers::read(files, context)?;
            *worksites = matches!(measured, Measured::Document(_)).then_some(shapes);
            Ok(measured)
        };
        self.whole(Source::Worksites, &self.shelf.chantiers, context, read, &context.parameters.chantiers)
    }

    /// A source whose files are read once for all days.
    fn whole<F, B, P: serde::Serialize>(
        &self,
        source: Source,
        held: &Files<F>,
        context: &DayContext<'_>,
        read: impl FnOnce(&[Arc<F>], &Reading) -> Result<Measured<B>, crate::source::SourceError>,
        parameters: &P,
    ) -> Outcome<B> {
        let (files, reading) = match held {
            Ok(held) => (&held.0, &held.1),
            Err(missing) => return missing.into(),
        };
        match read(files, reading) {
            Err(error) => Outcome::Error(error),
            Ok(measured) => {
                let reading = self.shelf.reference.beside(reading, Reference::zones);
                document(source, measured, reading, parameters, context)
            }
        }
    }

    fn bikes(&self, context: &DayContext<'_>, snapshots: &OfSource<source::bikes::ParsedFile>) -> Outcome<BikeCounts> {
        let (files, reading) = match together(Some(&self.shelf.bikes), snapshots) {
            Ok(held) => held,
            Err(missing) => return (&missing).into(),
        };
        source::bikes::read(&files, context).map_or_else(Outcome::Error, |measured| {
            let reading = self.shelf.reference.beside(&reading, Reference::zones);
            document(Source::BikeCounts, measured, reading, &context.parameters.bikes, context)
        })
    }

    fn traffic(
        &self,
        context: &DayContext<'_>,
        snapshots: &OfSource<source::traffic::ParsedFile>,
    ) -> Outcome<Disruptions> {
        let (files, reading) = match together(None, snapshots) {
            Ok(held) => held,
            Err(missing) => return (&missing).into(),
        };
        let reference = &self.shelf.reference;
        source::traffic::read(&files, &reference.lines, context).map_or_else(Outcome::Error, |measured| {
            let reading = reference.beside(&reading, Reference::lines);
            document(Source::Disruptions, measured, reading, &context.parameters.traffic, context)
        })
    }

    fn weather(&self, context: &DayContext<'_>, snapshots: &OfSource<source::weather::ParsedFile>) -> Outcome<Weather> {
        let (files, reading) = match together(Some(&self.shelf.weather), snapshots) {
            Ok(held) => held,
            Err(missing) => return (&missing).into(),
        };
        source::weather::read(&files, context).map_or_else(Outcome::Error, |measured| {
            let reading = self.shelf.reference.beside(&reading, Reference::calendar_alone);
            document(Source::Weather, measured, reading, &context.parameters.weather, context)
        })
    }
}

/// The exports of a source and the day's snapshots beside them.
fn together<F>(exports: Option<&Files<F>>, snapshots: &OfSource<F>) -> Files<F> {
    let (mut files, mut reading) = match exports {
        Some(Ok((files, reading))) => (files.clone(), reading.clone()),
        Some(Err(Missing::Error(error))) => return Err(Missing::Error(error.clone())),
        Some(Err(Missing::NoFile)) | None => (Vec::new(), Reading::default()),
    };
    files.extend(snapshots.files.iter().cloned());
    reading.inputs.extend(snapshots.reading.inputs.iter().cloned());
    reading.ignored.extend(snapshots.reading.ignored.iter().cloned());
    if files.is_empty() { Err(Missing::NoFile) } else { Ok((files, reading)) }
}

/// The figures of a source, in a step of their own.
fn indicators<B>(here: &Span, source: Source, day: ServiceDay, measure: impl FnOnce() -> Outcome<B>) -> Outcome<B> {
    let span = here.child(&INDICATORS, &format!("indicators {source}")).with_source(source).with_day(day.date());
    let outcome = span.in_scope(measure);
    if let Outcome::Error(error) = &outcome {
        span.fail("SourceUnusable", &error.to_string());
    }
    outcome
}

/// An outcome with its bytes.
fn with_bytes<B: serde::Serialize>(
    here: &Span,
    source: Source,
    day: ServiceDay,
    measure: impl FnOnce() -> Outcome<B>,
) -> Result<(Outcome<B>, Fresh), Failure> {
    let outcome = indicators(here, source, day, measure);
    let fresh = written(&outcome)?;
    Ok((outcome, fresh))
}

fn written<B: serde::Serialize>(outcome: &Outcome<B>) -> Result<Fresh, Failure> {
    Ok(match outcome {
        Outcome::Document(document) => Fresh::Document(Written::of(document)?),
        Outcome::Absent(reason) => Fresh::Absent(reason.clone()),
        Outcome::Error(error) => Fresh::Error(error.clone()),
    })
}
