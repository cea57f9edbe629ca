//! Test harness for the built programs: runs them as processes on a folder or on S3 and checks the documents they write.
//!
//! - [`TestEnv`]: raw files, documents and reports of one test, in a temporary folder or a bucket; starts the programs on them.
//! - [`TestCommand`], [`ProgramOutput`]: one run of a program; its exit code, output, log and termination message.
//! - [`raw`]: a hand-written small city with known totals. [`PublishedDay`]: the documents that a manifest names, verified.
//! - [`s3server`], [`collector`], [`authority`], [`cluster`]: real servers to run against, with injected faults where they are built in.
//!
//! Not for the internals of a job, which its own tests cover. A harness function panics when the test cannot go on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests print their findings")]

pub mod authority;
pub mod binaries;
pub mod chart;
pub mod cluster;
pub mod collector;
pub mod command;
pub mod difference;
pub mod documents;
pub mod environment;
pub mod golden;
pub mod iam;
pub mod raw;
pub mod s3server;
pub mod telemetry;
pub mod tools;

pub use command::{ProgramOutput, TestCommand};
pub use documents::PublishedDay;
pub use environment::TestEnv;
