//! One day, source by source: plan, read, aggregate, measure.

use chrono::{DateTime, Utc};
use contract::document::bikes::Bikes;
use contract::document::chantiers::Chantiers;
use contract::document::comptages::Comptages;
use contract::document::referentiel::Referentiel;
use contract::document::traffic::Traffic;
use contract::document::weather::Weather;
use contract::document::{Ignored, Input};
use contract::{NaiveDate, ServiceDay, Source};
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;
use runtime::store::{Object, SharedStore};

use super::outcome::{NO_FILE, Outcome, Reading, document};
use super::reference::Reference;
use super::{Engine, fatal, roads};
use crate::calendar;
use crate::cells::roads::Window;
use crate::context::DayContext;
use crate::indicator;
use crate::input::{self, InputError, Inventory};
use crate::publish;
use crate::source::chantiers::WorksiteShape;
use crate::source::comptages::Search;
use crate::source::referentiel::Network;
use crate::source::{self, Measured, RawFile, SourceError};

/// Snapshots fetched at once.
const FETCHES: usize = 16;

/// Everything that one day's raw data gives.
#[derive(Debug)]
pub struct DayResult {
    /// The day.
    pub day: ServiceDay,
    /// What it is seen by.
    pub(super) reference: Reference,
    /// Road counts.
    pub comptages: Outcome<Comptages>,
    /// Bike counters.
    pub bikes: Outcome<Bikes>,
    /// Disruptions.
    pub traffic: Outcome<Traffic>,
    /// Weather.
    pub weather: Outcome<Weather>,
    /// Worksites.
    pub chantiers: Outcome<Chantiers>,
    /// Network.
    pub referentiel: Outcome<Referentiel>,
    /// Shapes of the active worksites, where this run has read them.
    pub worksites: Option<Vec<WorksiteShape>>,
    /// The network, empty where there is none.
    pub network: Network,
    /// Whether there is any input for the day.
    pub any_input: bool,
}

/// Reads and measures one day.
///
/// # Errors
/// What ends the whole run: an unreachable store, a missing right, inputs that do not hold still.
pub async fn measure(engine: &Engine, date: NaiveDate, progress: &Progress) -> Result<DayResult, Failure> {
    let day = ServiceDay::new(date, engine.config.city.tz);
    let mut reader = Reader { engine, inventory: Inventory::take(&engine.raw, date).await?, date };
    let reference = reader.reference().await?;
    let context = DayContext {
        day,
        day_type: calendar::day_type(date, &engine.config.city, reference.calendar.as_ref()),
        city: &engine.config.city,
        zones: reference.zones.as_ref(),
        parameters: &engine.config.parameters,
    };
    for key in reader.inventory.strangers() {
        tracing::warn!(
            key,
            "this file of batch/ belongs to no source and is not read; see processor --help for the names"
        );
    }
    let with_zones: Vec<Input> = reference.zones_input.iter().chain(&reference.calendar_input).cloned().collect();
    let with_lines: Vec<Input> = reference.lines_input.iter().chain(&reference.calendar_input).cloned().collect();
    let calendar: Vec<Input> = reference.calendar_input.iter().cloned().collect();
    let parameters = context.parameters;
    let of = |files: &Reading, extra: &[Input]| {
        let depends = |input: &Option<Input>| input.as_ref().is_some_and(|input| extra.contains(input));
        let told = [
            (&reference.zones_input, &reference.zone_warning),
            (&reference.calendar_input, &reference.calendar_warning),
            (&reference.lines_input, &reference.line_warning),
        ];
        Reading {
            inputs: files.inputs.iter().chain(extra).cloned().collect(),
            ignored: files.ignored.clone(),
            warnings: told
                .iter()
                .filter(|(input, _)| depends(input))
                .filter_map(|(_, warning)| (*warning).clone())
                .collect(),
        }
    };

    let (mut network, mut network_input) = (Network::default(), Vec::new());
    let referentiel = match reader.files(Source::Referentiel).await? {
        Err(missing) => missing.into(),
        Ok((files, reading)) => match source::referentiel::read(&files, &context) {
            Err(error) => Outcome::Error(error),
            Ok((measured, read)) => {
                network = read;
                network_input.clone_from(&reading.inputs);
                document(Source::Referentiel, measured, of(&reading, &with_zones), &parameters.referentiel, &context)
            }
        },
    };

    let mut network_warning = None;
    if let Outcome::Error(error) = &referentiel {
        // The counts would lose lengths and labels for a broken file of another source: the network that the day has already serves.
        let kept = if engine.config.force {
            None
        } else {
            publish::kept_document::<Referentiel>(&engine.metrics, date, Source::Referentiel).await?
        };
        network_warning = Some(match &kept {
            Some(_) => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent de celui déjà publié pour ce jour."
            ),
            None => format!(
                "Référentiel illisible ({error}) : longueurs et libellés viennent des comptages seuls, où ils y sont."
            ),
        });
        if let Some((document, input)) = kept {
            network = Network::of_document(&document);
            network_input.push(input);
        }
    }
    let known = (!network.is_empty()).then_some(&network);
    let comptages = match reader.roads(&context, known, progress).await? {
        Err(missing) => missing.into(),
        Ok((measured, reading)) => {
            let extra: Vec<Input> = with_zones.iter().chain(&network_input).cloned().collect();
            let mut reading = of(&reading, &extra);
            reading.warnings.extend(network_warning);
            document(Source::Comptages, measured, reading, &parameters.comptages, &context)
        }
    };

    let mut worksites = None;
    let chantiers = match reader.files(Source::Chantiers).await? {
        Err(missing) => missing.into(),
        Ok((files, reading)) => match source::chantiers::read(&files, &context) {
            Err(error) => Outcome::Error(error),
            Ok((measured, shapes)) => {
                worksites = matches!(measured, Measured::Document(_)).then_some(shapes);
                document(Source::Chantiers, measured, of(&reading, &with_zones), &parameters.chantiers, &context)
            }
        },
    };
    let bikes = match reader.files(Source::Bikes).await? {
        Err(missing) => missing.into(),
        Ok((files, reading)) => source::bikes::read(&files, &context).map_or_else(Outcome::Error, |measured| {
            document(Source::Bikes, measured, of(&reading, &with_zones), &parameters.bikes, &context)
        }),
    };
    let traffic = match reader.files(Source::Traffic).await? {
        Err(missing) => missing.into(),
        Ok((files, reading)) => source::traffic::read(&files, &reference.lines, &context)
            .map_or_else(Outcome::Error, |measured| {
                document(Source::Traffic, measured, of(&reading, &with_lines), &parameters.traffic, &context)
            }),
    };
    let weather = match reader.files(Source::Weather).await? {
        Err(missing) => missing.into(),
        Ok((files, reading)) => source::weather::read(&files, &context).map_or_else(Outcome::Error, |measured| {
            document(Source::Weather, measured, of(&reading, &calendar), &parameters.weather, &context)
        }),
    };
    let any_input = reader.any_input();
    Ok(DayResult {
        day,
        comptages,
        bikes,
        traffic,
        weather,
        chantiers,
        referentiel,
        worksites,
        network,
        any_input,
        reference,
    })
}

/// An object to read; a snapshot with the end of its collection.
type Planned = (Object, Option<DateTime<Utc>>);

/// Why a source gives nothing at all.
enum Missing {
    NoFile,
    Error(SourceError),
}

impl<B> From<Missing> for Outcome<B> {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::NoFile => Self::Absent(NO_FILE.to_owned()),
            Missing::Error(error) => Self::Error(error),
        }
    }
}

type Read<T> = Result<Result<(T, Reading), Missing>, Failure>;

/// Reads the files of a source; when one is replaced midway, once more from the start.
struct Reader<'a> {
    engine: &'a Engine,
    inventory: Inventory,
    date: NaiveDate,
}

impl Reader<'_> {
    fn any_input(&self) -> bool {
        !self.inventory.is_empty()
    }

    /// Lists anew after a file was replaced; a second time is once too often.
    async fn again(&mut self, key: &str, attempt: usize) -> Result<(), Failure> {
        if attempt > 0 {
            return Err(Failure::new(
                Code::Later,
                "an input was replaced twice while it was read",
                key,
                "Run again once the upload is done",
            ));
        }
        tracing::warn!(key, "replaced while it was read; its source starts again");
        self.inventory = Inventory::take(&self.engine.raw, self.date).await?;
        Ok(())
    }

    /// What the day is seen by.
    async fn reference(&mut self) -> Result<Reference, Failure> {
        for attempt in 0.. {
            match Reference::read(&self.engine.raw, &self.inventory, &self.engine.config).await {
                Err(InputError::Replaced(key)) => self.again(&key, attempt).await?,
                read => return read.map_err(fatal),
            }
        }
        Ok(Reference::default())
    }

    /// All small files of a source, whole.
    async fn files(&mut self, source: Source) -> Read<Vec<RawFile>> {
        for attempt in 0.. {
            let (objects, reading) = self.plan(source);
            if objects.is_empty() {
                return Ok(Err(Missing::NoFile));
            }
            let store = &self.engine.raw;
            let fetched = futures::stream::iter(&objects).map(|(object, collected)| fetch(store, object, *collected));
            match fetched.buffered(FETCHES).try_collect::<Vec<_>>().await {
                Ok(read) => {
                    let (files, inputs): (Vec<_>, Vec<_>) = read.into_iter().unzip();
                    return Ok(Ok((files, Reading { inputs, ..reading })));
                }
                Err(InputError::Content(error)) => return Ok(Err(Missing::Error(error))),
                Err(InputError::Replaced(key)) => self.again(&key, attempt).await?,
                Err(error) => return Err(fatal(error)),
            }
        }
        Ok(Err(Missing::NoFile))
    }

    /// Which objects of a source are read, and which are there and are not.
    fn plan(&self, source: Source) -> (Vec<Planned>, Reading) {
        let mut batch = self.inventory.batch(source);
        let mut ignored = Vec::new();
        if matches!(source, Source::Chantiers | Source::Referentiel)
            && let Some(last) = batch.pop()
        {
            let reason = format!("instantane_anterieur_a {}", last.key);
            ignored.extend(batch.drain(..).map(|object| Ignored { cle: object.key, raison: reason.clone() }));
            batch.push(last);
        }
        let (snapshots, others) = self.inventory.snapshots(source);
        ignored.extend(others.into_iter().map(|cle| Ignored { cle, raison: "pas_un_instantane".to_owned() }));
        let objects = batch
            .into_iter()
            .map(|object| (object, None))
            .chain(snapshots.into_iter().map(|(object, end)| (object, Some(end))))
            .collect();
        (objects, Reading { ignored, ..Reading::default() })
    }

    /// The road counts, streamed.
    async fn roads(
        &mut self,
        context: &DayContext<'_>,
        network: Option<&Network>,
        progress: &Progress,
    ) -> Read<Measured<Comptages>> {
        let day = context.day;
        let search = Search { day, window: Window::new(&day, context.parameters.comptages.attendu_jours) };
        for attempt in 0.. {
            let files = self.inventory.batch(Source::Comptages);
            if files.is_empty() {
                return Ok(Err(Missing::NoFile));
            }
            let bar = progress.bytes("comptages", files.iter().map(|file| file.size).sum());
            let (store, pool, budget) = (self.engine.raw.clone(), self.engine.pool.clone(), self.engine.config.memory);
            let wanted = files.clone();
            let read = tokio::task::spawn_blocking(move || {
                let read = roads::read(&store, &wanted, &search, (&pool, &budget), &bar);
                bar.finish();
                read
            });
            match read.await.map_err(|error| super::bug(&error))? {
                Ok((part, inputs)) => {
                    let overlaps = part.cells.overlaps();
                    let quality = part.tally.finish();
                    let mut measured =
                        indicator::comptages::measure(&part.cells, part.newest, quality, network, context);
                    if let Measured::Document(draft) = &mut measured {
                        let limit = context.parameters.comptages.recouvrement_part;
                        let keys: Vec<String> = files.iter().map(|file| file.key.clone()).collect();
                        draft
                            .quality
                            .avertissements
                            .extend(indicator::comptages::overlap_warnings(&overlaps, &keys, limit));
                    }
                    return Ok(Ok((measured, Reading { inputs, ..Reading::default() })));
                }
                Err(InputError::Content(error)) => return Ok(Err(Missing::Error(error))),
                Err(InputError::Replaced(key)) => self.again(&key, attempt).await?,
                Err(error) => return Err(fatal(error)),
            }
        }
        Ok(Err(Missing::NoFile))
    }
}

async fn fetch(
    store: &SharedStore,
    object: &Object,
    collected: Option<DateTime<Utc>>,
) -> Result<(RawFile, Input), InputError> {
    match collected {
        Some(end) => input::snapshot(store, object, end).await,
        None => input::file(store, object).await,
    }
}
