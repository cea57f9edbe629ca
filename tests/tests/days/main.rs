//! The days of a run: the argument, the name of the Job, and the usage errors; nights, and several days in one run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

mod night;
mod several;

use acceptance::{ProgramOutput, TestEnv, raw};

/// Two o'clock in the night after [`raw::DAY`].
const NOW: (&str, &str) = ("CITYFLOW_NOW", "2025-11-05T02:00:00+01:00");

fn processor(env: &TestEnv, variables: &[(&str, &str)], args: &[&str]) -> ProgramOutput {
    env.processor().envs(&[NOW]).envs(variables).args(args).run()
}

fn reporter(env: &TestEnv, variables: &[(&str, &str)], args: &[&str]) -> ProgramOutput {
    env.reporter().envs(&[NOW]).envs(variables).args(args).run()
}

/// The days that have a manifest.
fn manifests(env: &TestEnv) -> Vec<String> {
    let keys = env.list("processed/metrics/manifest_");
    keys.into_iter()
        .map(|key| key.trim_start_matches("processed/metrics/manifest_").trim_end_matches(".json").into())
        .collect()
}

#[test]
fn each_form_of_job_name_gives_its_day() {
    // Minute 29371680 is 2025-11-05 00:00 UTC, 01:00 in Paris: a run for the 4th, however late it starts.
    for name in
        ["process-2025-11-04", "process-2025-11-04-again", "nightly-process-2025-11-04-x7k2p", "process-29371680"]
    {
        let env = TestEnv::in_folder();
        raw::write(&env);
        let done = processor(&env, &[("JOB_NAME", name), ("CITYFLOW_CATCH_UP", "0")], &[]);
        assert_eq!(done.code, 0, "{name}\n{}", done.transcript());
        assert_eq!(manifests(&env), [raw::DAY], "{name}");
        let done = reporter(&env, &[("JOB_NAME", &name.replace("process", "report"))], &[]);
        assert_eq!(done.code, 0, "{name}\n{}", done.transcript());
        assert!(env.get("processed/reports/daily_report_2025-11-04.json").is_some(), "{name}");
    }
}

#[test]
fn job_name_with_a_range_processes_each_day() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    processor(&env, &[("JOB_NAME", "process-2025-11-03-to-2025-11-04")], &[]).expect_exit(0);
    assert_eq!(manifests(&env), [raw::DAY_BEFORE, raw::DAY]);
    reporter(&env, &[], &["2025-11-03..2025-11-04"]).expect_exit(0);
    assert_eq!(env.list("processed/reports/daily_report_").len(), 4, "two days, JSON and CSV");
}

#[test]
fn all_processes_each_day_with_a_row_of_a_required_source() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    processor(&env, &[], &["all"]).expect_exit(0);
    assert_eq!(manifests(&env), ["2025-11-02", raw::DAY_BEFORE, raw::DAY]);
}

#[test]
fn job_name_without_a_valid_day_is_an_error_that_shows_both_forms() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let invalid = [
        "process",
        "",
        "process-2025-02-30",
        "process-2025-11-4",
        "process-1762300800",
        "process-20251104",
        "process-2025-11-04-to-2025-11-01",
        "process-2025-11-04-2025-11-05",
        "process-2025-11-04-to-2025-13-01",
        "../../etc/passwd",
        "process-２０２５-11-04",
    ];
    for name in invalid {
        for outcome in [processor(&env, &[("JOB_NAME", name)], &[]), reporter(&env, &[("JOB_NAME", name)], &[])] {
            outcome.expect_failure(2, &["JOB_NAME", "2025-11-03", "-to-"]);
        }
    }
    assert_eq!(env.list("processed/"), [""; 0], "something was written");
}

#[test]
fn contradicting_day_argument_and_job_name_are_an_error() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let name = ("JOB_NAME", "process-2025-11-04");
    processor(&env, &[name], &[raw::DAY]).expect_exit(0);
    processor(&env, &[name], &[raw::DAY_BEFORE]).expect_failure(2, &["2025-11-03", "2025-11-04", "REPORT_DATE"]);
    processor(&env, &[name, ("REPORT_DATE", raw::DAY_BEFORE)], &[]).expect_failure(2, &["2025-11-03", "2025-11-04"]);
    assert_eq!(manifests(&env), [raw::DAY]);
}

#[test]
fn run_without_a_day_processes_yesterday_in_the_city_time_zone() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let done = processor(&env, &[], &[]).expect_exit(0);
    assert_eq!(manifests(&env), [raw::DAY]);
    assert!(done.stderr.contains("yesterday"), "the log does not name yesterday\n{}", done.transcript());
    reporter(&env, &[("REPORT_DATE", "")], &[]).expect_exit(0);
}

#[test]
fn invalid_day_is_a_usage_error() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    for day in ["2025-02-30", "monday", "2025-11-04..2025-11-01", "04/11/2025"] {
        processor(&env, &[], &[day]).expect_failure(2, &["2025-11-03"]);
        reporter(&env, &[], &[day]).expect_failure(2, &["2025-11-03"]);
    }
}

#[test]
fn all_usage_errors_are_reported_together() {
    let env = TestEnv::in_folder();
    let wrong = ["--required", "rivers", "--threads", "many", "--lookback=-1", "--catch-up", "ever", "2025-02-30"];
    processor(&env, &[("CITY_TIMEZONE", "Europe/Lutetia")], &wrong)
        .expect_failure(2, &["rivers", "--threads", "--lookback", "--catch-up", "\"ever\"", "Lutetia", "2025-02-30"]);
    let wrong = ["--wait", "soon", "--lang", "la", "2025-02-30"];
    reporter(&env, &[("CITY_TIMEZONE", "Europe/Lutetia")], &wrong)
        .expect_failure(2, &["soon", "--lang", "Lutetia", "2025-02-30"]);
}

#[test]
fn usage_error_is_one_line_and_help_names_the_essentials() {
    let env = TestEnv::in_folder();
    for program in ["processor", "reporter"] {
        env.program(program).arg("--no-such-flag").run().expect_failure(2, &["--no-such-flag", "--help"]);
        let help = env.program(program).arg("--help").run().expect_exit(0).stdout;
        for part in ["JOB_NAME", "REPORT_DATE", "2025-11-03", "s3://", "./data", "75"] {
            assert!(help.contains(part), "{part} is missing in {program} --help\n{help}");
        }
        assert!(env.program(program).arg("--version").run().expect_exit(0).stdout.starts_with(program));
    }
}

#[test]
fn empty_variable_counts_as_unset() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let empty = [
        "REPORT_DATE",
        "CITY_PROFILE",
        "CITY_TIMEZONE",
        "CITY_NAME",
        "CITYFLOW_FORCE",
        "CITYFLOW_S3_PATH_STYLE",
        "CITYFLOW_LOOKBACK",
    ];
    let empty: Vec<_> = empty.map(|name| (name, "")).into();
    processor(&env, &empty, &[raw::DAY]).expect_exit(0);
    reporter(&env, &empty, &[raw::DAY]).expect_exit(0);
}

#[test]
fn run_without_settings_uses_and_logs_the_data_folder() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let home = env.home();
    std::fs::create_dir_all(home.join("data")).unwrap();
    std::fs::rename(env.path("raw"), home.join("data/raw")).unwrap();
    let done = env.program("processor").arg(raw::DAY).run().expect_exit(0);
    assert!(done.stderr.contains("./data/raw") && done.stderr.contains("./data/processed"), "{}", done.transcript());
    env.program("reporter").arg(raw::DAY).run().expect_exit(0);
    assert!(home.join("data/processed/reports/daily_report_2025-11-04.json").is_file());
}
