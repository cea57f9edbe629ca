//! `peers`: the programs that the benchmark compares the processor with and that do not exist elsewhere.
//!
//! Each peer does less than the processor, so that the ratio shows the cost of the remaining work:
//!
//! ```text
//! csv       file ─> csv crate, one thread ─> totals per arc and day
//! download  S3 object ─> ranges in flight ─> discarded
//! objects   S3 prefix ─> objects in flight ─> discarded
//! ```
//!
//! Not part of the product.

#![allow(clippy::print_stdout, reason = "a peer prints its result, so that a run without work is noticed")]

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
        /// Road counts with labels.
        file: PathBuf,
    },
    /// Reads one object in ranges and discards them.
    Download {
        /// Store: s3://bucket/prefix or a folder.
        store: String,
        /// Key of the object.
        key: String,
        #[command(flatten)]
        pace: fetch::Pace,
    },
    /// Reads every object under a prefix and discards them.
    Objects {
        /// Store: s3://bucket/prefix or a folder.
        store: String,
        /// Prefix of the objects.
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
        Peer::Csv { file } => totals::totals(&file).map(|totals| println!("{totals}")),
        Peer::Download { store, key, pace } => block_on(fetch::download(&store, &key, pace)),
        Peer::Objects { store, prefix, pace } => block_on(fetch::objects(&store, &prefix, pace)),
    }
}

/// Runs on the same kind of runtime as the processor, so that only the work differs.
fn block_on(work: impl Future<Output = Result<fetch::Fetched, Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        Failure::new(
            Code::Bug,
            format!("cannot start the async runtime ({error})"),
            "",
            "Raise the limit of threads, then start again",
        )
    })?;
    let fetched = runtime.block_on(work)?;
    println!("{} requests, {} bytes", fetched.requests, fetched.bytes);
    Ok(())
}
