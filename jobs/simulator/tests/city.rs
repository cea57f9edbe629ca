//! Tests of complete simulated cities: reproducible bytes, requested files and faults, and consistency of the truth.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Source;
use serde_json::Value;
use simulator::Config;
use simulator::faults::Faults;
use simulator::output::Compression;
use simulator::road_counts::file_plan::FormatOption;
use simulator::shapes::Shapes;
use tempfile::TempDir;

struct SimulatedCity {
    folder: TempDir,
}

impl SimulatedCity {
    fn new(first: &str, last: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::small(folder.path().join("raw"), first.parse().unwrap(), last.parse().unwrap());
        config.truth = Some(folder.path().join("truth"));
        change(&mut config);
        simulator::run(&config).unwrap();
        Self { folder }
    }

    fn faulty(first: &str, last: &str) -> Self {
        Self::new(first, last, |config| {
            config.faults = Faults::all();
            config.count_format = FormatOption::Mixed;
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap()).into_owned()
    }

    fn truth(&self, source: &str, day: &str) -> Value {
        serde_json::from_str(&self.text(&format!("truth/{source}_{day}.json"))).unwrap()
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), self.folder.path(), &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap());
        }
    }
}

fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} in {value}"))
}

/// Checks that the rows of the day are the sum of cells, repeats, conflicts and, if `count_rejected`, rejected records.
fn assert_adds_up(document: &Value, count_rejected: bool) {
    let rejected: u64 = document["qualite"]["rejets"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    let parts: u64 =
        ["cellules", "doublons", "conflits"].iter().map(|key| number(document, &format!("/qualite/{key}"))).sum();
    assert_eq!(number(document, "/qualite/lignes_du_jour"), parts + if count_rejected { rejected } else { 0 });
}

#[test]
fn output_does_not_depend_on_the_number_of_threads() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let five = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
    let first = one.install(|| SimulatedCity::faulty("2025-11-01", "2025-11-09").files());
    let second = five.install(|| SimulatedCity::faulty("2025-11-01", "2025-11-09").files());
    assert!(first == second);
    let other = SimulatedCity::new("2025-11-01", "2025-11-09", |config| config.seed = 43);
    assert!(first["raw/reference/zones.geojson"] != other.files()["raw/reference/zones.geojson"]);
}

#[test]
fn every_day_has_files_of_all_six_sources() {
    let city = SimulatedCity::new("2025-11-01", "2025-11-02", |_| ());
    let files = city.files();
    for prefix in [
        "raw/batch/comptages-01.csv",
        "raw/batch/referentiel-",
        "raw/batch/chantiers-2025-10.csv",
        "raw/batch/chantiers-2025-11.csv",
        "raw/batch/comptage-velo",
        "raw/batch/meteo",
        "raw/api/bikes/dt=2025-11-03/hour=23/",
        "raw/api/traffic/dt=2025-11-03/hour=05/page-0.json",
        "raw/api/weather/dt=2025-11-03/hour=18/part.json",
        "raw/reference/zones.geojson",
        "raw/reference/calendrier-scolaire.csv",
        "raw/reference/lignes.csv",
        "truth/tolerances.json",
    ] {
        assert!(files.keys().any(|key| key.starts_with(prefix)), "{prefix}");
    }
    for source in Source::ALL {
        assert!(files.contains_key(&format!("truth/{source}_2025-11-02.json")), "{source}");
    }
    assert!(!files.keys().any(|key| key.ends_with(".part")));
}

#[test]
fn rows_have_the_length_and_format_of_the_real_ones() {
    let city = SimulatedCity::new("2025-11-01", "2025-11-02", |_| ());
    let text = city.text("raw/batch/comptages-01.csv");
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(text.starts_with("\u{feff}Identifiant arc;Libelle;"));
    assert_eq!(lines.len(), 1 + 40 * 48 + 1);
    let mean = text.len() / lines.len();
    assert!((330..430).contains(&mean), "{mean}");
    assert!(text.contains("2025-11-03T00:00:00+01:00") && text.contains("\"{\"\"coordinates\"\": [["));
}

#[test]
fn every_requested_fault_is_written_and_counted() {
    let city = SimulatedCity::faulty("2025-11-01", "2025-11-09");
    let days: Vec<_> = (1..=9).map(|day| city.truth("comptages", &format!("2025-11-{day:02}"))).collect();
    for reason in ["nombre_de_colonnes", "utf8_invalide", "identifiant_absent", "date_illisible", "ligne_trop_longue"] {
        assert!(number(&days[0], &format!("/qualite/rejets_structure/{reason}")) > 0);
    }
    let total = |key: &str| days.iter().map(|day| day.pointer(key).and_then(Value::as_u64).unwrap_or(0)).sum::<u64>();
    for key in ["debit_illisible", "debit_negatif", "taux_illisible", "taux_hors_bornes", "etat_inconnu"] {
        assert!(total(&format!("/qualite/rejets/{key}")) > 0, "{key}");
    }
    for key in ["doublons", "conflits", "cellules_ecartees", "etats_incoherents"] {
        assert!(total(&format!("/qualite/{key}")) > 0, "{key}");
    }
    let lists = |list: &str, key: &str| -> Vec<String> {
        days.iter()
            .flat_map(|day| day[list].as_array().unwrap())
            .map(|item| item[key].as_str().unwrap().to_owned())
            .collect()
    };
    let (reasons, types) = (lists("capteurs_defaillants", "raison"), lists("alertes_congestion", "type"));
    for reason in ["silencieux", "fige", "incoherent"] {
        assert!(reasons.iter().any(|found| found == reason), "{reason}");
    }
    for kind in ["congestion", "blocage", "zone_saturee"] {
        assert!(types.iter().any(|found| found == kind), "{kind}");
    }
    let all: String = (1..=3).map(|file| city.text(&format!("raw/batch/comptages-{file:02}.csv"))).collect();
    for text in ["<script>", "=SOMME", "côté pair", "n/d", "100.5", "iu_ac,libelle", "iu_ac;libelle"] {
        assert!(all.contains(text), "{text}");
    }
}

#[test]
fn city_without_faults_has_no_rejected_rows() {
    let city = SimulatedCity::new("2025-11-03", "2025-11-05", |_| ());
    for source in ["comptages", "bikes", "traffic", "weather", "chantiers", "referentiel"] {
        let document = city.truth(source, "2025-11-04");
        assert_eq!(document["qualite"]["rejets_structure"], serde_json::json!({}), "{source}");
        assert_eq!(document["qualite"]["rejets"], serde_json::json!({}), "{source}");
    }
    let roads = city.truth("comptages", "2025-11-04");
    assert_eq!(number(&roads, "/qualite/cellules"), 40 * 24);
    assert_eq!(number(&roads, "/qualite/lignes_lues"), 40 * 72);
    assert_eq!(roads["complet_jusqu_a"], "2025-11-05T00:00:00+01:00");
    assert_eq!(roads["completude"], 100);
}

#[test]
fn totals_of_the_truth_add_up() {
    let city = SimulatedCity::faulty("2025-11-01", "2025-11-09");
    for day in 1..=9 {
        let day = format!("2025-11-{day:02}");
        for source in ["comptages", "bikes", "traffic", "weather", "chantiers", "referentiel"] {
            assert_adds_up(&city.truth(source, &day), source == "weather");
        }
        let roads = city.truth("comptages", &day);
        let sum = |list: &str, key: &str| -> f64 {
            roads[list].as_array().unwrap().iter().filter_map(|item| item[key].as_f64()).sum()
        };
        let total = roads["global_metrics"]["total_vehicules_jour"].as_f64().unwrap();
        assert!((sum("metrics", "debit_journalier_total") - total).abs() < 0.01);
        assert!((sum("zones", "total_vehicules") - total).abs() < 0.01);
        let cells: u64 = roads["global_metrics"]["repartition_etat_trafic"]
            .as_object()
            .unwrap()
            .values()
            .map(|state| number(state, "/heures"))
            .sum();
        assert_eq!(cells, number(&roads, "/qualite/cellules"));
    }
}

#[test]
fn other_shapes_of_the_files_leave_the_truth_unchanged() {
    let city = |shapes: Shapes| {
        SimulatedCity::new("2025-10-25", "2025-10-27", |config| {
            config.faults = Faults::all();
            config.shapes = shapes;
        })
    };
    let (usual, all) = (city(Shapes::Usual), city(Shapes::All));
    let (usual_files, all_files) = (usual.files(), all.files());
    let truth = |files: &BTreeMap<String, Vec<u8>>| -> Vec<_> {
        files
            .iter()
            .filter(|(key, _)| key.starts_with("truth/"))
            .map(|(key, body)| (key.clone(), body.clone()))
            .collect()
    };
    assert!(truth(&usual_files) == truth(&all_files));
    let texts: String = all_files
        .iter()
        .filter(|(key, _)| key.starts_with("raw/api/weather") || key.starts_with("raw/api/bikes"))
        .map(|(_, body)| String::from_utf8_lossy(body).into_owned())
        .collect();
    for part in ["FeatureCollection", "}{", "[{\"results\"", "\"unitGroup\":\"us\"", "\"humidity\"", " 00:00:00\""] {
        assert!(texts.contains(part), "{part}");
    }
}

#[test]
fn clock_changes_omit_the_same_hours_as_the_real_exports() {
    let autumn = SimulatedCity::faulty("2025-10-23", "2025-10-28");
    let day = autumn.truth("comptages", "2025-10-26");
    // 25 hours, one of them without rows.
    assert_eq!(autumn.truth("contexte", "2025-10-26")["jour"]["heures"], 25);
    assert!(!autumn.text("raw/batch/comptages-03.csv").contains("2025-10-26T02:00:00+02:00"));
    assert!(
        day["global_metrics"]["debit_par_heure"][1].is_null() && !day["global_metrics"]["debit_par_heure"][2].is_null()
    );

    let spring = SimulatedCity::new("2026-03-26", "2026-03-31", |config| {
        config.faults = "clock".parse().unwrap();
        config.count_format = FormatOption::Historical;
    });
    let day = spring.truth("comptages", "2026-03-29");
    assert_eq!(spring.truth("contexte", "2026-03-29")["jour"]["heures"], 23);
    assert!(spring.text("raw/batch/comptages-01.csv").contains("2026-03-29 02:00:00"));
    assert_eq!(number(&day, "/qualite/rejets_structure/heure_inexistante"), 14);
    assert!(
        day["global_metrics"]["debit_par_heure"][2].is_null() && day["global_metrics"]["debit_par_heure"][1].is_null()
    );
    assert_eq!(day["completude"], 100);
}

#[test]
fn files_are_split_by_size_and_compressed() {
    let plain = SimulatedCity::new("2025-11-01", "2025-11-04", |config| config.file_size = Some(400_000));
    let packed = SimulatedCity::new("2025-11-01", "2025-11-04", |config| {
        config.file_size = Some(400_000);
        config.compression = Compression::Zst;
    });
    let keys: Vec<_> = packed.files().into_keys().filter(|key| key.contains("batch/comptages-")).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys {
        let bytes = zstd::decode_all(fs::read(packed.path(&key)).unwrap().as_slice()).unwrap();
        assert!(bytes == fs::read(plain.path(key.trim_end_matches(".zst"))).unwrap());
    }
}

#[test]
fn non_empty_output_location_requires_force() {
    let city = SimulatedCity::new("2025-11-01", "2025-11-01", |_| ());
    let mut config = Config::small(city.path("raw"), "2025-11-01".parse().unwrap(), "2025-11-01".parse().unwrap());
    assert!(simulator::run(&config).unwrap_err().todo.contains("--force"));
    config.force = true;
    simulator::run(&config).unwrap();
}
