//! The files of the bike counters: snapshots in each of the API's five response formats, and the CSV export.

use contract::{Source, Stamp, keys};
use runtime::failure::Failure;
use serde_json::{Value, json};

use super::{BikeSimulation, BikeSnapshot, Counter, PublishedCount, SnapshotDamage, SnapshotRecord};
use crate::clock;
use crate::output::Output;
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

impl BikeSimulation {
    /// # Errors
    /// The store or the file system rejects a file.
    pub fn write(&self, output: &Output) -> Result<(), Failure> {
        output.put("batch/comptage-velo-historique.csv", &self.csv())?;
        for folder in self.folders() {
            let snapshot = self.snapshot(folder);
            let collected = Self::collected(folder);
            let base = keys::snapshots(Source::BikeCounts, collected.date_naive());
            let key = |extension: &str| format!("{base}hour={}/part.{extension}", collected.format("%H"));
            // Without records, JSON Lines would be an empty file, which readers count as damaged.
            let format = if snapshot.records.is_empty() { 0 } else { snapshot.number % 5 };
            let body = self.body(&snapshot, format);
            match (snapshot.damage, format) {
                (SnapshotDamage::Empty, 3) => output.put(&key("jsonl"), b"")?,
                (SnapshotDamage::Empty, _) => output.put(&key("json"), b"")?,
                (SnapshotDamage::Truncated, _) => {
                    output.put(&key("json"), body.get(..body.len() / 2).unwrap_or_default())?
                }
                (SnapshotDamage::None, 3) => output.put(&key("jsonl"), &body)?,
                (SnapshotDamage::None, 4) => output.put_gz(&key("json.gz"), &body)?,
                (SnapshotDamage::None, _) => output.put(&key("json"), &body)?,
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

    fn body(&self, snapshot: &BikeSnapshot, format: i64) -> Vec<u8> {
        let records: Vec<_> = snapshot.records.iter().rev().map(|record| self.record(record, format)).collect();
        let whole = match format {
            1 => {
                json!({"nhits": records.len(), "records": records.into_iter().map(|fields| json!({"fields": fields})).collect::<Vec<_>>()})
            }
            2 => Value::Array(records),
            3 => return records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect(),
            _ => json!({"total_count": records.len(), "results": records}),
        };
        whole.to_string().into_bytes()
    }

    fn record(&self, record: &SnapshotRecord, format: i64) -> Value {
        match record {
            SnapshotRecord::Count { counter, hour, count } => match self.counters.get(*counter) {
                Some(counter) => self.count_record(counter, *hour, *count, format),
                None => Value::Null,
            },
            SnapshotRecord::NoId => json!({"sum_counts": 3, "date": "2025-11-01T10:00:00+00:00"}),
            SnapshotRecord::BadDate => json!({"id_compteur": "100000000-1", "sum_counts": 3, "date": "avant-hier"}),
            SnapshotRecord::NotAnObject => json!("pas un objet"),
        }
    }

    fn count_record(&self, counter: &Counter, hour: clock::Hour, count: PublishedCount, format: i64) -> Value {
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
            "coordinates": if format == 1 { json!([lat, lon]) } else { json!({"lon": lon, "lat": lat}) },
        })
    }
}
