//! CityFlow on a real cluster, operated as in production: images, the chart, and `kubectl create job`.
//!
//! Requires a cluster (`CITYFLOW_TEST_KUBECONFIG`); otherwise the tests are skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod development;
mod exit_codes;
mod handoff;
mod lifecycle;
mod reruns;
mod security;
mod telemetry;

use acceptance::cluster::{Cluster, TestNamespace};
use acceptance::{TestEnv, raw};

/// Raw data on the tests' S3 server and a namespace; `None` without a cluster.
fn city(label: &str) -> Option<(TestEnv, TestNamespace)> {
    let cluster = Cluster::find()?;
    let env = TestEnv::on_s3();
    raw::write(&env);
    Some((env, TestNamespace::new(cluster, label)))
}

/// The same on a server that can inject faults.
fn faulty_city(label: &str) -> Option<(TestEnv, TestNamespace)> {
    let cluster = Cluster::find()?;
    let env = TestEnv::on_test_server_for_pods();
    raw::write(&env);
    Some((env, TestNamespace::new(cluster, label)))
}

/// Key and digest of all objects below `metrics/`. Reports are not included, because they contain the time of the run.
fn documents(env: &TestEnv) -> Vec<(String, String)> {
    let all = env.objects("processed/metrics/").into_iter();
    all.map(|(key, body)| (key, acceptance::documents::sha256(&body))).collect()
}

/// The days that have a manifest.
fn manifests(env: &TestEnv) -> Vec<String> {
    let name = |key: String| Some(key.strip_prefix("processed/metrics/manifest_")?.strip_suffix(".json")?.to_owned());
    env.list("processed/metrics/manifest_").into_iter().filter_map(name).collect()
}
