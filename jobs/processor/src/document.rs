//! One file per document: records and indicators become a draft, and a draft becomes a document. This is the only folder that uses both
//! sources and indicators.
//!
//! ```text
//!   parsed files │ cells ──► RawSource::draft ──► Draft ──► document() ──► Document (header + body)
//! ```

use std::sync::Arc;

use contract::document::{Document, Header, Ignored, Input};
use contract::{SCHEMA_VERSION, Source, Tz};
use serde::Serialize;

use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::parameters::{Parameters, as_map};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::RawFile;

pub(crate) mod bike_counts;
pub(crate) mod context;
pub(crate) mod disruptions;
pub(crate) mod road_counts;
pub(crate) mod road_network;
#[cfg(test)]
mod tests;
pub(crate) mod weather;
pub(crate) mod worksites;

pub(crate) use bike_counts::BikeCountsSource;
pub(crate) use disruptions::DisruptionsSource;
pub(crate) use road_counts::RoadCountsSource;
pub(crate) use road_network::RoadNetworkSource;
pub(crate) use weather::WeatherSource;
pub(crate) use worksites::WorksitesSource;

/// One of the sources that a city publishes. Reading, snapshot windows and dispatch are written once, against this trait.
pub(crate) trait RawSource {
    const SOURCE: Source;
    /// Files of `reference/` that the document depends on; they count as its inputs.
    const REFERENCE: &'static [ReferenceFile];
    /// The data read by the pipeline.
    type Input<'a>;
    /// The part of the document after its header.
    type Body: Serialize + Send;
    type Parameters: Serialize;
    /// Result that other documents need in addition to the draft.
    type Shared: Send;

    fn parameters(all: &Parameters) -> &Self::Parameters;

    fn draft(input: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<Self::Body>>, Self::Shared);
}

/// A source with small files: each is fetched whole and parsed once, whatever the number of days.
pub(crate) trait FileSource: for<'a> RawSource<Input<'a> = &'a [Arc<<Self as FileSource>::File>]> {
    /// A parsed file.
    type File: Send + Sync + 'static;
    /// Each file is a whole snapshot: only the last one by name is read.
    const ONLY_LAST_FILE: bool = false;

    /// Parses one file. Errors are kept in the result, because a broken file may not matter for a day.
    fn parse(file: &RawFile, city: &City) -> Self::File;

    /// Rows and rejections of the whole file, independent of the day.
    fn row_counts(file: &Self::File) -> RowCounts;

    /// The local days that its rows are of; `None` if they have no day, or none is readable.
    fn days(file: &Self::File, tz: Tz) -> Option<DaySpan>;
}

/// An optional file of `reference/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferenceFile {
    Zones,
    SchoolCalendar,
    TransitLines,
}

/// The files that were listed for a source.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilesRead {
    pub(crate) inputs: Vec<Input>,
    /// Objects that were not read, with the reason.
    pub(crate) ignored: Vec<Ignored>,
    /// Warnings about files that the source depends on.
    pub(crate) warnings: Vec<String>,
}

/// Completes a draft with its header.
pub(crate) fn document<S: RawSource>(
    draft: Draft<S::Body>,
    mut files: FilesRead,
    context: &DayContext<'_>,
) -> Document<S::Body> {
    let Draft { status, complete_until, completeness, mut quality, reasons, body } = draft;
    files.ignored.sort_by(|a, b| a.key.cmp(&b.key));
    files.inputs.sort_by(|a, b| a.key.cmp(&b.key));
    files.inputs.dedup();
    quality.warnings.extend(files.warnings);
    let header = Header {
        schema_version: SCHEMA_VERSION.to_owned(),
        source: S::SOURCE,
        date: context.day.date(),
        city: context.city.name.clone(),
        timezone: context.day.tz().name().to_owned(),
        day_type: context.day_type,
        day_status: status,
        complete_until,
        completeness,
        inputs: files.inputs,
        ignored: files.ignored,
        parameters: as_map(S::parameters(context.parameters)),
        quality: Some(quality),
        reasons,
    };
    Document { header, body }
}
