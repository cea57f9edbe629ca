//! `processor`: raw data to metrics documents.

use processor::{args, config::Config, run};
use runtime::exit;
use runtime::failure::{Code, Failure};
use runtime::log::{self, LogOptions};
use runtime::signals::run_until_stopped;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    exit::install_panic_hook();
    let parsed = args::parse();
    log::init(LogOptions { quiet: parsed.cli.settings.quiet, verbose: parsed.cli.settings.verbose });
    std::process::exit(exit::finish(Config::new(parsed).and_then(start)));
}

fn start(config: Config) -> Result<(), Failure> {
    let threads = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(Code::Bug, format!("no threads to run on ({error})"), "", "Report it"))?;
    let ended = threads.block_on(run_until_stopped(run::run(config)));
    // What still computes after a stop is of no use to anybody.
    threads.shutdown_background();
    ended
}
