//! The report end to end: JSON and CSV from the documents of a day, gaps that are stated, editions, and what it does not trust.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::time::{Duration, Instant};

use acceptance::s3server::Fault;
use acceptance::world::everywhere;
use acceptance::{Published, World, raw};
use contract::Source;
use serde_json::{Value, json};

const JSON: &str = "processed/reports/daily_report_2025-11-04.json";
const CSV: &str = "processed/reports/daily_report_2025-11-04.csv";
const MANIFEST: &str = "processed/metrics/manifest_2025-11-04.json";

fn processed(world: &World) {
    raw::write(world);
    world.processor().arg(raw::DAY).succeed();
}

/// The report of the usual day, made now.
fn report(world: &World) -> Value {
    world.reporter().arg(raw::DAY).succeed();
    serde_json::from_slice(&world.get(JSON).expect("a report")).unwrap()
}

/// The rows of a section of the CSV, its header first.
fn section(world: &World, name: &str) -> Vec<String> {
    let text = String::from_utf8(world.get(CSV).expect("a CSV").to_vec()).unwrap();
    let mut lines =
        text.trim_start_matches('\u{feff}').split("\r\n").skip_while(|line| !line.contains(&format!("=== {name} ===")));
    assert!(lines.next().is_some(), "no section {name} in\n{text}");
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_whole_day_as_json() {
    everywhere(|world| {
        processed(world);
        let published = Published::of(world, raw::DAY);
        let report = report(world);
        assert_eq!(report["metrics_digest"], published.manifest.digest);
        assert_eq!(
            (&report["edition"], &report["changements"], &report["langue"]),
            (&1.into(), &json!([]), &"fr".into())
        );
        let summary = &report["summary"];
        assert_eq!(summary["total_vehicules_paris"], raw::VEHICLES);
        assert_eq!(summary["total_velos_paris"], raw::BIKES);
        assert_eq!(summary["chantiers_actifs"], 2);
        assert_eq!(summary["perturbations_actives"], 2);
        assert_eq!(summary["statut_jour"], "definitif");
        let roads = published.document(Source::Comptages);
        assert_eq!(report["top_10_troncons_frequentes"], roads["top_10_troncons"]);
        assert_eq!(report["top_10_zones_congestionnees"], roads["top_10_zones_congestionnees"]);
        assert_eq!(report["chantiers_actifs"], published.document(Source::Chantiers)["chantiers_actifs"]);
        assert_eq!(report["perturbations"], published.document(Source::Traffic)["disruptions"]);
        assert_eq!(report["meteo_impact"]["metrics"], published.document(Source::Weather)["metrics"]);
        for source in Source::ALL {
            assert_eq!(report["sources"][source.name()]["statut"], "ok", "{source}");
        }
        assert!(summary["faits_marquants"].as_array().unwrap().len() <= 7);
        let summary_file = world.get("processed/reports/daily_summary_2025-11-04.json").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&summary_file).unwrap()["summary"], *summary);
    });
}

#[test]
fn a_whole_day_as_csv() {
    everywhere(|world| {
        processed(world);
        report(world);
        let summary = section(world, "RÉSUMÉ");
        assert_eq!(summary[0], "Indicateur;Valeur;Unité");
        assert!(summary.iter().any(|row| row.ends_with(";22680;véhicules")), "{summary:?}");
        assert!(summary.iter().any(|row| row.ends_with(";1272;vélos")), "{summary:?}");
        let top = section(world, "TOP 10 TRONÇONS FRÉQUENTÉS");
        assert_eq!(top[0], "Tronçon;Débit Total;Taux Occupation (%);État dominant;Zone;Identifiant;Part observée (%)");
        // Arc 3: 24 · 300 + 10 · 276; mean occupancy 3 + 276 / 48 with a decimal comma.
        assert_eq!(top[1], "Rue 3;9960;8,75;Fluide;2e Ardt;3;100", "{top:?}");
        let works = section(world, "CHANTIERS ACTIFS");
        assert_eq!(works.len(), 3, "{works:?}");
        assert_eq!(section(world, "PERTURBATIONS").len(), 3);
        let quality = section(world, "QUALITÉ");
        assert_eq!(
            quality[0],
            "Source;Statut;Complétude (%);Lignes lues;Lignes du jour;Doublons;Conflits;Rejets;Raison"
        );
        assert!(quality.iter().any(|row| row.starts_with("comptages;ok;100;288;96;0;0;0")), "{quality:?}");
        let sections = ["TOP 10 ZONES CONGESTIONNÉES", "CAPTEURS DÉFAILLANTS", "ALERTES CONGESTION"];
        sections.into_iter().for_each(|name| assert!(!section(world, name).is_empty()));
    });
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text() {
    let world = World::folder();
    raw::write(&world);
    let hostile =
        raw::worksites().replace(";VOIRIE;", ";=HYPERLINK(1);").replace(";rue 1;", ";\"=cmd|' /C calc'!A0\";");
    world.put_raw(raw::WORKSITES, hostile.replace("CP1;", "-CP1;"));
    world.put_raw(raw::NETWORK, raw::network().replace("Rue 3;", "\"+Rue; \"\"3\"\"\";"));
    world.processor().arg(raw::DAY).succeed();
    report(&world);
    let works = section(&world, "CHANTIERS ACTIFS").join("\n");
    assert!(works.contains("'=cmd|' /C calc'!A0") && works.contains("'-CP1;"), "{works}");
    let top = section(&world, "TOP 10 TRONÇONS FRÉQUENTÉS");
    assert!(top[1].starts_with("\"'+Rue; \"\"3\"\"\";9960;"), "{top:?}");
}

#[test]
fn a_missing_source_is_a_stated_gap() {
    everywhere(|world| {
        raw::write(world);
        world.remove_raw("api/bikes/");
        world.put_raw(raw::WORKSITES, "no; header; of; ours\n");
        world.processor().arg(raw::DAY).succeed();
        let report = report(world);
        assert!(report["summary"]["total_velos_paris"].is_null());
        assert!(report["summary"]["chantiers_actifs"].is_null() && report["chantiers_actifs"].is_null());
        assert_eq!(report["sources"]["bikes"]["statut"], "absent");
        assert_eq!(report["sources"]["chantiers"]["statut"], "erreur");
        assert!(report["sources"]["chantiers"]["raison"].as_str().unwrap().contains("chantiers-2025-11.csv"));
        assert_eq!(report["summary"]["total_vehicules_paris"], raw::VEHICLES);
        let quality = section(world, "QUALITÉ");
        assert!(quality.iter().any(|row| row.starts_with("bikes;absent;")), "{quality:?}");
    });
}

#[test]
fn no_manifest_is_for_later() {
    everywhere(|world| {
        raw::write(world);
        world.put("processed/metrics/manifest_2025-11-01.json.txt", "not a manifest");
        world.remove("processed/metrics/manifest_2025-11-01.json.txt");
        std::fs::create_dir_all(world.home().join("unused")).unwrap();
        if !world.address("").starts_with("s3://") {
            std::fs::create_dir_all(world.path("processed/metrics")).unwrap();
        }
        world.reporter().arg(raw::DAY).run().fails(75, &["manifest_2025-11-04.json", "--wait"]);
        let begun = Instant::now();
        world.reporter().args(["--wait", "1s", raw::DAY]).run().fails(75, &["manifest_2025-11-04.json"]);
        assert!(begun.elapsed() >= Duration::from_secs(1));
    });
}

#[test]
fn a_manifest_that_comes_while_it_waits_is_enough() {
    everywhere(|world| {
        raw::write(world);
        if !world.address("").starts_with("s3://") {
            std::fs::create_dir_all(world.path("processed/metrics")).unwrap();
        }
        let waiting = world.reporter().args(["--wait", "5m", raw::DAY]).start();
        world.processor().arg(raw::DAY).succeed();
        let begun = Instant::now();
        waiting.wait().expect(0);
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not sit out its time");
        assert!(world.get(JSON).is_some());
    });
}

#[test]
fn a_manifest_without_one_usable_document() {
    everywhere(|world| {
        raw::write(world);
        world.processor().arg(raw::DAY).succeed();
        for key in world.list("processed/metrics/objets/") {
            world.remove(&key);
        }
        world.reporter().arg(raw::DAY).run().fails(66, &["manifest_2025-11-04.json"]);
        assert!(world.get(JSON).is_none());
    });
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let world = World::folder();
    for body in ["", "{", "[]", r#"{"schema_version": "2.0"}"#] {
        std::fs::create_dir_all(world.path("processed/metrics")).unwrap();
        std::fs::write(world.path(MANIFEST), body).unwrap();
        // What lies there is no document, so documents are not checked after this run.
        world.reporter().arg(raw::DAY).start().wait_unchecked().fails(65, &["manifest_2025-11-04.json"]);
    }
}

#[test]
fn a_tampered_object_is_noticed() {
    everywhere(|world| {
        processed(world);
        let key = Published::of(world, raw::DAY).entry(Source::Bikes).cle.clone().unwrap();
        let good = world.get(&format!("processed/metrics/{key}")).unwrap();
        let forged = String::from_utf8(good.to_vec()).unwrap().replace("1272", "9999");
        world.put(&format!("processed/metrics/{key}"), forged);
        let outcome = world.reporter().arg(raw::DAY).start().wait_unchecked().expect(0);
        assert!(outcome.warns(&[&key]), "{}", outcome.all());
        let report: Value = serde_json::from_slice(&world.get(JSON).unwrap()).unwrap();
        assert!(report["summary"]["total_velos_paris"].is_null());
        assert_eq!(report["sources"]["bikes"]["statut"], "erreur");
        assert!(report["sources"]["bikes"]["raison"].as_str().unwrap().contains("empreinte"));
        // Once it is itself again, so is the report.
        world.put(&format!("processed/metrics/{key}"), good);
        assert_eq!(self::report(world)["summary"]["total_velos_paris"], raw::BIKES);
    });
}

#[test]
fn the_same_digest_is_nothing_to_do() {
    everywhere(|world| {
        processed(world);
        report(world);
        let before = world.everything("processed/reports/");
        world.processor().arg(raw::DAY).succeed();
        let again = report(world);
        assert_eq!(before, world.everything("processed/reports/"));
        assert_eq!(again["edition"], 1);
        // Asked for, it is made once more, and is no new edition.
        world.reporter().args(["--force", raw::DAY]).succeed();
        let forced: Value = serde_json::from_slice(&world.get(JSON).unwrap()).unwrap();
        assert_eq!((&forced["edition"], &forced["summary"]), (&1.into(), &again["summary"]));
    });
}

#[test]
fn nothing_to_do_is_quick() {
    let world = World::faulty();
    processed(&world);
    report(&world);
    world.server().forget_requests();
    // Documents are not checked after this run: that would be requests too.
    world.reporter().arg(raw::DAY).start().wait_unchecked().expect(0);
    let requests = world.server().requests();
    assert!(requests.iter().all(|(method, key)| method == "GET" && !key.contains("/objets/")), "{requests:?}");
}

#[test]
fn a_new_edition_says_what_changed() {
    everywhere(|world| {
        processed(world);
        report(world);
        world.put_raw(raw::BIKE_COUNTS, raw::bikes(raw::DAY).replace("\"sum_counts\":43", "\"sum_counts\":143"));
        world.processor().arg(raw::DAY).succeed();
        let second = report(world);
        assert_eq!(second["edition"], 2);
        let changes = second["changements"].as_array().unwrap();
        let bikes = changes.iter().find(|change| change["cle"].as_str().unwrap().ends_with("total_velos_paris"));
        assert_eq!(
            bikes.map(|change| (&change["avant"], &change["apres"])),
            Some((&1272.into(), &1372.into())),
            "{changes:?}"
        );
    });
}

#[test]
fn sentences_come_in_two_languages() {
    let world = World::folder();
    processed(&world);
    let french = report(&world);
    world.reporter().args(["--lang", "en", raw::DAY]).succeed();
    let english: Value = serde_json::from_slice(&world.get(JSON).unwrap()).unwrap();
    assert_eq!((&french["langue"], &english["langue"]), (&"fr".into(), &"en".into()));
    let [french, english] = [french, english].map(|report| report["summary"]["faits_marquants"].clone());
    assert_ne!(french, json!([]), "a day of rain has something to say");
    assert_ne!(french, english);
}

#[test]
fn a_dry_run_writes_nothing() {
    everywhere(|world| {
        processed(world);
        world.reporter().args(["--dry-run", raw::DAY]).succeed();
        assert_eq!(world.list("processed/reports/"), [""; 0]);
    });
}

#[test]
fn reports_that_must_not_be_written() {
    let world = World::faulty();
    processed(&world);
    world.server().inject("PUT", "/reports/", 1000, Fault::Forbidden);
    world.reporter().arg(raw::DAY).run().fails(2, &["403", "processed/reports"]);
    world.reporter().arg("check").run().fails(2, &["403", "processed/reports"]);
}

#[test]
fn two_reports_at_once_are_one_edition() {
    everywhere(|world| {
        processed(world);
        let runs: Vec<_> = (0..3).map(|_| world.reporter().arg(raw::DAY).start()).collect();
        runs.into_iter().for_each(|run| {
            run.wait().expect(0);
        });
        assert_eq!(report(world)["edition"], 1);
    });
}
