//! `simulator`: writes a synthetic city. Unlike the jobs it has no telemetry and needs no orderly end, so it does not use `runtime::job`.

use clap::Parser as _;
use simulator::args::Args;

fn main() {
    runtime::exit::install_panic_hook();
    let result = match Args::try_parse() {
        Ok(args) => args.config().and_then(|config| simulator::run(&config)),
        // Help and version.
        Err(error) if !error.use_stderr() => runtime::output::written(error.print()),
        Err(error) => error.exit(),
    };
    std::process::exit(runtime::exit::finish(result.map(|()| String::new())));
}
