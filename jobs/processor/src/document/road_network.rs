//! The document of the road network, and the network itself, onto which road counts and worksites are placed. Only the last file in key
//! order is read: each file is a whole snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::document::DayStatus;
use contract::document::road_network::RoadNetwork;
use contract::{ServiceDay, Source, Tz};

use super::{FileSource, RawSource, ReferenceFile};
use crate::city::City;
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::geo::{ZONES_UNKNOWN, lines_length_metres, zone_warnings};
use crate::indicator;
use crate::parameters::{NetworkParameters, Parameters};
use crate::quality::{DaySpan, RowCounts};
use crate::raw_file::RawFile;
use crate::source::road_network::{ArcObject, ArcObjects, ArcRow, Network, ParsedFile, RoadArc, parse};

#[cfg(test)]
mod tests;

pub(crate) enum RoadNetworkSource {}

impl RawSource for RoadNetworkSource {
    const SOURCE: Source = Source::RoadNetwork;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::Zones, ReferenceFile::SchoolCalendar];
    type Input<'a> = &'a [Arc<ParsedFile>];
    type Body = RoadNetwork;
    type Parameters = NetworkParameters;
    type Shared = Network;

    fn parameters(all: &Parameters) -> &NetworkParameters {
        &all.referentiel
    }

    /// An arc on the day consists of the objects whose period covers a part of the day; if there are none, of those with the latest end. Equal
    /// objects count once; the lengths of the others are added, and their lines listed in file order. Label, nodes and point are those of
    /// the last object in file order that has them.
    fn draft(files: Self::Input<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<RoadNetwork>>, Network) {
        draft(files, context)
    }
}

impl FileSource for RoadNetworkSource {
    type File = ParsedFile;
    const ONLY_LAST_FILE: bool = true;

    fn parse(file: &RawFile, city: &City) -> ParsedFile {
        parse(file, city)
    }

    fn row_counts(file: &ParsedFile) -> RowCounts {
        file.row_counts()
    }

    fn days(_: &ParsedFile, _: Tz) -> Option<DaySpan> {
        None
    }
}

fn draft(files: &[Arc<ParsedFile>], context: &DayContext<'_>) -> (SourceResult<Draft<RoadNetwork>>, Network) {
    let Some(file) = files.last() else { return (SourceResult::no_file(), Network::default()) };
    let ArcObjects { arcs, quality, warnings } = match &file.content {
        Ok(objects) => objects,
        Err(error) => return (SourceResult::Failed(error.clone()), Network::default()),
    };
    if arcs.is_empty() {
        let absent = if quality.rows == 0 { SourceResult::no_row_at_all() } else { SourceResult::no_row(None) };
        return (absent, Network::default());
    }

    let mut quality = quality.clone();
    let (mut cells, mut repeats) = (0, 0);
    let mut network = Vec::with_capacity(arcs.len());
    for (id, objects) in arcs {
        let used = of_the_day(objects, context.day);
        // Equal objects have the same period, so the first of them is among the used ones.
        let mut known: Vec<usize> = Vec::with_capacity(used.len());
        let mut distinct: Vec<&ArcObject> = Vec::with_capacity(used.len());
        for row in used {
            if known.contains(&row.equals) {
                repeats += 1;
                continue;
            }
            cells += 1;
            known.push(row.equals);
            distinct.push(&row.object);
            for reason in &row.object.unread {
                quality.reject(*reason, file.key(), row.line, row.excerpt.as_bytes());
            }
        }
        network.push((id.clone(), arc(&distinct, context)));
    }
    let network = Network::new(network);

    quality.rows_of_day = cells + repeats;
    let mut quality = quality.finish();
    quality.cells = cells;
    quality.duplicates = repeats;
    quality.warnings = zone_warnings(context.zones);
    quality.warnings.extend(warnings.iter().cloned());
    let mut reasons = BTreeMap::new();
    if context.zones.is_none() {
        reasons.insert("mapping.zone".to_owned(), ZONES_UNKNOWN.to_owned());
        reasons.insert("zones".to_owned(), ZONES_UNKNOWN.to_owned());
    }
    // Final, because the file has no time of collection.
    let draft = Draft {
        status: DayStatus::Final,
        complete_until: None,
        completeness: None,
        quality,
        reasons,
        body: indicator::road_network::measure(&network, context),
    };
    (SourceResult::Document(draft), network)
}

/// The objects whose period covers the day, else those with the latest end; in file order.
fn of_the_day(objects: &[ArcRow], day: ServiceDay) -> Vec<&ArcRow> {
    if objects.iter().any(|row| row.object.covers(day)) {
        return objects.iter().filter(|row| row.object.covers(day)).collect();
    }
    // No end counts as the latest end.
    let end = |row: &ArcRow| (row.object.end.is_none(), row.object.end);
    let latest = objects.iter().map(end).max();
    objects.iter().filter(|row| Some(end(row)) == latest).collect()
}

fn arc(objects: &[&ArcObject], context: &DayContext<'_>) -> RoadArc {
    let lines: Vec<Vec<(f64, f64)>> = objects.iter().flat_map(|object| object.lines.iter().cloned()).collect();
    RoadArc {
        label: last(objects, |object| object.label.clone()),
        length_m: lines_length_metres(&lines, context.parameters.referentiel.rayon_terre_metres),
        point: last(objects, |object| object.point),
        lines,
        upstream: last(objects, |object| object.upstream.clone()),
        downstream: last(objects, |object| object.downstream.clone()),
        active: objects.iter().any(|object| object.covers(context.day)),
    }
}

fn last<T>(objects: &[&ArcObject], field: impl Fn(&ArcObject) -> Option<T>) -> Option<T> {
    objects.iter().rev().find_map(|object| field(object))
}
