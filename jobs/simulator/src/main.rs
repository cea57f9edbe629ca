//! `simulator`: writes a synthetic city. Unlike the jobs it has no telemetry and needs no orderly end, so it does not use `runtime::job`.

use clap::Parser as _;
use simulator::args::Args;

fn main() {
    runtime::exit::install_panic_hook();
    let result = Args::parse().config().and_then(|config| simulator::run(&config));
    std::process::exit(runtime::exit::finish(result.map(|()| String::new())));
}
