//! `cargo demo`: builds the programs, makes a small city in `./demo`, processes a day, writes its report, and shows where the time
//! went and what the report says.
//!
//! It runs what anyone could type and shows each command before it does. It knows nothing of the jobs but their command lines and the
//! report that they leave, so that next to nothing has to be compiled before the first line appears.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is there to show something")]

mod show;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The day that is processed. Fixed, as the city's seed is: everyone sees the same figures.
const DAY: &str = "2025-11-04";
/// The first day of the synthetic city: a week before.
const FIRST_DAY: &str = "2025-10-28";

/// Where both jobs write what they did when.
const TRACES: &str = "demo/traces.jsonl";

/// Settings of the jobs that may be set in a person's shell and would make another demo of this one.
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
        return Err(format!("`cargo demo` takes no arguments (got {argument:?})"));
    }
    let root = root()?;
    let programs = programs()?;
    let start = Instant::now();

    step("1. Build the programs. The first time takes some minutes.");
    // The names that a person would type; `cargo` itself is the one that runs this.
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let build = ["build", "--release", "-p", "simulator", "-p", "processor", "-p", "reporter"];
    start_command(&root, "cargo", &cargo, &build)?;

    step("2. Make a city: eight days of all six sources, with everything that goes wrong in real data.");
    clear(&root, &["demo/raw", "demo/processed", TRACES])?;
    let program = |name: &str| programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let job = |name: &str, arguments: &[&str]| {
        let path = program(name);
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        start_command(&root, &shown, &path, arguments)
    };
    let city = ["--from", FIRST_DAY, "--to", DAY, "--arcs", "200", "--counters", "40", "--faults", "all"];
    job("simulator", &[&["--out", "demo/raw"], &city[..]].concat())?;

    step("3. Process one day: raw files to metrics documents.");
    job("processor", &[DAY, "--raw", "demo/raw", "--out", "demo/processed", "--trace-file", TRACES])?;

    step("4. Write its report. (Without --quiet the reporter shows the figures itself; here they follow in full.)");
    let places = ["--metrics", "demo/processed/metrics", "--reports", "demo/processed/reports"];
    job("reporter", &[&[DAY], &places[..], &["--trace-file", TRACES, "--quiet"]].concat())?;

    step("5. Show the trace of both: what was done, how long it took, and what went wrong.");
    job("processor", &["trace", TRACES])?;

    let path = format!("demo/processed/reports/daily_report_{DAY}.json");
    let text = std::fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
    let report = serde_json::from_str(&text).map_err(|error| format!("{path} is not JSON: {error}"))?;
    step("What the report says");
    print!("{}", show::report(&report));
    step("Where it is");
    println!("  report        {path}");
    println!("  spreadsheet   demo/processed/reports/daily_report_{DAY}.csv");
    println!("  documents     demo/processed/metrics/manifest_{DAY}.json names them");
    println!("  raw data      demo/raw/");
    println!("  traces        {TRACES}, for `processor trace` and for any OpenTelemetry collector");
    println!("\nDone in {:.0} s. Next: README.md, and `--help` of each program.", start.elapsed().as_secs_f64());
    Ok(())
}

/// The folder of the workspace.
fn root() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).filter(|root| root.join("Cargo.toml").is_file());
    root.map(Path::to_path_buf).ok_or_else(|| format!("the workspace of {} is gone: build it again", here.display()))
}

/// The folder that the programs are built into: the one of this very program.
fn programs() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    this.parent().map(Path::to_path_buf).ok_or_else(|| format!("{} is in no folder", this.display()))
}

fn step(title: &str) {
    println!("\n{title}\n");
}

/// Removes what an earlier demo left, and nothing else.
fn clear(root: &Path, places: &[&str]) -> Result<(), String> {
    let there: Vec<_> = places.iter().copied().filter(|place| root.join(place).exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    println!("$ rm -r {}", there.join(" "));
    there.iter().try_for_each(|place| {
        let path = root.join(place);
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.map_err(|error| format!("{place} cannot be removed: {error}"))
    })
}

/// Shows a command and runs it in the workspace, to its end.
fn start_command(root: &Path, shown: &str, program: &Path, arguments: &[&str]) -> Result<(), String> {
    let line = format!("{shown} {}", arguments.join(" "));
    println!("$ {line}");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| SETTINGS.iter().any(|setting| name.starts_with(setting))) {
            command.env_remove(name);
        }
    }
    let status = command.status().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status}); what it said stands above")) }
}
