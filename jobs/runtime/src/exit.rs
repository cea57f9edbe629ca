//! The end of a run: the one line of a failure, on stderr and in the pod's termination message, and the exit code.

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
use crate::{progress, settings, telemetry};

/// Where Kubernetes looks for the last words of a container.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// The variable by which tests point elsewhere.
pub const TERMINATION_LOG_VARIABLE: &str = "CITYFLOW_TERMINATION_LOG";

/// Kubernetes keeps at most this much of a termination message.
const LONGEST_MESSAGE: usize = 4096;

/// The thread that ends the process: the first that has something to end it for.
static ENDING: OnceLock<ThreadId> = OnceLock::new();
/// Whether a panic was told.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Waits for ever where another thread ends the process: two ends would cut each other short.
fn claim() {
    let own = std::thread::current().id();
    while *ENDING.get_or_init(|| own) != own {
        std::thread::park();
    }
}

/// Ends a run: tells the failure, if there is one, and gives the exit code for `std::process::exit`.
///
/// At a terminal the line is `error: …`, plain; elsewhere it is one JSON log line with `code`, `key` and `todo` apart. What a run that
/// went well has come to, on one line, is for the Event on its Job, where one was asked for; empty says that there is nothing to tell.
pub fn finish(result: Result<String, Failure>) -> i32 {
    claim();
    end(result)
}

fn end(result: Result<String, Failure>) -> i32 {
    telemetry::finish(&result);
    telemetry::shutdown();
    let code = match &result {
        Ok(_) => 0,
        Err(failure) => {
            tell(failure);
            failure.code as i32
        }
    };
    cluster::record_event(&result);
    code
}

/// Lets the end of this process be told by an Event on its Job, if that is asked for.
pub fn record_event(program: &'static str, asked: bool, job: Option<&str>) {
    if asked {
        cluster::install_recorder(EventRecorder::find(program, job, |name| std::env::var(name).ok()));
    }
}

/// What the parser of the command line has to say: help and version are printed, a mistake becomes the one line of a failure.
///
/// # Errors
/// The mistake, on one line.
pub fn from_clap(job: &'static Job, error: &clap::Error) -> Result<String, Failure> {
    let program = job.name;
    if !error.use_stderr() {
        // A stdout that is gone has nobody to help.
        let _ = error.print();
        return Ok(String::new());
    }
    // The flags cannot be read, so the variables have to say what is wanted.
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    // What was meant to be a command beside a run is no run that has failed.
    let is_run = !std::env::args().any(|word| job.commands.contains(&word.as_str()));
    if is_run {
        telemetry::init(job, variable(telemetry::TRACE_FILE).as_deref().map(Path::new));
    }
    log::init(LogOptions::default());
    if is_run {
        telemetry::start_run(job);
    }
    let wanted = variable("CITYFLOW_EVENTS").is_some_and(|text| settings::switch(&text) == Ok(true));
    record_event(program, wanted, variable("JOB_NAME").as_deref());
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let what = words.join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    Err(Failure::new(Code::Usage, what, "", format!("`{program} --help` shows every setting with an example")))
}

/// Turns a panic in any thread into the one line of a failure, and ends the process with [`Code::Bug`].
///
/// For binaries only: a thread pool that would otherwise swallow the panic, or hang on it, must not leave a run that looks alive.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        // It has nothing to do with the work, which has ended.
        if cluster::is_recorder_thread() || telemetry::is_telemetry_thread() {
            return;
        }
        // The first panic tells; one of work that is still under way when the run has ended changes nothing any more.
        claim();
        // One while telling would only blur it.
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
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
    // One line, whatever the message of the assertion.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::new(Code::Bug, format!("this is a bug ({message})"), place, "Report it with this line and the command")
}

fn tell(failure: &Failure) {
    if log::is_terminal() {
        // A stderr that is gone is no reason to fail in another way.
        let _ = progress::suspended(|| writeln!(std::io::stderr(), "error: {failure}"));
    } else {
        // A run that fails before its settings are read has set up no log yet.
        log::init(LogOptions::default());
        tracing::error!(code = failure.code as i32, key = failure.key, todo = failure.todo, "{failure}");
    }
    let path = std::env::var_os(TERMINATION_LOG_VARIABLE);
    leave_last_words(path.as_deref().map_or(Path::new(TERMINATION_LOG), Path::new), failure);
}

/// Writes the line to the termination message. Kubernetes makes the file; where there is none, nobody reads it.
fn leave_last_words(path: &Path, failure: &Failure) {
    let mut line = failure.to_string();
    line.truncate(line.floor_char_boundary(LONGEST_MESSAGE - 1));
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
    fn done_is_zero_and_a_failure_is_its_code() {
        assert_eq!(finish(Ok(String::new())), 0);
        assert_eq!(finish(Err(failure("there is no such bucket or folder"))), 2);
    }

    #[test]
    fn last_words_replace_what_was_there_and_are_short_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination-log");
        std::fs::write(&path, "of an earlier container, and much longer than the line that follows it".repeat(5))
            .unwrap();
        leave_last_words(&path, &failure("there is no such bucket or folder"));
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "there is no such bucket or folder: s3://nowhere. Create it, or correct the setting that names it\n"
        );
        leave_last_words(&path, &failure("é".repeat(4000)));
        assert!(std::fs::read_to_string(&path).unwrap().len() <= LONGEST_MESSAGE);
    }

    #[test]
    fn last_words_make_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination-log");
        leave_last_words(&path, &failure("x"));
        assert!(!path.exists());
    }
}
