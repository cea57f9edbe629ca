//! A small day of a small city, for tests: `SampleDay::full().without(Source::BikeCounts, "aucune_ligne_du_jour")`.
//!
//! The builder describes the day as the processor would publish it; [`SampleDay::publish_to`] puts documents and manifest into a store.

mod documents;

use std::collections::BTreeMap;

use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use contract::document::{DayStatus, Document};
use contract::number::Fixed2;
use contract::report::{DailyReport, SourceStatus};
use contract::{NaiveDate, SCHEMA_VERSION, Source, Stamp, keys};
use runtime::digest::sha256_hex;
use runtime::lang::Lang;
use runtime::store::MemoryStore;
use serde::Serialize;

use crate::collect::Documents;
use crate::render::tables::table::Table;
use crate::render::tables::{TableInputs, tables};
use crate::report::edition::PreviousEdition;
use crate::report::{ReportInputs, compose};

/// A day as the processor publishes it.
#[derive(Debug, Clone)]
pub(crate) struct SampleDay {
    pub(crate) documents: Documents,
    statuses: BTreeMap<Source, (EntryStatus, String)>,
    status: DayStatus,
}

impl SampleDay {
    pub(crate) const DATE: &str = "2025-11-03";

    pub(crate) fn full() -> Self {
        Self { documents: documents::all(), statuses: BTreeMap::new(), status: DayStatus::Final }
    }

    /// The source has no data of the day.
    pub(crate) fn without(self, source: Source, reason: &str) -> Self {
        self.with_status(source, EntryStatus::Absent, reason).remove(source)
    }

    /// The source is unusable.
    pub(crate) fn failing(self, source: Source, reason: &str) -> Self {
        self.with_status(source, EntryStatus::Error, reason).remove(source)
    }

    /// The document of an earlier run was retained.
    pub(crate) fn retaining(self, source: Source, reason: &str) -> Self {
        self.with_status(source, EntryStatus::Retained, reason)
    }

    pub(crate) fn provisional(mut self) -> Self {
        self.status = DayStatus::Provisional;
        self
    }

    pub(crate) fn with_vehicles(mut self, vehicles: f64) -> Self {
        self.documents.road_counts.as_mut().unwrap().body.global_metrics.total_vehicles = Fixed2::new(vehicles);
        self
    }

    fn with_status(mut self, source: Source, status: EntryStatus, reason: &str) -> Self {
        self.statuses.insert(source, (status, reason.to_owned()));
        self
    }

    fn remove(mut self, source: Source) -> Self {
        let documents = &mut self.documents;
        match source {
            Source::RoadCounts => documents.road_counts = None,
            Source::BikeCounts => documents.bike_counts = None,
            Source::Disruptions => documents.disruptions = None,
            Source::Weather => documents.weather = None,
            Source::Worksites => documents.worksites = None,
            Source::RoadNetwork => documents.road_network = None,
            Source::Context => documents.context = None,
        }
        self
    }

    /// The bytes of a document, as the store holds them.
    pub(crate) fn body(&self, source: Source) -> Option<Vec<u8>> {
        fn bytes<B: Serialize>(document: Option<&Document<B>>) -> Option<Vec<u8>> {
            document.map(|document| serde_json::to_vec(document).unwrap())
        }
        let documents = &self.documents;
        match source {
            Source::RoadCounts => bytes(documents.road_counts.as_ref()),
            Source::BikeCounts => bytes(documents.bike_counts.as_ref()),
            Source::Disruptions => bytes(documents.disruptions.as_ref()),
            Source::Weather => bytes(documents.weather.as_ref()),
            Source::Worksites => bytes(documents.worksites.as_ref()),
            Source::RoadNetwork => bytes(documents.road_network.as_ref()),
            Source::Context => bytes(documents.context.as_ref()),
        }
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let date: NaiveDate = Self::DATE.parse().unwrap();
        let documents: Vec<_> = Source::ALL
            .into_iter()
            .map(|source| {
                let body = self.body(source);
                let sha256 = body.as_deref().map(sha256_hex);
                let (status, reason) = match self.statuses.get(&source) {
                    Some((status, reason)) => (*status, Some(reason.clone())),
                    None => (EntryStatus::Ok, None),
                };
                ManifestEntry {
                    source,
                    key: sha256.as_deref().map(|sha256| keys::object(date, source, sha256)),
                    sha256,
                    size_bytes: body.map(|body| body.len() as u64),
                    status,
                    reason,
                    warnings: Vec::new(),
                }
            })
            .collect();
        Manifest {
            schema_version: SCHEMA_VERSION.into(),
            date,
            generated_at: stamp("2025-11-04T01:10:00+01:00"),
            cityflow_version: "0.1.0".into(),
            city: "Paris".into(),
            timezone: "Europe/Paris".into(),
            tz_version: "2026f".into(),
            day_status: self.status,
            completeness: Fixed2::new(98.5),
            traceparent: None,
            digest: sha256_hex(Manifest::digest_input(&documents).as_bytes()),
            documents,
        }
    }

    /// Writes the documents and their manifest to a store.
    pub(crate) fn publish_to(&self, store: &MemoryStore) {
        let manifest = self.manifest();
        for entry in &manifest.documents {
            if let Some(key) = &entry.key {
                store.insert(key.clone(), self.body(entry.source).unwrap());
            }
        }
        store.insert(keys::manifest(manifest.date), serde_json::to_vec(&manifest).unwrap());
    }

    /// The tables, as the job makes them.
    pub(crate) fn tables(&self) -> Vec<Table> {
        tables(TableInputs {
            city: "Paris",
            date: Self::DATE.parse().unwrap(),
            documents: &self.documents,
            sources: &self.source_statuses(),
        })
    }

    fn source_statuses(&self) -> BTreeMap<Source, SourceStatus> {
        let status = |entry: &ManifestEntry| SourceStatus {
            status: entry.status,
            reason: entry.reason.clone(),
            completeness: self.documents.header(entry.source).and_then(|header| header.completeness),
        };
        self.manifest().documents.iter().map(|entry| (entry.source, status(entry))).collect()
    }

    /// The first report, in French.
    pub(crate) fn report(&self) -> DailyReport {
        self.report_after(None, Lang::Fr)
    }

    /// The report after an earlier edition.
    pub(crate) fn report_after(&self, previous: Option<&PreviousEdition>, lang: Lang) -> DailyReport {
        let manifest = self.manifest();
        compose(ReportInputs {
            manifest: &manifest,
            documents: &self.documents,
            sources: &self.source_statuses(),
            previous,
            city: "Paris",
            lang,
            version: "0.1.0",
            generated_at: stamp("2025-11-04T01:30:00+01:00"),
        })
    }
}

pub(crate) fn stamp(text: &str) -> Stamp {
    serde_json::from_value(text.into()).unwrap()
}
