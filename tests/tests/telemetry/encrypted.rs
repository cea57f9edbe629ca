//! A collector with TLS: its certificate is verified with the named authority, a client certificate is sent on request, and a failure is a
//! warning.

use std::path::Path;

use acceptance::authority::Authority;
use acceptance::collector::{ClientCertificates, Collector, Protocol};
use acceptance::telemetry::Telemetry;
use acceptance::{TestEnv, raw};

use super::collector_faults::assert_warned_once;

const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

/// Runs the processor with a collector and these files; asserts whether it logs a telemetry warning, and returns what was received.
fn run_with(collector: Collector, protocol: Protocol, files: &[(&str, &Path)], warns: bool) -> Telemetry {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let run = |job: acceptance::TestCommand<'_>| job.args(["--force", raw::DAY]).run().expect_exit(0);
    let plain = run(env.processor());
    let job = env.processor().envs(&collector.variables(protocol));
    let done = run(files.iter().fold(job, |job, (name, path)| job.env(name, path)));
    if warns {
        assert_warned_once(&done, &plain);
    } else {
        assert_eq!(done.events.len(), plain.events.len(), "{}\n{}", done.transcript(), plain.transcript());
    }
    collector.received()
}

fn assert_all_received(telemetry: &Telemetry) {
    telemetry.trace.assert_complete(&["process"]);
    assert!(telemetry.metrics.iter().any(|metric| metric.name == "cityflow.processing.duration"));
}

fn assert_nothing_received(telemetry: &Telemetry) {
    assert_eq!((telemetry.trace.spans.len(), telemetry.metrics.len()), (0, 0));
}

#[test]
fn collector_certificate_of_the_named_authority_is_trusted() {
    let authority = Authority::new();
    for protocol in Protocol::ALL {
        let Some(collector) = Collector::with_tls(&authority, ClientCertificates::NotRequired) else { return };
        assert_all_received(&run_with(collector, protocol, &[(CERTIFICATE, &authority.certificate())], false));
    }
}

#[test]
fn collector_certificate_of_another_authority_is_rejected() {
    let [authority, another] = [Authority::new(), Authority::new()];
    for (protocol, files) in
        [(Protocol::Grpc, vec![]), (Protocol::Protobuf, vec![(CERTIFICATE, another.certificate())])]
    {
        let Some(collector) = Collector::with_tls(&authority, ClientCertificates::NotRequired) else { return };
        let files: Vec<_> = files.iter().map(|(name, path)| (*name, path.as_path())).collect();
        assert_nothing_received(&run_with(collector, protocol, &files, true));
    }
}

#[test]
fn client_certificate_is_sent_to_the_collector() {
    let authority = Authority::new();
    let (own, client) = (authority.certificate(), authority.client());
    for protocol in Protocol::ALL {
        let Some(collector) = Collector::with_tls(&authority, ClientCertificates::Required) else { return };
        let files =
            [(CERTIFICATE, own.as_path()), (CLIENT_CERTIFICATE, &client.certificate), (CLIENT_KEY, &client.key)];
        assert_all_received(&run_with(collector, protocol, &files, false));
    }
}

#[test]
fn missing_or_foreign_client_certificate_is_a_warning() {
    let [authority, another] = [Authority::new(), Authority::new()];
    let (own, client) = (authority.certificate(), another.client());
    let none = vec![(CERTIFICATE, own.as_path())];
    let foreign = [none.clone(), vec![(CLIENT_CERTIFICATE, &client.certificate), (CLIENT_KEY, &client.key)]].concat();
    let only_key = [none.clone(), vec![(CLIENT_KEY, client.key.as_path())]].concat();
    for (protocol, files) in [(Protocol::Grpc, none), (Protocol::Protobuf, foreign), (Protocol::Json, only_key)] {
        let Some(collector) = Collector::with_tls(&authority, ClientCertificates::Required) else { return };
        assert_nothing_received(&run_with(collector, protocol, &files, true));
    }
}
