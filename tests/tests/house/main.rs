//! Rules for the source tree: the direction of dependencies and imports, shared lints, names, file sizes, no data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

mod imports;
mod words;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::binaries::workspace;
use serde_json::Value;

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(workspace())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Crate → the crates of the workspace that it depends on, including its dev-dependencies.
fn dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<_> = packages.iter().map(name).collect();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter().map(name);
        all.filter(|dependency| ours.contains(dependency)).collect()
    };
    packages.iter().map(|package| (name(package), of(package))).collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("contract", &[] as &[&str]),
        ("runtime", &["contract", "trace-view"]),
        ("processor", &["contract", "runtime", "trace-view"]),
        ("reporter", &["contract", "runtime"]),
        ("simulator", &["contract", "runtime"]),
        ("acceptance", &["contract", "runtime"]),
        ("bench", &["runtime"]),
        ("demo", &[]),
        ("trace-view", &[]),
    ]);
    let found = dependencies(&metadata());
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, allowed.keys().copied().collect::<Vec<_>>(), "crates of the workspace; enter a new one here");
    for (name, seen) in &found {
        let wrong: Vec<_> = seen.iter().filter(|other| !allowed[name.as_str()].contains(&other.as_str())).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn every_crate_uses_the_workspace_lints() {
    for package in metadata()["packages"].as_array().unwrap() {
        let path = package["manifest_path"].as_str().unwrap();
        let manifest = std::fs::read_to_string(path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{path} has no `[lints] workspace = true`");
    }
}

/// The files below a folder, without build output and downloads.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let skipped = [".git", "target", "data", "demo", "node_modules"];
        if entry.file_type().unwrap().is_dir() {
            if !skipped.iter().any(|skip| name == *skip) {
                files(&entry.path(), found);
            }
        } else {
            found.push(entry.path());
        }
    }
}

fn all_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(workspace(), &mut found);
    found.sort();
    found
}

/// The lines of a source file without its comments and its test module.
fn program_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.map(str::trim).filter(|line| !line.starts_with("//")).map(str::to_owned).collect()
}

#[test]
fn programs_have_no_unwrap_and_unsafe_only_in_scan_mask() {
    let (mut unwraps, mut unsafes) = (Vec::new(), Vec::new());
    let jobs = workspace().join("jobs");
    let sources = all_files()
        .into_iter()
        .filter(|path| path.starts_with(&jobs) && path.extension().is_some_and(|end| end == "rs"));
    for path in sources {
        let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        if parts.iter().any(|part| ["tests", "tests.rs", "sample", "sample.rs"].contains(&part.as_str())) {
            continue;
        }
        // Only this file uses SIMD intrinsics; each `unsafe` block needs a SAFETY comment.
        let allowed = path.ends_with("processor/src/scan/mask.rs");
        if allowed {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.matches("unsafe {").count(), text.matches("// SAFETY: ").count(), "{}", path.display());
        }
        for line in program_lines(&path) {
            if line.contains(".unwrap()") {
                unwraps.push(format!("{}: {line}", path.display()));
            }
            if line.contains("unsafe ") && !line.contains("unsafe_code") && !allowed {
                unsafes.push(format!("{}: {line}", path.display()));
            }
        }
    }

    assert!(unsafes.is_empty(), "{}", unsafes.join("\n"));
    assert!(unwraps.is_empty(), "{}", unwraps.join("\n"));
}

#[test]
fn source_files_are_short_and_have_module_docs() {
    const MAX_LINES: usize = 400;
    let mut wrong = Vec::new();
    for path in all_files().iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !text.starts_with("//!") && name != "tests.rs" {
            wrong.push(format!("{}: no module documentation", path.display()));
        }
        if ["util.rs", "utils.rs", "common.rs", "helpers.rs", "misc.rs"].contains(&name.as_str()) {
            wrong.push(format!("{}: a file name without a topic", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn repository_contains_no_data_files() {
    // Larger files are data, except for the generated schemas and the lock file.
    const MAX_BYTES: u64 = 256 * 1024;
    let data = ["csv", "gz", "zst", "jsonl", "parquet", "xlsx", "zip"];
    for path in all_files() {
        let relative = path.strip_prefix(workspace()).unwrap();
        let end = path.extension().map(|end| end.to_string_lossy().into_owned()).unwrap_or_default();
        assert!(!data.contains(&end.as_str()), "{} is a data file", relative.display());
        let size = std::fs::metadata(&path).unwrap().len();
        let allowed = relative.starts_with("docs/schema") || relative == Path::new("Cargo.lock");
        assert!(size <= MAX_BYTES || allowed, "{} has {size} bytes", relative.display());
    }
}
