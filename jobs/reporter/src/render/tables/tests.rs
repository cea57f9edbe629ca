use contract::Source;
use contract::document::disruptions::{Disruption, Scope};
use contract::document::road_counts::ArcMetrics;
use contract::document::road_network::ZoneOutline;
use contract::number::Fixed2;
use proptest::prelude::*;

use super::table::Values;
use super::*;
use crate::sample::{SampleDay, stamp};

fn table(day: &SampleDay, name: &str) -> Table {
    day.tables().into_iter().find(|table| table.name == name).unwrap()
}

/// The rows of a table's CSV, as a reader parses them, with its header.
fn rows(table: &Table) -> Vec<Vec<String>> {
    let body = csv::render(table);
    ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&*body)
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// The cell of a column in the first row.
fn first(table: &Table, column: &str) -> String {
    let rows = rows(table);
    rows[1][rows[0].iter().position(|name| name == column).unwrap()].clone()
}

/// A day with the arc of the sample's alert, at a place in a district whose outline is a square.
fn day_with_places() -> SampleDay {
    let mut day = SampleDay::full();
    let arc: ArcMetrics = serde_json::from_value(serde_json::json!({
        "date": SampleDay::DATE, "identifiant_arc": "4264", "libelle": "+Rue", "geo_point_2d": "48.85, 2.25",
        "debit_horaire_moyen": 10.5, "debit_journalier_total": 252, "debit_max": 20,
        "heure_pic": "2025-11-03T08:00:00+01:00", "taux_occupation_moyen": null, "etat_trafic_dominant": "Pré-saturé",
        "etat_arc": "Ouvert", "heures_mesurees": 24, "debit_par_heure": [], "taux_par_heure": [],
        "longueur_metres": 120.5, "temps_perdu_total_minutes": null, "temps_perdu_minutes": null,
        "vehicules_km": 30.4, "part_observee": 100, "congestion_alerte": true, "arrondissement": "75116",
        "zone": "Passy", "trace": null, "debit_journalier_estime": null, "ecart_jour_type_pourcent": null,
    }))
    .unwrap();
    day.documents.road_counts.as_mut().unwrap().body.metrics.push(arc);
    day.documents.road_network.as_mut().unwrap().body.zones = Some(vec![ZoneOutline {
        district: "75116".into(),
        zone: "Passy".into(),
        geometry: serde_json::json!({
            "type": "Polygon", "coordinates": [[[2.0, 48.0], [3.0, 48.0], [3.0, 49.0], [2.0, 49.0], [2.0, 48.0]]],
        }),
    }]);
    day
}

#[test]
fn every_table_begins_with_city_and_day_in_each_row() {
    let tables = SampleDay::full().tables();
    let names: Vec<_> = tables.iter().map(|table| table.name).collect();
    assert_eq!(
        names,
        ["troncons", "quartiers", "compteurs", "alertes", "perturbations", "chantiers", "capteurs", "qualite"]
    );
    for table in &tables {
        for (at, row) in rows(table).iter().enumerate() {
            let expected = if at == 0 { ["ville", "date"] } else { ["Paris", SampleDay::DATE] };
            assert_eq!(row[..2], expected, "{}", table.name);
        }
    }
}

#[test]
fn table_has_all_rows_of_its_document() {
    let mut day = SampleDay::full();
    let alerts = &mut day.documents.road_counts.as_mut().unwrap().body.congestion_alerts;
    *alerts = vec![alerts[0].clone(); 25];
    assert_eq!(table(&day, "alertes").row_count(), 25);
}

#[test]
fn missing_source_has_an_empty_table_and_its_reason_in_the_quality_table() {
    let full = table(&SampleDay::full(), "chantiers");
    let day = SampleDay::full().without(Source::Worksites, "aucun_fichier");
    let missing = table(&day, "chantiers");
    assert_eq!(missing.row_count(), 0);
    let columns = |table: &Table| {
        table
            .columns
            .iter()
            .map(|column| (column.name.clone(), std::mem::discriminant(&column.values)))
            .collect::<Vec<_>>()
    };
    assert_eq!(columns(&missing), columns(&full));
    let quality = rows(&table(&day, "qualite"));
    assert!(quality.contains(
        &["Paris", SampleDay::DATE, "chantiers", "absent", "aucun_fichier", "", "", "", ""].map(String::from).to_vec()
    ));
}

#[test]
fn quality_table_has_one_row_per_source_count_and_reason() {
    let quality = rows(&table(&SampleDay::full(), "qualite"));
    let bikes: Vec<_> = quality.iter().filter(|row| row[2] == "bikes").map(|row| row[6..].join(" ")).collect();
    assert_eq!(
        bikes,
        [
            "lignes_lues  1000",
            "lignes_du_jour  48",
            "cellules  45",
            "doublons  2",
            "conflits  1",
            "cellules_ecartees  0",
            "etats_incoherents  0",
            "rejets_structure date_illisible 3",
            "rejets debit_negatif 4",
        ]
    );
}

#[test]
fn arcs_alerts_sensors_and_districts_have_coordinates() {
    let day = day_with_places();
    for name in ["troncons", "alertes", "capteurs"] {
        let table = table(&day, name);
        assert_eq!((first(&table, "lat"), first(&table, "lon")), ("48.85".into(), "2.25".into()), "{name}");
    }
    // The alert of a zone is at the centre of the zone.
    let alerts = rows(&table(&day, "alertes"));
    let lat = alerts[0].iter().position(|name| name == "lat").unwrap();
    assert_eq!(alerts[2][lat..=lat + 1], ["48.5", "2.5"]);
    let mut day = day;
    let roads = &mut day.documents.road_counts.as_mut().unwrap().body;
    roads.zones = vec![roads.top_10_congested_zones[1].clone()];
    let districts = table(&day, "quartiers");
    assert_eq!((first(&districts, "arrondissement"), first(&districts, "lat")), ("75116".into(), "48.5".into()));
    assert_eq!(
        (first(&districts, "total_vehicules"), first(&districts, "nombre_chantiers")),
        ("30000.25".into(), String::new())
    );
}

#[test]
fn times_are_local_with_the_instant_in_a_second_column() {
    let mut day = day_with_places();
    let alerts = &mut day.documents.road_counts.as_mut().unwrap().body.congestion_alerts;
    // The two hours of one name in the night of the clock change.
    alerts[0].start = stamp("2025-10-26T02:00:00+02:00");
    alerts[0].end = stamp("2025-10-26T02:00:00+01:00");
    let alerts = table(&day, "alertes");
    assert_eq!(first(&alerts, "debut"), "2025-10-26 02:00:00");
    assert_eq!(first(&alerts, "fin"), "2025-10-26 02:00:00");
    assert_eq!(
        (first(&alerts, "debut_utc"), first(&alerts, "fin_utc")),
        ("2025-10-26 00:00:00".into(), "2025-10-26 01:00:00".into())
    );
}

#[test]
fn formula_is_escaped_in_csv_and_unchanged_in_the_table() {
    let arcs = table(&day_with_places(), "troncons");
    assert_eq!(first(&arcs, "libelle"), "'+Rue");
    let label = arcs.columns.iter().find(|column| column.name == "libelle").unwrap();
    assert_eq!(label.values, Values::Text(vec![Some("+Rue".into())]));
}

#[test]
fn every_table_is_a_parquet_file_with_the_same_rows() {
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
    for table in day_with_places().tables() {
        let body = parquet::render(&table).unwrap();
        assert_eq!(body, parquet::render(&table).unwrap(), "the same bytes for the same table");
        let file = SerializedFileReader::new(body).unwrap();
        let schema = file.metadata().file_metadata().schema_descr();
        let names: Vec<_> = schema.columns().iter().map(|column| column.name().to_owned()).collect();
        assert_eq!(names, table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>());
        assert_eq!(usize::try_from(file.metadata().file_metadata().num_rows()).unwrap(), table.row_count());
        assert_eq!(file.get_row_iter(None).unwrap().count(), table.row_count(), "{}", table.name);
    }
}

#[test]
fn disruption_has_its_scope_and_whether_it_affects_stops_only() {
    let mut day = SampleDay::full();
    let disruptions = &mut day.documents.disruptions.as_mut().unwrap().body.disruptions;
    let stop = Disruption { scope: Scope::Stop, ..disruptions[0].clone() };
    disruptions.push(stop);
    let rows = rows(&table(&day, "perturbations"));
    let at = rows[0].iter().position(|name| name == "portee").unwrap();
    assert_eq!(rows[0][at + 1], "arrets_non_desservis");
    assert_eq!([&rows[1][at..at + 2], &rows[2][at..at + 2]], [["ligne", "false"], ["arret", "true"]]);
}

proptest! {
    #[test]
    fn csv_gives_texts_and_numbers_back(label in any::<Option<String>>(), total in any::<Option<u32>>(), share in 0.0_f64..100.0) {
        let mut day = day_with_places();
        let arc = &mut day.documents.road_counts.as_mut().unwrap().body.metrics[0];
        arc.label = label.clone();
        arc.total_daily_flow = total.and_then(|total| Fixed2::new(total.into()));
        arc.observed_percent = Fixed2::of(share);
        let arcs = table(&day, "troncons");
        let label = label.unwrap_or_default();
        let read = first(&arcs, "libelle");
        prop_assert_eq!(read.trim_start_matches('\''), label.trim_start_matches('\''));
        prop_assert_eq!(first(&arcs, "debit_journalier_total"), total.map(|total| total.to_string()).unwrap_or_default());
        prop_assert_eq!(first(&arcs, "part_observee").parse::<f64>().unwrap(), Fixed2::of(share).rounded());
    }
}
