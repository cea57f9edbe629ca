//! The built binaries from outside: what a test needs to run them on a folder or on S3, and to judge what they leave behind.
//!
//! Not for the insides of a job, which its own tests know. Everything here ends a test where it cannot go on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test has to say is printed")]

pub mod authority;
pub mod binaries;
pub mod chart;
pub mod cluster;
pub mod collector;
pub mod command;
pub mod difference;
pub mod documents;
pub mod iam;
pub mod raw;
pub mod s3server;
pub mod telemetry;
pub mod world;

pub use command::{Job, Outcome};
pub use documents::Published;
pub use world::World;
