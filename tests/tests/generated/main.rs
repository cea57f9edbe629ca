//! Committed files that are generated from the code: JSON schemas of the documents, and `--help` of the programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Command;

use acceptance::{binaries, golden, tools};

#[test]
fn schemas_match_the_types_of_the_contract() {
    for (name, schema) in contract::schema::all() {
        golden::check(&format!("docs/schema/{name}"), &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}

/// `--help` in an empty environment, which would otherwise change the width and the default values.
fn help(program: &str, command: Option<&str>) -> String {
    let mut process = Command::new(binaries::program(program));
    tools::run(process.env_clear().args(command).arg("--help")).expect_success()
}

/// The commands in the help of a program.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that continues on the next line is indented further.
    let names = lines
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().filter(|_| !line.starts_with("   ")));
    names.filter(|name| *name != "help").collect()
}

#[test]
fn help_texts_match_the_committed_files() {
    for (program, expected) in [
        ("processor", &["check", "completions", "man", "params", "status", "trace"] as &[_]),
        ("reporter", &["check", "completions", "man"]),
        ("simulator", &["completions", "man"]),
    ] {
        let text = help(program, None);
        let mut names = commands(&text);
        names.sort_unstable();
        assert_eq!(names, expected, "{program}");
        golden::check(&format!("tests/tests/generated/help/{program}.txt"), &text);
        let short = tools::run(Command::new(binaries::program(program)).env_clear().arg("-h")).expect_success();
        golden::check(&format!("tests/tests/generated/help/{program}-short.txt"), &short);
        for text in [&text, &short] {
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
        // The same in each program.
        for name in names.into_iter().filter(|name| !["completions", "man"].contains(name) || program == "processor") {
            golden::check(&format!("tests/tests/generated/help/{program}-{name}.txt"), &help(program, Some(name)));
        }
    }
}
