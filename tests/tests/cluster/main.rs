//! CityFlow as an operator has it: images on a real cluster, installed by the chart, told what to do by `kubectl`.
//!
//! Needs a cluster (`CITYFLOW_TEST_KUBECONFIG`); without one each test says that it is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod development;
mod endings;
mod handoff;
mod lifecycle;
mod reruns;
mod security;
mod telemetry;

use acceptance::cluster::{Cluster, Space};
use acceptance::{TestEnv, raw};

/// A city on the tests' S3 server and a namespace for it; nothing where there is no cluster.
fn city(label: &str) -> Option<(TestEnv, Space)> {
    let cluster = Cluster::find()?;
    let env = TestEnv::on_s3();
    raw::write(&env);
    Some((env, Space::new(cluster, label)))
}

/// The same on a server that fails on demand.
fn faulty_city(label: &str) -> Option<(TestEnv, Space)> {
    let cluster = Cluster::find()?;
    let env = TestEnv::on_test_server_for_pods();
    raw::write(&env);
    Some((env, Space::new(cluster, label)))
}

/// Everything that is processed, for comparison with what the same programs make elsewhere: key and digest. What carries the time of the
/// run is not in it: the reports say when they were made, and the probes of checks are gone.
fn documents(env: &TestEnv) -> Vec<(String, String)> {
    let all = env.objects("processed/metrics/").into_iter();
    all.map(|(key, body)| (key, acceptance::documents::sha256(&body))).collect()
}

/// The days that have a manifest.
fn manifests(env: &TestEnv) -> Vec<String> {
    let name = |key: String| Some(key.strip_prefix("processed/metrics/manifest_")?.strip_suffix(".json")?.to_owned());
    env.list("processed/metrics/manifest_").into_iter().filter_map(name).collect()
}
