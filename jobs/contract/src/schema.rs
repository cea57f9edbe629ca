//! JSON Schemas of all published documents, generated from the types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::document::manifest::Manifest;
use crate::document::{Document, bike_counts, context, disruptions, road_counts, road_network, weather, worksites};
use crate::report::{DailyReport, DailySummary};

/// File names under `docs/schema/` with their schemas (draft 2020-12).
#[must_use]
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("comptages.json", of::<Document<road_counts::RoadCounts>>()),
        ("bikes.json", of::<Document<bike_counts::BikeCounts>>()),
        ("traffic.json", of::<Document<disruptions::Disruptions>>()),
        ("weather.json", of::<Document<weather::Weather>>()),
        ("chantiers.json", of::<Document<worksites::Worksites>>()),
        ("referentiel.json", of::<Document<road_network::RoadNetwork>>()),
        ("contexte.json", of::<Document<context::Context>>()),
        ("manifest.json", of::<Manifest>()),
        ("daily_report.json", of::<DailyReport>()),
        ("daily_summary.json", of::<DailySummary>()),
    ]
}

/// The schema of `T` as serialized: every key is required, and no other key is allowed.
fn of<T: schemars::JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    close(&mut schema);
    schema
}

/// Disallows unknown keys at every level.
fn close(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
