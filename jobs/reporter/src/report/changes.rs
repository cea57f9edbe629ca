//! What changed between two editions of a report: figures, ranks, alerts and parameters.
//!
//! The earlier edition is JSON of an unknown version: a list that it does not have, or has as `null`, is not compared.

use contract::document::road_counts::CongestionAlert;
use contract::report::{Change, DailyReport};
use serde_json::{Map, Value};

use super::figures;

/// The changes from the earlier edition to `now`, in the order of the report.
pub(super) fn changes(before: &Map<String, Value>, now: &DailyReport) -> Vec<Change> {
    let summary = before.get("summary").and_then(Value::as_object);
    let mut changes = summary.map(|summary| figures::changes(summary, &now.summary)).unwrap_or_default();
    let mut compare = |list: &str, before: Option<Entries>, now: Option<Entries>| {
        if let (Some(before), Some(now)) = (before, now) {
            changes.extend(differences(list, &before, &now));
        }
    };
    let key = "top_10_troncons_frequentes";
    let arcs = now.top_10_arcs.as_deref().map(|arcs| ranks(arcs.iter().map(|arc| arc.arc_id.clone())));
    compare(key, earlier_ranks(before, key, &["identifiant_arc"]), arcs);
    let key = "top_10_zones_congestionnees";
    let zones = now.top_10_congested_zones.as_deref();
    let zones =
        zones.map(|zones| ranks(zones.iter().map(|zone| zone.district.clone().unwrap_or_else(|| zone.zone.clone()))));
    compare(key, earlier_ranks(before, key, &["arrondissement", "zone"]), zones);
    let key = "alertes_congestion";
    let alerts = now.congestion_alerts.as_deref().map(|alerts| alerts.iter().filter_map(written_alert).collect());
    compare(key, list_of(before, key).map(|alerts| alerts.iter().filter_map(alert_entry).collect()), alerts);
    for (source, parameters) in &now.parameters {
        let earlier = before.get("parametres").and_then(|parameters| parameters.get(source.name()));
        let earlier = earlier.and_then(Value::as_object);
        let entries = |parameters: &mut dyn Iterator<Item = (&String, &Value)>| -> Entries {
            parameters.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        compare(
            &format!("parametres/{source}"),
            earlier.map(|earlier| entries(&mut earlier.iter())),
            Some(entries(&mut parameters.iter())),
        );
    }
    changes
}

/// Id → value, in the order of a list.
type Entries = Vec<(String, Value)>;

/// Entries that are new or differ, in the order of `now`; then those that are gone, in their earlier order.
fn differences(list: &str, before: &Entries, now: &Entries) -> Vec<Change> {
    let value = |entries: &Entries, id: &str| {
        entries.iter().find(|(other, _)| other == id).map_or(Value::Null, |(_, value)| value.clone())
    };
    let gone = before.iter().filter(|(id, _)| now.iter().all(|(other, _)| other != id));
    now.iter()
        .chain(gone)
        .map(|(id, _)| Change { key: format!("{list}/{id}"), before: value(before, id), after: value(now, id) })
        .filter(|change| change.before != change.after)
        .collect()
}

fn ranks(ids: impl Iterator<Item = String>) -> Entries {
    ids.zip(1_u64..).map(|(id, rank)| (id, rank.into())).collect()
}

fn list_of<'a>(report: &'a Map<String, Value>, key: &str) -> Option<&'a Vec<Value>> {
    report.get(key)?.as_array()
}

/// Ranks by the first of `ids` that a row has.
fn earlier_ranks(report: &Map<String, Value>, key: &str, ids: &[&str]) -> Option<Entries> {
    let id = |row: &Value| ids.iter().find_map(|id| row.get(id)?.as_str().map(str::to_owned));
    Some(ranks(list_of(report, key)?.iter().filter_map(id)))
}

fn written_alert(alert: &CongestionAlert) -> Option<(String, Value)> {
    alert_entry(&serde_json::to_value(alert).ok()?)
}

/// An alert by its type, its place and its begin, with what may change of it.
fn alert_entry(alert: &Value) -> Option<(String, Value)> {
    let text = |key: &str| alert.get(key).and_then(Value::as_str);
    let place = ["identifiant_arc", "arrondissement", "zone"].into_iter().find_map(text).unwrap_or_default();
    let id = format!("{}/{place}/{}", text("type")?, text("debut")?);
    let value = |key: &str| alert.get(key).cloned().unwrap_or(Value::Null);
    let compared = ["fin", "severite", "taux_occupation_max", "temps_perdu_minutes"];
    Some((id, compared.into_iter().map(|key| (key.to_owned(), value(key))).collect::<Map<_, _>>().into()))
}
