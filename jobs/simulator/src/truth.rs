//! The expected documents: a second implementation of the metrics, one file per source and day.
//!
//! ```text
//! City ─> <source>::document(city, day) ─> TrueDocument ─> <source>_<day>.json
//!                                       tolerances() ─> tolerances.json
//! ```
//!
//! Computed from the simulated city, never from the raw files and never with the processor's code. Figures that need weeks of history
//! are null and must not be compared. `tolerances.json` lists the paths for which two correct implementations may differ, in the last
//! digit or in the wording.

mod bike_counts;
mod disruptions;
mod road_counts;
mod road_network;
mod weather;
mod worksites;

use std::cmp::Ordering;
use std::fs;
use std::path::Path;

use contract::document::context::DayFacts;
use contract::document::{DayStatus, Quality};
use contract::number::Fixed2;
use contract::{ServiceDay, Source, Stamp};
use rayon::prelude::*;
use runtime::failure::{Code, Failure};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::geometry::Point;
use crate::{City, Config, calendar, clock};

/// A document without the parts that depend on the run (inputs, parameters, reasons).
#[derive(Debug)]
struct TrueDocument<B> {
    status: DayStatus,
    complete_until: Option<Stamp>,
    completeness: Option<Fixed2>,
    quality: Quality,
    body: B,
}

/// Writes `<source>_<day>.json` for every source and day, `contexte_<day>.json` with the facts of the day, and `tolerances.json`.
///
/// # Errors
/// A file cannot be written.
pub fn write(city: &City, config: &Config, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| file_failure(folder, &error))?;
    put(folder, "tolerances.json", &tolerances())?;
    let with_network = config.makes(Source::RoadNetwork);
    let road_counts = config.makes(Source::RoadCounts).then(|| road_counts::RoadCountsTruth::new(city, with_network));
    (0..city.days.days().len()).into_par_iter().try_for_each(|number| {
        let Some(day) = city.days.days().get(number).copied() else { return Ok(()) };
        let write = |source: Source, document: Option<Value>| match document {
            Some(document) => put(folder, &format!("{source}_{}.json", day.date()), &document),
            None => Ok(()),
        };
        let road_counts = road_counts.as_ref().and_then(|truth| truth.document(city, number));
        write(Source::RoadCounts, road_counts.map(|truth| json(Source::RoadCounts, day, &truth)))?;
        if config.makes(Source::BikeCounts) {
            let truth = bike_counts::document(city, day);
            write(Source::BikeCounts, truth.map(|truth| json(Source::BikeCounts, day, &truth)))?;
        }
        if config.makes(Source::Disruptions) {
            let truth = disruptions::document(city, day, config.lines);
            write(Source::Disruptions, truth.map(|truth| json(Source::Disruptions, day, &truth)))?;
        }
        if config.makes(Source::Weather) {
            let truth = weather::document(city, day);
            write(Source::Weather, truth.map(|truth| json(Source::Weather, day, &truth)))?;
        }
        if config.makes(Source::Worksites) {
            write(Source::Worksites, Some(json(Source::Worksites, day, &worksites::document(city, day))))?;
        }
        if with_network {
            let truth = road_network::document(city, config.faults, day);
            write(Source::RoadNetwork, Some(json(Source::RoadNetwork, day, &truth)))?;
        }
        write(Source::Context, Some(json!({"date": day.date(), "jour": facts(day)})))
    })
}

fn put(folder: &Path, name: &str, document: &Value) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::write(&path, format!("{document}\n")).map_err(|error| file_failure(&path, &error))
}

fn file_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Code::Usage,
        format!("cannot write the file ({error})"),
        path.display().to_string(),
        "Choose another --truth, or free disk space",
    )
}

fn json<B: Serialize>(source: Source, day: ServiceDay, truth: &TrueDocument<B>) -> Value {
    let mut document = Map::new();
    let mut add = |key: &str, value: Value| document.insert(key.to_owned(), value);
    add("source", json!(source));
    add("date", json!(day.date()));
    add("timezone", json!(day.tz().name()));
    add("type_jour", json!(calendar::day_type(day.date())));
    add("statut_jour", json!(truth.status));
    add("complet_jusqu_a", json!(truth.complete_until));
    add("completude", json!(truth.completeness));
    let mut quality = json!(truth.quality);
    if let Some(quality) = quality.as_object_mut() {
        // The truth has neither example rows nor sentences.
        quality.remove("exemples");
        quality.remove("avertissements");
    }
    add("qualite", quality);
    if let Value::Object(body) = json!(truth.body) {
        document.extend(body);
    }
    Value::Object(document)
}

fn facts(day: ServiceDay) -> DayFacts {
    DayFacts {
        date: day.date(),
        weekday: clock::weekday_name(day.date()).to_owned(),
        day_type: calendar::day_type(day.date()),
        public_holiday: calendar::public_holiday(day.date()).map(str::to_owned),
        school_holiday: calendar::school_holiday(day.date()).map(str::to_owned),
        hours: u32::try_from(day.hour_count()).unwrap_or(24),
    }
}

/// The paths that are not compared by equality; `*` matches any entry.
fn tolerances() -> Value {
    json!({
        "absolute": {
            "chantiers.chantiers_actifs.*.surface_m2": 0.2,
            "chantiers.by_arrondissement.*.surface_m2": 1.0,
            "weather.metrics.vent_moyen": 0.1,
            "chantiers.surface_totale_impactee_m2": 2.0,
        },
        "whitespace_collapsed": ["traffic.disruptions.*.message"],
        "null_or_not": ["contexte.jour.ferie"],
        "not_compared": [
            "comptages.debits_exceptionnels", "comptages.profils", "comptages.evolution",
            "comptages.metrics.*.debit_journalier_estime", "comptages.metrics.*.ecart_jour_type_pourcent",
            "bikes.metrics.*.anomalie_detectee", "bikes.frequentation_index", "bikes.anomalies", "bikes.profils", "bikes.evolution",
            "referentiel.zones",
        ],
    })
}

/// The order of ids: numbers by value, then texts.
fn id_order(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

fn point_text([lon, lat]: Point) -> String {
    format!("{lat:.5}, {lon:.5}")
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn to_f64(count: u64) -> f64 {
    count as f64
}

/// `None` if `whole` is 0.
fn percent(part: u64, whole: u64) -> Option<Fixed2> {
    (whole > 0).then(|| Fixed2::of(100.0 * to_f64(part) / to_f64(whole)))
}

/// The mean of the values of each local hour, which the autumn clock change repeats; `None` without a value.
fn hourly_curve(values: impl Iterator<Item = (usize, Option<f64>)>) -> Vec<Option<Fixed2>> {
    let mut sums = [(0.0, 0_u32); 24];
    for (local_hour, value) in values {
        if let (Some(value), Some((sum, count))) = (value, sums.get_mut(local_hour)) {
            *sum += value;
            *count += 1;
        }
    }
    sums.iter().map(|(sum, count)| (*count > 0).then(|| Fixed2::of(sum / f64::from(*count)))).collect()
}

/// The first local hour with the highest value of a curve.
fn peak_hour(curve: &[Option<Fixed2>]) -> Option<u8> {
    let highest = curve.iter().flatten().map(|value| value.get()).fold(f64::NEG_INFINITY, f64::max);
    let peak = curve.iter().position(|value| value.is_some_and(|value| value.get() >= highest));
    peak.and_then(|hour| u8::try_from(hour).ok())
}
