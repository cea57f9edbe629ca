//! Mistakes on the command line, and output that nobody or nothing takes.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::process::{Command, Stdio};

use acceptance::{TestEnv, binaries};

/// Runs a program in an empty folder without any setting. Returns its exit code and stderr.
fn run(program: &str, args: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(binaries::program(program))
        .args(args)
        .env_clear()
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn mistake_names_what_was_probably_meant() {
    for (program, args, part) in [
        ("processor", ["statsu"].as_slice(), "the nearest command is `processor status`"),
        ("reporter", &["chek"], "the nearest command is `reporter check`"),
        ("processor", &["2025-11-04", "status"], "`processor status 2025-11-04`"),
        ("processor", &["--raw", "cityflow-raw", "2025-11-03"], "a bucket is written s3://cityflow-raw"),
        ("processor", &["--lookback", "-1", "2025-11-03"], "0 to 366"),
        ("processor", &["--param", "comptages.congestion_tau=70", "2025-11-03"], "comptages.congestion_taux"),
        ("processor", &["--param", "comptages.congestion_taux=800", "2025-11-03"], "expected 0 to 100 %"),
        ("processor", &["status", "yesterdy"], "yesterday"),
    ] {
        let (code, stderr) = run(program, args);
        assert_eq!(code, 2, "{program} {args:?}: {stderr}");
        assert!(stderr.contains(part), "{program} {args:?}: {stderr}");
    }
}

#[test]
fn relative_days_are_days() {
    let env = TestEnv::in_folder();
    for day in ["today", "yesterday", "today-3", "today-9..yesterday"] {
        // The folder is empty, so there is no input, and the day was understood.
        env.processor().arg(day).run().expect_exit(66);
    }
}

#[test]
fn output_that_cannot_be_written_is_exit_code_69() {
    for (program, args) in [
        ("processor", ["params"].as_slice()),
        ("processor", &["--help"]),
        ("reporter", &["--version"]),
        ("simulator", &["-h"]),
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(binaries::program(program)).args(args).env_clear().stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{program} {args:?}: {stderr}");
        assert!(stderr.contains("the output cannot be written"), "{program} {args:?}: {stderr}");
    }
}

#[test]
fn closed_pipe_ends_a_command_quietly() {
    for (program, args) in [("processor", ["params"].as_slice()), ("processor", &["--help"]), ("reporter", &["--help"])]
    {
        let mut child = Command::new(binaries::program(program))
            .args(args)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Closed before the program writes, or while it does.
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{program} {args:?}");
    }
}

#[test]
fn parameters_are_listed_although_a_setting_is_wrong() {
    let output = Command::new(binaries::program("processor"))
        .arg("params")
        .env_clear()
        .env("CITYFLOW_PARAMS", "comptages.congestion_tau=70")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && stdout.contains("comptages.congestion_taux=80.0 % (0 to 100)"), "{stdout}");
}
