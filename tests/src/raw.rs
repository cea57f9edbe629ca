//! A small hand-written city: one day of all six sources, with totals that can be computed by hand. For larger data use the simulator.
//!
//! Arcs 1 to 3 have a flow of `100 · arc + 10 · hour` in each hour and an occupancy of `arc + hour / 2`; arc 4 has only the occupancy. Two
//! bike counters count `10 · counter + hour`. The data covers the two days before [`DAY`] and the day itself.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, Utc};
use contract::ServiceDay;
use serde_json::json;

use crate::environment::TestEnv;

/// A Tuesday that is not a holiday.
pub const DAY: &str = "2025-11-04";
pub const DAY_BEFORE: &str = "2025-11-03";
/// Total flow of [`DAY`]: 24 · (100 + 200 + 300) + 3 · 10 · (0 + … + 23).
pub const VEHICLES: u64 = 22_680;
/// Total bikes of [`DAY`]: 24 · (10 + 20) + 2 · (0 + … + 23).
pub const BIKES: u64 = 1272;

// Keys, relative to the raw folder.
pub const ROAD_COUNTS: &str = "batch/comptages-2025.csv";
pub const WORKSITES: &str = "batch/chantiers-2025-11.csv";
pub const ROAD_NETWORK: &str = "batch/referentiel-2025.csv";
pub const BIKE_COUNTS: &str = "api/bikes/dt=2025-11-05/hour=03/bikes.json";
/// Earlier snapshot of the disruptions.
pub const DISRUPTIONS: &str = "api/traffic/dt=2025-11-04/hour=09/traffic.json";
/// Later snapshot of the disruptions.
pub const LATER_DISRUPTIONS: &str = "api/traffic/dt=2025-11-05/hour=01/traffic.json";
pub const WEATHER: &str = "api/weather/dt=2025-11-05/hour=04/weather.json";
pub const ZONES: &str = "reference/zones.geojson";

/// Writes the raw files of [`DAY`].
pub fn write(env: &TestEnv) {
    env.put_raw(ROAD_COUNTS, road_counts(DAY));
    env.put_raw(WORKSITES, worksites());
    env.put_raw(ROAD_NETWORK, road_network());
    env.put_raw(BIKE_COUNTS, bike_counts(DAY));
    env.put_raw(DISRUPTIONS, disruptions(true));
    env.put_raw(LATER_DISRUPTIONS, disruptions(false));
    env.put_raw(WEATHER, weather(DAY));
    env.put_raw(ZONES, zones());
}

fn day(text: &str) -> ServiceDay {
    let date: NaiveDate = text.parse().expect("a day");
    ServiceDay::new(date, contract::Tz::PARIS)
}

/// The hours of the day and of the two days before it: start, and local hour.
fn hours(last: &str) -> Vec<(DateTime<Utc>, usize)> {
    let last = day(last);
    let first = ServiceDay::new(last.date() - Days::new(2), last.tz());
    let days = [first, first.plus(1), last];
    days.iter().flat_map(|day| day.hours().map(|hour| (hour, day.local_hour(hour)))).collect()
}

/// Header of the road counts.
pub const ROAD_COUNTS_HEADER: &str = "Identifiant arc;Libelle;Date et heure de comptage;Débit horaire;Taux d'occupation;Etat trafic;\
    Identifiant noeud amont;Libelle noeud amont;Identifiant noeud aval;Libelle noeud aval;Etat arc;Date debut dispo data;\
    Date fin dispo data;geo_point_2d;geo_shape";

fn line_of(arc: usize) -> (String, String) {
    let (lon, lat) = (2.30 + 0.01 * arc as f64, 48.85);
    let point = format!("{lat}, {}", lon + 0.001);
    (point, format!(r#""{{""coordinates"": [[{lon}, {lat}], [{}, {lat}]], ""type"": ""LineString""}}""#, lon + 0.002))
}

/// One row of the road counts, for the hour that begins at `start`.
#[must_use]
pub fn count_row(arc: usize, start: DateTime<Utc>, flow: &str, occupancy: &str) -> String {
    let end = contract::Stamp::new(start + chrono::Duration::hours(1), contract::Tz::PARIS);
    let (point, shape) = line_of(arc);
    format!(
        "{arc};Rue {arc};{end};{flow};{occupancy};Fluide;10{arc};Amont {arc};20{arc};Aval {arc};Invalide;1996-10-10;2023-01-01;{point};{shape}"
    )
}

/// Road counts of the day and of the two days before it.
#[must_use]
pub fn road_counts(last: &str) -> String {
    let mut text = format!("\u{feff}{ROAD_COUNTS_HEADER}\n");
    for (start, hour) in hours(last) {
        for arc in 1..=4 {
            let flow = if arc == 4 { String::new() } else { format!("{}.0", 100 * arc + 10 * hour) };
            let occupancy = arc as f64 + hour as f64 / 2.0;
            let _ = writeln!(text, "{}", count_row(arc, start, &flow, &occupancy.to_string()));
        }
    }
    text
}

/// Bike counts of the day and of the two days before it.
#[must_use]
pub fn bike_counts(last: &str) -> String {
    let records = hours(last).into_iter().flat_map(|(start, hour)| {
        [1, 2].map(|counter| {
            json!({
                "id_compteur": format!("10000{counter}-20000{counter}"), "nom_compteur": format!("{counter} quai de la Mesure"),
                "id": format!("10000{counter}"), "name": "quai de la Mesure", "sum_counts": 10 * counter + hour,
                "date": start.format("%Y-%m-%dT%H:%M:%S+00:00").to_string(), "installation_date": "2013-01-18",
                "coordinates": {"lon": 2.30 + 0.01 * counter as f64, "lat": 48.85}, "mois_annee_comptage": "2025-11",
            })
        })
    });
    let results: Vec<_> = records.collect();
    json!({"total_count": results.len(), "results": results}).to_string()
}

/// [`bike_counts`] of [`DAY`] with this count instead of 43, which occurs once: counter 2 at 23:00.
#[must_use]
pub fn changed_bike_counts(count: u32) -> String {
    bike_counts(DAY).replace("\"sum_counts\":43", &format!("\"sum_counts\":{count}"))
}

/// Disruptions: one from 06:00 to 10:00 on metro line 1, and one on RER A that is only in the earlier snapshot.
#[must_use]
pub fn disruptions(earlier: bool) -> String {
    let disruption = |id: &str, begin: &str, end: &str, severity: &str, title: &str| {
        json!({
            "id": id, "applicationPeriods": [{"begin": begin, "end": end}], "lastUpdate": "20251104T080000", "cause": "PERTURBATION",
            "severity": severity, "title": title, "message": "<p>Trafic&#160;interrompu.<br>Reprise estim&eacute;e.</p>",
            "shortMessage": "Trafic interrompu", "tags": ["Signalisation"],
        })
    };
    let mut disruptions =
        vec![disruption("d-1", "20251104T060000", "20251104T100000", "BLOQUANTE", "Métro 1 : trafic interrompu")];
    let line = |id: &str, name: &str, mode: &str, disruption: &str| {
        json!({
            "id": format!("line:{id}"), "name": name, "shortName": name, "mode": mode, "networkId": "network:1",
            "impactedObjects": [{"type": "line", "id": format!("line:{id}"), "name": name, "disruptionIds": [disruption]}],
        })
    };
    let mut lines = vec![line("C01371", "1", "Metro", "d-1")];
    if earlier {
        disruptions.push(disruption(
            "d-2",
            "20251104T090000",
            "20251107T230000",
            "PERTURBEE",
            "RER A : trafic ralenti",
        ));
        lines.push(line("C01742", "A", "RapidTransit", "d-2"));
    }
    json!({"disruptions": disruptions, "lines": lines}).to_string()
}

/// Weather of the day and of the next day.
#[must_use]
pub fn weather(day: &str) -> String {
    let next = day.parse::<NaiveDate>().expect("a day") + Days::new(1);
    let record = |date: String, rain: f64| {
        json!({
            "datetime": date, "tempmax": 15.6, "tempmin": 7.3, "temp": 11.6, "precip": rain, "preciptype": ["rain"],
            "windspeed": 15.5, "conditions": "Rain", "source": "obs",
            "hours": [{"datetime": "08:00:00", "temp": 9.1, "precip": 0.0, "windspeed": 12.2}],
        })
    };
    let days = [record(day.to_owned(), 6.5), record(next.to_string(), 0.0)];
    json!({"resolvedAddress": "Paris", "timezone": "Europe/Paris", "days": days, "currentConditions": {}}).to_string()
}

/// Three worksites, two of them active on [`DAY`]; every description has a quoted line break.
#[must_use]
pub fn worksites() -> String {
    let header = "\u{feff}Identifiant;Identifiant CTV;Code postal de l'arrondissement;Numéro de STV;Typologie;Maitre d'ouvrage;Objet;\
        Description;Voie(s);Précisions de localisation;Date de début;Date de fin;Impact sur la circulation;\
        Détail de l'impact sur la circulation;Niveau de perturbation;Statut;URL LettreInfoChantier;geo_shape;geo_point_2d";
    let square = r#""{""type"": ""Polygon"", ""coordinates"": [[[2.311, 48.8499], [2.312, 48.8499], [2.312, 48.8502], [2.311, 48.8502], [2.311, 48.8499]]]}""#;
    let row = |id: &str, from: &str, to: &str, impact: &str| {
        format!(
            "{id};;75001;1;1;Ville;VOIRIE;\"deux\nlignes; un point-virgule\";rue 1;;{from};{to};{impact};;2;3;;{square};48.85, 2.3115\n"
        )
    };
    let rows = [
        row("CP1", "2025-10-01", "2025-11-06", "BARRAGE_TOTAL"),
        row("CP2", "2025-11-04", "", "RESTREINTE"),
        row("CP3", "2025-01-01", "2025-02-01", ""),
    ];
    format!("{header}\n{}", rows.concat())
}

/// The road network: four arcs.
#[must_use]
pub fn road_network() -> String {
    let header = "Identifiant arc;Libelle;Date debut dispo data;Date fin dispo data;Identifiant noeud amont;Libelle noeud amont;\
        Identifiant noeud aval;Libelle noeud aval;geo_point_2d;geo_shape";
    let rows = (1..=4).map(|arc| {
        let (point, shape) = line_of(arc);
        let from = "2005-01-01T02:00:00+01:00";
        format!("{arc};Rue {arc};{from};2030-06-01T04:00:00+02:00;10{arc};Amont {arc};20{arc};Aval {arc};{point};{shape}\r\n")
    });
    format!("{header}\r\n{}", rows.collect::<String>())
}

/// Two districts: arcs 1 and 2 are in the first, 3 and 4 in the second.
#[must_use]
pub fn zones() -> String {
    let district = |number: u32, from: f64, to: f64| {
        let ring = [[from, 48.84], [to, 48.84], [to, 48.86], [from, 48.86], [from, 48.84]];
        json!({
            "type": "Feature", "properties": {"c_ar": number, "c_arinsee": 75100 + number, "l_ar": format!("{number}e Ardt")},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        })
    };
    json!({"type": "FeatureCollection", "features": [district(1, 2.30, 2.325), district(2, 2.325, 2.36)]}).to_string()
}
