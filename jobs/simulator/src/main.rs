//! `simulator`: writes a synthetic city. Unlike the jobs it has no telemetry and needs no orderly end, so it does not use `runtime::job`.

use runtime::output;
use runtime::settings::command_line::{self, CommandLine};
use simulator::args::{Args, HELP};

fn main() {
    runtime::exit::install_panic_hook();
    let result = match command_line::parse::<Args>(&HELP) {
        Ok(CommandLine::Args(args)) => args.config().and_then(|config| simulator::run(&config)),
        Ok(CommandLine::Text(text)) => output::written_bytes(&text),
        // Help and version.
        Err(error) if !error.use_stderr() => output::written(error.print()),
        Err(error) => error.exit(),
    };
    std::process::exit(runtime::exit::finish(result.map(|()| String::new())));
}
