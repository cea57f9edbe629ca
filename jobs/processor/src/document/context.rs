//! The document that combines several sources. It is computed from the documents that the manifest will list: those of this run, and
//! earlier ones read back from the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::document::bike_counts::BikeCounts;
use contract::document::context::Context;
use contract::document::disruptions::Disruptions;
use contract::document::weather::Weather;
use contract::document::worksites::Worksites;
use contract::document::{DayStatus, Document, Header, Input};
use contract::number::Fixed2;
use contract::{SCHEMA_VERSION, Source};
use serde::de::DeserializeOwned;

use crate::context::DayContext;
use crate::geo;
use crate::indicator::context::{self, Documents, RoadFigures, WorksiteShape};
use crate::input::checksum::Checksum;
use crate::parameters::as_map;
use crate::source::road_network::Network;

/// The bytes of a document of the day, stored already or to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredDocument<'a> {
    pub(crate) source: Source,
    /// Key relative to the metrics folder.
    pub(crate) key: &'a str,
    pub(crate) bytes: &'a Bytes,
}

/// The data that only this document needs.
#[derive(Debug)]
pub(crate) struct ContextInput<'a> {
    pub(crate) documents: &'a [StoredDocument<'a>],
    /// Status and completeness of the day across all sources.
    pub(crate) state: (DayStatus, Option<Fixed2>),
    /// Name of the school holiday.
    pub(crate) school_holiday: Option<&'a str>,
    /// The school calendars that were read.
    pub(crate) calendars: &'a [Input],
    /// Shapes of the active worksites, if this run has read them; otherwise they are taken from the stored document.
    pub(crate) worksites: Option<&'a [WorksiteShape]>,
    pub(crate) network: &'a Network,
}

pub(crate) fn document(input: &ContextInput<'_>, context: &DayContext<'_>) -> Document<Context> {
    let documents = input.documents;
    let date = context.day.date();
    let comptages: Option<RoadFigures> = body(documents, Source::RoadCounts);
    let bikes: Option<BikeCounts> = body(documents, Source::BikeCounts);
    let traffic: Option<Disruptions> = body(documents, Source::Disruptions);
    let weather: Option<Weather> = body(documents, Source::Weather);
    let chantiers: Option<Worksites> = body(documents, Source::Worksites);
    let stored = if input.worksites.is_none() { chantiers.as_ref().map(shapes) } else { None };
    let facts = context::day_facts(
        context.day,
        context.day_type,
        context.city.public_holiday(date).map(str::to_owned),
        input.school_holiday.map(str::to_owned),
    );
    let known = Documents {
        comptages: comptages.as_ref(),
        bikes: bikes.as_ref(),
        traffic: traffic.as_ref(),
        weather: weather.as_ref(),
        chantiers: chantiers.as_ref(),
    };
    let worksites = input.worksites.or(stored.as_deref());
    let (body, reasons) = context::measure(facts, known, worksites, input.network, context.parameters);
    let header = Header {
        schema_version: SCHEMA_VERSION.to_owned(),
        source: Source::Context,
        date,
        city: context.city.name.clone(),
        timezone: context.day.tz().name().to_owned(),
        day_type: context.day_type,
        day_status: input.state.0,
        complete_until: None,
        completeness: input.state.1,
        inputs: inputs(documents, input.calendars),
        ignored: Vec::new(),
        parameters: as_map(&context.parameters.contexte),
        quality: None,
        reasons,
    };
    Document { header, body }
}

fn shapes(worksites: &Worksites) -> Vec<WorksiteShape> {
    let shape = |geometry: &serde_json::Value| geo::parse_shape(&geometry.to_string()).ok().flatten();
    let sites = worksites.active_worksites.iter();
    sites
        .filter_map(|site| Some(WorksiteShape { id: site.id.clone(), shape: shape(site.geometry.as_ref()?)? }))
        .collect()
}

/// The other documents and the calendars, in key order.
fn inputs(documents: &[StoredDocument<'_>], calendars: &[Input]) -> Vec<Input> {
    let mut inputs: BTreeMap<String, Input> =
        calendars.iter().map(|input| (input.key.clone(), input.clone())).collect();
    for StoredDocument { key, bytes, .. } in documents {
        let mut sum = Checksum::default();
        sum.update(bytes);
        let input = Input { key: (*key).to_owned(), size_bytes: bytes.len() as u64, crc64nvme: sum.base64() };
        inputs.insert((*key).to_owned(), input);
    }
    inputs.into_values().collect()
}

/// Parses the body of a document from its bytes, even if this run has just made it: the same documents then give the same context.
fn body<B: DeserializeOwned>(documents: &[StoredDocument<'_>], source: Source) -> Option<B> {
    serde_json::from_slice(documents.iter().find(|document| document.source == source)?.bytes).ok()
}
