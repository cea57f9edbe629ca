//! `cargo demo`: builds the programs, simulates a small city in `./demo`, processes one day, writes its report, and shows the trace and
//! the report.
//!
//! ```text
//! simulator ─> demo/raw ─> processor ─> demo/processed/metrics ─> reporter ─> demo/processed/reports ─> terminal
//! ```
//!
//! It prints each command before it runs it, so that users can repeat it by hand. It depends on no crate of the workspace, only on the
//! command lines and the report, so that it is compiled in seconds. Not a test: it checks nothing but exit codes.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]

mod show;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The day that is processed. It is fixed, like the seed of the city, so that every user sees the same figures.
const DAY: &str = "2025-11-04";
/// The first day of the synthetic city: a week before.
const FIRST_DAY: &str = "2025-10-28";

/// The trace file of both jobs.
const TRACES: &str = "demo/traces.jsonl";

/// Prefixes of the jobs' settings. They are removed from the environment, because they would change the demo.
const SETTINGS: [&str; 7] = ["CITYFLOW_", "CITY_", "SIMULATOR_", "S3_BUCKET_", "REPORT_DATE", "JOB_NAME", "OTEL_"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\ndemo: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    if let Some(argument) = std::env::args().nth(1) {
        return Err(format!("unexpected argument {argument:?}. `cargo demo` takes no arguments."));
    }
    let root = root()?;
    let programs = programs()?;
    let start = Instant::now();

    step("1. Build the programs. The first build takes several minutes.");
    // The command is printed as a user would type it; the program is the cargo that runs this demo.
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let build = ["build", "--release", "-p", "simulator", "-p", "processor", "-p", "reporter"];
    run_command(&root, "cargo", &cargo, &build)?;

    step("2. Simulate a city: eight days of all six sources, with all faults of real data.");
    clear(&root, &["demo/raw", "demo/processed", TRACES])?;
    let program = |name: &str| programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let job = |name: &str, arguments: &[&str]| {
        let path = program(name);
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        run_command(&root, &shown, &path, arguments)
    };
    let city = ["--from", FIRST_DAY, "--to", DAY, "--arcs", "200", "--counters", "40", "--faults", "all"];
    job("simulator", &[&["--out", "demo/raw"], &city[..]].concat())?;

    step("3. Process one day: raw files become metrics documents.");
    job("processor", &[DAY, "--raw", "demo/raw", "--out", "demo/processed", "--lang", "en", "--trace-file", TRACES])?;

    step("4. Write its report. (Without --quiet the reporter prints a summary; this demo prints its own below.)");
    let paths = ["--metrics", "demo/processed/metrics", "--reports", "demo/processed/reports"];
    job("reporter", &[&[DAY], &paths[..], &["--lang", "en", "--trace-file", TRACES, "--quiet"]].concat())?;

    step("5. Show the traces of both jobs: operations, durations and warnings.");
    job("processor", &["trace", TRACES])?;

    let path = format!("demo/processed/reports/daily_report_{DAY}.en.json");
    let text = std::fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: cannot be read: {error}"))?;
    let report = serde_json::from_str(&text).map_err(|error| format!("{path}: not valid JSON: {error}"))?;
    step("The report");
    print!("{}", show::report(&report));
    step("The files");
    println!("  report        {path}");
    println!("  spreadsheet   demo/processed/reports/daily_report_{DAY}.en.csv");
    println!("  tables        demo/processed/reports/tables/{DAY}/, as CSV and Parquet");
    println!("  documents     demo/processed/metrics/manifest_{DAY}.json lists them");
    println!("  raw data      demo/raw/");
    println!("  traces        {TRACES}, for `processor trace` or any OpenTelemetry collector");
    println!("\nDone in {:.0} s. Next: README.md, and `--help` of each program.", start.elapsed().as_secs_f64());
    Ok(())
}

fn root() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).filter(|root| root.join("Cargo.toml").is_file());
    root.map(Path::to_path_buf)
        .ok_or_else(|| format!("{}: the workspace no longer exists. Build the demo again.", here.display()))
}

/// The folder of the built programs, which is that of this program.
fn programs() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| format!("the path of this program is unknown: {error}"))?;
    this.parent().map(Path::to_path_buf).ok_or_else(|| format!("{}: no parent folder", this.display()))
}

fn step(title: &str) {
    println!("\n{title}\n");
}

/// Removes the output of an earlier demo, and nothing else.
fn clear(root: &Path, paths: &[&str]) -> Result<(), String> {
    let existing: Vec<_> = paths.iter().copied().filter(|path| root.join(path).exists()).collect();
    if existing.is_empty() {
        return Ok(());
    }
    println!("$ rm -r {}", existing.join(" "));
    existing.iter().try_for_each(|name| {
        let path = root.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.map_err(|error| format!("{name}: cannot be removed: {error}"))
    })
}

/// Prints a command, runs it in the workspace and waits for it.
fn run_command(root: &Path, shown: &str, program: &Path, arguments: &[&str]) -> Result<(), String> {
    let line = format!("{shown} {}", arguments.join(" "));
    println!("$ {line}");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| SETTINGS.iter().any(|setting| name.starts_with(setting))) {
            command.env_remove(name);
        }
    }
    let status = command.status().map_err(|error| format!("`{line}` failed to start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed ({status}). Its output above gives the reason."))
    }
}
