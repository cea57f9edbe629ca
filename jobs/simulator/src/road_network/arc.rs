//! The arcs of the synthetic network: location, measures and oddities.

use crate::faults::{Fault, Faults};
use crate::geometry::Point;
use crate::random::Rng;
use crate::zones::Zones;

#[derive(Debug, Clone)]
pub struct Node {
    pub id: String,
    pub label: String,
}

/// A row of the network file: an arc or a part of it, with its period of validity.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkObject {
    pub lines: Vec<Vec<Point>>,
    /// First and last year of validity; without a last year the period is open.
    pub years: (i32, Option<i32>),
    /// Whether the coordinates have an altitude.
    pub altitude: bool,
    /// How often the file repeats it.
    pub copies: usize,
}

#[derive(Debug, Clone)]
pub struct Arc {
    pub index: usize,
    pub id: String,
    /// Label in the rows of counts.
    pub label: String,
    /// Label in the network file.
    pub network_label: String,
    /// Upstream node.
    pub from: Node,
    /// Downstream node.
    pub to: Node,
    /// `None` for a few arcs, with `odd-places`.
    pub point: Option<Point>,
    /// Line in the rows of counts.
    pub line: Vec<Point>,
    /// `None` if the arc is missing in the network file.
    pub network_objects: Option<Vec<NetworkObject>>,
    /// Index of its district, for episodes of a whole district.
    pub zone: usize,
    /// Flow in the busiest hour, vehicles per hour.
    pub capacity: f64,
    /// Factor of the occupancy, around 1; larger values are congested more easily.
    pub density: f64,
    /// Whether it measures flow; every arc measures occupancy.
    pub has_flow: bool,
    /// Whether its rows never have values.
    pub mute: bool,
    /// Status without episodes: 0 Inconnu, 1 Ouvert, 2 Barré, 3 Invalide.
    pub status: u8,
}

#[must_use]
pub fn all(count: usize, seed: u64, faults: Faults, zones: &Zones) -> Vec<Arc> {
    (0..count).map(|index| arc(index, seed, faults, zones)).collect()
}

fn arc(index: usize, seed: u64, faults: Faults, zones: &Zones) -> Arc {
    let mut rng = Rng::new(seed, 0xa7c, index as u64);
    let odd = |modulo: usize, rest: usize| faults.has(Fault::OddPlaces) && index % modulo == rest;
    // A quarter of the arcs lie in one district, so that it can be saturated even in a small city.
    let zone = if index.is_multiple_of(4) { 3 } else { usize::try_from(rng.below(20)).unwrap_or(0) };
    let inner = [rng.between(0.15, 0.85), rng.between(0.15, 0.85)];
    let start = if odd(23, 13) {
        [2.6 + inner[0] / 100.0, 48.7]
    } else if odd(23, 15) {
        zones.border(index, inner[1])
    } else {
        zones.point(zone, inner)
    };
    let line = line(start, &mut rng);
    let without_location = odd(23, 11);
    let known = !(odd(23, 17) || odd(23, 18));
    let street =
        rng.pick(&["Av_des_Platanes", "Bd_du_Levant", "Quai_Neuf", "Rue_du_Four", "Pont_Vieux", "Place_Ronde"], "Rue");
    let label = label(index, street, faults);
    let node =
        |number: usize, end: &str| Node { id: (2000 + number).to_string(), label: format!("{street}-{end}_{number}") };
    let network_objects = known.then(|| {
        if without_location {
            vec![network_object(Vec::new(), (2005, Some(2019)))]
        } else {
            network_objects(index, &line, &mut rng)
        }
    });
    Arc {
        index,
        id: if odd(31, 30) { format!("X{index}") } else { (3 + index * 13).to_string() },
        network_label: if index % 17 == 2 { format!("{label} (plan)") } else { label.clone() },
        label,
        from: node(index, "Amont"),
        to: node(index + 1, "Aval"),
        point: (!without_location).then_some(start),
        line: if without_location { Vec::new() } else { line },
        network_objects,
        zone,
        capacity: rng.between(250.0, 2600.0).round(),
        density: rng.between(0.55, 1.45),
        has_flow: index.is_multiple_of(2),
        mute: faults.has(Fault::MissingValues) && index % 29 == 17,
        status: match index % 10 {
            0 => 1,
            5 => 0,
            _ => 3,
        },
    }
}

fn label(index: usize, street: &str, faults: Faults) -> String {
    if faults.has(Fault::OddLabels) {
        match index % 37 {
            3 => return format!("  {street}_{index} "),
            5 => return format!("{street}\n\"côté pair\" {index}"),
            7 => return format!("=SOMME(A{index}:B9)"),
            9 => return format!("<script>alert({index})</script>"),
            12 => return format!("{street}; voie \"bus\", {index}"),
            _ => {}
        }
    }
    format!("{street}_{index}")
}

/// An irregular line of four points that begins at `start`, 100 to 500 m long.
fn line(start: Point, rng: &mut Rng) -> Vec<Point> {
    let (east, north) = (rng.between(-0.0018, 0.0018), rng.between(0.0004, 0.0012));
    let steps = [0.0, 0.31, 0.67, 1.0];
    steps.iter().map(|step| [start[0] + east * step + rng.between(-2e-5, 2e-5), start[1] + north * step]).collect()
}

fn network_object(lines: Vec<Vec<Point>>, years: (i32, Option<i32>)) -> NetworkObject {
    NetworkObject { lines, years, altitude: false, copies: 1 }
}

/// The network objects of an arc: usually one whose validity ended long ago although the arc still reports, as in the real network.
fn network_objects(index: usize, line: &[Point], rng: &mut Rng) -> Vec<NetworkObject> {
    let expired = (2005, Some(2019));
    let head = line.get(..2).unwrap_or(line).to_vec();
    let tail = line.get(1..).unwrap_or(line).to_vec();
    let mut network_objects = if index % 7 == 3 {
        vec![network_object(vec![head], expired), network_object(vec![tail], expired)]
    } else if index % 7 == 5 {
        vec![network_object(vec![head, tail], expired)]
    } else if index % 11 == 4 {
        let old: Vec<_> = line.iter().map(|[lon, lat]| [lon + rng.between(1e-4, 2e-4), *lat]).collect();
        vec![network_object(vec![old], (1996, Some(2010))), network_object(vec![line.to_vec()], (2011, None))]
    } else {
        vec![network_object(vec![line.to_vec()], if index % 13 == 5 { (2012, Some(2099)) } else { expired })]
    };
    for network_object in &mut network_objects {
        network_object.altitude = index % 11 == 6;
        network_object.copies = if index % 9 == 6 { 2 } else { 1 };
    }
    network_objects
}
