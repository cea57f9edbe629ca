//! Telemetry does not change documents and reports.

use acceptance::collector::{Collector, Protocol};
use acceptance::environment::for_each_store;
use acceptance::{TestEnv, raw};
use serde_json::Value;

use super::{CITY_DAY, city};

/// All published objects without the fields that differ between runs.
fn published(env: &TestEnv) -> Vec<(String, Vec<u8>)> {
    let all = env.objects("processed/").into_iter().map(|(key, body)| {
        let varies = key.contains("/manifest_") || (key.contains("/reports/") && key.ends_with(".json"));
        if !varies {
            return (key, body.to_vec());
        }
        let mut value: Value = serde_json::from_slice(&body).unwrap();
        let removed = ["generated_at", "traceparent"].map(|name| value.as_object_mut().unwrap().remove(name));
        assert!(removed[0].is_some(), "{key}");
        (key, value.to_string().into_bytes())
    });
    all.collect()
}

#[test]
fn telemetry_does_not_change_documents_and_reports() {
    for_each_store(|env| {
        let Some(collector) = Collector::start() else { return };
        city(env);
        let without = TestEnv::in_folder();
        for (key, body) in env.objects("raw/") {
            without.put(&key, body);
        }
        let variables = collector.variables(Protocol::Grpc);
        let present = "2025-11-05T04:00:00Z";
        for (env, variables) in [(env, &variables[..]), (&without, &[])] {
            env.processor().envs(variables).env("CITYFLOW_NOW", present).arg(CITY_DAY).succeed();
            env.reporter().envs(variables).env("CITYFLOW_NOW", present).arg(CITY_DAY).succeed();
        }
        assert!(!collector.received().trace.spans.is_empty());
        let (with, without) = (published(env), published(&without));
        let keys = |all: &[(String, Vec<u8>)]| all.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&with), keys(&without));
        for ((key, with), (_, without)) in with.iter().zip(&without) {
            assert!(with == without, "{key} differs:\n{}", String::from_utf8_lossy(with));
        }
    });
}

#[test]
fn rerun_with_telemetry_does_not_change_the_day() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let Some(collector) = Collector::start() else { return };
    env.processor().arg(raw::DAY).succeed();
    let before = published(&env);
    env.processor().envs(&collector.variables(Protocol::Protobuf)).arg(raw::DAY).succeed();
    assert_eq!(before, published(&env));
    let telemetry = collector.received().trace;
    assert_eq!(telemetry.single_span("day").attributes["changed"], false, "{telemetry}");
}
