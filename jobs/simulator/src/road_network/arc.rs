//! The arcs of the synthetic network: where they lie, what they can measure, and what is odd about them.

use crate::faults::{Fault, Faults};
use crate::geometry::Point;
use crate::random::Rng;
use crate::zones::Zones;

/// A node of the network.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
}

/// An object of the network file: a piece of an arc, or all of it, with its period of validity.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Lines.
    pub lines: Vec<Vec<Point>>,
    /// First and last year of validity; no last one where it is open.
    pub years: (i32, Option<i32>),
    /// Whether its coordinates have an altitude.
    pub altitude: bool,
    /// How often it stands in the file.
    pub copies: usize,
}

/// An arc.
#[derive(Debug, Clone)]
pub struct Arc {
    /// Its place among the arcs.
    pub index: usize,
    /// Its id.
    pub id: String,
    /// Its label in the rows.
    pub label: String,
    /// Its label in the network file.
    pub network_label: String,
    /// Upstream.
    pub from: Node,
    /// Downstream.
    pub to: Node,
    /// Its point; none for a few.
    pub point: Option<Point>,
    /// Its line in the rows.
    pub line: Vec<Point>,
    /// Its objects in the network file; none where the network does not know it.
    pub pieces: Option<Vec<Piece>>,
    /// The district it was put into, for episodes that take a whole district.
    pub zone: usize,
    /// Flow at the busiest hour.
    pub capacity: f64,
    /// How easily it is congested, around 1.
    pub density: f64,
    /// Whether it counts vehicles; it always measures occupancy.
    pub has_flow: bool,
    /// Whether it never says anything though it has rows.
    pub mute: bool,
    /// Usual status: 0 Inconnu, 1 Ouvert, 2 Barré, 3 Invalide.
    pub status: u8,
}

/// All arcs of a city.
#[must_use]
pub fn all(count: usize, seed: u64, faults: Faults, zones: &Zones) -> Vec<Arc> {
    (0..count).map(|index| arc(index, seed, faults, zones)).collect()
}

fn arc(index: usize, seed: u64, faults: Faults, zones: &Zones) -> Arc {
    let mut rng = Rng::of(seed, 0xa7c, index as u64);
    let odd = |modulo: usize, rest: usize| faults.has(Fault::OddPlaces) && index % modulo == rest;
    // A quarter in one district, so that it can be saturated even in a small city.
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
    let nowhere = odd(23, 11);
    let known = !(odd(23, 17) || odd(23, 18));
    let street =
        rng.pick(&["Av_des_Platanes", "Bd_du_Levant", "Quai_Neuf", "Rue_du_Four", "Pont_Vieux", "Place_Ronde"], "Rue");
    let label = label(index, street, faults);
    let node =
        |number: usize, end: &str| Node { id: (2000 + number).to_string(), label: format!("{street}-{end}_{number}") };
    let pieces = known
        .then(|| if nowhere { vec![piece(Vec::new(), (2005, Some(2019)))] } else { pieces(index, &line, &mut rng) });
    Arc {
        index,
        id: if odd(31, 30) { format!("X{index}") } else { (3 + index * 13).to_string() },
        network_label: if index % 17 == 2 { format!("{label} (plan)") } else { label.clone() },
        label,
        from: node(index, "Amont"),
        to: node(index + 1, "Aval"),
        point: (!nowhere).then_some(start),
        line: if nowhere { Vec::new() } else { line },
        pieces,
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
            5 => return format!("{street}\n\"côté pair\" {index}"),
            7 => return format!("=SOMME(A{index}:B9)"),
            9 => return format!("<script>alert({index})</script>"),
            12 => return format!("{street}; voie \"bus\", {index}"),
            _ => {}
        }
    }
    format!("{street}_{index}")
}

/// A crooked line of four points that begins at `start`, 100 to 500 m long.
fn line(start: Point, rng: &mut Rng) -> Vec<Point> {
    let (east, north) = (rng.between(-0.0018, 0.0018), rng.between(0.0004, 0.0012));
    let steps = [0.0, 0.31, 0.67, 1.0];
    steps.iter().map(|step| [start[0] + east * step + rng.between(-2e-5, 2e-5), start[1] + north * step]).collect()
}

fn piece(lines: Vec<Vec<Point>>, years: (i32, Option<i32>)) -> Piece {
    Piece { lines, years, altitude: false, copies: 1 }
}

/// The objects of an arc: mostly one that ended long ago although the arc still reports, as in the real network.
fn pieces(index: usize, line: &[Point], rng: &mut Rng) -> Vec<Piece> {
    let long_past = (2005, Some(2019));
    let head = line.get(..2).unwrap_or(line).to_vec();
    let tail = line.get(1..).unwrap_or(line).to_vec();
    let mut pieces = if index % 7 == 3 {
        vec![piece(vec![head], long_past), piece(vec![tail], long_past)]
    } else if index % 7 == 5 {
        vec![piece(vec![head, tail], long_past)]
    } else if index % 11 == 4 {
        let old: Vec<_> = line.iter().map(|[lon, lat]| [lon + rng.between(1e-4, 2e-4), *lat]).collect();
        vec![piece(vec![old], (1996, Some(2010))), piece(vec![line.to_vec()], (2011, None))]
    } else {
        vec![piece(vec![line.to_vec()], if index % 13 == 5 { (2012, Some(2099)) } else { long_past })]
    };
    for piece in &mut pieces {
        piece.altitude = index % 11 == 6;
        piece.copies = if index % 9 == 6 { 2 } else { 1 };
    }
    pieces
}
