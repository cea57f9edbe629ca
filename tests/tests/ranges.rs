//! A large input over an unreliable network: the same documents, or the right exit code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

use std::fmt::Write as _;

use acceptance::s3server::InjectedFault;
use acceptance::{PublishedDay, TestCommand, TestEnv, raw};
use chrono::{DateTime, Duration, Utc};
use contract::Source;

const FAULTS: [InjectedFault; 5] = [
    InjectedFault::CloseConnection,
    InjectedFault::TruncateBody(300_000),
    InjectedFault::StallBody(200_000),
    InjectedFault::ShortBody(100_000),
    InjectedFault::Unavailable,
];

/// The road counts of [`raw::DAY`] after 26 MiB of rows of an earlier summer: about 14 ranges of 2 MiB.
fn counts() -> String {
    const PADDING: usize = 26 << 20;
    let mut text = format!("\u{feff}{}\n", raw::ROAD_COUNTS_HEADER);
    let begin: DateTime<Utc> = "2025-06-01T00:00:00Z".parse().unwrap();
    let mut hour = 0;
    while text.len() < PADDING {
        for arc in 1..=4 {
            let _ = writeln!(text, "{}", raw::count_row(arc, begin + Duration::hours(hour % 2000), "100.0", "5.0"));
        }
        hour += 1;
    }
    let rows = raw::road_counts(raw::DAY);
    text.push_str(rows.split_once('\n').unwrap().1);
    text
}

/// The raw files on a server that injects faults, with these road counts at this key.
fn env_with(key: &str, counts: impl Into<bytes::Bytes>) -> TestEnv {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.remove_raw(raw::ROAD_COUNTS);
    env.put_raw(key, counts);
    env
}

/// The processor with the smallest memory target, which gives the smallest and most ranges.
fn job(env: &TestEnv) -> TestCommand<'_> {
    env.processor().args(["--memory-target", "192MiB", raw::DAY])
}

/// An uncompressed gzip member, which has as many ranges as the plain file.
fn stored_gzip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// zstd frames that are small enough to be decoded in parallel.
fn frames(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(3 << 20).flat_map(|part| zstd::bulk::compress(part, 1).unwrap()).collect()
}

#[test]
fn documents_are_the_same_when_five_percent_of_requests_fail() {
    let text = counts();
    for (key, body) in [
        (raw::ROAD_COUNTS.to_owned(), text.clone().into_bytes()),
        (format!("{}.gz", raw::ROAD_COUNTS), stored_gzip(&text)),
        (format!("{}.zst", raw::ROAD_COUNTS), frames(&text)),
    ] {
        let env = env_with(&key, body);
        job(&env).succeed();
        let undisturbed = PublishedDay::load(&env, raw::DAY);
        assert_eq!(
            undisturbed.document(Source::RoadCounts)["global_metrics"]["total_vehicules_jour"],
            raw::VEHICLES,
            "{key}"
        );
        // Five percent of about 14 requests are often none, so all kinds of faults are injected together.
        for (seed, fault) in (7..).zip(FAULTS) {
            env.server().inject_percentage(5, seed, "GET", raw::ROAD_COUNTS, fault);
        }
        job(&env).arg("--force").succeed();
        let disturbed = PublishedDay::load(&env, raw::DAY);
        assert_eq!(
            disturbed.manifest.digest,
            undisturbed.manifest.digest,
            "{key}: {:?}",
            env.server().applied_faults()
        );
        assert!(
            key.ends_with(".zst") || env.server().applied_faults().len() >= 2,
            "{key}: {:?}",
            env.server().applied_faults()
        );
    }
}

#[test]
fn each_fault_costs_one_additional_request() {
    let text = counts();
    let ranges = text.len().div_ceil(2 << 20);
    let undisturbed = TestEnv::in_folder();
    raw::write(&undisturbed);
    undisturbed.put_raw(raw::ROAD_COUNTS, text.clone());
    job(&undisturbed).succeed();
    let expected = PublishedDay::load(&undisturbed, raw::DAY).manifest.digest;
    for fault in FAULTS {
        let env = env_with(raw::ROAD_COUNTS, text.clone());
        env.server().inject_after(12, "GET", raw::ROAD_COUNTS, 1, fault.clone());
        job(&env).succeed();
        assert_eq!(PublishedDay::load(&env, raw::DAY).manifest.digest, expected, "{fault:?}");
        let requests = env.server().requests();
        let asked = requests.iter().filter(|(method, key)| method == "GET" && key.ends_with(raw::ROAD_COUNTS)).count();
        assert_eq!(env.server().applied_faults(), std::slice::from_ref(&fault));
        // On a busy machine a slow range may be requested twice, but not most of them.
        assert!((ranges + 1..ranges + 5).contains(&asked), "{fault:?}: {asked} requests for {ranges} ranges");
    }
}

#[test]
fn input_replaced_during_read_is_read_again() {
    let env = env_with(raw::ROAD_COUNTS, counts());
    let changed = counts().replace(";110.0;", ";111.0;");
    env.server().inject_after(9, "GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    job(&env).succeed();
    let roads = PublishedDay::load(&env, raw::DAY).document(Source::RoadCounts);
    assert_eq!(roads["global_metrics"]["total_vehicules_jour"], raw::VEHICLES + 1);
}

#[test]
fn input_replaced_twice_exits_75() {
    let env = env_with(raw::ROAD_COUNTS, counts());
    for flow in ["111.0", "112.0"] {
        let changed = counts().replace(";110.0;", &format!(";{flow};"));
        env.server().inject_after(9, "GET", raw::ROAD_COUNTS, 1, InjectedFault::ReplaceBefore(changed.into()));
    }
    job(&env).run().expect_failure(75, &[raw::ROAD_COUNTS]);
    assert_eq!(roads(&env), [""; 0]);
}

#[test]
fn server_that_fails_during_read_exits_69_and_publishes_nothing() {
    for fault in [InjectedFault::CloseConnection, InjectedFault::Unavailable, InjectedFault::TruncateBody(1000)] {
        let env = env_with(raw::ROAD_COUNTS, counts());
        env.server().inject_after(9, "GET", raw::ROAD_COUNTS, usize::MAX, fault);
        job(&env).env("AWS_MAX_ATTEMPTS", "2").run().expect_failure(69, &["could not be reached", raw::ROAD_COUNTS]);
        assert_eq!(roads(&env), [""; 0]);
    }
}

/// The keys of all documents of the road counts.
fn roads(env: &TestEnv) -> Vec<String> {
    env.list("processed/").into_iter().filter(|key| key.contains("comptages")).collect()
}

#[test]
fn too_small_memory_target_is_a_usage_error() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for (size, part) in [("64MiB", "raise it to 192 MiB"), ("much", "512MB")] {
        env.processor().args(["--memory-target", size, raw::DAY]).run().expect_failure(2, &["--memory-target", part]);
    }
    let sized = env.processor().env("CITYFLOW_MEMORY_TARGET", "210MB").arg(raw::DAY).succeed();
    assert_eq!(sized.code, 0);
}
