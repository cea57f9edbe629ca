//! Publishing: reruns publish the same bytes, readers find complete sets, and a document is never replaced by a worse one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

mod interrupted;

use std::collections::BTreeSet;

use acceptance::environment::for_each_store;
use acceptance::{PublishedDay, TestEnv, binaries, raw};
use contract::Source;
use contract::document::manifest::EntryStatus;

/// Processes [`raw::DAY`].
fn process(env: &TestEnv) -> PublishedDay {
    env.processor().arg(raw::DAY).succeed();
    PublishedDay::load(env, raw::DAY)
}

#[test]
fn first_run_publishes_all_seven_documents() {
    for_each_store(|env| {
        raw::write(env);
        let published = process(env);
        assert_eq!(published.statuses(), [EntryStatus::Ok; 7], "{:?}", published.manifest);
        let roads = published.document(Source::RoadCounts);
        assert_eq!(roads["global_metrics"]["total_vehicules_jour"], raw::VEHICLES);
        assert_eq!(roads["global_metrics"]["nombre_troncons"], 4);
        assert_eq!(roads["statut_jour"], "definitif");
        assert_eq!(published.document(Source::BikeCounts)["global_metrics"]["total_jour"], raw::BIKES);
        assert_eq!(published.document(Source::Worksites)["total_chantiers_actifs"], 2);
        assert_eq!(published.document(Source::Disruptions)["active_disruptions_count"], 2);
        assert_eq!(published.document(Source::Weather)["metrics"]["precip_totale"], 6.5);
        assert_eq!(published.document(Source::RoadNetwork)["statistiques"]["nombre_troncons"], 4);
        assert_eq!(published.document(Source::Context)["jour"]["jour_semaine"], "mardi");
        // Seven immutable objects, seven fixed names, and the manifest.
        assert_eq!(env.list("processed/").len(), 15, "{:?}", env.list("processed/"));
    });
}

#[test]
fn rerun_publishes_the_same_bytes() {
    for_each_store(|env| {
        raw::write(env);
        let first = process(env);
        let objects = env.objects("processed/metrics/objets/");
        let second = process(env);
        assert_eq!(first.bytes, second.bytes);
        assert_eq!(first.manifest.digest, second.manifest.digest);
        assert_eq!(objects, env.objects("processed/metrics/objets/"), "immutable objects changed");
    });
}

#[test]
fn rerun_with_new_data_keeps_the_old_objects() {
    for_each_store(|env| {
        raw::write(env);
        let first = process(env);
        env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(44));
        let second = process(env);
        assert_ne!(first.manifest.digest, second.manifest.digest);
        assert_eq!(second.document(Source::BikeCounts)["global_metrics"]["total_jour"], raw::BIKES + 1);
        let old = first.entry(Source::BikeCounts).key.clone().unwrap();
        assert!(
            env.get(&format!("processed/metrics/{old}")).is_some(),
            "a reader of the first manifest needs its documents"
        );
        assert_eq!(first.bytes[&Source::RoadCounts], second.bytes[&Source::RoadCounts]);
    });
}

#[test]
fn rerun_with_missing_source_keeps_previous_document() {
    for_each_store(|env| {
        raw::write(env);
        let first = process(env);
        env.remove_raw("api/bikes/");
        env.put_raw(raw::WORKSITES, "this is; not the file\nthat was meant; at all\n");
        let done = env.processor().arg(raw::DAY).succeed();
        let second = PublishedDay::load(env, raw::DAY);
        for source in [Source::BikeCounts, Source::Worksites] {
            let entry = second.entry(source);
            assert_eq!(entry.status, EntryStatus::Retained, "{source}");
            assert_eq!(entry.sha256, first.entry(source).sha256, "{source}");
            let is_kept = |event: &serde_json::Value| event["source"] == source.name() && event["status"] == "conserve";
            assert!(done.events.iter().any(is_kept), "{source} is not logged\n{}", done.transcript());
        }
        assert!(
            second.entry(Source::Worksites).reason.as_deref().unwrap().contains("chantiers-2025-11.csv"),
            "{second:?}"
        );
        assert_ne!(first.manifest.digest, second.manifest.digest);
        // A kept document is kept again.
        assert_eq!(process(env).manifest.digest, second.manifest.digest);

        env.processor().args(["--force", raw::DAY]).succeed();
        let forced = PublishedDay::load(env, raw::DAY);
        assert_eq!(forced.entry(Source::BikeCounts).status, EntryStatus::Absent);
        assert_eq!(forced.entry(Source::Worksites).status, EntryStatus::Error);
        assert!(
            env.get("processed/metrics/bikes_metrics_2025-11-04.json").is_none(),
            "a fixed name without a document"
        );
    });
}

#[test]
fn unreadable_required_source_exits_65_and_keeps_its_document() {
    for_each_store(|env| {
        raw::write(env);
        let first = process(env);
        env.put_raw(raw::ROAD_COUNTS, "nothing of what was there before");
        env.processor().arg(raw::DAY).run().expect_failure(65, &[raw::ROAD_COUNTS]);
        let second = PublishedDay::load(env, raw::DAY);
        assert_eq!(second.entry(Source::RoadCounts).status, EntryStatus::Retained);
        assert_eq!(second.bytes[&Source::RoadCounts], first.bytes[&Source::RoadCounts]);
    });
}

#[test]
fn source_without_rows_of_the_day_is_absent_and_exits_0() {
    for_each_store(|env| {
        env.put_raw(raw::ROAD_COUNTS, raw::road_counts(raw::DAY));
        env.processor().env("CITYFLOW_NOW", "2025-11-07T02:00:00Z").arg("2025-11-06").succeed();
        let published = PublishedDay::load(env, "2025-11-06");
        let entry = published.entry(Source::RoadCounts);
        assert_eq!(entry.status, EntryStatus::Absent);
        let reason = entry.reason.clone().unwrap();
        assert!(reason.contains("aucune_ligne_du_jour") && reason.contains("2025-11-04"), "{reason}");
        let manifest = &published.manifest;
        assert_eq!(serde_json::to_value(manifest.day_status).unwrap(), "provisoire");
        assert_eq!(serde_json::to_value(manifest.completeness).unwrap(), 0);
    });
}

#[test]
fn dry_run_writes_nothing() {
    for_each_store(|env| {
        raw::write(env);
        env.processor().args(["--dry-run", raw::DAY]).succeed();
        assert_eq!(env.list("processed/"), [""; 0]);
        process(env);
        let before = env.objects("");
        env.put_raw(raw::BIKE_COUNTS, raw::bike_counts(raw::DAY_BEFORE));
        env.processor().args(["--dry-run", raw::DAY]).succeed();
        env.put_raw(raw::BIKE_COUNTS, raw::bike_counts(raw::DAY));
        assert_eq!(before, env.objects(""));
    });
}

#[test]
fn dry_run_creates_no_folder() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    std::fs::remove_dir(env.path("processed")).unwrap();
    env.processor().args(["--dry-run", raw::DAY]).succeed();
    assert!(!env.path("processed").exists());
}

#[test]
fn until_complete_exits_75_for_a_provisional_day() {
    for_each_store(|env| {
        raw::write(env);
        let short: Vec<_> = raw::road_counts(raw::DAY)
            .lines()
            .filter(|line| !line.contains("2025-11-04T2"))
            .map(str::to_owned)
            .collect();
        env.put_raw(raw::ROAD_COUNTS, short.join("\n"));
        env.processor().args(["--until-complete", raw::DAY]).run().expect_failure(75, &["2025-11-04"]);
        assert_eq!(PublishedDay::load(env, raw::DAY).document(Source::RoadCounts)["statut_jour"], "provisoire");
        env.put_raw(raw::ROAD_COUNTS, raw::road_counts(raw::DAY));
        env.processor().args(["--until-complete", raw::DAY]).succeed();
    });
}

#[test]
fn status_shows_the_last_days() {
    for_each_store(|env| {
        raw::write(env);
        env.processor().arg("2025-11-03..2025-11-04").succeed();
        env.reporter().arg(raw::DAY_BEFORE).succeed();
        let status = env.processor().args(["status", "--last", "3"]).env("CITYFLOW_NOW", "2025-11-05T02:00:00+01:00");
        let table = status.succeed().stdout;
        let line =
            |day: &str| table.lines().find(|line| line.contains(day)).unwrap_or_else(|| panic!("{day} in\n{table}"));
        assert_ne!(
            line(raw::DAY),
            line(raw::DAY_BEFORE).replace(raw::DAY_BEFORE, raw::DAY),
            "only one of the days has a report\n{table}"
        );
        assert!(table.starts_with("jour ") && table.contains(" oui "), "French by default\n{table}");
        assert!(table.ends_with("dernier jour publié : 2025-11-04\n"), "{table}");
        let english = env.processor().args(["status", "--last", "3", "--lang", "en"]).succeed().stdout;
        assert!(english.starts_with("day ") && english.contains("completeness"), "{english}");
        assert!(english.ends_with("newest published day: 2025-11-04\n"), "{english}");
        let days = env.processor().args(["status", "2025-11-02..2025-11-04", "--json"]).succeed().stdout;
        let days: serde_json::Value = serde_json::from_str(&days).unwrap();
        assert_eq!(days["newest"], raw::DAY);
        let [own, before, missing] = [0, 1, 2].map(|at| &days["days"][at]);
        assert_eq!((&own["date"], &own["report"], &own["documents"]), (&raw::DAY.into(), &"missing".into(), &7.into()));
        assert_eq!((&before["report"], &before["manifest"]), (&"up_to_date".into(), &"ok".into()));
        assert_eq!((&missing["date"], &missing["manifest"]), (&"2025-11-02".into(), &"missing".into()));
    });
}

/// The paths of all values, such as `days[].date`; not those below `ends`, whose keys are data.
fn paths(value: &serde_json::Value, at: &str, ends: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) if at != ends => {
            for (key, value) in map {
                paths(value, format!("{at}.{key}").trim_start_matches('.'), ends, found);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| paths(value, &format!("{at}[]"), ends, found)),
        _ => drop(found.insert(at.to_owned())),
    }
}

#[test]
fn documented_keys_are_those_of_the_output_for_programs() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.put_raw("batch/notes.docx", "x");
    env.put_raw("batch/chantiers-2025-10.csv", raw::worksites());
    env.processor().arg(raw::DAY).succeed();
    let mut found = BTreeSet::new();
    for args in [&["status", "2025-11-03..2025-11-04", "--json"] as &[_], &["check", "--json"]] {
        let text = env.processor().args(args).env("REPORT_DATE", raw::DAY).succeed().stdout;
        paths(&serde_json::from_str(&text).unwrap(), "", "files.read[].rejected", &mut found);
    }
    let settings = std::fs::read_to_string(binaries::workspace().join("docs/settings.md")).unwrap();
    let (_, section) = settings.split_once("<!-- json keys -->").unwrap();
    let (section, _) = section.split_once("<!-- end of json keys -->").unwrap();
    let rows = section.lines().filter_map(|row| row.strip_prefix("| `")?.split_once(" |").map(|(keys, _)| keys));
    let documented: BTreeSet<String> =
        rows.flat_map(|keys| keys.split(", ")).map(|key| key.trim_matches('`').to_owned()).collect();
    // Only in a cluster, and only about files that look wrong.
    found.extend(["permissions[]", "files.warnings[]"].map(str::to_owned));
    let commands = ["processor status --json", "processor check --json"];
    assert_eq!(found, documented.into_iter().filter(|key| !commands.contains(&key.as_str())).collect());
}

#[test]
fn status_takes_a_range_and_marks_a_report_of_older_metrics() {
    for_each_store(|env| {
        raw::write(env);
        process(env);
        env.reporter().arg(raw::DAY).succeed();
        let status = || env.processor().args(["status", "2025-11-03..2025-11-04", "--lang", "en"]).succeed().stdout;
        let rows = status();
        assert_eq!(rows.lines().count(), 4, "{rows}");
        assert!(rows.lines().nth(1).is_some_and(|row| row.starts_with(raw::DAY) && row.contains(" yes ")), "{rows}");
        env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(143));
        env.processor().arg(raw::DAY).succeed();
        assert!(status().contains(" outdated "), "{}", status());
        env.processor().args(["status", "yesterday's"]).run().expect_failure(2, &["not a valid day"]);
    });
}

#[test]
fn check_leaves_no_object() {
    for_each_store(|env| {
        raw::write(env);
        let before = env.objects("");
        env.processor().arg("check").succeed();
        assert_eq!(before, env.objects(""));
        process(env);
        let before = env.objects("");
        env.reporter().arg("check").succeed();
        assert_eq!(before, env.objects(""));
    });
}

#[test]
fn raw_folder_inside_the_given_folder_is_found() {
    for_each_store(|env| {
        raw::write(env);
        let [above, out] = ["", "processed"].map(|key| env.address(key).trim_end_matches('/').to_owned());
        let done = env.program("processor").args(["--raw", &above, "--out", &out, raw::DAY]).succeed();
        assert!(done.stderr.contains("raw"), "the folder is not logged\n{}", done.transcript());
        assert_eq!(PublishedDay::load(env, raw::DAY).statuses(), [EntryStatus::Ok; 7]);
    });
}

#[test]
fn objects_that_no_manifest_names_are_removed_after_a_week() {
    // The clock of the run is moved, because a test cannot set the date of an object.
    for_each_store(|env| {
        raw::write(env);
        let first = process(env);
        env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(44));
        let second = process(env);
        let unnamed = first.entry(Source::Context).key.clone().unwrap();
        assert_ne!(second.entry(Source::Context).key.as_ref(), Some(&unnamed));
        let later = |days: u64| (chrono::Utc::now() + chrono::Days::new(days)).to_rfc3339();
        for (days, there) in [(6, true), (8, false)] {
            env.processor().arg(raw::DAY).env("CITYFLOW_NOW", later(days)).succeed();
            assert_eq!(env.get(&format!("processed/metrics/{unnamed}")).is_some(), there, "after {days} days");
        }
        assert_eq!(PublishedDay::load(env, raw::DAY).manifest.digest, second.manifest.digest);
    });
}
