//! Scheduled nights: the scheduled day, late data for earlier days (lookback), and missed days (catch-up).

use acceptance::environment::for_each_store;
use acceptance::{ProgramOutput, TestEnv, raw};
use contract::Source;

use super::manifests;

/// A run that is scheduled for midnight UTC at the start of day `of` of November 2025, so for the day before, and starts two hours late.
fn night(env: &TestEnv, program: &'static str, of: u32, args: &[&str]) -> ProgramOutput {
    // Minute 29,371,680 of the epoch is 2025-11-05T00:00:00Z.
    let name = format!("{program}-{}", 29_371_680 + 1440 * i64::from(of) - 1440 * 5);
    let job = if program == "process" { env.processor() } else { env.reporter() };
    job.env("JOB_NAME", name).env("CITYFLOW_NOW", format!("2025-11-{of:02}T02:00:00Z")).args(args).run()
}

/// The objects of a day.
fn day(env: &TestEnv, day: &str) -> Vec<(String, bytes::Bytes)> {
    let all = env.objects("processed/metrics/").into_iter();
    all.filter(|(key, _)| key.contains(day)).collect()
}

#[test]
fn night_processes_new_late_and_missed_days_and_keeps_the_others() {
    for_each_store(|env| {
        raw::write(env);
        night(env, "process", 4, &["--catch-up", "2"]).expect_exit(0);
        assert_eq!(manifests(env), ["2025-11-01", "2025-11-02", raw::DAY_BEFORE]);
        let before = env.objects("processed/");
        let done = night(env, "process", 5, &["--catch-up", "3"]).expect_exit(0);
        assert_eq!(manifests(env), ["2025-11-01", "2025-11-02", raw::DAY_BEFORE, raw::DAY]);
        for (key, body) in &before {
            assert_eq!(env.get(key).as_ref(), Some(body), "{key} changed");
        }
        for late in ["2025-11-01", "2025-11-02", raw::DAY_BEFORE] {
            let is_unchanged = |event: &serde_json::Value| {
                event["day"] == late && event["message"].as_str().unwrap().contains("no new data")
            };
            assert!(done.events.iter().any(is_unchanged), "{late}\n{}", done.transcript());
        }

        // A snapshot of the 10th is read for days from the 3rd on. The manifest of the 2nd is missing.
        env.put_raw("api/bikes/dt=2025-11-10/hour=01/bikes.json", raw::changed_bike_counts(53));
        let lost = "processed/metrics/manifest_2025-11-02.json";
        env.remove(lost);
        let [unchanged, changed] = ["2025-11-01", raw::DAY_BEFORE].map(|date| day(env, date));
        night(env, "process", 6, &["--lookback", "4", "--catch-up", "3"]).expect_exit(0);
        assert_eq!(day(env, "2025-11-01"), unchanged, "changed without a changed input");
        assert_ne!(day(env, raw::DAY_BEFORE), changed, "late data is missing");
        assert!(env.get(lost).is_some(), "a missed day was not processed");
        assert_eq!(manifests(env).last().map(String::as_str), Some("2025-11-05"));
        let renewed = acceptance::PublishedDay::load(env, raw::DAY).document(Source::BikeCounts);
        assert_eq!(renewed["global_metrics"]["total_jour"], raw::BIKES + 10);
    });
}

#[test]
fn lookback_and_catch_up_can_be_disabled_and_do_not_apply_to_a_named_day() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    night(&env, "process", 5, &["--lookback", "0", "--catch-up", "0"]).expect_exit(0);
    assert_eq!(manifests(&env), [raw::DAY]);
    env.processor().env("JOB_NAME", "process-2025-11-03-again").succeed();
    assert_eq!(manifests(&env), [raw::DAY_BEFORE, raw::DAY]);
    night(&env, "process", 5, &["--catch-up", "5"]).expect_exit(0);
    assert_eq!(manifests(&env).len(), 6);
}

#[test]
fn missed_day_without_input_does_not_fail_the_night() {
    let env = TestEnv::in_folder();
    env.put_raw(raw::BIKE_COUNTS, raw::bike_counts(raw::DAY));
    let done = night(&env, "process", 5, &["--required", "bikes"]).expect_exit(0);
    assert!(done.has_warning(&["2025-10-21", "no input at all"]), "{}", done.transcript());
    assert_eq!(
        manifests(&env).first().map(String::as_str),
        Some("2025-10-29"),
        "the first day for which the snapshot is read"
    );
}

#[test]
fn scheduled_day_decides_the_exit_code_of_a_night() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.processor().arg(raw::DAY_BEFORE).succeed();
    env.put_raw(raw::ROAD_COUNTS, "not what it was");
    night(&env, "process", 5, &[]).expect_failure(65, &[raw::ROAD_COUNTS, raw::DAY]);
}

#[test]
fn scheduled_report_renews_reports_with_changed_metrics() {
    for_each_store(|env| {
        raw::write(env);
        night(env, "process", 5, &["--catch-up", "3"]).expect_exit(0);
        night(env, "report", 5, &[]).expect_exit(0);
        let before = env.objects("processed/reports/daily_");
        assert_eq!(before.len(), 12, "three files for each of four days");
        night(env, "report", 5, &[]).expect_exit(0);
        assert_eq!(before, env.objects("processed/reports/daily_"));

        let before = env.objects("processed/reports/");
        env.put_raw("api/bikes/dt=2025-11-10/hour=01/bikes.json", raw::changed_bike_counts(53));
        night(env, "process", 6, &["--catch-up", "0"]).expect_exit(0);
        night(env, "report", 6, &[]).expect_exit(0);
        let changed = |key: &str| key.contains(raw::DAY) || key.contains(raw::DAY_BEFORE);
        for (key, body) in before.iter().filter(|(key, _)| key.ends_with(".json") && key.contains("report_")) {
            assert_eq!(env.get(key).as_ref() == Some(body), !changed(key), "{key}");
        }
        assert_eq!(env.list("processed/reports/daily_").len(), 15);
    });
}
