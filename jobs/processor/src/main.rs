//! `processor`: raw data to metrics documents.

use processor::{args::Cli, command, config::Config, telemetry::JOB};
use runtime::{clock, job, telemetry};

/// The images link musl, whose allocator has one lock for all parsing threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    job::main(&JOB, |cli: Cli| {
        telemetry::start_trace(None);
        Ok(command::execute(Config::new(cli, clock::now()?)?))
    })
}
