//! `reporter`: metrics documents to the daily report.

use reporter::{args::Args, config::Config, run, telemetry::JOB};
use runtime::{clock, job};

fn main() {
    job::main(&JOB, |args: Args| Ok(run::run(Config::new(&args, clock::now()?)?)))
}
