//! The tidy tables and the CSV reports open in pandas, DuckDB, Polars and LibreOffice, with numbers as numbers and times as times.
//!
//! `tests/tables/open_tables.py` opens them, in a virtual environment with the packages of `requirements.txt`. The environment is kept in
//! Cargo's folder for temporary files, so only the first run downloads them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::binaries::workspace;
use acceptance::documents::sha256;
use acceptance::{TestEnv, tools};
use contract::keys;

const DAY: &str = "2025-11-04";
const TABLES: [&str; 8] =
    ["troncons", "quartiers", "compteurs", "alertes", "perturbations", "chantiers", "capteurs", "qualite"];

/// A simulated day with its report in both languages.
fn reported_day() -> TestEnv {
    let env = TestEnv::in_folder();
    let city = ["--from", "2025-10-31", "--to", DAY, "--arcs", "120", "--counters", "30", "--faults", "all", "--quiet"];
    env.simulator().args(city).succeed();
    env.processor().arg(DAY).succeed();
    for lang in ["fr", "en"] {
        env.reporter().args(["--lang", lang, DAY]).succeed();
    }
    env
}

/// The Python of a virtual environment with the required packages; `None` if they cannot be installed and the test is skipped.
fn python(requirements: &Path) -> Option<PathBuf> {
    let version = sha256(&std::fs::read(requirements).unwrap());
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tables-{}", &version[..16]));
    let (program, complete) = (environment.join("bin/python"), environment.join("complete"));
    if !complete.exists() {
        let made = tools::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        if !made.success {
            tools::skip(&format!("a virtual environment cannot be made: {}", made.text()));
            return None;
        }
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let installed = tools::run(Command::new(&program).args(install).arg(requirements));
        if !installed.success {
            tools::skip(&format!(
                "the packages of {} cannot be installed: {}",
                requirements.display(),
                installed.text()
            ));
            return None;
        }
        std::fs::write(complete, "").unwrap();
    }
    Some(program)
}

#[test]
fn reports_of_both_languages_share_eight_tables() {
    let env = reported_day();
    let found = env.list(&format!("processed/reports/{}", keys::TABLES));
    let mut expected: Vec<_> = TABLES
        .iter()
        .flat_map(|name| ["csv", "parquet"].map(|end| keys::table(DAY.parse().unwrap(), name, end)))
        .map(|key| format!("processed/reports/{key}"))
        .collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn tables_and_reports_open_in_other_programs() {
    if !["python3", "soffice"].into_iter().all(tools::require) {
        return;
    }
    let folder = workspace().join("tests/tables");
    let Some(python) = python(&folder.join("requirements.txt")) else { return };
    let env = reported_day();
    let opened = tools::run(Command::new(python).arg(folder.join("open_tables.py")).arg(env.path("processed/reports")));
    println!("{}", opened.expect_success());
}
