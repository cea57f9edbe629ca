//! `peers`: what the benchmark measures the processor against and nobody else provides.
//!
//! Each peer does less than the processor, so that the ratio says what the rest costs. None of them is part of the product.

#![allow(clippy::print_stdout, reason = "a peer says what it has done, so that a run that did nothing shows")]

mod fetch;
mod totals;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use runtime::failure::{Code, Failure};

/// Peers of the processor, for the benchmark.
#[derive(Debug, Parser)]
struct Peers {
    #[command(subcommand)]
    peer: Peer,
}

#[derive(Debug, Subcommand)]
enum Peer {
    /// Counts rows and sums flow and occupancy per arc and local day, with the `csv` crate on one thread.
    Csv {
        /// Road counts, an export with labels.
        file: PathBuf,
    },
    /// Reads one object in ranges and throws them away.
    Download {
        /// The store: s3://bucket/prefix or a folder.
        store: String,
        /// The object's key in it.
        key: String,
        #[command(flatten)]
        pace: fetch::Pace,
    },
    /// Reads every object below a prefix whole and throws them away.
    Objects {
        /// The store: s3://bucket/prefix or a folder.
        store: String,
        /// The prefix in it.
        prefix: String,
        #[command(flatten)]
        pace: fetch::Pace,
    },
}

fn main() {
    runtime::exit::install_panic_hook();
    std::process::exit(runtime::exit::finish(run(Peers::parse().peer).map(|()| String::new())));
}

fn run(peer: Peer) -> Result<(), Failure> {
    match peer {
        Peer::Csv { file } => totals::totals(&file).map(|told| println!("{told}")),
        Peer::Download { store, key, pace } => on_a_runtime(fetch::download(&store, &key, pace)),
        Peer::Objects { store, prefix, pace } => on_a_runtime(fetch::objects(&store, &prefix, pace)),
    }
}

/// The processor's own kind of runtime: the comparison is of what is done on it.
fn on_a_runtime(work: impl Future<Output = Result<fetch::Fetched, Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(Code::Bug, format!("no threads to run on ({error})"), "", "Report it"))?;
    let fetched = runtime.block_on(work)?;
    println!("{} requests, {} bytes", fetched.requests, fetched.bytes);
    Ok(())
}
