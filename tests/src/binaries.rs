//! Paths of the built programs: those in `CITYFLOW_BIN_DIR`, else built with Cargo once per test process, in the profile of the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Names a folder of programs that are already built.
pub const FOLDER_VARIABLE: &str = "CITYFLOW_BIN_DIR";

/// The root folder of the Cargo workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the parent folder of tests/")
}

/// The path of a program, such as `processor`.
///
/// # Panics
/// When the workspace does not build, or has no such program.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
        let path = Path::new(&folder).join(name);
        assert!(path.is_file(), "{FOLDER_VARIABLE}={} has no {name}", Path::new(&folder).display());
        return path;
    }
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    BUILT
        .get_or_init(|| build(&profile()))
        .get(name)
        .unwrap_or_else(|| panic!("the workspace has no program {name}"))
        .clone()
}

/// The profile that this test was built with, from the name of its target folder.
fn profile() -> String {
    let this = std::env::current_exe().expect("path of this test");
    let folder =
        this.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "deps")).and_then(Path::parent);
    match folder.and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("debug") | None => "dev".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// Builds all programs of the workspace; name → path.
///
/// # Panics
/// When they do not build.
#[must_use]
pub fn build(profile: &str) -> BTreeMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Cargo sets these for tests. Passed on to another Cargo they look like a change, and half of the workspace is rebuilt.
    for (name, _) in std::env::vars_os().filter(|(name, _)| {
        name.to_str().is_some_and(|name| ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|begin| name.starts_with(begin)))
    }) {
        command.env_remove(name);
    }
    let built = command
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bins",
            "--message-format=json-render-diagnostics",
            "--profile",
            profile,
        ])
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(built.status.success(), "the programs do not build");
    let messages = String::from_utf8(built.stdout).expect("UTF-8 from cargo");
    let artifacts = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let path = PathBuf::from(message.get("executable")?.as_str()?);
        Some((message.get("target")?.get("name")?.as_str()?.to_owned(), path))
    });
    artifacts.collect()
}
