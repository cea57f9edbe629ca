//! The images as they are given away: one static program and nothing else, small, for a user without rights, and said what they are.
//!
//! Needs the archives that `docker/images … --archives` writes, in the folder that `CITYFLOW_TEST_ARCHIVES` names, by default `target/images`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::binaries::workspace;
use acceptance::cluster::{run, skipped};
use serde_json::Value;

/// The most that an image may weigh, bytes.
const LARGEST: u64 = 25_000_000;

/// An archive laid open.
struct Image {
    folder: tempfile::TempDir,
    config: Value,
    layers: Vec<String>,
}

fn tar(args: &[&str], archive: &Path) -> String {
    run(Command::new("tar").args(args).arg("--file").arg(archive)).good()
}

impl Image {
    /// Nothing where there are no archives, which is said.
    fn open(name: &str) -> Option<Self> {
        let folder = std::env::var_os("CITYFLOW_TEST_ARCHIVES").unwrap_or_else(|| "target/images".into());
        let archive = workspace().join(PathBuf::from(folder)).join(format!("{name}.tar"));
        if !archive.is_file() {
            skipped(&format!("there is no image {}", archive.display()));
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

    /// The program inside.
    fn program(&self, name: &str) -> PathBuf {
        for layer in &self.layers {
            tar(&["--extract", "--directory", self.folder.path().to_str().unwrap()], &self.folder.path().join(layer));
        }
        self.folder.path().join(name)
    }
}

#[test]
fn an_image_is_one_static_program_that_says_what_it_is() {
    for name in ["processor", "reporter", "simulator"] {
        let Some(image) = Image::open(name) else { return };
        assert_eq!(image.files(), [name], "nothing beside the program");
        let program = image.program(name);
        let size = std::fs::metadata(&program).unwrap().len();
        println!("{name}: {:.1} MB", size as f64 / 1e6);
        assert!(size <= LARGEST, "{name}: {size} bytes");

        let config = &image.config["config"];
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(config["Entrypoint"], serde_json::json!([format!("/{name}")]));
        for label in ["title", "description", "licenses", "version", "revision"] {
            let text = config["Labels"][format!("org.opencontainers.image.{label}")].as_str().unwrap_or_default();
            assert!(!text.is_empty() && text != "unknown", "{name} has no label {label}");
        }

        // Without a loader: an ELF program that asks for one names it as interpreter.
        let elf = std::fs::read(&program).unwrap();
        assert!(elf.starts_with(b"\x7fELF"));
        assert!(!elf.windows(7).any(|part| part == b"/ld-mus" || part == b"ld-linu"), "{name} asks for a loader");
        let version = run(Command::new(&program).arg("--version").env_clear()).good();
        assert!(version.starts_with(name), "{version}");
    }
}

/// Time zones and the profile are inside: without any file a day has its 25 hours.
#[test]
fn a_program_needs_no_file_of_the_system() {
    let Some(image) = Image::open("processor") else { return };
    let program = image.program("processor");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.env_clear().env("JOB_NAME", "process-29923170").env("TZDIR", "/nowhere").current_dir(folder.path());
    let answer = run(command.args(["--raw", "./none", "--out", "./none"]));
    assert!(!answer.ok);
    assert!(
        answer.stderr.contains("\"day\":\"2026-11-22\""),
        "half past eleven in UTC is the next day in Paris: {}",
        answer.stderr
    );
}
