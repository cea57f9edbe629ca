use bytes::Bytes;
use contract::Reason;
use contract::number::Fixed1;
use proptest::prelude::*;

use super::*;
use crate::document::tests::{drafted, drafted_with};
use crate::geo::Zones;
use crate::source::reference::zones::tests::by_default;

const HEADER: &str = "\u{feff}Identifiant;Identifiant CTV;Code postal de l'arrondissement;Typologie;Objet;Voie(s);Date de début;Date de fin;\
    Impact sur la circulation;Niveau de perturbation;Statut;geo_shape;geo_point_2d";
/// About 73 m by 111 m.
const SQUARE: &str = r#""{""type"": ""Polygon"", ""coordinates"": [[[2.300, 48.800], [2.301, 48.800], [2.301, 48.801], [2.300, 48.801], [2.300, 48.800]]]}""#;
const ZONES: &str = r#"{"type":"FeatureCollection","features":[
    {"type":"Feature","properties":{"c_arinsee":75101,"l_ar":"Un"},"geometry":{"type":"Polygon","coordinates":[
        [[2.2,48.7],[2.4,48.7],[2.4,48.9],[2.2,48.9],[2.2,48.7]]]}},
    {"type":"Feature","properties":{"c_arinsee":75102,"l_ar":"Deux"},"geometry":{"type":"Polygon","coordinates":[
        [[2.4,48.7],[2.6,48.7],[2.6,48.9],[2.4,48.9],[2.4,48.7]]]}}]}"#;

/// One row of the export; unset fields are empty.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    id: &'a str,
    code: &'a str,
    start: &'a str,
    end: &'a str,
    impact: &'a str,
    status: &'a str,
    shape: &'a str,
    point: &'a str,
}

impl Line<'_> {
    fn text(self) -> String {
        let Line { id, code, start, end, impact, status, shape, point } = self;
        format!("{id};;{code};1;RESEAU;\"rue A;\nrue B\";{start};{end};{impact};2;{status};{shape};{point}")
    }
}

fn file(key: &str, lines: &[Line<'_>]) -> RawFile {
    let rows: Vec<String> = lines.iter().map(|line| line.text()).collect();
    RawFile { key: key.to_owned(), bytes: Bytes::from(format!("{HEADER}\n{}\n", rows.join("\n"))), collected: None }
}

fn on(
    date: &str,
    files: &[RawFile],
    zones: Option<&Zones>,
) -> (SourceResult<Draft<Worksites>>, Option<Vec<WorksiteShape>>) {
    drafted::<WorksitesSource>(date, files, zones)
}

fn zones() -> Zones {
    by_default("reference/zones.geojson", ZONES.as_bytes()).unwrap()
}

fn draft(lines: &[Line<'_>]) -> Draft<Worksites> {
    on("2025-11-03", &[file("batch/chantiers-1.csv", lines)], Some(&zones())).0.unwrap()
}

#[test]
fn worksite_is_active_from_its_first_to_its_last_day() {
    let site = |id, start, end| Line { id, start, end, ..Line::default() };
    let draft = draft(&[
        site("before", "2025-10-01", "2025-11-02"),
        site("last day", "2025-10-01", "2025-11-03"),
        site("first day", "2025-11-03", "2025-11-30"),
        site("after", "2025-11-04", "2025-11-30"),
        site("no start", "", "2025-11-30"),
        site("no end", "2025-10-01", ""),
        site("neither", "", ""),
        site("10", "03/11/2025", "03/11/2025"),
        site("9", "01/11/2025", ""),
    ]);
    let ids: Vec<&str> = draft.body.active_worksites.iter().map(|site| site.id.as_str()).collect();
    assert_eq!(ids, ["9", "10", "first day", "last day", "neither", "no end", "no start"], "numbers sort before text");
    assert_eq!(draft.body.active_worksite_count, 7);
    assert_eq!(draft.body.starting, ["10", "first day"]);
    assert_eq!(draft.body.ending_soon, ["10", "last day"]);
    assert_eq!(draft.body.long_running, ["last day", "no end"], "33 days each: until its end, and until the day");
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day, draft.quality.cells), (9, 7, 7));
    assert_eq!((draft.status, draft.completeness), (DayStatus::Final, None));
}

/// Worksites with these statuses, all of which cover the day.
fn with_statuses(statuses: &[&'static str]) -> Vec<Line<'static>> {
    const IDS: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];
    let line = |(id, status)| Line { id, status, start: "2025-10-01", end: "2025-12-31", ..Line::default() };
    IDS.into_iter().zip(statuses.iter().copied()).map(line).collect()
}

#[test]
fn finished_worksites_are_left_out_with_their_number() {
    let draft = draft(&with_statuses(&["1", "2", "3", "4", "5", "", "Terminé"]));
    let sites = &draft.body.active_worksites;
    assert_eq!(sites.iter().map(|site| site.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4", "6"]);
    let statuses: Vec<Option<&str>> = sites.iter().map(|site| site.status.as_deref()).collect();
    assert_eq!(statuses, [Some("1"), Some("2"), Some("3"), Some("4"), None]);
    let warning = &draft.quality.warnings[0];
    assert!(warning.starts_with("2 chantiers de statut 5 (terminés)"), "{warning}");
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day, draft.quality.cells), (7, 5, 5));
}

#[test]
fn finished_worksite_of_another_day_is_no_warning() {
    let ended = Line { id: "1", status: "5", start: "2025-10-01", end: "2025-10-31", ..Line::default() };
    let draft = draft(&[ended, Line { id: "2", status: "2", ..Line::default() }]);
    assert_eq!((draft.body.active_worksite_count, draft.quality.warnings.len()), (1, 0));
}

#[test]
fn day_with_finished_worksites_only_is_absent_with_the_way_out() {
    let files = [file("batch/chantiers-1.csv", &with_statuses(&["5"]))];
    let SourceResult::Absent(reason) = on("2025-11-03", &files, None).0 else { panic!("a document") };
    assert!(reason.starts_with("aucune_ligne_du_jour (dernier jour présent : 2025-12-31) ; 1 chantier "), "{reason}");
    assert!(reason.contains("--param chantiers.termines=actifs"), "{reason}");
}

#[test]
fn parameter_keeps_finished_worksites() {
    let mut parameters = Parameters::default();
    parameters.set("chantiers.termines=actifs").unwrap();
    let files = [file("batch/chantiers-1.csv", &with_statuses(&["5", "2"]))];
    let draft = drafted_with::<WorksitesSource>("2025-11-03", &files, Some(&zones()), &parameters).0.unwrap();
    assert_eq!((draft.body.active_worksite_count, draft.quality.warnings.len()), (2, 0));
    assert!(parameters.set("chantiers.termines=oui").is_err());
}

#[test]
fn seven_days_left_is_not_ending_soon_and_thirty_days_is_not_long_running() {
    let draft = draft(&[
        Line { id: "1", start: "2025-11-01", end: "2025-11-09", ..Line::default() },
        Line { id: "2", start: "2025-11-01", end: "2025-11-10", ..Line::default() },
        Line { id: "3", start: "2025-11-01", end: "2025-12-01", ..Line::default() },
        Line { id: "4", start: "2025-11-01", end: "2025-12-02", ..Line::default() },
    ]);
    assert_eq!(draft.body.ending_soon, ["1"]);
    assert_eq!(draft.body.long_running, ["4"]);
}

#[test]
fn invalid_rows_are_rejected_with_their_physical_line() {
    let good = Line { id: "1", ..Line::default() };
    let draft = draft(&[
        good,
        Line { id: "", ..good },
        Line { id: "2", start: "2025-13-01", ..good },
        Line { id: "3", start: "2025-11-04", end: "2025-11-03", ..good },
        Line { id: "4", start: "+025-11-01", ..good },
    ]);
    assert_eq!(
        draft.quality.structural_rejects,
        BTreeMap::from([(Reason::MissingId, 1), (Reason::UnreadableDate, 2), (Reason::ReversedDates, 1),])
    );
    assert_eq!((draft.quality.rows_read, draft.quality.rows_of_day), (5, 1));
    let lines: Vec<u64> = draft.quality.examples.iter().map(|example| example.line).collect();
    assert_eq!(lines, [4, 6, 8, 10], "each row has two lines");
}

#[test]
fn last_row_of_an_identifier_wins_and_the_others_are_counted() {
    let site = Line { id: "1", impact: "IMPASSE", ..Line::default() };
    let draft = draft(&[
        site,
        site,
        Line { impact: "RESTREINTE", ..site },
        Line { id: "2", ..site },
        Line { id: "2", end: "2024-01-01", ..site },
    ]);
    assert_eq!(draft.body.active_worksites.len(), 1, "the last row of 2 has ended");
    assert_eq!(draft.body.active_worksites[0].impact.as_deref(), Some("RESTREINTE"));
    let quality = &draft.quality;
    assert_eq!((quality.cells, quality.duplicates, quality.conflicts, quality.rows_of_day), (1, 1, 1, 3));
}

#[test]
fn impacts_have_percents_and_unknown_impacts_are_counted() {
    let site = |id, impact| Line { id, code: "75001", impact, ..Line::default() };
    let draft = draft(&[
        site("1", "BARRAGE_TOTAL"),
        site("2", "IMPASSE"),
        site("3", "RESTREINTE"),
        site("4", "sens_unique"),
        site("5", ""),
        site("6", "AUTRE"),
    ]);
    let percents: Vec<u32> = draft.body.active_worksites.iter().map(|site| site.impact_percent).collect();
    assert_eq!(percents, [100, 80, 50, 30, 0, 0]);
    assert_eq!(draft.body.by_district[0].impact_total, 260);
    let counts: Vec<(&str, u64)> = draft.body.by_impact.iter().map(|(impact, n)| (impact.as_str(), *n)).collect();
    assert_eq!(
        counts,
        [
            ("AUTRE", 1),
            ("BARRAGE_TOTAL", 1),
            ("IMPASSE", 1),
            ("NON_RENSEIGNE", 1),
            ("RESTREINTE", 1),
            ("SENS_UNIQUE", 1)
        ]
    );
    assert_eq!(draft.quality.rejects, BTreeMap::from([(Reason::UnreadableValue, 1)]));
}

#[test]
fn postal_code_decides_before_the_point_and_no_code_sorts_last() {
    let draft = draft(&[
        Line { id: "1", code: "75002", point: "48.8, 2.3", ..Line::default() },
        Line { id: "2", point: "48.8,2.3", ..Line::default() },
        Line { id: "3", point: "40.0, 2.3", ..Line::default() },
        Line { id: "4", code: "75099", ..Line::default() },
        Line { id: "5", code: "75102", ..Line::default() },
        Line { id: "6", ..Line::default() },
    ]);
    let places: Vec<(Option<&str>, Option<&str>)> =
        draft.body.active_worksites.iter().map(|site| (site.district.as_deref(), site.zone.as_deref())).collect();
    let outside = (None, None);
    assert_eq!(
        places,
        [
            (Some("75002"), Some("Deux")),
            (Some("75001"), Some("Un")),
            outside,
            (Some("75099"), None),
            (Some("75002"), Some("Deux")),
            outside
        ]
    );
    let zones: Vec<(Option<&str>, u64)> =
        draft.body.by_district.iter().map(|zone| (zone.district.as_deref(), zone.count)).collect();
    assert_eq!(zones, [(Some("75001"), 1), (Some("75002"), 2), (Some("75099"), 1), (None, 2)]);
}

#[test]
fn zone_with_more_than_three_worksites_is_critical() {
    let site = |id, code| Line { id, code, ..Line::default() };
    let lines: Vec<Line<'_>> = ["1", "2", "3"]
        .map(|id| site(id, "75001"))
        .into_iter()
        .chain(["4", "5", "6", "7"].map(|id| site(id, "75002")))
        .collect();
    let draft = draft(&lines);
    assert_eq!(draft.body.critical_zones.len(), 1);
    assert_eq!(
        (draft.body.critical_zones[0].district.as_deref(), draft.body.critical_zones[0].count),
        (Some("75002"), 4)
    );
}

#[test]
fn areas_are_geodesic_sums_and_null_without_a_shape() {
    let site = Line { code: "75001", point: "48.8005, 2.3005", ..Line::default() };
    let draft = draft(&[
        Line { id: "1", shape: SQUARE, ..site },
        Line { id: "2", shape: SQUARE, ..site },
        Line { id: "3", ..site },
        Line { id: "4", code: "75002", ..site },
        Line { id: "5", shape: "\"{\"\"type\"\": \"\"Polygon\"\"}\"", point: "here", ..site },
    ]);
    let sites = &draft.body.active_worksites;
    let one = sites[0].area_m2.map(Fixed1::get).unwrap();
    assert!((one / (111.2 * 73.4) - 1.0).abs() < 3e-3, "{one}");
    assert_eq!((sites[2].area_m2, sites[2].geometry.as_ref()), (None, None));
    assert!((draft.body.affected_area_m2.get() - 2.0 * one).abs() < 1e-6, "overlaps are not merged");
    assert_eq!(draft.body.by_district[0].area_m2, Some(draft.body.affected_area_m2));
    assert_eq!(draft.body.by_district[1].area_m2, None);
    assert_eq!(sites[0].geo_point_2d.as_deref(), Some("48.80050, 2.30050"));
    assert_eq!(
        sites[0].geometry.as_ref().and_then(|shape| shape.get("type")).and_then(|kind| kind.as_str()),
        Some("Polygon")
    );
    assert_eq!(sites[0].streets.as_deref(), Some("rue A;\nrue B"));
    assert_eq!(draft.quality.rejects, BTreeMap::from([(Reason::UnreadableGeometry, 1)]));
}

#[test]
fn shapes_are_those_of_the_active_worksites() {
    let site = Line { shape: SQUARE, ..Line::default() };
    let file = file(
        "batch/chantiers-1.csv",
        &[
            Line { id: "2", ..site },
            Line { id: "1", ..site },
            Line { id: "3", end: "2020-01-01", ..site },
            Line { id: "4", shape: "", ..site },
        ],
    );
    let shapes = on("2025-11-03", &[file], None).1.unwrap();
    assert_eq!(shapes.iter().map(|shape| shape.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn missing_zones_give_null_names_and_a_reason() {
    let files = [file("batch/chantiers-1.csv", &[Line { id: "1", code: "75001", ..Line::default() }])];
    let draft = on("2025-11-03", &files, None).0.unwrap();
    let site = &draft.body.active_worksites[0];
    assert_eq!((site.district.as_deref(), site.zone.as_deref()), (Some("75001"), None));
    assert_eq!(draft.quality.warnings.len(), 1);
    assert_eq!(draft.reasons.get("chantiers_actifs.zone").map(String::as_str), Some("zones_inconnues"));
}

#[test]
fn day_without_active_worksites_is_absent_with_the_last_day() {
    let files = [file(
        "batch/chantiers-1.csv",
        &[
            Line { id: "1", start: "2024-01-01", end: "2024-02-01", ..Line::default() },
            Line { id: "2", end: "2024-03-01", ..Line::default() },
        ],
    )];
    let (measured, shapes) = on("2025-11-03", &files, None);
    assert_eq!(measured, SourceResult::no_row("2024-03-01".parse().ok()));
    assert_eq!(shapes, None);
    assert_eq!(on("2025-11-03", &[file("batch/chantiers-1.csv", &[])], None).0, SourceResult::no_row_at_all());
}

#[test]
fn date_at_a_time_that_the_clock_skips_is_rejected() {
    let line = |id, start| Line { id, start, end: "2025-12-31", ..Line::default() };
    let lines = [line("1", "2025-03-30T02:30:00"), line("2", "2025-03-30T00:00:00"), line("3", "2025-03-30 03:30")];
    let draft = on("2025-11-03", &[file("batch/chantiers-1.csv", &lines)], None).0.unwrap();
    assert_eq!(draft.quality.structural_rejects, [(Reason::NonexistentTime, 1)].into());
    assert_eq!(draft.body.active_worksite_count, 2);
}

#[test]
fn file_of_another_source_is_an_error() {
    for text in ["", "IU_AC;LIBELLE;DATE_DEBUT;DATE_FIN\n1;a;2025-01-01;2025-01-01\n", "{}"] {
        let file =
            RawFile { key: "batch/chantiers-1.csv".to_owned(), bytes: Bytes::from(text.to_owned()), collected: None };
        assert_eq!(on("2025-11-03", &[file], None).0.unwrap_err().key, "batch/chantiers-1.csv", "{text}");
    }
}

/// Reads the real file of the city, if `CITYFLOW_REAL_DATA` is set.
#[test]
fn real_worksites_are_all_read() {
    let Some(folder) = std::env::var_os("CITYFLOW_REAL_DATA") else {
        println!("skipped: CITYFLOW_REAL_DATA names no folder");
        return;
    };
    let path = std::path::Path::new(&folder).join("chantiers/chantiers-perturbants-2022-12.csv");
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let file = RawFile { key: "batch/chantiers-2022-12.csv".to_owned(), bytes, collected: None };
    let (draft, shapes) = on("2022-12-15", &[file], None);
    let draft = draft.unwrap();
    let quality = &draft.quality;
    assert_eq!((quality.rows_read, quality.cells, shapes.map(|shapes| shapes.len())), (192, 97, Some(97)));
    assert!(quality.structural_rejects.is_empty() && quality.rejects.is_empty());
}

proptest! {
    /// Every worksite whose dates cover the day is active or counted as left out, and with the parameter all are active.
    #[test]
    fn finished_worksites_are_counted_or_kept(statuses in prop::collection::vec(0..7_u8, 1..8)) {
        let texts: Vec<String> = statuses.iter().map(|status| if *status == 0 { String::new() } else { status.to_string() }).collect();
        let ids: Vec<String> = (0..texts.len()).map(|id| id.to_string()).collect();
        let lines: Vec<Line<'_>> = ids.iter().zip(&texts).map(|(id, status)| Line { id, status, ..Line::default() }).collect();
        let files = [file("batch/chantiers-1.csv", &lines)];
        let finished = statuses.iter().filter(|status| **status == 5).count();
        let mut parameters = Parameters::default();
        match drafted_with::<WorksitesSource>("2025-11-03", &files, Some(&zones()), &parameters).0 {
            SourceResult::Document(draft) => {
                prop_assert_eq!(draft.body.active_worksites.len() + finished, statuses.len());
                prop_assert_eq!(draft.quality.warnings.len(), usize::from(finished > 0));
            }
            absent => prop_assert_eq!(finished, statuses.len(), "{:?}", absent.document().is_some()),
        }
        parameters.set("chantiers.termines=actifs").unwrap();
        let all = drafted_with::<WorksitesSource>("2025-11-03", &files, None, &parameters).0.unwrap();
        prop_assert_eq!(all.body.active_worksites.len(), statuses.len());
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        any in prop::collection::vec(any::<u8>(), 0..200),
        tail in "[;\"\\n0-9a-zA-Z{}\\[\\],:./-]{0,200}",
    ) {
        let raw = |bytes: Vec<u8>| [RawFile { key: "f".to_owned(), bytes: Bytes::from(bytes), collected: None }];
        let _ = on("2025-11-03", &raw(any.clone()), None);
        let _ = on("2025-11-03", &raw([HEADER.as_bytes(), b"\n", any.as_slice()].concat()), None);
        if let (SourceResult::Document(draft), _) = on("2025-11-03", &raw(format!("{HEADER}\n{tail}").into_bytes()), None) {
            let quality = draft.quality;
            prop_assert_eq!(quality.rows_of_day, quality.cells + quality.duplicates + quality.conflicts);
        }
    }
}
