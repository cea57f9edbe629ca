//! The `reporter` binary: settings, run, exit code.

use reporter::{args::Args, config::Config, run};
use runtime::failure::Failure;
use runtime::{clock, exit, log};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    exit::install_panic_hook();
    std::process::exit(exit::finish(begin()));
}

fn begin() -> Result<(), Failure> {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(told) => return exit::told_by_the_parser("reporter", &told),
    };
    let config = Config::new(&args, clock::now()?)?;
    log::init(config.log);
    run::until_stopped(config)
}
