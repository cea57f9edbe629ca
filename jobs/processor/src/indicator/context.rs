//! Figures from several sources: the arcs near worksites, and the day's facts for the report.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Weekday};
use contract::document::bike_counts::BikeCounts;
use contract::document::context::{Context, DayFacts, Fact, NearbyArc, WorksiteArcs};
use contract::document::disruptions::Disruptions;
use contract::document::road_counts::RoadGlobal;
use contract::document::weather::Weather;
use contract::document::worksites::Worksites;
use contract::number::{Degrees, Fixed, Fixed1, Fixed2};
use contract::{DayType, ServiceDay, Source};
use geo::Geometry;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::geo::LineIndex;
use crate::order::id_order;
use crate::parameters::Parameters;
use crate::source::road_network::Network;

/// The shape of a worksite that is active on the day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorksiteShape {
    pub(crate) id: String,
    /// Its shape, degrees.
    pub(crate) shape: Geometry<f64>,
}

/// The required part of the road counts' document; the rest of this large document is skipped.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RoadFigures {
    global_metrics: RoadGlobal,
    #[serde(rename = "capteurs_defaillants")]
    sensor_failures: Vec<IgnoredAny>,
    #[serde(rename = "debits_exceptionnels")]
    exceptional_flows: Option<Vec<IgnoredAny>>,
    metrics: Vec<ArcFigures>,
}

#[derive(Debug, Clone, Deserialize)]
struct ArcFigures {
    #[serde(rename = "identifiant_arc")]
    arc_id: String,
    #[serde(rename = "debit_journalier_total")]
    total_daily_flow: Option<Fixed2>,
    #[serde(rename = "ecart_jour_type_pourcent")]
    day_type_deviation_percent: Option<Fixed2>,
    trace: Option<Vec<[Degrees; 2]>>,
}

/// The arcs near each worksite that has a shape, by distance, then id; the worksites in the order given.
///
/// The distance is 0 if the arc touches the shape or lies in it, else that of the nearest points in the local plane at the shape's centroid;
/// metres, at most `contexte.distance_chantier_metres`. Arcs are those of the network, and those of the counts that the network lacks.
/// `None` without arcs.
#[must_use]
pub(crate) fn worksite_arcs(
    shapes: &[WorksiteShape],
    network: &Network,
    roads: Option<&RoadFigures>,
    parameters: &Parameters,
) -> Option<Vec<WorksiteArcs>> {
    let counted: HashMap<&str, &ArcFigures> =
        roads.iter().flat_map(|roads| &roads.metrics).map(|arc| (arc.arc_id.as_str(), arc)).collect();
    let traces: Vec<(&str, Vec<(f64, f64)>)> = roads
        .iter()
        .flat_map(|roads| &roads.metrics)
        .filter(|arc| network.get(&arc.arc_id).is_none())
        .filter_map(|arc| {
            let line = arc.trace.as_ref()?.iter().map(|[lon, lat]| (lon.get(), lat.get())).collect();
            Some((arc.arc_id.as_str(), line))
        })
        .collect();
    let lines: Vec<(&str, &[(f64, f64)])> = network
        .iter()
        .flat_map(|(id, arc)| arc.lines.iter().map(move |line| (id, line.as_slice())))
        .chain(traces.iter().map(|(id, line)| (*id, line.as_slice())))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let index =
        LineIndex::new(lines.iter().map(|(_, line)| *line).collect(), parameters.referentiel.rayon_terre_metres);
    let metres = parameters.contexte.distance_chantier_metres;
    let near = |shape: &WorksiteShape| {
        let mut distances: HashMap<&str, f64> = HashMap::new();
        for (place, distance) in index.within(&shape.shape, metres) {
            if let Some((id, _)) = lines.get(place) {
                // The nearest piece of an arc counts.
                distances.entry(*id).and_modify(|known| *known = known.min(distance)).or_insert(distance);
            }
        }
        let mut near: Vec<(&str, f64)> = distances.into_iter().collect();
        near.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| id_order(a.0, b.0)));
        near
    };
    Some(
        shapes
            .iter()
            .map(|shape| WorksiteArcs {
                id: shape.id.clone(),
                arcs: near(shape).into_iter().map(|(id, distance)| nearby(id, distance, &counted)).collect(),
            })
            .collect(),
    )
}

fn nearby(id: &str, distance: f64, counted: &HashMap<&str, &ArcFigures>) -> NearbyArc {
    let arc = counted.get(id);
    NearbyArc {
        arc_id: id.to_owned(),
        distance_m: Fixed1::of(distance),
        total_daily_flow: arc.and_then(|arc| arc.total_daily_flow),
        day_type_deviation_percent: arc.and_then(|arc| arc.day_type_deviation_percent),
    }
}

/// The documents of the day.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Documents<'a> {
    pub(crate) comptages: Option<&'a RoadFigures>,
    pub(crate) bikes: Option<&'a BikeCounts>,
    pub(crate) traffic: Option<&'a Disruptions>,
    pub(crate) weather: Option<&'a Weather>,
    pub(crate) chantiers: Option<&'a Worksites>,
}

/// The figures that have a value, most unusual first (largest |z|), then those without z, by key. A key is the source and the figure's name;
/// the value of a list is its length.
///
/// Without history there is no reference, deviation or z.
#[must_use]
pub(crate) fn facts(documents: Documents<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(roads) = documents.comptages {
        let mut fact = collector(&mut facts, Source::RoadCounts);
        let city = &roads.global_metrics;
        fact("total_vehicules_jour", city.total_vehicles.map(Fixed::get));
        fact("vehicules_km", city.vehicle_km.map(Fixed::get));
        fact("temps_perdu_total_paris", city.total_delay_minutes.map(Fixed::get));
        fact("taux_occupation_moyen", city.mean_occupancy.map(Fixed::get));
        fact("nombre_troncons_satures", Some(number(city.saturated_arc_count)));
        fact("nombre_troncons_en_alerte", Some(number(city.alerted_arc_count)));
        fact("taux_disponibilite_capteurs", city.sensor_availability.map(Fixed::get));
        fact("capteurs_defaillants", Some(length(&roads.sensor_failures)));
        fact("debits_exceptionnels", roads.exceptional_flows.as_ref().map(|list| length(list)));
    }
    if let Some(bikes) = documents.bikes {
        let mut fact = collector(&mut facts, Source::BikeCounts);
        fact("total_jour", bikes.global_metrics.daily_total.map(number));
        fact("frequentation_index", bikes.ridership_index.map(Fixed::get));
        fact("failing_sensors", Some(length(&bikes.failing_sensors)));
        fact("anomalies", bikes.anomalies.as_ref().map(|list| length(list)));
    }
    if let Some(traffic) = documents.traffic {
        let mut fact = collector(&mut facts, Source::Disruptions);
        fact("active_disruptions_count", Some(number(traffic.active_disruptions_count)));
        fact("reliability_index", traffic.reliability_index.map(Fixed::get));
        fact("alerts", Some(length(&traffic.alerts)));
    }
    if let Some(weather) = documents.weather {
        let mut fact = collector(&mut facts, Source::Weather);
        let day = &weather.metrics;
        fact("temp_moyenne", day.temp_mean.map(Fixed::get));
        fact("temp_min", day.temp_min.map(Fixed::get));
        fact("temp_max", day.temp_max.map(Fixed::get));
        fact("precip_totale", Some(day.precip_total.get()));
        fact("vent_max", day.wind_max.map(Fixed::get));
    }
    if let Some(worksites) = documents.chantiers {
        let mut fact = collector(&mut facts, Source::Worksites);
        fact("total_chantiers_actifs", Some(number(worksites.active_worksite_count)));
        fact("nouveaux", Some(length(&worksites.starting)));
        fact("se_terminent", Some(length(&worksites.ending_soon)));
        fact("zones_critiques", Some(length(&worksites.critical_zones)));
    }
    facts.sort_by(most_unusual_first);
    facts
}

/// Returns a function that adds a figure of the source if it has a value.
fn collector(facts: &mut Vec<Fact>, source: Source) -> impl FnMut(&str, Option<f64>) {
    move |key, value| {
        facts.extend(value.and_then(Fixed2::new).map(|value| Fact {
            key: format!("{source}.{key}"),
            value,
            reference: None,
            deviation: None,
            z: None,
            source,
        }));
    }
}

fn most_unusual_first(a: &Fact, b: &Fact) -> Ordering {
    let size = |fact: &Fact| fact.z.map_or(f64::NEG_INFINITY, |z| z.get().abs());
    size(b).total_cmp(&size(a)).then_with(|| a.key.cmp(&b.key))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn length<T>(list: &[T]) -> f64 {
    list.len() as f64
}

#[must_use]
pub(crate) fn day_facts(
    day: ServiceDay,
    day_type: DayType,
    public_holiday: Option<String>,
    school_holiday: Option<String>,
) -> DayFacts {
    DayFacts {
        date: day.date(),
        weekday: weekday(day.date().weekday()).to_owned(),
        day_type,
        public_holiday,
        school_holiday,
        hours: u32::try_from(day.hour_count()).unwrap_or(24),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "lundi",
        Weekday::Tue => "mardi",
        Weekday::Wed => "mercredi",
        Weekday::Thu => "jeudi",
        Weekday::Fri => "vendredi",
        Weekday::Sat => "samedi",
        Weekday::Sun => "dimanche",
    }
}

/// The document's body and the reasons of its nulls. `worksites` is `None` if the day has no document of worksites.
#[must_use]
pub(crate) fn measure(
    day: DayFacts,
    documents: Documents<'_>,
    worksites: Option<&[WorksiteShape]>,
    network: &Network,
    parameters: &Parameters,
) -> (Context, BTreeMap<String, String>) {
    let mut reasons = BTreeMap::from([("correlations".to_owned(), "historique_absent".to_owned())]);
    let near = worksites.and_then(|shapes| worksite_arcs(shapes, network, documents.comptages, parameters));
    if near.is_none() {
        let reason = if worksites.is_none() { "chantiers_absents" } else { "troncons_absents" };
        reasons.insert("chantiers_troncons".to_owned(), reason.to_owned());
    }
    let facts = facts(documents);
    if facts.iter().any(|fact| fact.z.is_none()) {
        reasons.insert("faits.z".to_owned(), "historique_absent".to_owned());
    }
    (Context { correlations: None, worksite_arcs: near, day, facts }, reasons)
}

#[cfg(test)]
#[path = "context/tests.rs"]
mod tests;
