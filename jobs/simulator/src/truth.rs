//! The true answer: the expected document of every source and day, a second implementation of the metrics.
//!
//! Written from what was generated, never from the files, and never with the processor's code. What needs weeks of earlier days is null
//! and not to be compared; where two good implementations may differ in a last digit or in how they put it, `tolerances.json` says so.

mod bikes;
mod network;
mod roads;
mod transit;
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

/// A document without what only a run knows (inputs, parameters, reasons).
#[derive(Debug)]
struct Answer<B> {
    status: DayStatus,
    complete_until: Option<Stamp>,
    completeness: Option<Fixed2>,
    quality: Quality,
    body: B,
}

/// Writes `<source>_<day>.json` for every source and day, `contexte_<day>.json` with the day itself, and `tolerances.json`.
///
/// # Errors
/// A file could not be written.
pub fn write(city: &City, config: &Config, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    put(folder, "tolerances.json", &tolerances())?;
    let network = config.makes(Source::RoadNetwork);
    let roads = config.makes(Source::RoadCounts).then(|| roads::Roads::new(city, network));
    (0..city.days.days().len()).into_par_iter().try_for_each(|number| {
        let Some(day) = city.days.days().get(number).copied() else { return Ok(()) };
        let file = |source: Source| format!("{source}_{}.json", day.date());
        if let Some(answer) = roads.as_ref().and_then(|roads| roads.of(city, number)) {
            put(folder, &file(Source::RoadCounts), &document(Source::RoadCounts, day, &answer))?;
        }
        if config.makes(Source::BikeCounts)
            && let Some(answer) = bikes::of(city, day)
        {
            put(folder, &file(Source::BikeCounts), &document(Source::BikeCounts, day, &answer))?;
        }
        if config.makes(Source::Disruptions)
            && let Some(answer) = transit::of(city, day, config.lines)
        {
            put(folder, &file(Source::Disruptions), &document(Source::Disruptions, day, &answer))?;
        }
        if config.makes(Source::Weather)
            && let Some(answer) = weather::of(city, day)
        {
            put(folder, &file(Source::Weather), &document(Source::Weather, day, &answer))?;
        }
        if config.makes(Source::Worksites) {
            put(folder, &file(Source::Worksites), &document(Source::Worksites, day, &worksites::of(city, day)))?;
        }
        if network {
            put(
                folder,
                &file(Source::RoadNetwork),
                &document(Source::RoadNetwork, day, &network::of(city, config.faults, day)),
            )?;
        }
        put(folder, &file(Source::Context), &json!({"date": day.date(), "jour": facts(day)}))
    })
}

fn put(folder: &Path, name: &str, document: &Value) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::write(&path, format!("{document}\n")).map_err(|error| failed(&path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Code::Usage,
        format!("cannot write ({error})"),
        path.display().to_string(),
        "Correct --truth, or free space",
    )
}

fn document<B: Serialize>(source: Source, day: ServiceDay, answer: &Answer<B>) -> Value {
    let mut document = Map::new();
    let mut add = |key: &str, value: Value| document.insert(key.to_owned(), value);
    add("source", json!(source));
    add("date", json!(day.date()));
    add("timezone", json!(day.tz().name()));
    add("type_jour", json!(calendar::day_type(day.date())));
    add("statut_jour", json!(answer.status));
    add("complet_jusqu_a", json!(answer.complete_until));
    add("completude", json!(answer.completeness));
    let mut quality = json!(answer.quality);
    if let Some(quality) = quality.as_object_mut() {
        // Which rows are quoted and what is said in sentences is not the truth's.
        quality.remove("exemples");
        quality.remove("avertissements");
    }
    add("qualite", quality);
    if let Value::Object(body) = json!(answer.body) {
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

/// What is compared otherwise than by equality: by path, `*` for any entry.
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

/// Ids in order: numbers by value, then text.
fn id_order(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// `lat, lon` with 5 decimals.
fn point_text([lon, lat]: Point) -> String {
    format!("{lat:.5}, {lon:.5}")
}
