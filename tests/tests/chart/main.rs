//! The Helm chart: what it renders for each file of values, what it refuses, and that its README says what it does.
//!
//! Needs `helm` on the PATH, for one test `kubeconform` and a cluster (`CITYFLOW_TEST_KUBECONFIG`); what is not there is told as SKIPPED, and is a
//! failure with `CITYFLOW_REQUIRE_TOOLS=1`. `UPDATE_CHART=1` writes the README's tables and the rendered manifests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "what was compared, or not, is said")]

mod cluster;
mod documented;
mod jobs;
mod refused;
mod rendered;
mod rights;
mod telemetry;
