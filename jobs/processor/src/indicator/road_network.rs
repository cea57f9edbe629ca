//! The road network of a day: arcs with lengths and zones, and the districts' outlines for the map.

use std::collections::BTreeMap;

use contract::document::road_network::{NetworkArc, NetworkStatistics, NetworkZone, RoadNetwork, ZoneOutline};
use contract::number::Fixed1;

use crate::context::DayContext;
use crate::geo::{Zones, format_point, place, simplified_outline, trace};
use crate::order::optional_id_order;
use crate::parameters::NetworkParameters;
use crate::source::road_network::{Network, RoadArc};

/// Sums are over the arcs in id order, so that the result is reproducible.
#[must_use]
pub(crate) fn measure(network: &Network, context: &DayContext<'_>) -> RoadNetwork {
    let mut mapping = BTreeMap::new();
    let mut by_zone: BTreeMap<Option<String>, NetworkZone> = BTreeMap::new();
    for (id, arc) in network.iter() {
        let arc_of_document = network_arc(arc, context.zones);
        let zone = by_zone.entry(arc_of_document.district.clone()).or_insert_with(|| NetworkZone {
            district: arc_of_document.district.clone(),
            zone: arc_of_document.zone.clone(),
            arc_count: 0,
            length_m: Fixed1::of(0.0),
        });
        zone.arc_count += 1;
        zone.length_m = Fixed1::of(zone.length_m.get() + arc.length_m.unwrap_or(0.0));
        mapping.insert(id.to_owned(), arc_of_document);
    }
    let mut by_zone: Vec<NetworkZone> = by_zone.into_values().collect();
    by_zone.sort_by(|a, b| optional_id_order(a.district.as_deref(), b.district.as_deref()));
    RoadNetwork {
        mapping,
        statistics: statistics(network),
        by_district: by_zone,
        zones: context.zones.map(|zones| outlines(zones, &context.parameters.referentiel)),
    }
}

fn network_arc(arc: &RoadArc, zones: Option<&Zones>) -> NetworkArc {
    let (code, zone) = place(zones, arc.point);
    NetworkArc {
        label: arc.label.clone(),
        length_m: arc.length_m.and_then(Fixed1::new),
        upstream_node: arc.upstream.clone(),
        downstream_node: arc.downstream.clone(),
        geo_point_2d: arc.point.map(|(lon, lat)| format_point(lat, lon)),
        trace: (!arc.lines.is_empty()).then(|| trace(&arc.lines)),
        district: code,
        zone,
        active: arc.active,
    }
}

/// Number, total and mean length of the arcs that have a length; m.
fn statistics(network: &Network) -> NetworkStatistics {
    let lengths: Vec<f64> = network.iter().filter_map(|(_, arc)| arc.length_m).collect();
    let total: f64 = lengths.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a count of arcs")]
    let number = lengths.len() as f64;
    NetworkStatistics {
        arc_count: u64::try_from(lengths.len()).unwrap_or(u64::MAX),
        total_length_m: Fixed1::of(total),
        mean_length_m: Fixed1::new(total / number),
    }
}

/// The districts' outlines, simplified for the map, by code.
fn outlines(zones: &Zones, parameters: &NetworkParameters) -> Vec<ZoneOutline> {
    zones
        .all()
        .iter()
        .map(|zone| ZoneOutline {
            district: zone.code.clone(),
            zone: zone.name.clone(),
            geometry: simplified_outline(
                &zone.outline,
                parameters.simplification_metres,
                parameters.rayon_terre_metres,
            ),
        })
        .collect()
}
