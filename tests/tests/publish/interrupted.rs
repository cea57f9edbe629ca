//! Interruptions: concurrent runs, lost responses, and runs that are killed at any write.

use std::time::{Duration, Instant};

use acceptance::environment::for_each_store;
use acceptance::s3server::InjectedFault;
use acceptance::{PublishedDay, TestEnv, raw};
use contract::Source;

use super::process;

/// Waits until `condition` holds, for a minute at most.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "timeout while waiting for {what}");
        std::thread::yield_now();
    }
}

/// The set that an undisturbed run publishes.
fn undisturbed() -> PublishedDay {
    let env = TestEnv::in_folder();
    raw::write(&env);
    process(&env)
}

#[test]
fn concurrent_runs_publish_one_complete_set() {
    for_each_store(|env| {
        raw::write(env);
        let start = || env.processor().arg(raw::DAY).start();
        let runs: Vec<_> = (0..4).map(|_| start()).collect();
        for run in runs {
            run.wait().expect_exit(0);
        }
        assert_eq!(PublishedDay::load(env, raw::DAY).manifest.digest, undisturbed().manifest.digest);
    });
}

#[test]
fn concurrent_runs_with_different_parameters_publish_the_set_of_one() {
    for_each_store(|env| {
        raw::write(env);
        let start = |threshold: &str| env.processor().args(["--param", threshold, raw::DAY]).start();
        let runs = ["comptages.congestion_taux=70", "comptages.congestion_taux=75"].map(start);
        for run in runs {
            run.wait().expect_exit(0);
        }
        // `find` does not check the fixed names: they are written last and may be those of the other run.
        let found = PublishedDay::find(env, raw::DAY).unwrap().document(Source::RoadCounts);
        let threshold = found["parametres"]["congestion_taux"].as_f64();
        assert!([Some(70.0), Some(75.0)].contains(&threshold), "{threshold:?}");
    });
}

#[test]
fn reader_of_the_manifest_always_finds_a_complete_set() {
    for_each_store(|env| {
        raw::write(env);
        process(env);
        let mut seen = 0;
        for round in 0..4 {
            env.put_raw(raw::BIKE_COUNTS, raw::bike_counts(if round % 2 == 0 { raw::DAY_BEFORE } else { raw::DAY }));
            let run = env.processor().args(["--force", raw::DAY]).start();
            while !run.has_ended() {
                assert!(PublishedDay::find(env, raw::DAY).is_some());
                seen += 1;
            }
            run.wait().expect_exit(0);
        }
        assert!(seen > 0);
    });
}

#[test]
fn rerun_after_kill_at_any_write_publishes_the_same_set() {
    let expected = undisturbed();
    let mut writes = 0;
    for skip in 0.. {
        let env = TestEnv::on_test_server();
        raw::write(&env);
        env.server().clear_requests();
        env.server().inject_after(skip, "PUT", "/processed/", 1000, InjectedFault::Delay(Duration::from_secs(600)));
        let mut run = env.processor().arg(raw::DAY).start();
        let puts = || env.server().requests().iter().filter(|(method, _)| method == "PUT").count();
        wait_until("the write", || puts() > skip || run.has_ended());
        if puts() <= skip {
            run.wait().expect_exit(0);
            writes = skip;
            break;
        }
        run.kill();
        assert_eq!(run.wait_unchecked().code, -9);
        env.server().clear_faults();
        if let Some(found) = PublishedDay::find(&env, raw::DAY) {
            assert_eq!(found.manifest.digest, expected.manifest.digest, "manifest after a kill after {skip} writes");
        }
        let again = process(&env);
        assert_eq!(again.bytes, expected.bytes, "killed after {skip} writes");
        assert_eq!(again.manifest.digest, expected.manifest.digest);
    }
    assert!(writes >= 15, "seven documents, the manifest, seven fixed names: {writes} writes");
}

#[test]
fn rerun_killed_at_any_write_leaves_the_old_or_the_new_set() {
    for skip in [0, 3, 7, 8, 12] {
        let env = TestEnv::on_test_server();
        raw::write(&env);
        let old = process(&env);
        env.put_raw(raw::ROAD_COUNTS, raw::road_counts(raw::DAY).replace(";110.0;", ";111.0;"));
        env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(44));
        let puts = |env: &TestEnv| env.server().requests().iter().filter(|(method, _)| method == "PUT").count();
        let (before, server) = (puts(&env), env.server());
        server.inject_after(skip, "PUT", "/processed/", 1000, InjectedFault::Delay(Duration::from_secs(600)));
        let mut run = env.processor().arg(raw::DAY).start();
        wait_until("the write", || puts(&env) > before + skip || run.has_ended());
        run.kill();
        let _ = run.wait_unchecked();
        server.clear_faults();
        let between = PublishedDay::find(&env, raw::DAY).unwrap();
        let new = process(&env);
        assert_ne!(old.manifest.digest, new.manifest.digest);
        assert!([&old, &new].iter().any(|set| set.manifest.digest == between.manifest.digest), "after {skip} writes");
    }
}

#[test]
fn lost_or_refused_responses_do_not_change_the_documents() {
    let expected = undisturbed();
    for (method, part) in [
        ("PUT", "/objets/2025-"),
        ("PUT", "/objets/probe"),
        ("PUT", "/manifest_"),
        ("PUT", "_metrics_"),
        ("GET", "/raw/"),
        ("GET", "?"),
    ] {
        for fault in [
            InjectedFault::LoseResponse,
            InjectedFault::Conflict,
            InjectedFault::Unavailable,
            InjectedFault::CloseConnection,
        ] {
            if method == "GET" && matches!(fault, InjectedFault::Conflict) {
                continue;
            }
            let env = TestEnv::on_test_server();
            raw::write(&env);
            env.server().inject(method, part, 2, fault.clone());
            let outcome = env.processor().arg(raw::DAY).run();
            assert_eq!(outcome.code, 0, "{method} {part} {fault:?}\n{}", outcome.transcript());
            assert_eq!(
                PublishedDay::load(&env, raw::DAY).manifest.digest,
                expected.manifest.digest,
                "{method} {part} {fault:?}"
            );
        }
    }
}

#[test]
fn lost_race_for_the_manifest_is_retried() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    process(&env);
    let key = format!("processed/metrics/manifest_{}.json", raw::DAY);
    // Another writer publishes the same set after this run has read the manifest.
    let mut other: serde_json::Value = serde_json::from_slice(&env.get(&key).unwrap()).unwrap();
    other["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
    env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(44));
    env.server().inject("PUT", &key, 1, InjectedFault::ReplaceBefore(other.to_string().into()));
    let found = process(&env);
    assert_eq!(found.document(Source::BikeCounts)["global_metrics"]["total_jour"], raw::BIKES + 1);
}

#[test]
fn input_replaced_during_read_is_read_again() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let changed = raw::road_counts(raw::DAY).replace(";110.0;", ";111.0;");
    env.server().inject("GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    let found = process(&env);
    // Hour 1 of arc 1 on each of the three days; only the day's own counts.
    assert_eq!(found.document(Source::RoadCounts)["global_metrics"]["total_vehicules_jour"], raw::VEHICLES + 1);
}

#[test]
fn input_replaced_twice_exits_75_and_keeps_the_document() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let old = process(&env);
    for flow in ["111.0", "112.0"] {
        let changed = raw::road_counts(raw::DAY).replace(";110.0;", &format!(";{flow};"));
        env.server().inject("GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    }
    env.processor().arg(raw::DAY).run().expect_failure(75, &[raw::ROAD_COUNTS]);
    assert_eq!(
        PublishedDay::load(&env, raw::DAY).bytes[&Source::RoadCounts],
        old.bytes[&Source::RoadCounts],
        "the document changed"
    );
    // Without further replacements the next run succeeds.
    env.server().clear_faults();
    let new = process(&env);
    assert_eq!(new.document(Source::RoadCounts)["global_metrics"]["total_vehicules_jour"], raw::VEHICLES + 2);
}

#[test]
fn sigterm_exits_143_and_publishes_nothing() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::ROAD_COUNTS, 1000, InjectedFault::Delay(Duration::from_secs(600)));
    let run = env.processor().arg(raw::DAY).start();
    wait_until("the read", || {
        env.server().requests().iter().any(|(method, key)| method == "GET" && key.ends_with(raw::ROAD_COUNTS))
    });
    run.terminate();
    run.wait().expect_failure(143, &["SIGTERM"]);
    assert!(PublishedDay::find(&env, raw::DAY).is_none());
}
