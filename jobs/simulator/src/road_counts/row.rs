//! Formats a cell as a row of each of the real formats. The constant parts of an arc's rows are prepared once.

use super::cell::{Defect, HourCell, UNKNOWN_STATE};
use crate::clock::{self, HourInfo};
use crate::geometry::Point;
use crate::road_network::arc::{Arc, Node};
use crate::text;

/// The format of a file of road counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// Export with labels: BOM, `;`, CRLF, geometry.
    Labels,
    /// Export with field names: `;`, LF, geometry, one extra column.
    Fields,
    /// The same without a time zone in the request: times in UTC.
    FieldsInUtc,
    /// Historical yearly file: `,`, LF, wall time, numeric states, no geometry.
    Historical,
    /// A historical file that a French spreadsheet has saved: BOM, `;`, CRLF, day-first times.
    Spreadsheet,
    /// An export with field names that a Python data frame has written: `,`, LF, geometry as a dict, some ids as decimal numbers.
    DataFrame,
}

const LABELS: &str = "\u{feff}Identifiant arc;Libelle;Date et heure de comptage;Débit horaire;Taux d'occupation;Etat trafic;\
Identifiant noeud amont;Libelle noeud amont;Identifiant noeud aval;Libelle noeud aval;Etat arc;Date debut dispo data;\
Date fin dispo data;geo_point_2d;geo_shape\r\n";
const FIELDS: &str = "iu_ac;libelle;t_1h;q;k;etat_trafic;iu_nd_amont;libelle_nd_amont;iu_nd_aval;libelle_nd_aval;etat_barre;\
date_debut;date_fin;geo_point_2d;geo_shape;millesime\n";
const HISTORIQUE: &str =
    "iu_ac,libelle,iu_nd_amont,libelle_nd_amont,iu_nd_aval,libelle_nd_aval,t_1h,q,k,etat_trafic,etat_barre\n";

const SPREADSHEET: &str =
    "\u{feff}iu_ac;libelle;iu_nd_amont;libelle_nd_amont;iu_nd_aval;libelle_nd_aval;t_1h;q;k;etat_trafic;etat_barre\r\n";
const DATA_FRAME: &str = "iu_ac,libelle,t_1h,q,k,etat_trafic,iu_nd_amont,libelle_nd_amont,iu_nd_aval,libelle_nd_aval,etat_barre,\
date_debut,date_fin,geo_point_2d,geo_shape\n";

const STATES: [&str; 5] = ["Inconnu", "Fluide", "Pré-saturé", "Saturé", "Bloqué"];
/// Variants of the same states in the real exports.
const STATES_PLAIN: [&str; 5] = ["INCONNU", "fluide", "PRE-SATURE", "Sature", "BLOQUE"];
const STATUSES: [&str; 4] = ["Inconnu", "Ouvert", "Barré", "Invalide"];

impl RowFormat {
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Labels => LABELS,
            Self::Fields | Self::FieldsInUtc => FIELDS,
            Self::Historical => HISTORIQUE,
            Self::Spreadsheet => SPREADSHEET,
            Self::DataFrame => DATA_FRAME,
        }
    }

    /// Whether the rows have a point and a line.
    #[must_use]
    pub fn has_geometry(self) -> bool {
        !self.is_historical()
    }

    /// Whether the rows have wall times and states as digits.
    #[must_use]
    pub fn is_historical(self) -> bool {
        matches!(self, Self::Historical | Self::Spreadsheet)
    }

    /// Approximate length of a row, bytes.
    #[must_use]
    pub fn row_bytes(self) -> u64 {
        match self {
            Self::Labels | Self::Fields | Self::FieldsInUtc | Self::DataFrame => 405,
            Self::Historical | Self::Spreadsheet => 115,
        }
    }

    fn separator(self) -> u8 {
        if matches!(self, Self::Historical | Self::DataFrame) { b',' } else { b';' }
    }

    #[must_use]
    pub fn line_end(self) -> &'static str {
        if matches!(self, Self::Labels | Self::Spreadsheet) { "\r\n" } else { "\n" }
    }
}

/// The constant parts of an arc's rows in one format.
#[derive(Debug, Clone)]
pub struct RowTemplate {
    format: RowFormat,
    id_length: usize,
    head: Vec<u8>,
    middle: Vec<u8>,
    tail: Vec<u8>,
}

impl RowTemplate {
    #[must_use]
    pub fn new(arc: &Arc, format: RowFormat) -> Self {
        let separator = format.separator();
        let join = |fields: &[&str]| {
            let mut out = Vec::new();
            for text in fields {
                text::field(&mut out, text, separator);
                out.push(separator);
            }
            out
        };
        let nodes = |from: &Node, to: &Node| join(&[&from.id, &from.label, &to.id, &to.label]);
        let id = if format == RowFormat::DataFrame
            && arc.index.is_multiple_of(5)
            && arc.id.bytes().all(|byte| byte.is_ascii_digit())
        {
            format!("{}.0", arc.id)
        } else {
            arc.id.clone()
        };
        let mut head = join(&[&id, &arc.label]);
        let (mut middle, mut tail) = (vec![separator], Vec::new());
        if format.is_historical() {
            head.extend(nodes(&arc.from, &arc.to));
        } else {
            middle.extend(nodes(&arc.from, &arc.to));
            let data_frame = format == RowFormat::DataFrame;
            let nothing = || if data_frame { "nan".to_owned() } else { String::new() };
            let point = arc.point.map_or_else(nothing, |[lon, lat]| {
                if data_frame {
                    format!("{{'lon': {lon}, 'lat': {lat}}}")
                } else if arc.index.is_multiple_of(3) {
                    format!("{lat},{lon}")
                } else {
                    format!("{lat}, {lon}")
                }
            });
            tail.push(separator);
            tail.extend(join(&["1996-10-10", "2023-01-01", &point]));
            let line = line_string(&arc.line);
            let line = match (data_frame, line.is_empty()) {
                (true, true) => "None".to_owned(),
                (true, false) => {
                    format!("{{'type': 'Feature', 'geometry': {}, 'properties': {{}}}}", line.replace('"', "'"))
                }
                (false, _) => line,
            };
            text::field(&mut tail, &line, separator);
            if matches!(format, RowFormat::Fields | RowFormat::FieldsInUtc) {
                tail.extend_from_slice(b";2025");
            }
        }
        Self { format, id_length: id.len(), head, middle, tail }
    }

    /// Writes all rows of a cell except those that [`RowTemplate::write_repeats`] writes.
    pub fn write_cell(
        &self,
        out: &mut Vec<u8>,
        cell: &HourCell,
        conflicting: impl FnOnce(&HourCell) -> HourCell,
        hour: &HourInfo,
    ) {
        match cell.defect {
            Defect::MissingRow => {}
            Defect::Conflict => {
                self.write_row(out, &conflicting(cell), hour);
                self.write_row(out, cell, hour);
            }
            Defect::Duplicate(_) => {
                self.write_row(out, cell, hour);
                self.write_row(out, cell, hour);
            }
            Defect::SkippedWallTime if self.format.is_historical() => {
                // First the row with the skipped wall time that a naive recorder writes, then the valid row of the same hour.
                let mut skipped = *hour;
                if let Some(digit) = skipped.wall.get_mut(12) {
                    *digit = digit.saturating_sub(1);
                }
                self.write_row(out, cell, &skipped);
                self.write_row(out, cell, hour);
            }
            _ => self.write_row(out, cell, hour),
        }
    }

    /// Writes the rows that repeat a cell at a distance from the first one.
    pub fn write_repeats(&self, out: &mut Vec<u8>, cell: &HourCell, hour: &HourInfo) {
        if let Defect::Duplicate(times) = cell.defect {
            (1..times).for_each(|_| self.write_row(out, cell, hour));
        }
    }

    pub fn write_row(&self, out: &mut Vec<u8>, cell: &HourCell, hour: &HourInfo) {
        let separator = self.format.separator();
        let from = if cell.defect == Defect::MissingId { self.id_length } else { 0 };
        out.extend_from_slice(self.head.get(from..).unwrap_or_default());
        self.time(out, cell, hour);
        out.push(separator);
        self.flow(out, cell);
        if cell.defect == Defect::ColumnCount && cell.bits & 1 == 0 {
            out.extend_from_slice(self.format.line_end().as_bytes());
            return;
        }
        out.push(separator);
        self.occupancy(out, cell);
        out.push(separator);
        self.state(out, cell);
        out.extend_from_slice(&self.middle);
        if self.format.is_historical() {
            out.push(b'0' + cell.status);
        } else {
            out.extend_from_slice(STATUSES.get(usize::from(cell.status)).unwrap_or(&"").as_bytes());
        }
        if cell.defect == Defect::InvalidUtf8 && self.format.has_geometry() && cell.bits & 1 == 0 {
            // An invalid byte in a column that readers do not need still makes the row invalid.
            out.extend_from_slice(&[separator, 0xff]);
            out.extend_from_slice(self.tail.get(1..).unwrap_or_default());
        } else {
            out.extend_from_slice(&self.tail);
        }
        if cell.defect == Defect::ColumnCount {
            out.push(separator);
            out.push(b'0');
        }
        out.extend_from_slice(self.format.line_end().as_bytes());
    }

    fn time(&self, out: &mut Vec<u8>, cell: &HourCell, hour: &HourInfo) {
        if cell.defect == Defect::UnreadableDate {
            let dates = ["2025-13-45T00:00:00+01:00", "", "hier", "2025-02-30 12:00:00"];
            let at = usize::try_from(cell.bits % 4).unwrap_or(0);
            out.extend_from_slice(dates.get(at).unwrap_or(&"").as_bytes());
            return;
        }
        match self.format {
            RowFormat::Historical => out.extend_from_slice(&hour.wall),
            RowFormat::Spreadsheet => {
                let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, h1, h2, _, n1, n2, ..] = hour.wall;
                out.extend_from_slice(&[d1, d2, b'/', m1, m2, b'/', y1, y2, y3, y4, b' ', h1, h2, b':', n1, n2]);
            }
            RowFormat::DataFrame => out.extend(hour.end.iter().map(|byte| if *byte == b'T' { b' ' } else { *byte })),
            RowFormat::FieldsInUtc => {
                let end = clock::instant(hour.hour + 1).format("%Y-%m-%dT%H:%M:%S+00:00");
                out.extend_from_slice(end.to_string().as_bytes());
            }
            RowFormat::Labels | RowFormat::Fields => out.extend_from_slice(&hour.end),
        }
    }

    fn flow(&self, out: &mut Vec<u8>, cell: &HourCell) {
        match (cell.defect, cell.q) {
            (Defect::FlowText, _) => out.extend_from_slice(b"n/d"),
            (Defect::FlowNegative, _) => out.extend_from_slice(b"-5.0"),
            (Defect::DecimalComma, Some(q)) => self.decimal_comma(out, q, 0),
            (_, Some(q)) => {
                text::whole(out, u64::from(q));
                out.extend_from_slice(b".0");
            }
            (_, None) => {}
        }
    }

    fn occupancy(&self, out: &mut Vec<u8>, cell: &HourCell) {
        match (cell.defect, cell.k) {
            (Defect::OccupancyText, _) => out.extend_from_slice(b"n/d"),
            (Defect::OccupancyAbove, _) => out.extend_from_slice(b"100.5"),
            (Defect::OccupancyBelow, _) => out.extend_from_slice(b"-0.25"),
            (Defect::DecimalComma, Some(k)) => self.decimal_comma(out, k / 100_000, k % 100_000),
            (_, Some(k)) => text::decimal5(out, k, b'.'),
            (_, None) => {}
        }
    }

    /// Writes a number with a decimal comma, quoted if the comma separates fields.
    fn decimal_comma(&self, out: &mut Vec<u8>, whole: u32, fraction: u32) {
        let quote = self.format.separator() == b',';
        out.extend_from_slice(if quote { b"\"" } else { b"" });
        text::whole(out, u64::from(whole));
        let mut decimals = Vec::new();
        text::decimal5(&mut decimals, fraction, b',');
        out.extend_from_slice(decimals.get(1..).unwrap_or_default());
        out.extend_from_slice(if quote { b"\"" } else { b"" });
    }

    fn state(&self, out: &mut Vec<u8>, cell: &HourCell) {
        if cell.defect == Defect::InvalidUtf8 && (!self.format.has_geometry() || cell.bits & 1 == 1) {
            out.extend_from_slice(b"Satur\xe9");
        } else if cell.state == UNKNOWN_STATE {
            out.extend_from_slice(if self.format.is_historical() { b"7" } else { b"Encombr\xc3\xa9" });
        } else if self.format.is_historical() {
            out.push(b'0' + cell.state);
        } else {
            let texts = if (cell.bits >> 50) % 64 == 5 { &STATES_PLAIN } else { &STATES };
            out.extend_from_slice(texts.get(usize::from(cell.state)).unwrap_or(&"").as_bytes());
        }
    }
}

/// `{"coordinates": [[lon, lat], …], "type": "LineString"}`; empty for an empty line.
#[must_use]
pub fn line_string(line: &[Point]) -> String {
    if line.is_empty() {
        return String::new();
    }
    let points: Vec<_> = line.iter().map(|[lon, lat]| format!("[{lon}, {lat}]")).collect();
    format!("{{\"coordinates\": [{}], \"type\": \"LineString\"}}", points.join(", "))
}
