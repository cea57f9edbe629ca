//! Several days in one run: each day has the same documents as alone, and each raw object is read once.

use std::collections::BTreeMap;

use acceptance::environment::RAW;
use acceptance::{PublishedDay, TestEnv, raw};

use super::manifests;

/// Ten days around the clock change with all faults, in files of a few days each; some inputs are missing.
fn city() -> TestEnv {
    let env = TestEnv::in_folder();
    let flags = ["--from", "2025-10-20", "--to", "2025-10-29", "--faults", "all", "--shape", "mixed", "--arcs", "25"];
    env.simulator().args(flags).args(["--seed", "13", "--file-size", "60KB", "--quiet"]).succeed();
    let counts = env.list(&format!("{RAW}/batch/comptages-"));
    assert!(counts.len() > 4, "too few files: {counts:?}");
    env.remove(&counts[counts.len() / 2]);
    env.remove_raw("api/bikes/dt=2025-10-24/");
    env.remove_raw("api/traffic/dt=2025-10-2");
    env.put_raw("api/weather/dt=2025-10-26/hour=03/notes.txt", "not a snapshot");
    env
}

/// Copies the raw files to another environment.
fn copied(from: &TestEnv, to: TestEnv) -> TestEnv {
    for (key, body) in from.objects(&format!("{RAW}/")) {
        to.put(&key, body);
    }
    to
}

#[test]
fn day_in_a_range_equals_the_day_processed_alone() {
    let alone = city();
    let days: Vec<String> = (18..=31).map(|day| format!("2025-10-{day}")).collect();
    let codes: Vec<i32> = days.iter().map(|day| alone.processor().arg(day).run().code).collect();
    let compare = |env: &TestEnv, days: &[String], what: &str| {
        for day in days {
            let (expected, found) = (PublishedDay::find(&alone, day), PublishedDay::find(env, day));
            let digest = |published: &Option<PublishedDay>| published.as_ref().map(|it| it.manifest.digest.clone());
            let bytes = |published: &Option<PublishedDay>| published.as_ref().map(|it| it.bytes.clone());
            assert!(bytes(&expected) == bytes(&found), "{what}: {day} differs from the day alone");
            assert_eq!(digest(&expected), digest(&found), "{what}: {day}");
        }
    };
    let worst = codes.into_iter().max().unwrap();
    for (env, threads) in [(copied(&alone, TestEnv::in_folder()), "1"), (copied(&alone, TestEnv::on_s3()), "8")] {
        let range = format!("{}..{}", days[0], days[days.len() - 1]);
        let done = env.processor().env("CITYFLOW_THREADS", threads).arg(range).run();
        assert_eq!(done.code, worst, "{}", done.transcript());
        compare(&env, &days, "a range");
        let days_done: Vec<_> = done.events.iter().filter(|event| event["message"] == "day done").collect();
        let in_order = |pair: &[&serde_json::Value]| pair[0]["day"].as_str() < pair[1]["day"].as_str();
        assert!(days_done.windows(2).all(in_order), "{days_done:?}");
    }
    let env = copied(&alone, TestEnv::in_folder());
    env.processor().arg("all").succeed();
    let found = manifests(&env);
    assert!(found.len() >= 8 && found.len() < days.len(), "{found:?}");
    compare(&env, &found, "all");
}

/// The number of GET and of HEAD requests for each raw object.
fn reads(env: &TestEnv) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let below = format!("{}/{RAW}/", env.bucket());
    let (mut gets, mut heads) = (BTreeMap::new(), BTreeMap::new());
    for (method, address) in env.server().requests() {
        if let Some(key) = address.strip_prefix(&below) {
            let counted = if method == "HEAD" { &mut heads } else { &mut gets };
            *counted.entry(key.to_owned()).or_default() += 1;
        }
    }
    (gets, heads)
}

#[test]
fn raw_object_is_read_once_for_all_days() {
    let env = copied(&city(), TestEnv::on_test_server());
    env.server().clear_requests();
    env.processor().arg("2025-10-25").succeed();
    let alone = reads(&env).0;
    for days in ["2025-10-20..2025-10-29", "all"] {
        env.server().clear_requests();
        env.processor().arg(days).succeed();
        let (gets, heads) = reads(&env);
        for (key, times) in &gets {
            let counts = key.starts_with("batch/comptages-");
            // A large object is read in ranges.
            assert_eq!(*times, if counts { alone[key] } else { 1 }, "{days}: reads of {key}");
            assert!(counts || !heads.contains_key(key), "{days}: {key} is requested twice");
        }
        let snapshots = env.list(&format!("{RAW}/api/")).len() - 1;
        assert_eq!(gets.keys().filter(|key| key.starts_with("api/")).count(), snapshots, "{days}: snapshots");
        let listings = env.server().requests().iter().filter(|(_, address)| address.contains('?')).count();
        assert!(listings < 100, "{days}: {listings} listings");
    }
}

#[test]
fn snapshot_replaced_during_read_is_read_again_and_twice_exits_75() {
    use acceptance::s3server::InjectedFault;
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::BIKE_COUNTS, 1, InjectedFault::ReplaceBefore(raw::changed_bike_counts(44).into()));
    env.processor().arg("2025-11-02..2025-11-04").succeed();
    let found = PublishedDay::load(&env, raw::DAY).document(contract::Source::BikeCounts);
    assert_eq!(found["global_metrics"]["total_jour"], raw::BIKES + 1);
    for count in [45, 46] {
        env.server().inject(
            "GET",
            raw::BIKE_COUNTS,
            1,
            InjectedFault::ReplaceBefore(raw::changed_bike_counts(count).into()),
        );
    }
    env.processor().arg("2025-11-02..2025-11-04").run().expect_failure(75, &[raw::BIKE_COUNTS]);
}
