//! The document of the road counts, from cells. The duration of each indicator is recorded only in the trace.

use std::collections::{BTreeMap, HashSet};

use contract::document::road_counts::{RoadCounts, RoadEvolution};
use contract::document::{DayStatus, Quality};
use contract::number::Fixed2;
use contract::{NaiveDate, ServiceDay, Source};
use runtime::telemetry::Span;

use super::{RawSource, ReferenceFile};
use crate::cells::road::{Overlap, counts};
use crate::context::DayContext;
use crate::draft::{Draft, SourceResult};
use crate::geo::{ZONES_UNKNOWN, zone_warnings};
use crate::indicator::road_counts::{RoadDay, alerts, arcs, city, failing, percent, zones};
use crate::parameters::{Parameters, RoadParameters};
use crate::source::road_network::Network;
use crate::telemetry::INDICATOR;

/// Reason of every figure that needs weeks of history.
const NO_HISTORY: &str = "historique_absent";

/// The cells of all days of a run, and the data that the document of one day needs in addition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoadInput<'a> {
    pub(crate) counts: &'a counts::RoadAccumulator,
    pub(crate) network: Option<&'a Network>,
}

pub(crate) enum RoadCountsSource {}

impl RawSource for RoadCountsSource {
    const SOURCE: Source = Source::RoadCounts;
    const REFERENCE: &'static [ReferenceFile] = &[ReferenceFile::Zones, ReferenceFile::SchoolCalendar];
    type Input<'a> = RoadInput<'a>;
    type Body = RoadCounts;
    type Parameters = RoadParameters;
    type Shared = ();

    fn parameters(all: &Parameters) -> &RoadParameters {
        &all.comptages
    }

    fn draft(input: RoadInput<'_>, context: &DayContext<'_>) -> (SourceResult<Draft<RoadCounts>>, ()) {
        (draft(input.counts, input.network, context), ())
    }
}

fn draft(
    counts: &counts::RoadAccumulator,
    network: Option<&Network>,
    context: &DayContext<'_>,
) -> SourceResult<Draft<RoadCounts>> {
    let parameters = &context.parameters.comptages;
    let mut day = RoadDay::new(&counts.cells, network, context);
    if day.arcs.iter().all(|arc| !arc.seen) {
        return match counts.newest {
            None if counts.row_counts().rows == 0 => SourceResult::no_row_at_all(),
            newest => SourceResult::no_row(newest.and_then(|newest| last_day(newest, &context.day))),
        };
    }
    let mut quality = counts.quality(context.day.date());
    let complete_until = day.complete_until();
    let expected = day.expectation(complete_until);
    let completeness = percent(expected.measured, expected.cells);
    let silent = day.silent_hours();
    let span = |name: &str| Span::start_named(&INDICATOR, name);
    let failing =
        span("indicator failing_detectors").in_scope(|| failing::find(&day, complete_until, &silent, parameters));
    quality.excluded_cells = failing::exclude(&mut day, &failing);
    quality.inconsistent_states = day.contradicted_states(parameters);
    let alerts = span("indicator congestion_alerts").in_scope(|| alerts::find(&day, parameters, context.zones));
    let alerted: HashSet<usize> = alerts.iter().filter_map(|alert| alert.arc).collect();
    let (sums, metrics) = span("indicator arcs").in_scope(|| {
        let sums = arcs::sums(&day, parameters);
        let metrics = arcs::metrics(&day, &sums, &alerted, parameters);
        (sums, metrics)
    });
    let zone_rows = span("indicator zones").in_scope(|| zones::all(&day, &sums, context.zones));
    let global =
        span("indicator city").in_scope(|| city::global(&day, &sums, &alerted, &expected, complete_until, parameters));

    let mut reasons = reasons();
    warn(&day, &silent, context, &mut quality, &mut reasons);
    let final_from = context.day.plus(parameters.definitif_jours + 1).start().timestamp();
    let old = counts.newest.is_some_and(|newest| newest >= final_from);
    let complete = completeness.is_some_and(|percent| percent.get() >= parameters.definitif_part);
    if completeness.is_none() {
        reasons.insert("completude".to_owned(), "aucun_troncon_attendu".to_owned());
    }
    let overlaps = counts.overlaps(context.day.date());
    quality.warnings.extend(counts.warnings.iter().cloned());
    quality.warnings.extend(network.map(|network| unknown_arcs(counts, network)).unwrap_or_default());
    quality.warnings.extend(overlap_warnings(&overlaps, &counts.files, parameters.recouvrement_part));
    SourceResult::Document(Draft {
        status: if complete || old { DayStatus::Final } else { DayStatus::Provisional },
        complete_until: complete_until.map(|hour| day.stamp(hour)),
        completeness,
        quality,
        reasons,
        body: RoadCounts {
            sensor_failures: failing::rows(&day, &failing),
            top_10_arcs: arcs::busiest(&day, &metrics),
            metrics,
            global_metrics: global,
            top_10_congested_zones: zones::by_lost_time(&zone_rows),
            busiest_zones: zones::by_vehicles(&zone_rows),
            zones: zone_rows.into_iter().map(|row| row.row).collect(),
            congestion_alerts: alerts::rows(&day, alerts, parameters),
            exceptional_flows: None,
            profiles: None,
            evolution: RoadEvolution::default(),
        },
    })
}

fn last_day(newest: i64, day: &ServiceDay) -> Option<NaiveDate> {
    Some(ServiceDay::of(chrono::DateTime::from_timestamp(newest, 0)?, day.tz()).date())
}

fn reasons() -> BTreeMap<String, String> {
    [
        "debits_exceptionnels",
        "evolution.jour_type",
        "evolution.semaine_precedente",
        "metrics.debit_journalier_estime",
        "metrics.ecart_jour_type_pourcent",
        "profils",
    ]
    .into_iter()
    .map(|path| (path.to_owned(), NO_HISTORY.to_owned()))
    .collect()
}

fn warn(
    day: &RoadDay,
    silent: &[usize],
    context: &DayContext<'_>,
    quality: &mut Quality,
    reasons: &mut BTreeMap<String, String>,
) {
    let in_day: Vec<String> = silent
        .iter()
        .filter(|hour| (day.day_from..day.edges.end).contains(hour) && !day.changes_clock(**hour))
        .map(|hour| day.stamp(*hour).local().format("%H h").to_string())
        .collect();
    if !in_day.is_empty() {
        quality.warnings.push(format!(
            "Aucun tronçon n'a de mesure à : {}. La source elle-même s'est tue ; ces heures ne comptent pas comme silence des capteurs.",
            in_day.join(", ")
        ));
    }
    quality.warnings.extend(zone_warnings(context.zones));
    if context.zones.is_none() {
        reasons.insert("metrics.zone".to_owned(), ZONES_UNKNOWN.to_owned());
    }
}

/// Warnings that name the files none of whose arcs is in the network.
fn unknown_arcs(counts: &counts::RoadAccumulator, network: &Network) -> Vec<String> {
    if network.is_empty() {
        return Vec::new();
    }
    let known = |id: &[u8]| std::str::from_utf8(id).is_ok_and(|id| network.get(id).is_some());
    let unknown = counts.cells.files_without(known).into_iter();
    let keys = unknown.filter_map(|file| counts.files.get(usize::from(file)));
    keys.map(|key| {
        format!("Aucun tronçon de {key} n'est dans le référentiel : vérifiez que les deux sont de la même ville.")
    })
    .collect()
}

/// Warnings that name the files to archive. A file is named if more than `limit` percent of its rows of D are superseded, because a later file
/// has their cells. If there is no such file, the later file is named if more than `limit` percent of its rows are for cells of another file.
#[must_use]
pub(crate) fn overlap_warnings(overlaps: &BTreeMap<u16, Overlap>, keys: &[String], limit: f64) -> Vec<String> {
    let above = |part: u64, whole: u64| percent(part, whole).filter(|share| share.get() > limit);
    let mut named: Vec<(u16, Fixed2)> =
        overlaps.iter().filter_map(|(file, rows)| Some((*file, above(rows.superseded, rows.rows)?))).collect();
    if named.is_empty() {
        named = overlaps.iter().filter_map(|(file, rows)| Some((*file, above(rows.shared, rows.rows)?))).collect();
    }
    named
        .into_iter()
        .filter_map(|(file, share)| {
            let key = keys.get(usize::from(file))?;
            let share = share.rounded();
            Some(format!("{share} % des lignes du jour de {key} sont pour des cellules qu'un autre fichier a aussi : archivez ce fichier."))
        })
        .collect()
}
