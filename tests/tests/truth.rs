//! Simulated weeks with all faults: every document equals the simulator's truth within its tolerances, and has the same bytes from a folder
//! with one thread and from S3 with eight.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]
#![allow(clippy::print_stdout, reason = "tests print what they compared")]

use std::path::Path;

use acceptance::difference::{Tolerances, differences};
use acceptance::environment::RAW;
use acceptance::{PublishedDay, TestEnv};
use chrono::NaiveDate;
use contract::Source;
use serde_json::Value;

/// At most this number of differences is printed.
const MAX_SHOWN: usize = 300;

/// Writes the raw files, and the truth into the folder `truth`.
fn simulate(env: &TestEnv, truth: &Path, flags: &[&str]) {
    env.simulator().arg("--truth").arg(truth).args(["--quiet", "--faults", "all"]).args(flags).succeed();
}

fn json(path: &Path) -> Option<Value> {
    let body = std::fs::read(path).ok()?;
    Some(serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The document without the fields that the truth does not have, such as the version and the wording of the quality notes.
fn comparable(expected: &Value, mut document: Value) -> Value {
    let keep = |expected: &Value, found: &mut Value| {
        if let (Some(expected), Some(found)) = (expected.as_object(), found.as_object_mut()) {
            found.retain(|key, _| expected.contains_key(key));
        }
    };
    keep(expected, &mut document);
    keep(&expected["qualite"], &mut document["qualite"]);
    if expected.get("qualite").is_none() {
        document.as_object_mut().and_then(|document| document.remove("qualite"));
    }
    document
}

fn days(first: &str, last: &str) -> Vec<String> {
    let [first, last]: [NaiveDate; 2] = [first, last].map(|day| day.parse().unwrap());
    first.iter_days().take_while(|day| *day <= last).map(|day| day.to_string()).collect()
}

/// Processes the days in a folder with one thread and on S3 with eight, and compares with each other and with the truth.
fn compare_with_truth(first: &str, last: &str, flags: &[&str]) {
    let folder = TestEnv::in_folder();
    let truth = folder.scratch_path("truth");
    simulate(&folder, &truth, &[&["--from", first, "--to", last], flags].concat());
    let s3 = TestEnv::on_s3();
    for (key, body) in folder.objects(&format!("{RAW}/")) {
        s3.put(&key, body);
    }
    let tolerances = json(&truth.join("tolerances.json")).expect("tolerances.json of the simulator");
    let tolerances: Tolerances = serde_json::from_value(tolerances).unwrap();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for day in days(first, last) {
        folder.processor().env("CITYFLOW_THREADS", "1").arg(&day).succeed();
        let found = PublishedDay::load(&folder, &day);
        s3.processor().env("CITYFLOW_THREADS", "8").arg(&day).succeed();
        let found_on_s3 = PublishedDay::load(&s3, &day);
        for source in Source::ALL {
            let same = found.bytes.get(&source) == found_on_s3.bytes.get(&source);
            assert!(same, "{source} of {day} differs between a folder with 1 thread and S3 with 8");
        }
        assert_eq!(found.manifest.digest, found_on_s3.manifest.digest, "{day}");

        for source in Source::ALL {
            let Some(expected) = json(&truth.join(format!("{source}_{day}.json"))) else { continue };
            compared += 1;
            let lines = match found.bytes.get(&source) {
                Some(_) => {
                    differences(source.name(), &expected, &comparable(&expected, found.document(source)), &tolerances)
                }
                None => vec![format!("{source}: a document expected, found {:?}", found.entry(source))],
            };
            wrong.extend(lines.into_iter().map(|line| format!("{day} {line}")));
        }
    }
    println!("{first} to {last}: {compared} documents compared with the truth");
    wrong.iter().take(MAX_SHOWN).for_each(|line| println!("{line}"));
    assert!(wrong.is_empty(), "{} differences from the truth; the first are printed above", wrong.len());
    let raw = Source::RAW.len() * days(first, last).len();
    assert!(compared >= raw, "only {compared} documents were compared, expected at least {raw}");
}

#[test]
fn week_of_the_autumn_clock_change_equals_the_truth() {
    compare_with_truth("2025-10-22", "2025-10-28", &["--shape", "mixed", "--arcs", "60", "--seed", "7"]);
}

#[test]
fn week_of_the_spring_clock_change_equals_the_truth() {
    compare_with_truth("2026-03-25", "2026-03-31", &["--compress", "zst", "--arcs", "40", "--seed", "11"]);
}

#[test]
fn days_in_many_small_files_equal_the_truth() {
    let flags = ["--shape", "historique", "--compress", "gz", "--file-size", "100KB", "--arcs", "30", "--seed", "3"];
    compare_with_truth("2025-11-01", "2025-11-03", &flags);
}

#[test]
fn week_in_every_shape_equals_the_truth() {
    let flags = ["--shapes", "all", "--shape", "mixed", "--file-size", "200KB", "--arcs", "30", "--seed", "17"];
    compare_with_truth("2025-10-23", "2025-10-29", &flags);
}

#[test]
fn return_to_school_equals_the_truth() {
    compare_with_truth("2026-08-31", "2026-09-02", &["--arcs", "10", "--counters", "2", "--seed", "13"]);
}

/// The road counts without what names their files.
fn figures(day: &PublishedDay) -> Value {
    let mut document = day.document(Source::RoadCounts);
    document.as_object_mut().unwrap().remove("inputs");
    document
}

#[test]
fn archive_of_weekly_files_gives_the_same_documents_as_the_files() {
    let [files, archived] = [TestEnv::in_folder(), TestEnv::on_s3()];
    let flags = ["--from", "2025-10-20", "--to", "2025-11-03", "--shape", "historique", "--file-size", "200KB"];
    files.simulator().args(flags).args(["--arcs", "60", "--seed", "23", "--quiet"]).succeed();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default();
    let (mut entries, prefix) = (0, format!("{RAW}/batch/comptages-"));
    for (key, body) in files.objects(&format!("{RAW}/")) {
        match key.strip_prefix(&prefix) {
            Some(_) => {
                writer.start_file(format!("trafic_capteurs_2025_W{entries}.txt"), deflated).unwrap();
                std::io::Write::write_all(&mut writer, &body).unwrap();
                entries += 1;
            }
            None => archived.put(&key, body),
        }
    }
    assert!(entries > 10, "only {entries} files");
    archived.put_raw("batch/comptages-2025.zip", writer.finish().unwrap().into_inner());
    for (env, memory) in [(&files, "1GiB"), (&archived, "192MiB")] {
        env.processor().args(["--memory-target", memory, "2025-11-03"]).succeed();
    }
    let [expected, found] = [&files, &archived].map(|env| figures(&PublishedDay::load(env, "2025-11-03")));
    assert!(expected["global_metrics"]["total_vehicules_jour"].as_u64() > Some(0));
    assert_eq!(found, expected);
}

#[test]
fn documents_do_not_depend_on_the_number_of_threads() {
    let env = TestEnv::in_folder();
    simulate(
        &env,
        &env.scratch_path("truth"),
        &["--from", "2025-11-01", "--to", "2025-11-03", "--arcs", "200", "--seed", "5"],
    );
    let run = |threads: &str| {
        env.processor().env("CITYFLOW_THREADS", threads).args(["--force", "2025-11-03"]).succeed();
        PublishedDay::load(&env, "2025-11-03").bytes
    };
    let one = run("1");
    for threads in ["2", "3", "8"] {
        assert!(one == run(threads), "{threads} threads");
    }
}

#[test]
fn simulator_is_deterministic_in_a_folder_and_on_s3() {
    let flags = [
        "--from",
        "2025-11-01",
        "--to",
        "2025-11-02",
        "--faults",
        "all",
        "--arcs",
        "20",
        "--quiet",
        "--file-size",
        "256MB",
    ];
    let [first, second, bucket] = [TestEnv::in_folder(), TestEnv::in_folder(), TestEnv::on_s3()];
    for env in [&first, &second, &bucket] {
        env.simulator().args(flags).succeed();
    }
    let all = |env: &TestEnv| env.objects(&format!("{RAW}/"));
    assert!(all(&first) == all(&second), "the same seed gives different files");
    assert!(all(&first) == all(&bucket), "a folder and S3 differ");
}
