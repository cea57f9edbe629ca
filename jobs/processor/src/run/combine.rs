//! The document that needs several sources, from those that will stand in the manifest: fresh ones, and kept ones read again.

use std::collections::BTreeMap;

use contract::document::{Document, Header, Input};
use contract::{SCHEMA_VERSION, Source};
use serde::de::DeserializeOwned;

use super::Engine;
use super::day::DayResult;
use crate::calendar;
use crate::geo;
use crate::indicator::contexte::{self, Documents};
use crate::input::checksum::Checksum;
use crate::parameters::as_map;
use crate::publish::{Resolved, to_bytes, worst};
use crate::source::chantiers::WorksiteShape;

/// The bytes of `contexte`; nothing where there is no other document.
pub(super) fn document(engine: &Engine, result: &DayResult, documents: &[Resolved]) -> Option<Vec<u8>> {
    if documents.iter().all(|document| document.bytes.is_none()) {
        return None;
    }
    let (config, reference) = (&engine.config, &result.reference);
    let date = result.day.date();
    let comptages = either(result.comptages.body(), documents, Source::Comptages);
    let bikes = either(result.bikes.body(), documents, Source::Bikes);
    let traffic = either(result.traffic.body(), documents, Source::Traffic);
    let weather = either(result.weather.body(), documents, Source::Weather);
    let chantiers = either(result.chantiers.body(), documents, Source::Chantiers);
    // A kept document gives the shapes that it holds itself.
    let worksites = result.worksites.clone().or_else(|| {
        Some(
            chantiers
                .as_deref()?
                .chantiers_actifs
                .iter()
                .filter_map(|site| {
                    let shape = geo::parse_shape(&site.geometrie.as_ref()?.to_string()).ok()?;
                    Some(WorksiteShape { id: site.identifiant.clone(), shape })
                })
                .collect(),
        )
    });
    let city = &config.city;
    let day_type = calendar::day_type(date, city, reference.calendar.as_ref());
    let facts = contexte::day_facts(
        result.day,
        day_type,
        city.public_holiday(date).map(str::to_owned),
        calendar::school_holiday(date, city, reference.calendar.as_ref()).map(str::to_owned),
    );
    let known = Documents {
        comptages: comptages.as_deref(),
        bikes: bikes.as_deref(),
        traffic: traffic.as_deref(),
        weather: weather.as_deref(),
        chantiers: chantiers.as_deref(),
    };
    let (body, raisons) = contexte::measure(facts, known, worksites.as_deref(), &result.network, &config.parameters);
    let state = worst(documents, &config.required);
    let header = Header {
        schema_version: SCHEMA_VERSION.to_owned(),
        source: Source::Contexte,
        date,
        timezone: result.day.tz().name().to_owned(),
        type_jour: day_type,
        statut_jour: state.statut_jour,
        complet_jusqu_a: None,
        completude: state.completude,
        inputs: inputs(documents, reference.calendar_input.as_ref()),
        ignores: Vec::new(),
        parametres: as_map(&config.parameters.contexte),
        qualite: None,
        raisons,
    };
    to_bytes(&Document { header, body }).ok()
}

/// The other documents and the calendar, in key order.
fn inputs(documents: &[Resolved], calendar: Option<&Input>) -> Vec<Input> {
    let mut inputs: BTreeMap<String, Input> =
        calendar.into_iter().map(|input| (input.cle.clone(), input.clone())).collect();
    for document in documents {
        let (Some(key), Some(bytes)) = (&document.entry.cle, &document.bytes) else { continue };
        let mut sum = Checksum::default();
        sum.update(bytes);
        let input = Input { cle: key.clone(), taille_octets: bytes.len() as u64, crc64nvme: sum.base64() };
        inputs.insert(key.clone(), input);
    }
    inputs.into_values().collect()
}

/// What this run measured, or the kept document's own part.
fn either<B: DeserializeOwned + Clone>(fresh: Option<&B>, documents: &[Resolved], source: Source) -> Option<Box<B>> {
    if let Some(fresh) = fresh {
        return Some(Box::new(fresh.clone()));
    }
    let bytes = documents.iter().find(|document| document.entry.source == source)?.bytes.as_ref()?;
    serde_json::from_slice::<Document<B>>(bytes).ok().map(|document| Box::new(document.body))
}
