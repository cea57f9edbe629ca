//! The report: JSON and CSV from the documents of a day, gaps, editions, and documents that fail verification.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

use std::time::{Duration, Instant};

use acceptance::binaries::workspace;
use acceptance::environment::for_each_store;
use acceptance::s3server::InjectedFault;
use acceptance::{PublishedDay, TestEnv, raw};
use contract::Source;
use serde_json::{Value, json};

const JSON: &str = "processed/reports/daily_report_2025-11-04.json";
const CSV: &str = "processed/reports/daily_report_2025-11-04.csv";
const MANIFEST: &str = "processed/metrics/manifest_2025-11-04.json";

/// Writes the raw files and processes [`raw::DAY`].
fn process(env: &TestEnv) {
    raw::write(env);
    env.processor().arg(raw::DAY).succeed();
}

/// Runs the reporter for [`raw::DAY`] and returns its JSON report.
fn report(env: &TestEnv) -> Value {
    env.reporter().arg(raw::DAY).succeed();
    json_report(env)
}

fn json_report(env: &TestEnv) -> Value {
    serde_json::from_slice(&env.get(JSON).expect("a JSON report")).unwrap()
}

/// The rows of a section of the CSV report, with its header.
fn section(env: &TestEnv, name: &str) -> Vec<String> {
    let text = String::from_utf8(env.get(CSV).expect("a CSV report").to_vec()).unwrap();
    let mut lines =
        text.trim_start_matches('\u{feff}').split("\r\n").skip_while(|line| !line.contains(&format!("# {name}")));
    assert!(lines.next().is_some(), "no section {name} in\n{text}");
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Whether a line of the README, which `…` may end or stand for, is one of a file.
fn is_line_of(shown: &str, file: &str) -> bool {
    file.lines().map(|line| line.trim_start_matches('\u{feff}')).any(|line| match shown.split_once('…') {
        Some((begin, _)) => line.starts_with(begin),
        None => line == shown,
    })
}

/// Whether a value has at least the keys that are shown, with these values.
fn contains(value: &Value, shown: &Value) -> bool {
    match shown.as_object() {
        Some(shown) => shown.iter().all(|(key, shown)| contains(&value[key], shown)),
        None => value == shown,
    }
}

#[test]
fn readme_shows_files_of_the_demo() {
    // The city and the commands of `cargo demo`.
    let env = TestEnv::in_folder();
    let city = ["--arcs", "200", "--counters", "40", "--faults", "all", "--quiet"];
    env.simulator().args(["--from", "2025-10-28", "--to", "2025-11-04"]).args(city).succeed();
    env.processor().arg("2025-11-04").succeed();
    env.reporter().args(["--lang", "en", "2025-11-04"]).succeed();
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let samples: Vec<&str> = readme.split("`demo/").skip(1).collect();
    assert_eq!(samples.len(), 3);
    for sample in samples {
        let (key, text) = sample.split_once('`').unwrap();
        let (language, block) = text.split("```").nth(1).unwrap().split_once('\n').unwrap();
        let file = String::from_utf8(env.get(key).unwrap_or_else(|| panic!("no {key}")).to_vec()).unwrap();
        if language == "json" {
            let (document, shown): (Value, Value) =
                (serde_json::from_str(&file).unwrap(), serde_json::from_str(block).unwrap());
            assert!(contains(&document, &shown), "{key} is not as in the README: {shown}");
        }
        for line in block.lines().filter(|_| language.is_empty()) {
            assert!(is_line_of(line, &file), "README: not a line of {key}: {line}");
        }
    }
}

#[test]
fn json_report_has_the_figures_of_the_documents() {
    for_each_store(|env| {
        process(env);
        let published = PublishedDay::load(env, raw::DAY);
        let report = report(env);
        assert_eq!(report["metrics_digest"], published.manifest.digest);
        assert_eq!(
            (&report["edition"], &report["changements"], &report["langue"]),
            (&1.into(), &json!([]), &"fr".into())
        );
        let summary = &report["summary"];
        for [key, earlier] in [["total_vehicules", "total_vehicules_paris"], ["total_velos", "total_velos_paris"]] {
            assert_eq!(summary[key], summary[earlier]);
        }
        assert_eq!(summary["total_vehicules"], raw::VEHICLES);
        assert_eq!(summary["total_velos"], raw::BIKES);
        assert_eq!(summary["chantiers_actifs"], 2);
        assert_eq!(summary["perturbations_actives"], 2);
        assert_eq!(summary["statut_jour"], "definitif");
        let roads = published.document(Source::RoadCounts);
        assert_eq!(report["top_10_troncons_frequentes"], roads["top_10_troncons"]);
        assert_eq!(report["top_10_zones_congestionnees"], roads["top_10_zones_congestionnees"]);
        assert_eq!(report["chantiers_actifs"], published.document(Source::Worksites)["chantiers_actifs"]);
        assert_eq!(report["perturbations"], published.document(Source::Disruptions)["disruptions"]);
        assert_eq!(report["meteo_impact"]["metrics"], published.document(Source::Weather)["metrics"]);
        for source in Source::ALL {
            assert_eq!(report["sources"][source.name()]["statut"], "ok", "{source}");
        }
        assert!(summary["faits_marquants"].as_array().unwrap().len() <= 7);
        let summary_file = env.get("processed/reports/daily_summary_2025-11-04.json").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&summary_file).unwrap()["summary"], *summary);
    });
}

#[test]
fn csv_report_has_all_sections() {
    for_each_store(|env| {
        process(env);
        report(env);
        let summary = section(env, "RÉSUMÉ");
        assert_eq!(summary[0], "Indicateur;Valeur;Unité");
        assert!(summary.iter().any(|row| row.ends_with(";22680;véhicules")), "{summary:?}");
        assert!(summary.iter().any(|row| row.ends_with(";1272;vélos")), "{summary:?}");
        let top = section(env, "TOP 10 TRONÇONS FRÉQUENTÉS");
        assert_eq!(top[0], "Tronçon;Débit Total;Taux Occupation (%);État dominant;Zone;Identifiant;Part observée (%)");
        // Arc 3: 24 · 300 + 10 · 276; mean occupancy 3 + 276 / 48 with a decimal comma.
        assert_eq!(top[1], "Rue 3;9960;8,75;Fluide;2e Ardt;3;100", "{top:?}");
        let works = section(env, "CHANTIERS ACTIFS");
        assert_eq!(works.len(), 3, "{works:?}");
        assert_eq!(section(env, "PERTURBATIONS").len(), 3);
        let quality = section(env, "QUALITÉ");
        assert_eq!(
            quality[0],
            "Source;Statut;Complétude (%);Lignes lues;Lignes du jour;Doublons;Conflits;Rejets;Raison"
        );
        assert!(quality.iter().any(|row| row.starts_with("comptages;ok;100;288;96;0;0;0")), "{quality:?}");
        let sections = ["TOP 10 ZONES CONGESTIONNÉES", "CAPTEURS DÉFAILLANTS", "ALERTES CONGESTION"];
        sections.into_iter().for_each(|name| assert!(!section(env, name).is_empty()));
    });
}

#[test]
fn csv_cells_with_formulas_are_escaped() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let hostile =
        raw::worksites().replace(";VOIRIE;", ";=HYPERLINK(1);").replace(";rue 1;", ";\"=cmd|' /C calc'!A0\";");
    env.put_raw(raw::WORKSITES, hostile.replace("CP1;", "-CP1;"));
    env.put_raw(raw::ROAD_NETWORK, raw::road_network().replace("Rue 3;", "\"+Rue; \"\"3\"\"\";"));
    env.processor().arg(raw::DAY).succeed();
    report(&env);
    let works = section(&env, "CHANTIERS ACTIFS").join("\n");
    assert!(works.contains("'=cmd|' /C calc'!A0") && works.contains("'-CP1;"), "{works}");
    let top = section(&env, "TOP 10 TRONÇONS FRÉQUENTÉS");
    assert!(top[1].starts_with("\"'+Rue; \"\"3\"\"\";9960;"), "{top:?}");
}

#[test]
fn missing_source_is_reported_as_a_gap() {
    for_each_store(|env| {
        raw::write(env);
        env.remove_raw("api/bikes/");
        env.put_raw(raw::WORKSITES, "no; header; of; ours\n");
        env.processor().arg(raw::DAY).succeed();
        let report = report(env);
        assert!(report["summary"]["total_velos_paris"].is_null());
        assert!(report["summary"]["chantiers_actifs"].is_null() && report["chantiers_actifs"].is_null());
        assert_eq!(report["sources"]["bikes"]["statut"], "absent");
        assert_eq!(report["sources"]["chantiers"]["statut"], "erreur");
        assert!(report["sources"]["chantiers"]["raison"].as_str().unwrap().contains("chantiers-2025-11.csv"));
        assert_eq!(report["summary"]["total_vehicules_paris"], raw::VEHICLES);
        let quality = section(env, "QUALITÉ");
        assert!(quality.iter().any(|row| row.starts_with("bikes;absent;")), "{quality:?}");
    });
}

#[test]
fn missing_manifest_exits_75() {
    for_each_store(|env| {
        raw::write(env);
        if !env.is_s3() {
            std::fs::create_dir_all(env.path("processed/metrics")).unwrap();
        }
        env.reporter().arg(raw::DAY).run().expect_failure(75, &["manifest_2025-11-04.json", "--wait"]);
        let start = Instant::now();
        env.reporter().args(["--wait", "1s", raw::DAY]).run().expect_failure(75, &["manifest_2025-11-04.json"]);
        assert!(start.elapsed() >= Duration::from_secs(1));
    });
}

#[test]
fn reporter_waits_for_a_manifest_whose_folder_does_not_exist_yet() {
    for_each_store(|env| {
        raw::write(env);
        let waiting = env.reporter().args(["--wait", "5m", raw::DAY]).start();
        env.processor().arg(raw::DAY).succeed();
        let start = Instant::now();
        waiting.wait().expect_exit(0);
        assert!(start.elapsed() < Duration::from_secs(60), "the reporter waits no longer than necessary");
        assert!(env.get(JSON).is_some());
    });
}

#[test]
fn manifest_without_a_usable_document_exits_66() {
    for_each_store(|env| {
        raw::write(env);
        env.processor().arg(raw::DAY).succeed();
        for key in env.list("processed/metrics/objets/") {
            env.remove(&key);
        }
        env.reporter().arg(raw::DAY).run().expect_failure(66, &["manifest_2025-11-04.json"]);
        assert!(env.get(JSON).is_none());
    });
}

#[test]
fn invalid_manifest_exits_65() {
    let env = TestEnv::in_folder();
    for body in ["", "{", "[]", r#"{"schema_version": "2.0"}"#] {
        std::fs::create_dir_all(env.path("processed/metrics")).unwrap();
        std::fs::write(env.path(MANIFEST), body).unwrap();
        // Unchecked, because the manifest is invalid.
        env.reporter().arg(raw::DAY).start().wait_unchecked().expect_failure(65, &["manifest_2025-11-04.json"]);
    }
}

#[test]
fn document_with_wrong_sha256_is_not_used() {
    for_each_store(|env| {
        process(env);
        let key = PublishedDay::load(env, raw::DAY).entry(Source::BikeCounts).key.clone().unwrap();
        let good = env.get(&format!("processed/metrics/{key}")).unwrap();
        let forged = String::from_utf8(good.to_vec()).unwrap().replace("1272", "9999");
        env.put(&format!("processed/metrics/{key}"), forged);
        let outcome = env.reporter().arg(raw::DAY).start().wait_unchecked().expect_exit(0);
        assert!(outcome.has_warning(&[&key]), "{}", outcome.transcript());
        let report = json_report(env);
        assert!(report["summary"]["total_velos_paris"].is_null());
        assert_eq!(report["sources"]["bikes"]["statut"], "erreur");
        assert!(report["sources"]["bikes"]["raison"].as_str().unwrap().contains("empreinte"));
        // With the original document the report has its figures again.
        env.put(&format!("processed/metrics/{key}"), good);
        assert_eq!(self::report(env)["summary"]["total_velos_paris"], raw::BIKES);
    });
}

#[test]
fn unchanged_digest_keeps_the_report() {
    for_each_store(|env| {
        process(env);
        report(env);
        let before = env.objects("processed/reports/");
        env.processor().arg(raw::DAY).succeed();
        let unchanged = report(env);
        assert_eq!(before, env.objects("processed/reports/"));
        assert_eq!(unchanged["edition"], 1);
        // --force writes it again, as the same edition.
        env.reporter().args(["--force", raw::DAY]).succeed();
        let forced = json_report(env);
        assert_eq!((&forced["edition"], &forced["summary"]), (&1.into(), &unchanged["summary"]));
    });
}

#[test]
fn up_to_date_report_reads_no_document() {
    let env = TestEnv::on_test_server();
    process(&env);
    report(&env);
    env.server().clear_requests();
    // Unchecked, because checking the documents also makes requests.
    env.reporter().arg(raw::DAY).start().wait_unchecked().expect_exit(0);
    let requests = env.server().requests();
    assert!(requests.iter().all(|(method, key)| method == "GET" && !key.contains("/objets/")), "{requests:?}");
}

#[test]
fn new_edition_lists_the_changes() {
    for_each_store(|env| {
        process(env);
        report(env);
        env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(143));
        env.processor().arg(raw::DAY).succeed();
        let second = report(env);
        assert_eq!(second["edition"], 2);
        let changes = second["changements"].as_array().unwrap();
        let bikes = changes.iter().find(|change| change["cle"].as_str().unwrap().ends_with("total_velos"));
        assert_eq!(
            bikes.map(|change| (&change["avant"], &change["apres"])),
            Some((&1272.into(), &1372.into())),
            "{changes:?}"
        );
    });
}

#[test]
fn report_sentences_follow_lang() {
    let env = TestEnv::in_folder();
    process(&env);
    env.reporter().args(["--lang", "en", raw::DAY]).succeed();
    let english = env.get("processed/reports/daily_report_2025-11-04.en.json").expect("an English report");
    let english: Value = serde_json::from_slice(&english).unwrap();
    assert!(env.get(JSON).is_none(), "an English run writes no French report");
    let french = report(&env);
    assert_eq!((&french["langue"], &english["langue"]), (&"fr".into(), &"en".into()));
    let [french, english] = [french, english].map(|report| report["summary"]["faits_marquants"].clone());
    assert_ne!(french, json!([]), "a rainy day has highlights");
    assert_ne!(french, english);
}

#[test]
fn dry_run_writes_nothing() {
    for_each_store(|env| {
        process(env);
        env.reporter().args(["--dry-run", raw::DAY]).succeed();
        assert_eq!(env.list("processed/reports/"), [""; 0]);
    });
}

#[test]
fn forbidden_report_write_exits_2() {
    let env = TestEnv::on_test_server();
    process(&env);
    env.server().inject("PUT", "/reports/", 1000, InjectedFault::Forbidden);
    env.reporter().arg(raw::DAY).run().expect_failure(2, &["403", "processed/reports"]);
    env.reporter().arg("check").run().expect_failure(2, &["403", "processed/reports"]);
}

#[test]
fn concurrent_reporters_write_one_edition() {
    for_each_store(|env| {
        process(env);
        let runs: Vec<_> = (0..3).map(|_| env.reporter().arg(raw::DAY).start()).collect();
        runs.into_iter().for_each(|run| {
            run.wait().expect_exit(0);
        });
        assert_eq!(report(env)["edition"], 1);
    });
}
