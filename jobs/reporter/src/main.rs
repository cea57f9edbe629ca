//! The `reporter` binary: settings, run, exit code.

use reporter::args::Args;
use reporter::config::{self, Config};
use reporter::run;
use runtime::failure::Failure;
use runtime::{clock, exit, log};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    exit::install_panic_hook();
    std::process::exit(exit::finish(begin()));
}

fn begin() -> Result<String, Failure> {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(told) => return exit::told_by_the_parser("reporter", &told),
    };
    // Before anything can go wrong, so that a wrong setting is told as well.
    exit::announce("reporter", args.command.is_none() && config::announces(&args), args.job_name.as_deref());
    let config = Config::new(&args, clock::now()?)?;
    log::init(config.log);
    run::until_stopped(config)
}
