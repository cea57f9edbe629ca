//! The files of the bike counters: snapshots in each of the API's response formats, and the CSV export.

use contract::{Source, Stamp, keys};
use runtime::failure::Failure;
use serde_json::{Value, json};

use super::{BikeSimulation, BikeSnapshot, Counter, PublishedCount, SnapshotDamage, SnapshotRecord};
use crate::clock;
use crate::output::Output;
use crate::shapes::Shapes;
use crate::text;

const HEADER: [&str; 16] = [
    "Identifiant du compteur",
    "Nom du compteur",
    "Identifiant du site de comptage",
    "Nom du site de comptage",
    "Comptage horaire",
    "Date et heure de comptage",
    "Date d'installation du site de comptage",
    "Lien vers photo du site de comptage",
    "Coordonnées géographiques",
    "Identifiant technique compteur",
    "ID Photos",
    "test_lien_vers_photos_du_site_de_comptage_",
    "id_photo_1",
    "url_sites",
    "type_dimage",
    "mois_annee_comptage",
];

/// Records of a page, in the shapes with several pages.
const PAGE: usize = 20;

/// The shape of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum AnswerShape {
    /// `{"total_count": …, "results": […]}`.
    #[default]
    Results,
    /// The older `{"nhits": …, "records": [{"fields": {…}}]}`.
    Fields,
    List,
    RecordPerLine,
    ResultsGzipped,
    PagePerLine,
    ListOfPages,
    FeatureCollection,
    /// Records one after the other, without a separator.
    RunTogether,
    /// The same with pages.
    PagesRunTogether,
}

impl AnswerShape {
    const USUAL: [Self; 5] = [Self::Results, Self::Fields, Self::List, Self::RecordPerLine, Self::ResultsGzipped];
    const OTHER: [Self; 5] =
        [Self::PagePerLine, Self::ListOfPages, Self::FeatureCollection, Self::RunTogether, Self::PagesRunTogether];

    /// Those that announce the number of their records.
    const USUAL_WITH_TOTAL: [Self; 3] = [Self::Results, Self::Fields, Self::ResultsGzipped];
    const OTHER_WITH_TOTAL: [Self; 3] = [Self::PagePerLine, Self::ListOfPages, Self::PagesRunTogether];

    fn of(snapshot: &BikeSnapshot, shapes: Shapes) -> Self {
        match snapshot.damage {
            _ if snapshot.announced.is_some() => {
                shapes.in_turn(&Self::USUAL_WITH_TOTAL, &Self::OTHER_WITH_TOTAL, snapshot.number)
            }
            // Without records, one record per line would be an empty file, which readers count as damaged.
            SnapshotDamage::None if snapshot.records.is_empty() => Self::Results,
            SnapshotDamage::None => shapes.in_turn(&Self::USUAL, &Self::OTHER, snapshot.number),
            SnapshotDamage::Empty | SnapshotDamage::Truncated => {
                Shapes::Usual.in_turn(&Self::USUAL, &Self::OTHER, snapshot.number)
            }
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::RecordPerLine | Self::PagePerLine => "jsonl",
            Self::ResultsGzipped => "json.gz",
            _ => "json",
        }
    }
}

impl BikeSimulation {
    /// # Errors
    /// The store or the file system rejects a file.
    pub fn write(&self, output: &Output, shapes: Shapes) -> Result<(), Failure> {
        output.put("batch/comptage-velo-historique.csv", &self.csv())?;
        for folder in self.folders() {
            let snapshot = self.snapshot(folder);
            let collected = Self::collected(folder);
            let base = keys::snapshots(Source::BikeCounts, collected.date_naive());
            let key = |extension: &str| format!("{base}hour={}/part.{extension}", collected.format("%H"));
            let shape = AnswerShape::of(&snapshot, shapes);
            let body = self.body(&snapshot, shape);
            match (snapshot.damage, shape) {
                (SnapshotDamage::Empty, AnswerShape::RecordPerLine) => output.put(&key("jsonl"), b"")?,
                (SnapshotDamage::Empty, _) => output.put(&key("json"), b"")?,
                (SnapshotDamage::Truncated, _) => {
                    output.put(&key("json"), body.get(..body.len() / 2).unwrap_or_default())?
                }
                (SnapshotDamage::None, AnswerShape::ResultsGzipped) => output.put_gz(&key(shape.extension()), &body)?,
                (SnapshotDamage::None, _) => output.put(&key(shape.extension()), &body)?,
            }
            if snapshot.has_cut_page {
                let page = self.body(&snapshot, AnswerShape::Results);
                let key = format!("{base}hour={}/part-2.json", collected.format("%H"));
                output.put(&key, page.get(..page.len() / 2).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn csv(&self) -> Vec<u8> {
        let mut out = Vec::new();
        text::row(&mut out, &HEADER, b';', "\n");
        for (counter, hour, count) in self.history() {
            let Some(counter) = self.counters.get(counter) else { continue };
            let site = counter.id.split('-').next().unwrap_or_default();
            let [lon, lat] = counter.point;
            let stamp = Stamp::new(clock::instant(hour), self.tz());
            let month = stamp.local().format("%Y-%m").to_string();
            let number = if let PublishedCount::Known(n) = count { format!("{n}.0") } else { String::new() };
            let fields = [
                &counter.id,
                &counter.name,
                site,
                "Site",
                &number,
                &stamp.to_string(),
                "2013-01-18",
                "",
                &format!("{lat},{lon}"),
                "X2H",
                "",
                "",
                "",
                "",
                "jpg",
                &month,
            ];
            text::row(&mut out, &fields, b';', "\n");
        }
        out
    }

    fn body(&self, snapshot: &BikeSnapshot, shape: AnswerShape) -> Vec<u8> {
        let records: Vec<_> = snapshot.records.iter().rev().map(|record| self.record(record, shape)).collect();
        let total = snapshot.announced.unwrap_or(records.len());
        let page = |records: &[Value]| json!({"total_count": total, "results": records});
        let joined = |values: Vec<Value>, end: &str| values.iter().map(|value| format!("{value}{end}")).collect();
        let text: String = match shape {
            AnswerShape::Results | AnswerShape::ResultsGzipped => page(&records).to_string(),
            AnswerShape::Fields => {
                let records: Vec<_> = records.into_iter().map(|fields| json!({"fields": fields})).collect();
                json!({"nhits": total, "records": records}).to_string()
            }
            AnswerShape::List => Value::Array(records).to_string(),
            AnswerShape::RecordPerLine => joined(records, "\n"),
            AnswerShape::PagePerLine => joined(records.chunks(PAGE).map(page).collect(), "\n"),
            AnswerShape::ListOfPages => Value::Array(records.chunks(PAGE).map(page).collect()).to_string(),
            AnswerShape::FeatureCollection => {
                json!({"type": "FeatureCollection", "features": records.into_iter().map(feature).collect::<Vec<_>>()})
                    .to_string()
            }
            AnswerShape::RunTogether => joined(records, ""),
            AnswerShape::PagesRunTogether => joined(records.chunks(PAGE).map(page).collect(), ""),
        };
        text.into_bytes()
    }

    fn record(&self, record: &SnapshotRecord, shape: AnswerShape) -> Value {
        match record {
            SnapshotRecord::Count { counter, hour, count } => match self.counters.get(*counter) {
                Some(counter) => self.count_record(counter, *hour, *count, shape),
                None => Value::Null,
            },
            SnapshotRecord::NoId => json!({"sum_counts": 3, "date": "2025-11-01T10:00:00+00:00"}),
            SnapshotRecord::BadDate => json!({"id_compteur": "100000000-1", "sum_counts": 3, "date": "avant-hier"}),
            SnapshotRecord::NotAnObject => json!("pas un objet"),
        }
    }

    fn count_record(&self, counter: &Counter, hour: clock::Hour, count: PublishedCount, shape: AnswerShape) -> Value {
        let instant = clock::instant(hour);
        let date = if counter.index % 4 == 1 {
            Stamp::new(instant, self.tz()).to_string()
        } else {
            instant.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
        };
        let [lon, lat] = counter.point;
        let sum = match count {
            PublishedCount::Known(n) if n % 2 == 0 => json!(f64::from(n)),
            PublishedCount::Known(n) => json!(n),
            PublishedCount::Null => Value::Null,
            PublishedCount::Negative => json!(-3),
            PublishedCount::Text => json!("n/d"),
        };
        json!({
            "id_compteur": counter.id,
            "nom_compteur": counter.name,
            "id": counter.id.split('-').next(),
            "sum_counts": sum,
            "date": date,
            "installation_date": "2013-01-18",
            "coordinates": if shape == AnswerShape::Fields { json!([lat, lon]) } else { json!({"lon": lon, "lat": lat}) },
        })
    }
}

/// A record as a GeoJSON feature: its coordinates are the geometry, the other fields the properties.
fn feature(mut record: Value) -> Value {
    let Some(fields) = record.as_object_mut() else { return record };
    let point = fields.remove("coordinates").map(|at| json!({"type": "Point", "coordinates": [at["lon"], at["lat"]]}));
    json!({"type": "Feature", "geometry": point, "properties": record})
}
