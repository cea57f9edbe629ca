//! What happens on the way: two at once, answers that are lost, a run that is killed at any write.

use std::time::{Duration, Instant};

use acceptance::s3server::Fault;
use acceptance::world::everywhere;
use acceptance::{Published, World, raw};
use contract::Source;

use super::process;

/// Waits until it is so, for a minute at most.
fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// The set that a run gives when nothing goes wrong.
fn undisturbed() -> Published {
    let world = World::folder();
    raw::write(&world);
    process(&world)
}

#[test]
fn two_runs_at_once_leave_one_complete_set() {
    everywhere(|world| {
        raw::write(world);
        let start = || world.processor().arg(raw::DAY).start();
        let runs: Vec<_> = (0..4).map(|_| start()).collect();
        for run in runs {
            run.wait().expect(0);
        }
        assert_eq!(Published::of(world, raw::DAY).manifest.digest, undisturbed().manifest.digest);
    });
}

#[test]
fn two_runs_at_once_that_differ_leave_the_set_of_one_of_them() {
    everywhere(|world| {
        raw::write(world);
        let start = |threshold: &str| world.processor().args(["--param", threshold, raw::DAY]).start();
        let runs = ["comptages.congestion_taux=70", "comptages.congestion_taux=75"].map(start);
        for run in runs {
            run.wait().expect(0);
        }
        // Fixed names come last and are for readers without the manifest: only a complete set is promised here.
        let found = Published::find(world, raw::DAY).unwrap().document(Source::Comptages);
        let threshold = found["parametres"]["congestion_taux"].as_f64();
        assert!([Some(70.0), Some(75.0)].contains(&threshold), "{threshold:?}");
    });
}

#[test]
fn a_reader_by_the_manifest_always_sees_one_complete_set() {
    everywhere(|world| {
        raw::write(world);
        process(world);
        let mut seen = 0;
        for round in 0..4 {
            world.put_raw(raw::BIKE_COUNTS, raw::bikes(if round % 2 == 0 { raw::DAY_BEFORE } else { raw::DAY }));
            let run = world.processor().args(["--force", raw::DAY]).start();
            let id = run.id();
            // A process that has ended stays in the list until it is waited for, as a zombie.
            let running =
                || std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
            while running() {
                assert!(Published::find(world, raw::DAY).is_some());
                seen += 1;
            }
            run.wait().expect(0);
        }
        assert!(seen > 0);
    });
}

#[test]
fn killed_at_any_write_and_run_again_it_is_the_same() {
    let expected = undisturbed();
    let mut writes = 0;
    for skip in 0.. {
        let world = World::faulty();
        raw::write(&world);
        world.server().forget_requests();
        world.server().inject_after(skip, "PUT", "/processed/", 1000, Fault::Delay(Duration::from_secs(600)));
        let mut run = world.processor().arg(raw::DAY).start();
        let id = run.id();
        let puts = || world.server().requests().iter().filter(|(method, _)| method == "PUT").count();
        let ended = || std::fs::read_to_string(format!("/proc/{id}/stat")).map_or(true, |stat| stat.contains(") Z "));
        wait_until("the write", || puts() > skip || ended());
        if puts() <= skip {
            run.wait().expect(0);
            writes = skip;
            break;
        }
        run.kill();
        assert_eq!(run.wait_unchecked().code, -9);
        world.server().heal();
        if let Some(found) = Published::find(&world, raw::DAY) {
            assert_eq!(
                found.manifest.digest, expected.manifest.digest,
                "what is named is complete, killed after {skip} writes"
            );
        }
        let again = process(&world);
        assert_eq!(again.bytes, expected.bytes, "killed after {skip} writes");
        assert_eq!(again.manifest.digest, expected.manifest.digest);
    }
    assert!(writes >= 15, "seven documents, the manifest, seven fixed names: {writes} writes");
}

#[test]
fn killed_while_renewing_the_old_set_stays_until_the_new_one_is_whole() {
    for skip in [0, 3, 7, 8, 12] {
        let world = World::faulty();
        raw::write(&world);
        let old = process(&world);
        world.put_raw(raw::COUNTS, raw::counts(raw::DAY).replace(";110.0;", ";111.0;"));
        world.put_raw(raw::BIKE_COUNTS, raw::bikes(raw::DAY).replace("\"sum_counts\":43", "\"sum_counts\":44"));
        let puts = |world: &World| world.server().requests().iter().filter(|(method, _)| method == "PUT").count();
        let (before, server) = (puts(&world), world.server());
        server.inject_after(skip, "PUT", "/processed/", 1000, Fault::Delay(Duration::from_secs(600)));
        let mut run = world.processor().arg(raw::DAY).start();
        let id = run.id();
        let ended = || std::fs::read_to_string(format!("/proc/{id}/stat")).map_or(true, |stat| stat.contains(") Z "));
        wait_until("the write", || puts(&world) > before + skip || ended());
        run.kill();
        let _ = run.wait_unchecked();
        server.heal();
        let between = Published::find(&world, raw::DAY).unwrap();
        let new = process(&world);
        assert_ne!(old.manifest.digest, new.manifest.digest);
        assert!([&old, &new].iter().any(|set| set.manifest.digest == between.manifest.digest), "after {skip} writes");
    }
}

#[test]
fn answers_that_are_lost_late_or_refused_change_nothing() {
    let expected = undisturbed();
    for (method, part) in
        [("PUT", "/objets/"), ("PUT", "/manifest_"), ("PUT", "_metrics_"), ("GET", "/raw/"), ("GET", "?")]
    {
        for fault in [Fault::LoseAnswer, Fault::Conflict, Fault::Unavailable, Fault::Hangup] {
            if method == "GET" && matches!(fault, Fault::Conflict) {
                continue;
            }
            let world = World::faulty();
            raw::write(&world);
            world.server().inject(method, part, 2, fault.clone());
            let outcome = world.processor().arg(raw::DAY).run();
            assert_eq!(outcome.code, 0, "{method} {part} {fault:?}\n{}", outcome.all());
            assert_eq!(
                Published::of(&world, raw::DAY).manifest.digest,
                expected.manifest.digest,
                "{method} {part} {fault:?}"
            );
        }
    }
}

#[test]
fn a_race_for_the_manifest_that_is_lost_is_run_once_more() {
    let world = World::faulty();
    raw::write(&world);
    process(&world);
    let key = format!("processed/metrics/manifest_{}.json", raw::DAY);
    // Another writer, in the moment after this run has read the manifest: the same set, written anew.
    let mut other: serde_json::Value = serde_json::from_slice(&world.get(&key).unwrap()).unwrap();
    other["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
    world.put_raw(raw::BIKE_COUNTS, raw::bikes(raw::DAY).replace("\"sum_counts\":43", "\"sum_counts\":44"));
    world.server().inject("PUT", &key, 1, Fault::ReplaceBefore(other.to_string().into()));
    let found = process(&world);
    assert_eq!(found.document(Source::Bikes)["global_metrics"]["total_jour"], raw::BIKES + 1);
}

#[test]
fn an_input_that_is_replaced_midway_is_read_again_once() {
    let world = World::faulty();
    raw::write(&world);
    let changed = raw::counts(raw::DAY).replace(";110.0;", ";111.0;");
    world.server().inject("GET", raw::COUNTS, 1, Fault::ReplaceBefore(changed.into()));
    let found = process(&world);
    // Hour 1 of arc 1 on each of the three days; only the day's own counts.
    assert_eq!(found.document(Source::Comptages)["global_metrics"]["total_vehicules_jour"], raw::VEHICLES + 1);
}

#[test]
fn an_input_that_is_replaced_twice_is_for_later() {
    let world = World::faulty();
    raw::write(&world);
    let old = process(&world);
    for flow in ["111.0", "112.0"] {
        let changed = raw::counts(raw::DAY).replace(";110.0;", &format!(";{flow};"));
        world.server().inject("GET", raw::COUNTS, 1, Fault::ReplaceBefore(changed.into()));
    }
    world.processor().arg(raw::DAY).run().fails(75, &[raw::COUNTS]);
    assert_eq!(
        Published::of(&world, raw::DAY).bytes[&Source::Comptages],
        old.bytes[&Source::Comptages],
        "nothing is made poorer"
    );
    // Left alone it is read through.
    world.server().heal();
    let new = process(&world);
    assert_eq!(new.document(Source::Comptages)["global_metrics"]["total_vehicules_jour"], raw::VEHICLES + 2);
}

#[test]
fn told_to_stop_it_stops() {
    let world = World::faulty();
    raw::write(&world);
    world.server().inject("GET", raw::COUNTS, 1000, Fault::Delay(Duration::from_secs(600)));
    let run = world.processor().arg(raw::DAY).start();
    wait_until("the read", || {
        world.server().requests().iter().any(|(method, key)| method == "GET" && key.ends_with(raw::COUNTS))
    });
    let id = rustix::process::Pid::from_raw(run.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    run.wait().fails(143, &["SIGTERM"]);
    assert!(Published::find(&world, raw::DAY).is_none());
}
