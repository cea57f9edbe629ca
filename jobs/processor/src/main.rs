//! `processor`: raw data to metrics documents.

use processor::{args, config::Config, run, telemetry::JOB};
use runtime::failure::{Code, Failure};
use runtime::log::{self, LogOptions};
use runtime::signals::run_until_stopped;
use runtime::{exit, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    exit::install_panic_hook();
    std::process::exit(exit::finish(begin()));
}

fn begin() -> Result<String, Failure> {
    match args::parse_from(std::env::args_os()) {
        Err(told) => exit::told_by_the_parser(&JOB, &told),
        Ok(parsed) => {
            let settings = &parsed.cli.settings;
            // Commands beside a run are none.
            let is_run = parsed.cli.command.is_none();
            if is_run {
                telemetry::init(&JOB, settings.trace_file.as_deref());
            }
            log::init(LogOptions { quiet: settings.quiet, verbose: settings.verbose });
            if is_run {
                telemetry::start_run(&JOB);
                telemetry::start_trace(None);
            }
            exit::announce("processor", settings.events && is_run, settings.job_name.as_deref());
            Config::new(parsed).and_then(start)
        }
    }
}

fn start(config: Config) -> Result<String, Failure> {
    let threads = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(Code::Bug, format!("no threads to run on ({error})"), "", "Report it"))?;
    let ended = threads.block_on(telemetry::in_run_span(run_until_stopped(run::run(config))));
    // What still computes after a stop ends with the process; a runtime taken from under it would only make it panic.
    std::mem::forget(threads);
    ended
}
