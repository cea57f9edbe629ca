//! All files of `docs/aws`: syntax, links, and consistent placeholders.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{folder, json, text, yaml};

/// The step-by-step guides.
const GUIDES: [&str; 2] = ["README.md", "telemetry/README.md"];

/// The files, relative to the folder.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let list = if entry.file_type().unwrap().is_dir() { &mut folders } else { &mut found };
            list.push(entry.path());
        }
    }
    let mut found: Vec<_> = found.iter().map(|path| path.strip_prefix(folder()).unwrap().to_owned()).collect();
    found.sort();
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[test]
fn json_and_yaml_files_are_valid() {
    let files = files();
    for path in &files {
        let name = path.to_str().unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => assert!(json(name).is_object(), "{name}"),
            Some("yaml") => {
                // Top-level keys of Kubernetes, CloudFormation and the collector.
                let known = ["apiVersion", "AWSTemplateFormatVersion", "receivers"];
                let is_known = |document: &Value| known.iter().any(|key| !document[key].is_null());
                assert!(yaml(name).iter().all(is_known), "{name}");
            }
            Some("md") => {}
            _ => panic!("{name}: unknown type of file"),
        }
    }
    assert!(files.iter().filter(|path| has_extension(path, "json")).count() >= 9, "{files:?}");
}

#[test]
fn guides_mention_every_file_and_only_existing_files() {
    let guide = text("README.md");
    for path in files().iter().filter(|path| !has_extension(path, "md")) {
        assert!(guide.contains(path.to_str().unwrap()), "README.md does not mention {}", path.display());
    }
    let all = GUIDES.map(text).concat();
    let words = all.split(|c: char| !(c.is_ascii_alphanumeric() || "-_./$".contains(c)));
    let folders = ["policies/", "buckets/", "telemetry/"];
    for word in words.filter(|word| folders.iter().any(|folder| word.starts_with(folder))) {
        // Expands the variables of shell loops.
        let names = ["process", "report", "raw", "processed", "processor", "reporter"];
        let exists = names.iter().any(|name| {
            let path =
                ["$job", "$bucket", "$policy"].iter().fold(word.to_owned(), |path, part| path.replace(part, name));
            folder().join(path.trim_end_matches('.')).exists()
        });
        assert!(exists, "a guide mentions {word}, which does not exist");
    }
}

/// All files use the same placeholders, so that one `sed` replaces them.
#[test]
fn placeholders_are_the_same_in_all_files() {
    let only = |what: &str, found: BTreeSet<String>, expected: &[&str]| {
        let expected: BTreeSet<String> = expected.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(found, expected, "{what}");
    };
    let all: Vec<(PathBuf, String)> = files().into_iter().map(|path| (path.clone(), text(path))).collect();
    let words = |split: fn(char) -> bool| -> BTreeSet<String> {
        all.iter().flat_map(|(_, text)| text.split(split)).map(str::to_owned).collect()
    };
    let digits = words(|c| !c.is_ascii_digit());
    only(
        "account",
        digits.into_iter().filter(|word| word.len() == 12 && word != "000000000000").collect(),
        &["111122223333"],
    );
    let names = words(|c| !(c.is_ascii_alphanumeric() || c == '-'));
    let region = |word: &&String| {
        let mut parts = word.split('-');
        let first = parts.next().is_some_and(|part| ["eu", "us", "ap", "ca", "sa"].contains(&part));
        // Mentioned because it does not accept a LocationConstraint.
        let special = word.as_str() == "us-east-1";
        !special && first && word.split('-').count() == 3 && word.ends_with(|c: char| c.is_ascii_digit())
    };
    only("region", names.iter().filter(region).cloned().collect(), &["eu-west-3"]);
    let key = |word: &&String| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    only("key", names.iter().filter(key).cloned().collect(), &["00000000-0000-0000-0000-000000000000"]);
    let arns = words(|c| c.is_whitespace() || "\"',`)".contains(c));
    let buckets =
        arns.iter().filter_map(|word| word.strip_prefix("arn:aws:s3:::")).filter(|name| !name.starts_with('$'));
    let buckets = buckets.map(|rest| rest.split('/').next().unwrap_or_default().to_owned()).collect();
    only("buckets", buckets, &["cityflow-raw", "cityflow-processed"]);
}

/// The shell blocks of the guides.
fn commands() -> Vec<String> {
    let guide = GUIDES.map(text).concat();
    let blocks = guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

#[test]
fn shell_blocks_have_valid_syntax() {
    assert!(commands().len() >= 10);
    for block in commands() {
        // -n: parse only.
        let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(block.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn guide_replaces_every_placeholder() {
    let commands = commands().concat();
    for placeholder in [
        "111122223333",
        "eu-west-3",
        "cityflow-raw",
        "cityflow-processed",
        "00000000-0000-0000-0000-000000000000",
        "00000000000000000000000000000000",
        "process",
    ] {
        assert!(commands.contains(&format!("s/{placeholder}/")), "nothing replaces {placeholder}");
    }
}

#[test]
fn guides_have_closed_blocks_and_valid_links() {
    for name in GUIDES {
        let guide = text(name);
        assert_eq!(guide.matches("```").count() % 2, 0, "{name}: a block is not closed");
        let parent = folder().join(name).parent().unwrap().to_owned();
        // Links to other files of the project.
        for part in guide.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with('#') {
                let path = parent.join(target.split('#').next().unwrap_or_default());
                assert!(path.exists(), "{name} links to {target}");
            }
        }
    }
}
