use bytes::Bytes;
use contract::Reason;
use contract::document::road_network::NetworkArc;
use proptest::prelude::*;

use super::*;
use crate::document::tests::drafted;
use crate::geo::Zones;

const LABELS: &str = "Identifiant arc;Libelle;Identifiant noeud amont;Libelle noeud amont;Identifiant noeud aval;Libelle noeud aval;\
    Date debut dispo data;Date fin dispo data;geo_point_2d;geo_shape";
const FIELDS: &str = "\u{feff}IU_AC;LIBELLE;IU_ND_AMONT;LIBELLE_ND_AMONT;IU_ND_AVAL;LIBELLE_ND_AVAL;DATE_DEBUT;DATE_FIN;geo_point_2d;geo_shape";
/// Length of 0.001° of latitude, m.
const PIECE: f64 = 111.194_926_644_558_7;

/// One row: a line of 0.001° of latitude that starts at 48.8° plus the given number of thousandths.
#[derive(Clone, Copy)]
struct Piece<'a> {
    id: &'a str,
    label: &'a str,
    start: &'a str,
    end: &'a str,
    point: &'a str,
    at: u32,
}

const PIECE_OF_1: Piece<'_> = Piece {
    id: "1",
    label: "Rue_A",
    start: "2005-01-01T02:00:00+01:00",
    end: "2019-06-01T04:00:00+02:00",
    point: "48.8, 2.3",
    at: 0,
};

impl Piece<'_> {
    fn text(self) -> String {
        let Piece { id, label, start, end, point, at } = self;
        let (from, to) = (f64::from(48_800 + at) / 1e3, f64::from(48_801 + at) / 1e3);
        format!(
            r#"{id};{label};10;A;20;B;{start};{end};{point};"{{""type"": ""LineString"", ""coordinates"": [[2.3, {from}, 35.0], [2.3, {to}, 35.0]]}}""#
        )
    }
}

fn file(header: &str, pieces: &[Piece<'_>], line_end: &str) -> RawFile {
    let rows: Vec<String> = std::iter::once(header.to_owned()).chain(pieces.iter().map(|piece| piece.text())).collect();
    RawFile { key: "batch/referentiel-1.csv".to_owned(), bytes: Bytes::from(rows.join(line_end)), collected: None }
}

fn on(date: &str, files: &[RawFile], zones: Option<&Zones>) -> (SourceResult<Draft<RoadNetwork>>, Network) {
    drafted::<RoadNetworkSource>(date, files, zones)
}

fn draft(date: &str, pieces: &[Piece<'_>]) -> (Draft<RoadNetwork>, Network) {
    let (draft, network) = on(date, &[file(FIELDS, pieces, "\r\n")], None);
    (draft.unwrap(), network)
}

fn length(network: &Network, id: &str) -> f64 {
    network.get(id).and_then(|arc| arc.length_m).unwrap()
}

#[test]
fn labels_and_field_names_give_the_same_network() {
    let by_label = on("2025-11-03", &[file(LABELS, &[PIECE_OF_1], "\n")], None).1;
    let by_field = on("2025-11-03", &[file(FIELDS, &[PIECE_OF_1], "\r\n")], None).1;
    assert_eq!(by_label, by_field);
    let arc = by_label.get("1").unwrap();
    assert_eq!(
        (arc.label.as_deref(), arc.upstream.as_deref(), arc.downstream.as_deref()),
        (Some("Rue_A"), Some("10"), Some("20"))
    );
    assert_eq!(arc.point, Some((2.3, 48.8)));
    assert_eq!(arc.lines, vec![vec![(2.3, 48.8), (2.3, 48.801)]]);
}

#[test]
fn lengths_of_one_arc_are_added_and_identical_objects_count_once() {
    let (draft, network) = draft(
        "2025-11-03",
        &[PIECE_OF_1, Piece { at: 1, point: "48.801, 2.3", ..PIECE_OF_1 }, PIECE_OF_1, Piece { id: "2", ..PIECE_OF_1 }],
    );
    assert!((length(&network, "1") - 2.0 * PIECE).abs() < 1e-6);
    assert!((length(&network, "2") - PIECE).abs() < 1e-6);
    let quality = &draft.quality;
    assert_eq!((quality.rows_read, quality.rows_of_day, quality.cells, quality.duplicates), (4, 4, 3, 1));
    let arc = &draft.body.mapping["1"];
    assert_eq!(arc.trace.as_ref().map(Vec::len), Some(2));
    assert_eq!(arc.geo_point_2d.as_deref(), Some("48.80100, 2.30000"), "from the last object");
    assert!(!arc.active, "the period is over, the arc stays");
    let statistics = &draft.body.statistics;
    assert_eq!(statistics.arc_count, 2);
    assert!((statistics.total_length_m.get() - 3.0 * PIECE).abs() < 1e-6);
    assert!((statistics.mean_length_m.unwrap().get() - 1.5 * PIECE).abs() < 1e-6);
}

#[test]
fn objects_of_the_day_are_those_whose_period_covers_it() {
    let old = Piece { start: "2010-01-01", end: "2015-12-31", label: "Old", ..PIECE_OF_1 };
    let new = Piece { start: "2016-01-01", end: "", label: "New", at: 5, ..PIECE_OF_1 };
    let also_new = Piece { at: 6, label: "", ..new };
    let pieces = [new, also_new, old];
    for (date, label, pieces_then, active) in [
        ("2015-12-31", "Old", 1.0, true),
        ("2016-01-01", "New", 2.0, true),
        ("2025-11-03", "New", 2.0, true),
        ("2009-12-31", "New", 2.0, false),
    ] {
        let network = draft(date, &pieces).1;
        let arc = network.get("1").unwrap();
        assert_eq!((arc.label.as_deref(), arc.active), (Some(label), active), "{date}");
        assert!((length(&network, "1") - pieces_then * PIECE).abs() < 1e-6, "{date}");
    }
}

#[test]
fn latest_end_counts_if_no_period_covers_the_day() {
    let pieces = [
        Piece { end: "2019-06-01T04:00:00+02:00", label: "Late", ..PIECE_OF_1 },
        Piece { end: "2016-07-13T04:00:00+02:00", label: "Early", at: 3, ..PIECE_OF_1 },
        // The same instant in another notation.
        Piece { end: "2019-06-01T02:00:00Z", label: "Late too", at: 4, ..PIECE_OF_1 },
    ];
    let (draft, network) = draft("2025-11-03", &pieces);
    assert!((length(&network, "1") - 2.0 * PIECE).abs() < 1e-6);
    assert_eq!(network.get("1").and_then(|arc| arc.label.as_deref()), Some("Late too"));
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day), (3, 2));
}

#[test]
fn timestamp_counts_in_the_local_day() {
    // 2019-05-31T22:00Z is midnight of 1 June in Paris: nothing of that day is covered.
    let piece = Piece { end: "2019-05-31T22:00:00+00:00", ..PIECE_OF_1 };
    assert!(draft("2019-05-31", &[piece]).1.get("1").unwrap().active);
    assert!(!draft("2019-06-01", &[piece]).1.get("1").unwrap().active);
    let wall = Piece { start: "2019-06-01 23:30:00", end: "", ..PIECE_OF_1 };
    assert!(draft("2019-06-01", &[wall]).1.get("1").unwrap().active);
    assert!(!draft("2019-05-31", &[wall]).1.get("1").unwrap().active);
}

#[test]
fn bad_rows_are_rejected_and_bad_shapes_and_dates_only_lose_themselves() {
    let mut raw = file(
        FIELDS,
        &[
            PIECE_OF_1,
            Piece { id: "", ..PIECE_OF_1 },
            Piece { start: "soon", ..PIECE_OF_1 },
            Piece { start: "2020-01-01", end: "2019-01-01", ..PIECE_OF_1 },
        ],
        "\n",
    );
    raw.bytes =
        [raw.bytes.as_ref(), b"\n2;;1;;2;;2019-03-31 02:30:00;;;\n3;Sans;1;;2;;;;here;\"{}\"\n"].concat().into();
    let (draft, network) = on("2018-01-01", &[raw], None);
    let draft = draft.unwrap();
    assert_eq!(
        draft.quality.structural_rejects,
        BTreeMap::from([
            (Reason::MissingId, 1),
            (Reason::UnreadableDate, 1),
            (Reason::NonexistentTime, 1),
            (Reason::ReversedDates, 1)
        ])
    );
    assert_eq!(draft.quality.rejects, BTreeMap::from([(Reason::UnreadableGeometry, 1)]));
    assert_eq!((network.iter().count(), network.get("3").and_then(|arc| arc.length_m)), (3, None));
    assert!(network.get("2").is_some(), "an unreadable date does not cost the arc");
    let NetworkArc { length_m, trace, geo_point_2d, .. } = &draft.body.mapping["3"];
    assert_eq!((length_m, trace, geo_point_2d), (&None, &None, &None));
    assert_eq!(draft.body.statistics.arc_count, 1, "over the arcs that have a length");
}

#[test]
fn zones_are_counted_and_drawn_and_missing_zones_have_a_reason() {
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"c_arinsee":75101,"l_ar":"Un"},
        "geometry":{"type":"Polygon","coordinates":[[[2.2,48.7],[2.4,48.7],[2.4,48.9],[2.2,48.9],[2.2,48.7]]]}}]}"#;
    let zones = crate::source::reference::zones::tests::by_default("reference/zones.geojson", text.as_bytes()).unwrap();
    let files = [file(
        FIELDS,
        &[PIECE_OF_1, Piece { id: "2", ..PIECE_OF_1 }, Piece { id: "3", point: "", ..PIECE_OF_1 }],
        "\n",
    )];
    let (draft, _) = on("2025-11-03", &files, Some(&zones));
    let draft = draft.unwrap();
    let by_zone: Vec<(Option<&str>, Option<&str>, u64)> = draft
        .body
        .by_district
        .iter()
        .map(|zone| (zone.district.as_deref(), zone.zone.as_deref(), zone.arc_count))
        .collect();
    assert_eq!(by_zone, [(Some("75001"), Some("Un"), 2), (None, Some("Hors zone"), 1)]);
    assert_eq!(draft.body.zones.as_ref().map(Vec::len), Some(1));
    assert!(draft.reasons.is_empty() && draft.quality.warnings.is_empty());

    let (draft, _) = on("2025-11-03", &files, None);
    let draft = draft.unwrap();
    assert_eq!(draft.body.zones, None);
    assert_eq!(draft.reasons.get("zones").map(String::as_str), Some("zones_inconnues"));
    assert_eq!(draft.quality.warnings.len(), 1);
}

#[test]
fn arcs_are_sorted_by_id() {
    let pieces = ["b", "10", "9"].map(|id| Piece { id, ..PIECE_OF_1 });
    let network = draft("2025-11-03", &pieces).1;
    assert_eq!(network.iter().map(|(id, _)| id).collect::<Vec<_>>(), ["9", "10", "b"]);
}

#[test]
fn file_of_another_source_is_an_error_and_empty_network_is_absent() {
    for text in [
        "",
        "Identifiant;Date de début;Date de fin\n1;2025-01-01;2025-01-01\n",
        "iu_ac;libelle;t_1h;q;k;etat_trafic;iu_nd_amont;libelle_nd_amont;iu_nd_aval;libelle_nd_aval;etat_barre;date_debut;date_fin;geo_point_2d;geo_shape\n",
    ] {
        let file = RawFile { key: "batch/referentiel-1.csv".to_owned(), bytes: Bytes::from(text), collected: None };
        assert!(matches!(on("2025-11-03", &[file], None).0, SourceResult::Failed(_)), "{text}");
    }
    let (measured, network) = on("2025-11-03", &[file(FIELDS, &[], "\n")], None);
    assert_eq!(measured, SourceResult::no_row_at_all());
    assert!(network.is_empty());
}

/// Reads the real file of the city, if `CITYFLOW_REAL_DATA` is set.
#[test]
fn real_network_has_its_arcs_and_its_length() {
    let Some(folder) = std::env::var_os("CITYFLOW_REAL_DATA") else {
        println!("skipped: CITYFLOW_REAL_DATA names no folder");
        return;
    };
    let path = std::path::Path::new(&folder).join("reseau/referentiel-comptages-routiers-2022.csv");
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let file = RawFile { key: "batch/referentiel-2022.csv".to_owned(), bytes, collected: None };
    let (draft, network) = on("2025-11-03", &[file], None);
    let draft = draft.unwrap();
    assert_eq!((network.iter().count(), draft.quality.rows_read, draft.quality.cells), (3348, 3739, 3737));
    assert!((draft.body.statistics.total_length_m.get() / 658e3 - 1.0).abs() < 1e-3);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        any in prop::collection::vec(any::<u8>(), 0..200),
        tail in "[;\"\\n0-9a-zA-Z{}\\[\\],:./+-]{0,200}",
    ) {
        let raw = |bytes: Vec<u8>| [RawFile { key: "f".to_owned(), bytes: Bytes::from(bytes), collected: None }];
        let _ = on("2025-11-03", &raw(any.clone()), None);
        let _ = on("2025-11-03", &raw([FIELDS.as_bytes(), b"\n", any.as_slice()].concat()), None);
        if let (SourceResult::Document(draft), _) = on("2025-11-03", &raw(format!("{FIELDS}\n{tail}").into_bytes()), None) {
            let quality = draft.quality;
            prop_assert_eq!(quality.rows_of_day, quality.cells + quality.duplicates);
        }
    }
}

#[test]
fn periods_are_read_day_first_and_one_month_first_date_refuses_the_file() {
    let piece = Piece { start: "01/06/2019 03:00", end: "01/01/2030 03:00", ..PIECE_OF_1 };
    let (draft, network) = on("2025-11-03", &[file(FIELDS, &[piece], "\n")], None);
    let draft = draft.unwrap();
    assert_eq!((network.iter().count(), draft.quality.structural_rejects), (1, BTreeMap::new()));
    assert!(draft.body.mapping[PIECE_OF_1.id].active);

    let american = Piece { start: "06/13/2019 03:00", ..PIECE_OF_1 };
    let error = on("2025-11-03", &[file(FIELDS, &[piece, american], "\n")], None).0.unwrap_err();
    assert!(error.reason.contains("date with the month first, such as \"06/13/2019 03:00\""), "{error}");
}

#[test]
fn row_without_an_identifier_alone_refuses_the_file() {
    let error = on("2025-11-03", &[file(FIELDS, &[Piece { id: "", ..PIECE_OF_1 }], "\n")], None).0.unwrap_err();
    assert!(error.reason.starts_with("1 of 1 rows rejected: no identifier"), "{error}");
}
