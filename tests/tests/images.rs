//! The container images: a single static program, small, with a non-root user and labels.
//!
//! Requires the archives that `docker/images … --archives` writes, in the folder `CITYFLOW_TEST_ARCHIVES` (default: `target/images`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::binaries::workspace;
use acceptance::tools::{self, run};
use serde_json::Value;

/// Maximum size of a program, in bytes.
const MAX_SIZE: u64 = 25_000_000;

/// An extracted archive.
struct Image {
    folder: tempfile::TempDir,
    config: Value,
    layers: Vec<String>,
}

fn tar(args: &[&str], archive: &Path) -> String {
    run(Command::new("tar").args(args).arg("--file").arg(archive)).expect_success()
}

impl Image {
    /// `None` without archives; the test is then skipped.
    fn open(name: &str) -> Option<Self> {
        let folder = std::env::var_os("CITYFLOW_TEST_ARCHIVES").unwrap_or_else(|| "target/images".into());
        let archive = workspace().join(PathBuf::from(folder)).join(format!("{name}.tar"));
        if !archive.is_file() {
            tools::skip(&format!("{} does not exist", archive.display()));
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        tar(&["--extract", "--directory", folder.path().to_str().unwrap()], &archive);
        let read = |path: &str| -> Value {
            serde_json::from_slice(&std::fs::read(folder.path().join(path)).unwrap()).unwrap()
        };
        let manifest = read("manifest.json");
        let config = read(manifest[0]["Config"].as_str().unwrap());
        let layers = manifest[0]["Layers"].as_array().unwrap();
        let layers = layers.iter().map(|layer| layer.as_str().unwrap().to_owned()).collect();
        Some(Self { folder, config, layers })
    }

    /// The files of all layers.
    fn files(&self) -> Vec<String> {
        let list = |layer: &String| tar(&["--list"], &self.folder.path().join(layer));
        let lines = self.layers.iter().map(list).collect::<String>();
        lines.lines().filter(|path| !path.ends_with('/')).map(|path| path.trim_start_matches("./").to_owned()).collect()
    }

    /// Extracts a program.
    fn program(&self, name: &str) -> PathBuf {
        for layer in &self.layers {
            tar(&["--extract", "--directory", self.folder.path().to_str().unwrap()], &self.folder.path().join(layer));
        }
        self.folder.path().join(name)
    }
}

#[test]
fn image_is_one_static_program_with_user_and_labels() {
    for name in ["processor", "reporter", "simulator"] {
        let Some(image) = Image::open(name) else { return };
        assert_eq!(image.files(), [name], "the image contains only the program");
        let program = image.program(name);
        let size = std::fs::metadata(&program).unwrap().len();
        println!("{name}: {:.1} MB", size as f64 / 1e6);
        assert!(size <= MAX_SIZE, "{name}: {size} bytes");

        let config = &image.config["config"];
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(config["Entrypoint"], serde_json::json!([format!("/{name}")]));
        for label in ["title", "description", "licenses", "version", "revision"] {
            let text = config["Labels"][format!("org.opencontainers.image.{label}")].as_str().unwrap_or_default();
            assert!(!text.is_empty() && text != "unknown", "{name} has no label {label}");
        }

        // A dynamically linked ELF program contains the path of its loader.
        let elf = std::fs::read(&program).unwrap();
        assert!(elf.starts_with(b"\x7fELF"));
        assert!(!elf.windows(7).any(|part| part == b"/ld-mus" || part == b"ld-linu"), "{name} is dynamically linked");
        let version = run(Command::new(&program).arg("--version").env_clear()).expect_success();
        assert!(version.starts_with(name), "{version}");
    }
}

/// Time zones and the city profile are compiled in.
#[test]
fn program_needs_no_system_files() {
    let Some(image) = Image::open("processor") else { return };
    let program = image.program("processor");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("JOB_NAME", "process-29923170")
        .env("CITYFLOW_NOW", "2026-11-22T23:31:00Z")
        .env("TZDIR", "/nowhere")
        .current_dir(folder.path());
    let output = run(command.args(["--raw", "./none", "--out", "./none"]));
    assert!(!output.success);
    assert!(output.stderr.contains("\"day\":\"2026-11-22\""), "23:30 UTC is the next day in Paris: {}", output.stderr);
}
