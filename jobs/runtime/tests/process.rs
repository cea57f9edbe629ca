//! The end of a process: exit code, line on stderr, termination message. Each test starts `process/child.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

struct Child {
    command: Command,
    folder: tempfile::TempDir,
}

impl Child {
    fn new(role: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("termination-log"), "").unwrap();
        // Built with the tests as an example, next to the folder of this program.
        let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/child");
        let mut command = Command::new(program);
        command.arg(role).env_clear();
        command.env("CITYFLOW_TERMINATION_LOG", folder.path().join("termination-log")).env("HOME", folder.path());
        command.env("AWS_EC2_METADATA_DISABLED", "true").stdout(Stdio::null()).stderr(Stdio::piped());
        Self { command, folder }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn run(mut self) -> (i32, Vec<serde_json::Value>, String) {
        let output = self.command.output().unwrap();
        self.read(output)
    }

    fn read(self, output: Output) -> (i32, Vec<serde_json::Value>, String) {
        let text = String::from_utf8(output.stderr).unwrap();
        let lines = text.lines().filter(|line| *line != "ready");
        let events =
            lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
        let words = std::fs::read_to_string(self.folder.path().join("termination-log")).unwrap();
        (output.status.code().unwrap(), events, words)
    }
}

#[test]
fn failure_is_one_json_line_and_the_termination_message() {
    let (code, events, words) = Child::new("usage").run();
    assert_eq!(code, 2);
    let line = "there is no day 2025-02-30: REPORT_DATE. Write a day like 2025-11-03";
    assert_eq!(words, format!("{line}\n"));
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    assert_eq!((&event["message"], &event["level"], &event["code"]), (&line.into(), &"error".into(), &2.into()));
    assert!(chrono::DateTime::parse_from_rfc3339(event["time"].as_str().unwrap()).is_ok());
}

#[test]
fn second_log_setup_changes_nothing() {
    let (code, events, _) = Child::new("log").run();
    assert_eq!((code, events.len()), (0, 1), "{events:?}");
    assert_eq!((&events[0]["key"], &events[0]["todo"]), (&"key".into(), &"Wait".into()));
}

#[test]
fn invalid_rust_log_is_reported() {
    let (code, events, _) = Child::new("usage").env("RUST_LOG", "runtime=loud").run();
    assert_eq!((code, events.len()), (2, 2), "{events:?}");
    assert_eq!(events[0]["RUST_LOG"], "runtime=loud");
}

#[test]
fn panic_in_any_thread_ends_the_process_as_a_bug() {
    let (code, events, words) = Child::new("panic").run();
    assert_eq!((code, events.len()), (70, 1), "{events:?}");
    assert!(words.starts_with("this is a bug (two lines): ") && words.contains("child.rs:"), "{words}");
    assert_eq!(words.lines().count(), 1);
}

#[test]
fn panic_after_the_end_does_not_end_the_run_twice() {
    for _ in 0..50 {
        let (code, events, words) = Child::new("late-panic").run();
        // Only the first of the two is reported, and it determines the code.
        let expected = if code == 70 { "this is a bug (late)" } else { "the end: key. Wait" };
        assert!((code == 70 || code == 75) && words.starts_with(expected), "{code}: {words}");
        assert_eq!((events.len(), &events[0]["code"]), (1, &code.into()), "{events:?}");
    }
}

#[test]
fn both_signals_end_the_process_with_143() {
    use std::io::{BufRead, BufReader, Read};
    for (signal, name) in [(rustix::process::Signal::TERM, "SIGTERM"), (rustix::process::Signal::INT, "SIGINT")] {
        let mut child = Child::new("wait");
        let mut process = child.command.spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        rustix::process::kill_process(rustix::process::Pid::from_child(&process), signal).unwrap();
        let mut rest = Vec::new();
        stderr.read_to_end(&mut rest).unwrap();
        let status = process.wait().unwrap();
        let (code, events, words) = child.read(Output { status, stdout: Vec::new(), stderr: rest });
        assert_eq!((code, events.len()), (143, 1), "{events:?}");
        assert!(words.starts_with(&format!("received {name}")), "{words}");
    }
}

/// Runs a child whose stdout and stderr are a terminal of 60 columns, and interrupts it once it shows `until`. Returns its exit code and all
/// that the terminal received.
fn at_terminal(role: &str, until: Option<&str>, variables: &[(&str, &str)]) -> (i32, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read as _;
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let open = || std::fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
    let mut child = Child::new(role);
    child.command.env("TERM", "xterm-256color").stdout(open()).stderr(open());
    for (name, value) in variables {
        child.command.env(name, value);
    }
    let mut process = child.command.spawn().unwrap();
    // The child holds the only other end, so that its end is that of the output.
    drop(child);
    let mut master = std::fs::File::from(master);
    let (mut shown, mut interrupted) = (Vec::new(), until.is_none());
    let mut bytes = [0; 4096];
    // Linux ends the output of a terminal whose last program is gone with an error.
    while let Ok(read @ 1..) = master.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..read]);
        if !interrupted && until.is_some_and(|until| String::from_utf8_lossy(&shown).contains(until)) {
            interrupted = true;
            rustix::process::kill_process(rustix::process::Pid::from_child(&process), rustix::process::Signal::INT)
                .unwrap();
        }
    }
    (process.wait().unwrap().code().unwrap(), String::from_utf8(shown).unwrap())
}

#[test]
fn interrupted_run_leaves_no_bar_at_the_terminal() {
    let (code, shown) = at_terminal("bars", Some("reading"), &[]);
    assert_eq!(code, 143);
    let (_, end) = shown.rsplit_once("error:").unwrap();
    assert!(end.contains("received SIGINT") && !end.contains("comptages") && !end.contains("reading"), "{end:?}");
}

#[test]
fn mistakes_are_a_list_of_whole_words_at_a_terminal() {
    let (code, shown) = at_terminal("mistakes", None, &[("NO_COLOR", "1")]);
    assert_eq!(code, 2);
    let expected = "error: 2 invalid settings:\r\n  - --lang (CITYFLOW_LANG): \"de\" is not a supported\r\n    language; write fr or en\r\n  \
                    - --wait (CITYFLOW_WAIT): \"soon\" is not a duration; write\r\n    one such as 40m, 90s or 1h\r\nCorrect the settings\r\n";
    assert_eq!(shown, expected);
    let (_, coloured) = at_terminal("mistakes", None, &[]);
    assert!(coloured.starts_with("\u{1b}[31m"), "{coloured:?}");
}

#[test]
fn no_span_outlives_its_parent_when_the_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    // One run in about twenty would show a span that ends at the wrong moment.
    let (mut whole, mut late) = (0, 0);
    while whole < 150 {
        let path = folder.path().join(format!("{whole}-{late}.ndjson"));
        let child = Child::new("steps").env(runtime::telemetry::TRACE_FILE, path.to_str().unwrap());
        // Room for all spans at once.
        let (code, events, _) = child.env("OTEL_BSP_MAX_QUEUE_SIZE", "4096").run();
        assert_eq!(code, 0, "{events:?}");
        // On a busy machine the child may not write its file in time, of which it warns; such a run is repeated.
        if events
            .iter()
            .any(|event| event["message"].as_str().unwrap().contains("not everything could be sent or written"))
        {
            late += 1;
            assert!(late < 20, "{events:?}");
            continue;
        }
        whole += 1;
        let found = trace_view::read(std::fs::read(&path).unwrap().as_slice()).unwrap();
        assert_eq!((found.traces.len(), found.unreadable.len(), found.cut_off), (1, 0, false));
        let spans: BTreeMap<_, _> = found.traces[0].spans.iter().map(|span| (span.id.as_str(), span)).collect();
        assert!(spans.len() > 200, "{}", spans.len());
        for span in spans.values() {
            let Some(parent) = &span.parent else { continue };
            let parent = spans[parent.as_str()];
            assert!(parent.start <= span.start && span.end <= parent.end, "{span:?} is not within {parent:?}");
        }
    }
}

#[test]
fn invalid_clock_is_an_error() {
    assert_eq!(Child::new("clock").env("CITYFLOW_NOW", "2025-11-04T02:30:00+01:00").run().0, 0);
    assert_eq!(Child::new("clock").env("CITYFLOW_NOW", "yesterday").run().0, 2);
}

#[test]
fn missing_region_is_reported_with_its_variable() {
    let (code, _, words) = Child::new("s3://cityflow-raw").run();
    assert_eq!(code, 2);
    assert_eq!(words, "no AWS region is set: AWS_REGION. Set it to the bucket's region, e.g. AWS_REGION=eu-west-3\n");
}

#[test]
fn missing_credentials_are_reported_as_access_denied() {
    let (code, _, words) = Child::new("s3://cityflow-raw").env("AWS_REGION", "eu-west-3").run();
    assert_eq!(code, 2, "{words}");
    assert!(
        words.starts_with("access denied (no AWS credentials were found") && words.contains("s3://cityflow-raw"),
        "{words}"
    );
}

#[test]
fn custom_endpoint_needs_no_region() {
    // Nothing listens on the port: the error must not be about the region, and the SDK's setting limits the attempts.
    let child = Child::new("s3://cityflow-raw").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let child = child.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("AWS_MAX_ATTEMPTS", "1");
    let (code, _, words) = child.run();
    assert_eq!(code, 69, "{words}");
    assert!(words.contains("could not be reached") && words.contains("Connection refused"), "{words}");
}

#[test]
fn invalid_sdk_setting_is_a_usage_error() {
    for (name, value) in [("AWS_MAX_ATTEMPTS", "zero"), ("AWS_ENDPOINT_URL", "localhost:9000")] {
        let (code, _, words) = Child::new("s3://cityflow-raw").env("AWS_REGION", "eu-west-3").env(name, value).run();
        assert_eq!(code, 2, "{words}");
        assert!(words.contains(name) && words.contains(value), "{words}");
    }
}

#[test]
fn missing_folder_is_a_usage_error() {
    let (code, _, words) = Child::new("./no/such/folder").run();
    assert_eq!(code, 2);
    assert!(words.starts_with("there is no such bucket or folder: ./no/such/folder. "), "{words}");
}
