//! The Helm chart: rendered manifests, rejected values, README.
//!
//! Requires `helm`; some tests also require `kubeconform` or a cluster (`CITYFLOW_TEST_KUBECONFIG`). Tests without their tools are skipped, or
//! fail with `CITYFLOW_REQUIRE_TOOLS=1`. `UPDATE_GOLDEN=1` writes the tables of the README and the rendered manifests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test reports that it is skipped")]

mod cluster;
mod documented;
mod invalid;
mod jobs;
mod rendered;
mod security;
mod telemetry;
