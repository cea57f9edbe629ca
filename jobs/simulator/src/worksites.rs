//! Worksites: two snapshots of the same list, of which the later counts, with all that is odd about the real ones.

use chrono::{Datelike, Duration, NaiveDate};
use contract::Reason;
use runtime::failure::Failure;

use crate::clock::Days;
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

/// A worksite as its row tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Worksite {
    /// Its id.
    pub id: String,
    /// Postal code given.
    pub code: Option<String>,
    /// Type.
    pub kind: Option<String>,
    /// Object.
    pub object: Option<String>,
    /// What is done, with line breaks.
    pub description: String,
    /// Streets.
    pub streets: Option<String>,
    /// First day; none: has begun.
    pub start: Option<NaiveDate>,
    /// Last day; none: open.
    pub end: Option<NaiveDate>,
    /// Whether its dates are written day first.
    pub day_first: bool,
    /// Impact.
    pub impact: Option<String>,
    /// Level.
    pub level: Option<String>,
    /// Polygons, each its exterior, then its holes; none without a shape.
    pub polygons: Vec<Vec<Vec<Point>>>,
    /// Its point.
    pub point: Option<Point>,
}

/// A row of the file.
#[derive(Debug, Clone)]
pub enum Row {
    /// A worksite.
    Worksite(Box<Worksite>),
    /// One that cannot be used, and why; the fields it has.
    Bad(Reason, Vec<String>),
}

/// The worksites of the city.
#[derive(Debug)]
pub struct Worksites {
    /// The rows of the last snapshot, in order.
    pub rows: Vec<Row>,
    first: NaiveDate,
}

impl Worksites {
    /// So many worksites around these days.
    #[must_use]
    pub fn new(count: usize, seed: u64, faults: Faults, zones: &Zones, days: &Days) -> Self {
        let first = days.days().first().map(contract::ServiceDay::date).unwrap_or_default();
        let span = i64::try_from(days.days().len()).unwrap_or(1);
        let mut rows: Vec<_> =
            (0..count).map(|index| Row::Worksite(Box::new(worksite(index, seed, first, span, zones)))).collect();
        if faults.has(Fault::Duplicates)
            && let Some(row) = rows.get(1).cloned()
        {
            rows.push(row);
        }
        if faults.has(Fault::Conflicts)
            && let Some(Row::Worksite(row)) = rows.first().cloned()
        {
            // The later row of the same worksite has another impact.
            let mut changed = row;
            changed.impact = Some("SENS_UNIQUE".to_owned());
            rows.push(Row::Worksite(changed));
        }
        if faults.has(Fault::BadRecords)
            && let Some(Row::Worksite(row)) = rows.get(2).cloned()
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
            rows.push(Row::Bad(Reason::MissingId, with(0, "")));
            rows.push(Row::Bad(Reason::UnreadableDate, with(10, "31/31/2025")));
            rows.push(Row::Bad(Reason::ReversedDates, inverted));
            rows.push(Row::Bad(Reason::ColumnCount, good.get(..7).unwrap_or_default().to_vec()));
        }
        Self { rows, first }
    }

    /// Writes both snapshots.
    ///
    /// # Errors
    /// What the store says.
    pub fn write(&self, output: &Output) -> Result<(), Failure> {
        let before = self.first - Duration::days(31);
        let key = |day: NaiveDate| format!("batch/chantiers-{:04}-{:02}.csv", day.year(), day.month());
        // The earlier snapshot has half of them: whoever reads both counts too many, whoever reads only this one too few.
        output.put(&key(before), &file(self.rows.iter().step_by(2)))?;
        output.put(&key(self.first), &file(self.rows.iter()))
    }
}

fn file<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<u8> {
    let mut out = Vec::new();
    text::row(&mut out, &HEADER, b';', "\r\n");
    for row in rows {
        match row {
            Row::Worksite(worksite) => text::row(&mut out, &fields(worksite), b';', "\r\n"),
            Row::Bad(_, fields) => text::row(&mut out, fields, b';', "\r\n"),
        }
    }
    out
}

fn fields(worksite: &Worksite) -> Vec<String> {
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let form = if worksite.day_first { "%d/%m/%Y" } else { "%Y-%m-%d" };
    let date = |date: Option<NaiveDate>| date.map(|date| date.format(form).to_string()).unwrap_or_default();
    vec![
        worksite.id.clone(),
        String::new(),
        some(&worksite.code),
        "9".to_owned(),
        some(&worksite.kind),
        "Régie \"Eau\"; gaz".to_owned(),
        some(&worksite.object),
        worksite.description.clone(),
        some(&worksite.streets),
        "n°6".to_owned(),
        date(worksite.start),
        date(worksite.end),
        some(&worksite.impact),
        String::new(),
        some(&worksite.level),
        "2".to_owned(),
        String::new(),
        geometry(&worksite.polygons).map(|shape| shape.to_string()).unwrap_or_default(),
        worksite.point.map(|[lon, lat]| format!("{lat}, {lon}")).unwrap_or_default(),
    ]
}

/// A GeoJSON geometry.
#[must_use]
pub fn geometry<T: serde::Serialize>(polygons: &[Vec<Vec<T>>]) -> Option<serde_json::Value> {
    match polygons {
        [] => None,
        [one] => Some(serde_json::json!({"coordinates": one, "type": "Polygon"})),
        several => Some(serde_json::json!({"coordinates": several, "type": "MultiPolygon"})),
    }
}

fn worksite(index: usize, seed: u64, first: NaiveDate, span: i64, zones: &Zones) -> Worksite {
    let mut rng = Rng::of(seed, 0xc4a, index as u64);
    // A quarter in one district, which is critical.
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
        polygons,
        point: (index % 16 != 14).then_some([lon, lat]),
    }
}
