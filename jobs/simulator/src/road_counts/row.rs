//! How a cell is written in each of the three real shapes. What does not change from hour to hour is prepared once per arc.

use super::arc::{Arc, Node};
use super::cell::{Cell, Defect, UNKNOWN_STATE};
use crate::clock::HourInfo;
use crate::geometry::Point;
use crate::text;

/// Shape of a file of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Export with labels: BOM, `;`, CRLF, geometry.
    Labels,
    /// Export with field names: `;`, LF, geometry, a column that nobody asked for.
    Fields,
    /// Historical yearly file: `,`, LF, wall time, digits for states, no geometry.
    Historique,
}

const LABELS: &str = "\u{feff}Identifiant arc;Libelle;Date et heure de comptage;Débit horaire;Taux d'occupation;Etat trafic;\
Identifiant noeud amont;Libelle noeud amont;Identifiant noeud aval;Libelle noeud aval;Etat arc;Date debut dispo data;\
Date fin dispo data;geo_point_2d;geo_shape\r\n";
const FIELDS: &str = "iu_ac;libelle;t_1h;q;k;etat_trafic;iu_nd_amont;libelle_nd_amont;iu_nd_aval;libelle_nd_aval;etat_barre;\
date_debut;date_fin;geo_point_2d;geo_shape;millesime\n";
const HISTORIQUE: &str =
    "iu_ac,libelle,iu_nd_amont,libelle_nd_amont,iu_nd_aval,libelle_nd_aval,t_1h,q,k,etat_trafic,etat_barre\n";

const STATES: [&str; 5] = ["Inconnu", "Fluide", "Pré-saturé", "Saturé", "Bloqué"];
/// The same, as they arrive too.
const STATES_PLAIN: [&str; 5] = ["INCONNU", "fluide", "PRE-SATURE", "Sature", "BLOQUE"];
const STATUSES: [&str; 4] = ["Inconnu", "Ouvert", "Barré", "Invalide"];

impl Shape {
    /// The first line.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Labels => LABELS,
            Self::Fields => FIELDS,
            Self::Historique => HISTORIQUE,
        }
    }

    /// Whether rows have a point and a line.
    #[must_use]
    pub fn has_geometry(self) -> bool {
        self != Self::Historique
    }

    /// About how long a row is, bytes.
    #[must_use]
    pub fn row_bytes(self) -> u64 {
        match self {
            Self::Labels | Self::Fields => 405,
            Self::Historique => 115,
        }
    }

    fn separator(self) -> u8 {
        if self == Self::Historique { b',' } else { b';' }
    }

    /// What ends a row.
    #[must_use]
    pub fn line_end(self) -> &'static str {
        if self == Self::Labels { "\r\n" } else { "\n" }
    }
}

/// The parts of an arc's rows that never change.
#[derive(Debug, Clone)]
pub struct RowText {
    shape: Shape,
    id: usize,
    head: Vec<u8>,
    middle: Vec<u8>,
    tail: Vec<u8>,
}

impl RowText {
    /// The parts of an arc's rows.
    #[must_use]
    pub fn new(arc: &Arc, shape: Shape) -> Self {
        let separator = shape.separator();
        let join = |fields: &[&str]| {
            let mut out = Vec::new();
            for text in fields {
                text::field(&mut out, text, separator);
                out.push(separator);
            }
            out
        };
        let nodes = |from: &Node, to: &Node| join(&[&from.id, &from.label, &to.id, &to.label]);
        let mut head = join(&[&arc.id, &arc.label]);
        let (mut middle, mut tail) = (vec![separator], Vec::new());
        if shape == Shape::Historique {
            head.extend(nodes(&arc.from, &arc.to));
        } else {
            middle.extend(nodes(&arc.from, &arc.to));
            let point = arc.point.map_or_else(String::new, |[lon, lat]| {
                if arc.index.is_multiple_of(3) { format!("{lat},{lon}") } else { format!("{lat}, {lon}") }
            });
            tail.push(separator);
            tail.extend(join(&["1996-10-10", "2023-01-01", &point]));
            text::field(&mut tail, &line_string(&arc.line), separator);
            if shape == Shape::Fields {
                tail.extend_from_slice(b";2025");
            }
        }
        Self { shape, id: arc.id.len(), head, middle, tail }
    }

    /// Writes all rows of a cell but those that [`RowText::later`] writes.
    pub fn cell(&self, out: &mut Vec<u8>, cell: &Cell, earlier: impl FnOnce(&Cell) -> Cell, hour: &HourInfo) {
        match cell.defect {
            Defect::NoRow => {}
            Defect::Conflict => {
                self.row(out, &earlier(cell), hour);
                self.row(out, cell, hour);
            }
            Defect::Duplicate(_) => {
                self.row(out, cell, hour);
                self.row(out, cell, hour);
            }
            Defect::Skipped if self.shape == Shape::Historique => {
                // The row that a naive recorder stamps with the hour that the clocks skip, then the one that stands for it.
                let mut skipped = *hour;
                if let Some(digit) = skipped.wall.get_mut(12) {
                    *digit = digit.saturating_sub(1);
                }
                self.row(out, cell, &skipped);
                self.row(out, cell, hour);
            }
            _ => self.row(out, cell, hour),
        }
    }

    /// Writes the rows that repeat a cell far from the first one.
    pub fn later(&self, out: &mut Vec<u8>, cell: &Cell, hour: &HourInfo) {
        if let Defect::Duplicate(times) = cell.defect {
            (1..times).for_each(|_| self.row(out, cell, hour));
        }
    }

    /// Writes one row.
    pub fn row(&self, out: &mut Vec<u8>, cell: &Cell, hour: &HourInfo) {
        let separator = self.shape.separator();
        let from = if cell.defect == Defect::NoId { self.id } else { 0 };
        out.extend_from_slice(self.head.get(from..).unwrap_or_default());
        self.time(out, cell, hour);
        out.push(separator);
        self.flow(out, cell);
        if cell.defect == Defect::Columns && cell.bits & 1 == 0 {
            out.extend_from_slice(self.shape.line_end().as_bytes());
            return;
        }
        out.push(separator);
        self.occupancy(out, cell);
        out.push(separator);
        self.state(out, cell);
        out.extend_from_slice(&self.middle);
        if self.shape == Shape::Historique {
            out.push(b'0' + cell.status);
        } else {
            out.extend_from_slice(STATUSES.get(usize::from(cell.status)).unwrap_or(&"").as_bytes());
        }
        if cell.defect == Defect::Utf8 && self.shape.has_geometry() && cell.bits & 1 == 0 {
            // In a column that nobody needs, and still not text.
            out.extend_from_slice(&[separator, 0xff]);
            out.extend_from_slice(self.tail.get(1..).unwrap_or_default());
        } else {
            out.extend_from_slice(&self.tail);
        }
        if cell.defect == Defect::Columns {
            out.push(separator);
            out.push(b'0');
        }
        out.extend_from_slice(self.shape.line_end().as_bytes());
    }

    fn time(&self, out: &mut Vec<u8>, cell: &Cell, hour: &HourInfo) {
        if cell.defect == Defect::Date {
            let texts = ["2025-13-45T00:00:00+01:00", "", "hier", "2025-02-30 12:00:00"];
            let at = usize::try_from(cell.bits % 4).unwrap_or(0);
            out.extend_from_slice(texts.get(at).unwrap_or(&"").as_bytes());
        } else if self.shape == Shape::Historique {
            out.extend_from_slice(&hour.wall);
        } else {
            out.extend_from_slice(&hour.end);
        }
    }

    fn flow(&self, out: &mut Vec<u8>, cell: &Cell) {
        match (cell.defect, cell.q) {
            (Defect::FlowText, _) => out.extend_from_slice(b"n/d"),
            (Defect::FlowNegative, _) => out.extend_from_slice(b"-5.0"),
            (Defect::Comma, Some(q)) => self.comma(out, q, 0),
            (_, Some(q)) => {
                text::whole(out, u64::from(q));
                out.extend_from_slice(b".0");
            }
            (_, None) => {}
        }
    }

    fn occupancy(&self, out: &mut Vec<u8>, cell: &Cell) {
        match (cell.defect, cell.k) {
            (Defect::OccupancyText, _) => out.extend_from_slice(b"n/d"),
            (Defect::OccupancyAbove, _) => out.extend_from_slice(b"100.5"),
            (Defect::OccupancyBelow, _) => out.extend_from_slice(b"-0.25"),
            (Defect::Comma, Some(k)) => self.comma(out, k / 100_000, k % 100_000),
            (_, Some(k)) => text::decimal5(out, k, b'.'),
            (_, None) => {}
        }
    }

    /// A decimal comma, quoted where the comma separates fields.
    fn comma(&self, out: &mut Vec<u8>, whole: u32, fraction: u32) {
        let quote = self.shape.separator() == b',';
        out.extend_from_slice(if quote { b"\"" } else { b"" });
        text::whole(out, u64::from(whole));
        let mut decimals = Vec::new();
        text::decimal5(&mut decimals, fraction, b',');
        out.extend_from_slice(decimals.get(1..).unwrap_or_default());
        out.extend_from_slice(if quote { b"\"" } else { b"" });
    }

    fn state(&self, out: &mut Vec<u8>, cell: &Cell) {
        if cell.defect == Defect::Utf8 && (!self.shape.has_geometry() || cell.bits & 1 == 1) {
            out.extend_from_slice(b"Satur\xe9");
        } else if cell.state == UNKNOWN_STATE {
            out.extend_from_slice(if self.shape == Shape::Historique { b"7" } else { b"Encombr\xc3\xa9" });
        } else if self.shape == Shape::Historique {
            out.push(b'0' + cell.state);
        } else {
            let texts = if (cell.bits >> 50) % 64 == 5 { &STATES_PLAIN } else { &STATES };
            out.extend_from_slice(texts.get(usize::from(cell.state)).unwrap_or(&"").as_bytes());
        }
    }
}

/// `{"coordinates": [[lon, lat], …], "type": "LineString"}`, or nothing.
#[must_use]
pub fn line_string(line: &[Point]) -> String {
    if line.is_empty() {
        return String::new();
    }
    let points: Vec<_> = line.iter().map(|[lon, lat]| format!("[{lon}, {lat}]")).collect();
    format!("{{\"coordinates\": [{}], \"type\": \"LineString\"}}", points.join(", "))
}
