//! acceptance
pub mod s3server;
