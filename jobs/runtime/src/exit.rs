//! The end of a process: a failure as one line on stderr and in the termination message of the pod, and the exit code.
//!
//! A process ends once: the first thread that ends it, with a result or a panic, wins; every other one is parked.

use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

use crate::cluster::{self, EventRecorder};
use crate::failure::{Code, Failure};
use crate::log::{self, LogOptions};
use crate::telemetry::Job;
use crate::terminal::Tone;
use crate::{output, progress, settings, telemetry, terminal};

/// The file from which Kubernetes takes the termination message of a container.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// Set by tests to another file than [`TERMINATION_LOG`].
pub const TERMINATION_LOG_VARIABLE: &str = "CITYFLOW_TERMINATION_LOG";

/// Kubernetes keeps at most this many bytes.
const MAX_MESSAGE: usize = 4096;

/// The thread that ends the process.
static ENDING: OnceLock<ThreadId> = OnceLock::new();
/// Whether a panic was reported.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Returns in the thread that ends the process, and blocks every other thread: two of them would interrupt each other.
fn claim_end() {
    let own = std::thread::current().id();
    while *ENDING.get_or_init(|| own) != own {
        std::thread::park();
    }
}

/// Ends a run: sends telemetry, reports the failure, records the Event, and returns the exit code for `std::process::exit`.
///
/// In a log of text a failure is `error: …`, in one of JSON a line with the fields `code`, `key` and `todo`. The summary
/// of a successful run is for the Event only; an empty one records none.
pub fn finish(result: Result<String, Failure>) -> i32 {
    claim_end();
    end(result)
}

fn end(result: Result<String, Failure>) -> i32 {
    progress::end();
    telemetry::finish(&result);
    telemetry::shutdown();
    let code = match &result {
        Ok(_) => 0,
        Err(failure) => {
            report(failure);
            failure.code as i32
        }
    };
    cluster::record_event(&result);
    code
}

/// Prepares the Event on the Job for the end of this process, if it is `requested`.
pub fn record_event(program: &'static str, requested: bool, job: Option<&str>) {
    if requested {
        cluster::install_recorder(EventRecorder::find(program, job, |name| std::env::var(name).ok()));
    }
}

/// Handles a result of clap that is not a command line: prints help and version, and turns a mistake into a failure.
///
/// # Errors
/// [`Code::Usage`] with the mistake on one line.
pub fn from_clap(job: &'static Job, error: &clap::Error) -> Result<String, Failure> {
    let program = job.name;
    if !error.use_stderr() {
        return output::written(error.print()).map(|()| String::new());
    }
    // The flags are unknown, so only the variables count.
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    // A command such as `check` has neither telemetry nor an Event.
    let is_run = !std::env::args().any(|word| job.commands.contains(&word.as_str()));
    if is_run {
        telemetry::init(job, variable(telemetry::TRACE_FILE).as_deref().map(Path::new));
    }
    log::init(LogOptions::default());
    if is_run {
        telemetry::start_run(job);
    }
    let event_requested = variable("CITYFLOW_EVENTS").is_some_and(|text| settings::switch(&text) == Ok(true));
    record_event(program, event_requested, variable("JOB_NAME").as_deref());
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let what = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    Err(Failure::new(Code::Usage, what, "", format!("Run `{program} --help` for all settings with examples")))
}

/// Makes a panic in any thread end the process with [`Code::Bug`], reported like any failure.
///
/// For binaries only. Without it, a thread pool could swallow the panic or hang, and the run would look alive.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        // The threads that send telemetry and the Event run after the work; their panics must not change its result.
        if cluster::is_recorder_thread() || telemetry::is_telemetry_thread() {
            return;
        }
        // Blocks if the run has ended: a panic in leftover work must not change its result.
        claim_end();
        // A second panic of the same thread happened while it reported the first.
        if !PANICKED.swap(true, Ordering::SeqCst) {
            std::process::exit(end(Err(bug(info))));
        }
    }));
}

fn bug(info: &PanicHookInfo<'_>) -> Failure {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    let location = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
    // The message of an assertion has several lines.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::new(Code::Bug, format!("this is a bug ({message})"), location, "Report it with this line and the command")
}

fn report(failure: &Failure) {
    if log::is_text() {
        let text = format!("{} {}", Tone::Bad.paint_stderr("error:"), failure.lines());
        // A closed stderr must not cause another failure.
        let columns = if log::is_terminal() { terminal::columns() } else { usize::MAX };
        let _ = writeln!(std::io::stderr(), "{}", terminal::wrap(&text, columns, 2));
    } else {
        // A run that fails before its settings are parsed has no log yet.
        log::init(LogOptions::default());
        tracing::error!(code = failure.code as i32, key = failure.key, todo = failure.todo, "{failure}");
    }
    let path = std::env::var_os(TERMINATION_LOG_VARIABLE);
    write_termination_message(path.as_deref().map_or(Path::new(TERMINATION_LOG), Path::new), failure);
}

/// Kubernetes creates the file; without it, nobody reads the message.
fn write_termination_message(path: &Path, failure: &Failure) {
    let mut line = failure.to_string();
    line.truncate(line.floor_char_boundary(MAX_MESSAGE - 1));
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).truncate(true).open(path) {
        let _ = writeln!(file, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(what: impl Into<String>) -> Failure {
        Failure::new(Code::Usage, what, "s3://nowhere", "Create it, or correct the setting that names it")
    }

    #[test]
    fn exit_code_is_zero_or_that_of_the_failure() {
        assert_eq!(finish(Ok(String::new())), 0);
        assert_eq!(finish(Err(failure("there is no such bucket or folder"))), 2);
    }

    #[test]
    fn termination_message_replaces_the_earlier_one_and_is_short_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination-log");
        std::fs::write(&path, "of an earlier container, and much longer than the line that follows it".repeat(5))
            .unwrap();
        write_termination_message(&path, &failure("there is no such bucket or folder"));
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "there is no such bucket or folder: s3://nowhere. Create it, or correct the setting that names it\n"
        );
        write_termination_message(&path, &failure("é".repeat(4000)));
        assert!(std::fs::read_to_string(&path).unwrap().len() <= MAX_MESSAGE);
    }

    #[test]
    fn termination_message_does_not_create_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination-log");
        write_termination_message(&path, &failure("x"));
        assert!(!path.exists());
    }
}
