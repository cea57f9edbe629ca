use clap::CommandFactory;

use super::*;

/// A command line, whatever the environment of the tests says.
fn args(line: &[&str]) -> Args {
    let command = Args::command().mut_args(|argument| argument.env(None));
    Args::from_command(command, std::iter::once(&"reporter").chain(line)).unwrap()
}

/// Its settings.
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
fn nothing_set_is_yesterday_in_the_folder_here() {
    let config = config(&[]).unwrap();
    assert_eq!(config.metrics.to_string(), "./data/processed/metrics");
    assert_eq!(config.reports.to_string(), "./data/processed/reports");
    assert!(config.places_by_default);
    assert_eq!(config.city, City { name: "Paris".into(), tz: Tz::Europe__Paris });
    let task = task(&[]);
    assert_eq!(task.choice.days.to_string(), "2025-11-03");
    assert_eq!(
        (task.wait, task.lookback, task.force, task.dry_run, task.lang),
        (Duration::ZERO, 0, false, false, Lang::Fr)
    );
}

#[test]
fn a_flag_without_a_value_leaves_the_day_alone() {
    let task = task(&["--force", "2025-11-01..2025-11-02", "--dry-run", "--wait", "40m", "--lang", "en"]);
    assert_eq!(task.choice.days.to_string(), "2025-11-01..2025-11-02");
    assert!(task.force && task.dry_run);
    assert_eq!((task.wait, task.lang), (Duration::from_secs(2400), Lang::En));
}

#[test]
fn only_a_scheduled_run_looks_back() {
    // 29373120 minutes after the epoch: 2025-11-06 00:00 UTC, 01:00 in Paris.
    let scheduled = task(&["--job-name", "report-29373120"]);
    assert_eq!((scheduled.choice.days.to_string().as_str(), scheduled.lookback), ("2025-11-05", 3));
    assert_eq!(task(&["--job-name", "report-29373120", "--lookback", "7"]).lookback, 7);
    assert_eq!(task(&["--job-name", "report-2025-11-05", "--lookback", "7"]).lookback, 0);
    assert_eq!(task(&["2025-11-05", "--job-name", "report-29373120"]).lookback, 0);
}

#[test]
fn one_place_says_where_the_other_is() {
    let places = |line: &[&str]| {
        let config = config(line).unwrap();
        assert!(!config.places_by_default);
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
fn every_mistake_is_told_at_once() {
    let line =
        "2025-02-30 --metrics gs://x --wait soon --lang de --timezone Europe/Lutetia --force=perhaps --lookback many";
    let failure = config(&line.split(' ').chain(["--reports", ""]).collect::<Vec<_>>()).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    for part in [
        "8 settings are wrong",
        "there is no day 2025-02-30",
        "--metrics (S3_BUCKET_METRICS): `gs://` is not supported",
        "--reports (S3_BUCKET_REPORTS): a location cannot be empty",
        "--wait (CITYFLOW_WAIT): \"soon\" is not a duration",
        "--lang (CITYFLOW_LANG): \"de\" is not a language",
        "--timezone (CITY_TIMEZONE): \"Europe/Lutetia\" is not a time zone",
        "--force (CITYFLOW_FORCE): \"perhaps\" is neither yes nor no",
        "--lookback (CITYFLOW_LOOKBACK): \"many\" is not a number of days",
    ] {
        assert!(failure.what.contains(part), "{part}: {failure}");
    }
}

#[test]
fn yesterday_is_the_city_s_own() {
    let day = |line: &[&str]| task(line).choice.days.to_string();
    // 00:10 UTC on the 4th is past noon of the 4th in Auckland, and two in the afternoon of the 3rd in Honolulu.
    assert_eq!(day(&["--timezone", "Pacific/Auckland"]), "2025-11-03");
    assert_eq!(day(&["--timezone", "Pacific/Honolulu"]), "2025-11-02");
    assert_eq!(config(&["--city-name", " Lutèce "]).unwrap().city.name, "Lutèce");
    assert!(
        config(&["--profile", "lyon"])
            .unwrap_err()
            .what
            .starts_with("--profile (CITY_PROFILE): \"lyon\" is not a city profile")
    );
}

#[test]
fn durations() {
    for (text, seconds) in [("0", 0), ("90s", 90), ("40m", 2400), ("1h", 3600), ("1h30m", 5400), ("24h", 86_400)] {
        assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "40", "m", "-1m", "1d", "1.5h", "25h", "99999999999999999999h", "18446744073709551615h", "1h30"] {
        assert!(duration(text).is_err(), "{text}");
    }
}

#[test]
fn a_trace_file_is_one_that_has_a_name() {
    assert_eq!(args(&["--trace-file", "t.jsonl"]).trace_file, Some("t.jsonl".into()));
    assert_eq!(args(&["check", "--trace-file", "t.jsonl"]).trace_file, Some("t.jsonl".into()));
    for line in [&[][..], &["--trace-file="]] {
        assert_eq!(args(line).trace_file, None, "a chart writes nothing for none: {line:?}");
    }
}

#[test]
fn a_check_needs_no_day() {
    assert_eq!(config(&["check"]).unwrap().task, Task::Check);
    assert_eq!(config(&["check", "-vv", "--quiet"]).unwrap().log, LogOptions { quiet: true, verbose: 2 });
}

#[test]
fn the_help_shows_flag_variable_default_and_example_of_each_setting() {
    let mut command = Args::command();
    let help = command.render_long_help().to_string();
    for argument in Args::command().get_arguments().filter(|argument| argument.get_env().is_some()) {
        let variable = argument.get_env().unwrap().to_str().unwrap();
        assert!(help.contains(&format!("[env: {variable}]")), "{variable}");
        if let Some(flag) = argument.get_long() {
            assert!(help.contains(&format!("--{flag}")), "{flag}");
        }
        let told = argument.get_help().unwrap().to_string();
        let switch = argument.get_num_args().is_some_and(|range| range.min_values() == 0);
        assert!(switch || told.contains("[default: "), "{variable}: {told}");
    }
    assert!(help.contains("Examples:") && help.contains("Exit codes:"));
    command.debug_assert();
}
