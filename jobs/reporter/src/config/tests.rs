use clap::{CommandFactory as _, FromArgMatches as _};
use runtime::failure::Code;
use runtime::settings::without_environment;

use super::*;

fn args(line: &[&str]) -> Args {
    let command = without_environment(Args::command());
    let matches = command.try_get_matches_from(std::iter::once(&"reporter").chain(line)).unwrap();
    Args::from_arg_matches(&matches).unwrap()
}

fn config(line: &[&str]) -> Result<Config, Failure> {
    Config::new(&args(line), "2025-11-04T00:10:00Z".parse().unwrap())
}

fn task(line: &[&str]) -> ReportTask {
    match config(line).unwrap().task {
        Task::Report(task) => task,
        Task::Check => unreachable!("a check"),
    }
}

#[test]
fn no_settings_mean_yesterday_in_the_default_folders() {
    let config = config(&[]).unwrap();
    assert_eq!(config.metrics.to_string(), "./data/processed/metrics");
    assert_eq!(config.reports.to_string(), "./data/processed/reports");
    assert!(config.locations_by_default);
    assert_eq!(config.city, City { name: "Paris".into(), tz: Tz::PARIS });
    let task = task(&[]);
    assert_eq!(task.choice.days.to_string(), "2025-11-03");
    assert_eq!(
        (task.wait, task.lookback, task.force, task.dry_run, config.lang),
        (Duration::ZERO, 0, false, false, Lang::Fr)
    );
}

#[test]
fn switch_without_a_value_does_not_take_the_day() {
    let task = task(&["--force", "2025-11-01..2025-11-02", "--dry-run", "--wait", "40m"]);
    assert_eq!(task.choice.days.to_string(), "2025-11-01..2025-11-02");
    assert!(task.force && task.dry_run);
    assert_eq!(task.wait, Duration::from_secs(2400));
}

#[test]
fn only_a_scheduled_run_has_a_lookback() {
    // 29370240 minutes after the epoch: 2025-11-04 00:00 UTC, 01:00 in Paris.
    let scheduled = task(&["--job-name", "report-29370240"]);
    assert_eq!((scheduled.choice.days.to_string().as_str(), scheduled.lookback), ("2025-11-03", 3));
    assert_eq!(task(&["--job-name", "report-29370240", "--lookback", "7"]).lookback, 7);
    assert_eq!(task(&["--job-name", "report-2025-11-03", "--lookback", "7"]).lookback, 0);
    assert_eq!(task(&["2025-11-03", "--job-name", "report-29370240"]).lookback, 0);
}

#[test]
fn one_location_determines_the_other() {
    let places = |line: &[&str]| {
        let config = config(line).unwrap();
        assert!(!config.locations_by_default);
        (config.metrics.to_string(), config.reports.to_string())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(places(&["--metrics", "s3://city/x/metrics"]), pair("s3://city/x/metrics", "s3://city/x/reports"));
    assert_eq!(places(&["--metrics", "s3://city/metrics/"]), pair("s3://city/metrics", "s3://city/reports"));
    assert_eq!(places(&["--reports", "out/reports"]), pair("out/metrics", "out/reports"));
    assert_eq!(places(&["check", "--metrics", "/a/metrics"]), pair("/a/metrics", "/a/reports"));
    assert_eq!(places(&["--metrics", "a", "--reports", "s3://abc/b"]), pair("a", "s3://abc/b"));
    for line in [["--metrics", "s3://city"], ["--metrics", "s3://city/mymetrics"], ["--metrics", "./here"]] {
        assert!(config(&line).unwrap_err().what.contains("--reports (S3_BUCKET_REPORTS): not set"), "{line:?}");
    }
    assert!(config(&["--reports", "./there"]).unwrap_err().what.contains("--metrics (S3_BUCKET_METRICS): not set"));
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let line =
        "2025-02-30 --metrics gs://x --wait soon --lang de --timezone Europe/Lutetia --force=perhaps --lookback many";
    let failure = config(&line.split(' ').chain(["--reports", ""]).collect::<Vec<_>>()).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    for part in [
        "8 invalid settings",
        "there is no day 2025-02-30",
        "--metrics (S3_BUCKET_METRICS): `gs://` is not supported",
        "--reports (S3_BUCKET_REPORTS): a location cannot be empty",
        "--wait (CITYFLOW_WAIT): \"soon\" is not a valid duration",
        "--lang (CITYFLOW_LANG): \"de\" is not a supported language",
        "--timezone (CITY_TIMEZONE): \"Europe/Lutetia\" is not a time zone",
        "--force (CITYFLOW_FORCE): \"perhaps\" is not a valid switch; write yes or no",
        "--lookback (CITYFLOW_LOOKBACK): \"many\" is not a number from 0 to 366",
    ] {
        assert!(failure.to_string().contains(part), "{part}: {failure}");
    }
}

#[test]
fn yesterday_is_that_of_the_city() {
    let day = |line: &[&str]| task(line).choice.days.to_string();
    // 00:10 UTC on the 4th is past noon of the 4th in Auckland, and two in the afternoon of the 3rd in Honolulu.
    assert_eq!(day(&["--timezone", "Pacific/Auckland"]), "2025-11-03");
    assert_eq!(day(&["--timezone", "Pacific/Honolulu"]), "2025-11-02");
    assert_eq!(config(&["--city-name", " Lutèce "]).unwrap().city.name, "Lutèce");
    assert!(
        config(&["--profile", "lyon"])
            .unwrap_err()
            .what
            .starts_with("invalid setting: --profile (CITY_PROFILE): \"lyon\" is not a city profile")
    );
}

#[test]
fn empty_trace_file_counts_as_not_set() {
    let trace_file = |line: &[&str]| args(line).shared.trace_file().map(std::path::Path::to_path_buf);
    assert_eq!(trace_file(&["--trace-file", "t.jsonl"]), Some("t.jsonl".into()));
    assert_eq!(trace_file(&["check", "--trace-file", "t.jsonl"]), Some("t.jsonl".into()));
    for line in [&[][..], &["--trace-file="]] {
        assert_eq!(trace_file(line), None, "{line:?}");
    }
}

#[test]
fn check_needs_no_day() {
    assert_eq!(config(&["check"]).unwrap().task, Task::Check);
    assert_eq!(
        config(&["check", "-vv", "--quiet"]).unwrap().log,
        LogOptions { quiet: true, verbose: 2, ..LogOptions::default() }
    );
}

#[test]
fn language_applies_to_runs_and_checks() {
    assert_eq!(config(&["--lang", "en"]).unwrap().lang, Lang::En);
    assert_eq!(config(&["--lang", "en", "check"]).unwrap().lang, Lang::En);
}

#[test]
fn help_shows_flag_variable_and_default_of_every_setting() {
    let mut command = Args::command();
    let help = command.render_long_help().to_string();
    for argument in Args::command().get_arguments().filter(|argument| argument.get_env().is_some()) {
        let variable = argument.get_env().unwrap().to_str().unwrap();
        assert!(help.contains(&format!("[env: {variable}]")), "{variable}");
        if let Some(flag) = argument.get_long() {
            assert!(help.contains(&format!("--{flag}")), "{flag}");
        }
        let about = argument.get_help().unwrap().to_string();
        assert!(!argument.get_default_values().is_empty() || about.contains("[default: "), "{variable}: {about}");
    }
    assert!(help.contains("Examples:") && help.contains("Exit codes:"));
    command.debug_assert();
}
