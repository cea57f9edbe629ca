//! The document that needs several sources, from those that will stand in the manifest: fresh ones, and kept ones read again.

use std::collections::BTreeMap;

use contract::document::bike_counts::BikeCounts;
use contract::document::disruptions::Disruptions;
use contract::document::weather::Weather;
use contract::document::worksites::Worksites;
use contract::document::{Document, Header, Input};
use contract::{SCHEMA_VERSION, Source};
use runtime::failure::Failure;
use serde::de::DeserializeOwned;

use super::day::{DayResult, Pass};
use crate::calendar;
use crate::geo;
use crate::indicator::contexte::{self, Documents, RoadFigures};
use crate::input::checksum::Checksum;
use crate::parameters::as_map;
use crate::publish::{Resolved, Written, to_bytes, worst};
use crate::source::chantiers::WorksiteShape;

/// `contexte` as it is written; nothing where there is no other document.
///
/// # Errors
/// A bug: no document holds what JSON cannot.
pub(super) fn document(pass: &Pass, result: &DayResult, documents: &[Resolved]) -> Result<Option<Written>, Failure> {
    if documents.iter().all(|document| document.bytes.is_none()) {
        return Ok(None);
    }
    let (config, reference) = (&pass.engine.config, &pass.shelf.reference);
    let date = result.day.date();
    let comptages: Option<RoadFigures> = body(documents, Source::RoadCounts);
    let bikes: Option<BikeCounts> = body(documents, Source::BikeCounts);
    let traffic: Option<Disruptions> = body(documents, Source::Disruptions);
    let weather: Option<Weather> = body(documents, Source::Weather);
    let chantiers: Option<Worksites> = body(documents, Source::Worksites);
    // A kept document gives the shapes that it holds itself.
    let worksites = result.worksites.clone().or_else(|| {
        Some(
            chantiers
                .as_ref()?
                .active_worksites
                .iter()
                .filter_map(|site| {
                    let shape = geo::parse_shape(&site.geometry.as_ref()?.to_string()).ok()?;
                    Some(WorksiteShape { id: site.id.clone(), shape })
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
        comptages: comptages.as_ref(),
        bikes: bikes.as_ref(),
        traffic: traffic.as_ref(),
        weather: weather.as_ref(),
        chantiers: chantiers.as_ref(),
    };
    let (body, reasons) = contexte::measure(facts, known, worksites.as_deref(), &result.network, &config.parameters);
    let state = worst(documents, &config.required);
    let header = Header {
        schema_version: SCHEMA_VERSION.to_owned(),
        source: Source::Context,
        date,
        timezone: result.day.tz().name().to_owned(),
        day_type: day_type,
        day_status: state.day_status,
        complete_until: None,
        completeness: state.completeness,
        inputs: inputs(documents, reference.calendar_input.as_ref()),
        ignored: Vec::new(),
        parameters: as_map(&config.parameters.contexte),
        quality: None,
        reasons,
    };
    Ok(Some(Written::new(to_bytes(&Document { header, body })?.into())))
}

/// The other documents and the calendar, in key order.
fn inputs(documents: &[Resolved], calendar: Option<&Input>) -> Vec<Input> {
    let mut inputs: BTreeMap<String, Input> =
        calendar.into_iter().map(|input| (input.key.clone(), input.clone())).collect();
    for document in documents {
        let (Some(key), Some(bytes)) = (&document.entry.key, &document.bytes) else { continue };
        let mut sum = Checksum::default();
        sum.update(bytes);
        let input = Input { key: key.clone(), size_bytes: bytes.len() as u64, crc64nvme: sum.base64() };
        inputs.insert(key.clone(), input);
    }
    inputs.into_values().collect()
}

/// A document's own part as it is written, fresh or kept alike: the same documents give the same bytes. The header is read over.
fn body<B: DeserializeOwned>(documents: &[Resolved], source: Source) -> Option<B> {
    let bytes = documents.iter().find(|document| document.entry.source == source)?.bytes.as_ref()?;
    serde_json::from_slice(bytes).ok()
}
