//! A real OpenTelemetry Collector (`otelcol` on the PATH) for one test. It writes what it receives to files, and [`Collector::received`]
//! reads them.
//!
//! [`fault`] has collectors that fail, [`port`] reserves their ports.
//!
//! ```ignore
//! let Some(collector) = Collector::start() else { return };
//! env.processor().envs(&collector.variables(Protocol::Grpc)).arg(raw::DAY).succeed();
//! let telemetry = collector.received();
//! ```

pub mod fault;
pub mod port;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::telemetry::Telemetry;
use crate::tools;
use port::ReservedPort;

const PROGRAM: &str = "otelcol";
/// The message that it logs when it has started.
const READY: &str = "Everything is ready.";
/// Limit for its start and for its shutdown.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A protocol of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    /// Protobuf over HTTP.
    Protobuf,
    /// JSON over HTTP.
    Json,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Grpc, Self::Protobuf, Self::Json];

    /// The value of `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Protobuf => "http/protobuf",
            Self::Json => "http/json",
        }
    }

    /// The variables that make a program send to an endpoint.
    #[must_use]
    pub fn variables(self, endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", self.name().to_owned()),
        ]
    }
}

/// A running collector. Dropping it kills it.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    folder: TempDir,
    grpc: ReservedPort,
    http: ReservedPort,
    scheme: &'static str,
}

/// Whether a collector with TLS asks its clients for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    NotRequired,
    /// One of the collector's own authority.
    Required,
}

impl Collector {
    /// Starts a collector on the loopback address. `None` if `otelcol` is not on the PATH; then the test is reported as skipped.
    ///
    /// # Panics
    /// When the collector does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_on(Ipv4Addr::LOCALHOST)
    }

    /// [`Collector::start`] on another address of this machine; with `UNSPECIFIED` the pods of a cluster can reach it.
    ///
    /// # Panics
    /// When the collector does not start.
    #[must_use]
    pub fn start_on(address: Ipv4Addr) -> Option<Self> {
        Self::start_default(address, None)
    }

    /// [`Collector::start`] with TLS and a certificate of this authority.
    #[must_use]
    pub fn with_tls(authority: &Authority, client_certificates: ClientCertificates) -> Option<Self> {
        let mut tls =
            serde_json::json!({"cert_file": authority.server().certificate, "key_file": authority.server().key});
        if client_certificates == ClientCertificates::Required {
            tls["client_ca_file"] = serde_json::json!(authority.certificate());
        }
        Self::start_default(Ipv4Addr::LOCALHOST, Some(&tls))
    }

    fn start_default(address: Ipv4Addr, tls: Option<&Value>) -> Option<Self> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self::launch(address, scheme, |folder, ports| {
            configuration(folder, ports.map(|port| format!("{address}:{port}")), tls)
        })
    }

    /// [`Collector::start`] with a configuration made from the folder where [`TRACES`] and [`METRICS`] must be written, and the ports for
    /// gRPC and HTTP.
    ///
    /// # Panics
    /// When the collector does not start.
    #[must_use]
    pub fn with_configuration(configuration: impl FnOnce(&Path, [u16; 2]) -> Value) -> Option<Self> {
        Self::launch(Ipv4Addr::LOCALHOST, "http", configuration)
    }

    fn launch(
        address: Ipv4Addr,
        scheme: &'static str,
        configuration: impl FnOnce(&Path, [u16; 2]) -> Value,
    ) -> Option<Self> {
        if !tools::require(PROGRAM) {
            return None;
        }
        let folder = tempfile::tempdir().expect("create a temporary folder");
        let [grpc, http] = [(); 2].map(|()| ReservedPort::reserve(address));
        // The collector reads YAML, which includes JSON.
        let config = folder.path().join("collector.json");
        let configuration = configuration(folder.path(), [grpc.number(), http.number()]);
        std::fs::write(&config, configuration.to_string()).expect("write the configuration");
        let log = File::create(folder.path().join("log")).expect("create the log");
        // The collector handles SIGINT only some time after it has logged READY; before that the signal would kill it and lose its data.
        // Started with SIGINT ignored, it survives until it installs its handler.
        let child = Command::new("sh")
            .args(["-c", "trap '' INT; exec \"$0\" \"$@\"", PROGRAM, "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("start the collector");
        let mut collector = Self { child, folder, grpc, http, scheme };
        let begun = Instant::now();
        while !collector.log().contains(READY) {
            let ended = collector.child.try_wait().expect("query the process");
            assert!(ended.is_none() && begun.elapsed() < TIMEOUT, "{PROGRAM} does not start:\n{}", collector.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(collector)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    #[must_use]
    pub fn port(&self, protocol: Protocol) -> u16 {
        let port = if protocol == Protocol::Grpc { &self.grpc } else { &self.http };
        port.number()
    }

    /// The endpoint for programs on this machine.
    #[must_use]
    pub fn endpoint(&self, protocol: Protocol) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port(protocol))
    }

    /// The variables that make a program send to it.
    #[must_use]
    pub fn variables(&self, protocol: Protocol) -> Vec<(&'static str, String)> {
        protocol.variables(&self.endpoint(protocol))
    }

    /// Kills it, as the loss of its node would. Received data is lost; from then on its ports refuse connections.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it, so that it flushes its data, and returns everything that it received.
    ///
    /// # Panics
    /// When it does not stop, or its files are not valid.
    #[must_use]
    pub fn received(mut self) -> Telemetry {
        let id = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("a process id");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("query the process") {
                break status;
            }
            assert!(begun.elapsed() < TIMEOUT, "{PROGRAM} does not stop:\n{}", self.log());
            // Repeated, because it may not handle the signal yet.
            rustix::process::kill_process(id, rustix::process::Signal::INT).expect("send SIGINT");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "{PROGRAM} exited with {status}:\n{}", self.log());
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        Telemetry::read(&read(TRACES), &read(METRICS))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Name of the file with the received spans.
pub const TRACES: &str = "traces.jsonl";
/// Name of the file with the received metrics.
pub const METRICS: &str = "metrics.jsonl";

/// A configuration that writes everything to files at once, without batching.
fn configuration(folder: &Path, [grpc, http]: [String; 2], tls: Option<&Value>) -> Value {
    let receiver = |address: String| {
        let mut receiver = serde_json::json!({"endpoint": address});
        if let Some(tls) = tls {
            receiver["tls"] = tls.clone();
        }
        receiver
    };
    let file = |name: &str| serde_json::json!({"path": folder.join(name)});
    let pipeline = |name: &str| serde_json::json!({"receivers": ["otlp"], "exporters": [name]});
    serde_json::json!({
        "receivers": {"otlp": {"protocols": {"grpc": receiver(grpc), "http": receiver(http)}}},
        "exporters": {"file/traces": file(TRACES), "file/metrics": file(METRICS)},
        "service": {
            // `READY` is logged at level `info`.
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "info"}},
            "pipelines": {"traces": pipeline("file/traces"), "metrics": pipeline("file/metrics")},
        },
    })
}
