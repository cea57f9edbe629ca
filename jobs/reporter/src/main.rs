//! The `reporter` binary: settings, run, exit code.

use reporter::args::Args;
use reporter::config::{self, Config};
use reporter::run;
use reporter::telemetry::JOB;
use runtime::failure::Failure;
use runtime::{clock, exit, log, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    exit::install_panic_hook();
    std::process::exit(exit::finish(begin()));
}

fn begin() -> Result<String, Failure> {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(told) => return exit::told_by_the_parser(&JOB, &told),
    };
    // Commands beside a run are none.
    let is_run = args.command.is_none();
    // Before anything can go wrong, so that a wrong setting is told as well.
    if is_run {
        telemetry::init(&JOB, args.trace_file.as_deref());
    }
    log::init(config::log_options(&args));
    if is_run {
        telemetry::start_run(&JOB);
    }
    exit::announce("reporter", is_run && config::announces(&args), args.job_name.as_deref());
    let config = Config::new(&args, clock::now()?)?;
    run::until_stopped(config)
}
