//! The simulator: parse, run, exit code.

use clap::Parser as _;
use simulator::args::Args;

fn main() {
    runtime::exit::install_panic_hook();
    let args = Args::parse();
    let result = args.config().and_then(|config| simulator::run(&config));
    std::process::exit(runtime::exit::finish(result.map(|()| String::new())));
}
