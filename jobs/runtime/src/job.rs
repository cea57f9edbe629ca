//! The `main` of a job: everything between the start of the process and its exit code.
//!
//! ```text
//! panic hook -> arguments -> telemetry -> log -> Event -> configuration -> work, until it ends or a signal comes -> exit code
//! ```
//!
//! Telemetry and the log come before the configuration, so that an invalid setting reaches both.

use std::future::Future;

use crate::failure::{Code, Failure};
use crate::settings::JobArgs;
use crate::settings::command_line::{self, CommandLine};
use crate::signals::run_until_interrupted;
use crate::telemetry::{self, Job};
use crate::{exit, log, output};

/// Runs a job and ends the process with its exit code. `start` makes the job's work of its arguments; the work yields a summary on one line
/// for the Event, or an empty string.
pub fn main<A: JobArgs, W>(job: &'static Job, start: impl FnOnce(A) -> Result<W, Failure>) -> !
where
    W: Future<Output = Result<String, Failure>>,
{
    exit::install_panic_hook();
    std::process::exit(exit::finish(run(job, start)))
}

fn run<A: JobArgs, W>(job: &'static Job, start: impl FnOnce(A) -> Result<W, Failure>) -> Result<String, Failure>
where
    W: Future<Output = Result<String, Failure>>,
{
    let args = match command_line::parse::<A>(&A::HELP) {
        Ok(CommandLine::Args(args)) => args,
        Ok(CommandLine::Text(text)) => return output::written_bytes(&text).map(|()| String::new()),
        Err(error) => return exit::from_clap(job, &error),
    };
    let settings = args.shared();
    let is_run = args.is_run();
    if is_run {
        telemetry::init(job, settings.trace_file());
    }
    log::init(settings.log());
    if is_run {
        telemetry::start_run(job);
    }
    let event_requested = is_run && settings.events.value() == Some(&true);
    exit::record_event(job.name, event_requested, settings.job_name.as_deref());
    let work = start(args)?;
    let threads = tokio::runtime::Runtime::new().map_err(|error| {
        Failure::new(
            Code::Unavailable,
            format!("the threads of the job cannot be started ({error})"),
            "",
            "Raise the limits of processes and open files",
        )
    })?;
    let result = threads.block_on(telemetry::in_run_span(run_until_interrupted(work)));
    // After a signal, blocking work may still run; it ends with the process. Dropping the runtime would wait for it, and its tasks would
    // panic.
    std::mem::forget(threads);
    result
}
