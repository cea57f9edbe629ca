//! Worksites: two snapshots of the same list, of which only the later counts, with the oddities of the real files.

use chrono::{Datelike, Duration, NaiveDate};
use contract::Reason;
use runtime::failure::Failure;

use crate::clock::SimulatedDays;
use crate::faults::{Fault, Faults};
use crate::geometry::Point;
use crate::output::Output;
use crate::random::Rng;
use crate::text;
use crate::zones::Zones;

const HEADER: [&str; 19] = [
    "\u{feff}Identifiant",
    "Identifiant CTV",
    "Code postal de l'arrondissement",
    "Numéro de STV",
    "Typologie",
    "Maitre d'ouvrage",
    "Objet",
    "Description",
    "Voie(s)",
    "Précisions de localisation",
    "Date de début",
    "Date de fin",
    "Impact sur la circulation",
    "Détail de l'impact sur la circulation",
    "Niveau de perturbation",
    "Statut",
    "URL LettreInfoChantier",
    "geo_shape",
    "geo_point_2d",
];

/// A worksite as published in its row.
#[derive(Debug, Clone, PartialEq)]
pub struct Worksite {
    pub id: String,
    /// Published postal code.
    pub code: Option<String>,
    pub kind: Option<String>,
    pub object: Option<String>,
    /// Some have line breaks.
    pub description: String,
    pub streets: Option<String>,
    /// First day; `None` means that it has begun.
    pub start: Option<NaiveDate>,
    /// Last day; `None` means that the end is open.
    pub end: Option<NaiveDate>,
    /// Whether its dates are formatted as day/month/year.
    pub day_first: bool,
    pub impact: Option<String>,
    pub level: Option<String>,
    /// `1` planned, `2` running, `3` halted, `4` extended, `5` finished.
    pub status: &'static str,
    /// Each polygon is its exterior ring, then its holes; empty without a geometry.
    pub polygons: Vec<Vec<Vec<Point>>>,
    pub point: Option<Point>,
}

#[derive(Debug, Clone)]
pub enum WorksiteRow {
    Worksite(Box<Worksite>),
    /// A row that a reader must reject, with the reason and its fields.
    Bad(Reason, Vec<String>),
}

#[derive(Debug)]
pub struct WorksiteSimulation {
    /// The rows of the later snapshot, in order.
    pub rows: Vec<WorksiteRow>,
    first: NaiveDate,
}

impl WorksiteSimulation {
    #[must_use]
    pub fn new(count: usize, seed: u64, faults: Faults, zones: &Zones, days: &SimulatedDays) -> Self {
        let first = days.days().first().map(contract::ServiceDay::date).unwrap_or_default();
        let span = i64::try_from(days.days().len()).unwrap_or(1);
        let mut rows: Vec<_> = (0..count)
            .map(|index| WorksiteRow::Worksite(Box::new(worksite(index, seed, first, span, zones))))
            .collect();
        if faults.has(Fault::Duplicates)
            && let Some(row) = rows.get(1).cloned()
        {
            rows.push(row);
        }
        if faults.has(Fault::Conflicts)
            && let Some(WorksiteRow::Worksite(row)) = rows.first().cloned()
        {
            // A later row of the same worksite with another impact.
            let mut changed = row;
            changed.impact = Some("SENS_UNIQUE".to_owned());
            rows.push(WorksiteRow::Worksite(changed));
        }
        if faults.has(Fault::BadRecords)
            && let Some(WorksiteRow::Worksite(row)) = rows.get(2).cloned()
        {
            let good = fields(&row);
            let with = |at: usize, text: &str| {
                let mut fields = good.clone();
                if let Some(field) = fields.get_mut(at) {
                    text.clone_into(field);
                }
                if let (Some(id), true) = (fields.first_mut(), at != 0) {
                    id.push_str("-bis");
                }
                fields
            };
            let mut inverted = with(10, "2025-11-20");
            if let Some(end) = inverted.get_mut(11) {
                "2025-11-10".clone_into(end);
            }
            rows.push(WorksiteRow::Bad(Reason::MissingId, with(0, "")));
            rows.push(WorksiteRow::Bad(Reason::UnreadableDate, with(10, "31/31/2025")));
            rows.push(WorksiteRow::Bad(Reason::ReversedDates, inverted));
            rows.push(WorksiteRow::Bad(Reason::ColumnCount, good.get(..7).unwrap_or_default().to_vec()));
        }
        Self { rows, first }
    }

    /// # Errors
    /// The store or the file system rejects a file.
    pub fn write(&self, output: &Output) -> Result<(), Failure> {
        let before = self.first - Duration::days(31);
        let key = |day: NaiveDate| format!("batch/chantiers-{:04}-{:02}.csv", day.year(), day.month());
        // The earlier snapshot has half of the worksites: reading both gives too many, reading only this one too few.
        output.put(&key(before), &file(self.rows.iter().step_by(2)))?;
        output.put(&key(self.first), &file(self.rows.iter()))
    }
}

fn file<'a>(rows: impl Iterator<Item = &'a WorksiteRow>) -> Vec<u8> {
    let mut out = Vec::new();
    text::row(&mut out, &HEADER, b';', "\r\n");
    for row in rows {
        match row {
            WorksiteRow::Worksite(worksite) => text::row(&mut out, &fields(worksite), b';', "\r\n"),
            WorksiteRow::Bad(_, fields) => text::row(&mut out, fields, b';', "\r\n"),
        }
    }
    out
}

fn fields(worksite: &Worksite) -> Vec<String> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let form = if worksite.day_first { "%d/%m/%Y" } else { "%Y-%m-%d" };
    let date = |date: Option<NaiveDate>| date.map(|date| date.format(form).to_string()).unwrap_or_default();
    vec![
        worksite.id.clone(),
        String::new(),
        optional(&worksite.code),
        "9".to_owned(),
        optional(&worksite.kind),
        "Régie \"Eau\"; gaz".to_owned(),
        optional(&worksite.object),
        worksite.description.clone(),
        optional(&worksite.streets),
        "n°6".to_owned(),
        date(worksite.start),
        date(worksite.end),
        optional(&worksite.impact),
        String::new(),
        optional(&worksite.level),
        worksite.status.to_owned(),
        String::new(),
        geometry(&worksite.polygons).map(|shape| shape.to_string()).unwrap_or_default(),
        worksite.point.map(|[lon, lat]| format!("{lat}, {lon}")).unwrap_or_default(),
    ]
}

/// A GeoJSON geometry; `None` without polygons.
#[must_use]
pub fn geometry<T: serde::Serialize>(polygons: &[Vec<Vec<T>>]) -> Option<serde_json::Value> {
    match polygons {
        [] => None,
        [one] => Some(serde_json::json!({"coordinates": one, "type": "Polygon"})),
        several => Some(serde_json::json!({"coordinates": several, "type": "MultiPolygon"})),
    }
}

fn worksite(index: usize, seed: u64, first: NaiveDate, span: i64, zones: &Zones) -> Worksite {
    let mut rng = Rng::new(seed, 0xc4a, index as u64);
    // A quarter of the worksites lie in one district, which is therefore critical.
    let zone = if index.is_multiple_of(4) { 3 } else { usize::try_from(rng.below(20)).unwrap_or(0) };
    let [lon, lat] = zones.point(zone, [rng.between(0.15, 0.35), rng.between(0.15, 0.85)]);
    let days = |n: u64| i64::try_from(n).unwrap_or(0);
    let start = first + Duration::days(days(rng.below(40)) - 30 + if index % 5 == 1 { span.min(30) } else { 0 });
    let length = if index.is_multiple_of(3) { days(rng.below(120)) + 20 } else { days(rng.below(12)) };
    let mut rectangle = |lon: f64, lat: f64| {
        let (width, height, tilt) = (rng.between(1e-4, 1.2e-3), rng.between(1e-4, 6e-4), rng.between(-1e-4, 1e-4));
        let ring = |scale: f64| {
            let (w, h, t) = (width * scale, height * scale, tilt * scale);
            vec![
                [lon - w, lat - h],
                [lon + w, lat - h + t],
                [lon + w, lat + h + t],
                [lon - w, lat + h],
                [lon - w, lat - h],
            ]
        };
        if index % 6 == 3 {
            let mut hole = ring(0.4);
            hole.reverse();
            vec![ring(1.0), hole]
        } else {
            vec![ring(1.0)]
        }
    };
    let polygons = match index % 11 {
        7 => Vec::new(),
        2 | 5 => vec![rectangle(lon, lat), rectangle(lon + 0.004, lat + 0.002)],
        _ => vec![rectangle(lon, lat)],
    };
    let impacts = ["BARRAGE_TOTAL", "IMPASSE", "RESTREINTE", "SENS_UNIQUE"];
    Worksite {
        id: format!("CP{:06}", 1000 + index * 7),
        code: (index % 8 != 6).then(|| zones.locate([lon, lat]).map(|zone| zone.code.clone())).flatten(),
        kind: (index % 9 != 8).then(|| (1 + index % 2).to_string()),
        object: Some(rng.pick(&["CONSTRUCTION_IMMEUBLE", "ENTRETIEN_RESEAU", "REFECTION_VOIRIE"], "AUTRE").to_owned()),
        description: if index.is_multiple_of(4) {
            format!("Tranche {index}.\r\nUne file; \"déviation\".\nFin")
        } else {
            format!("Tranche {index}")
        },
        streets: Some(format!("rue du Chantier {index}")),
        start: (index % 14 != 9).then_some(start),
        end: (index % 10 != 4).then_some(start + Duration::days(length)),
        day_first: index % 9 == 4,
        impact: (index % 7 != 5).then(|| rng.pick(&impacts, "RESTREINTE").to_owned()),
        level: Some((1 + index % 3).to_string()),
        status: match index % 10 {
            6 => "5",
            3 => "3",
            1 => "1",
            8 => "4",
            _ => "2",
        },
        polygons,
        point: (index % 16 != 14).then_some([lon, lat]),
    }
}
