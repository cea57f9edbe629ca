//! A real OpenTelemetry Collector, `otelcol` on the PATH, for one test: what the programs send to it lies in files afterwards.
//!
//! Its ports are [`port`]'s. Collectors that do not do their work are in [`trouble`].

pub mod port;
pub mod trouble;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::chart;
use crate::telemetry::Telemetry;
use port::Port;

/// Its name on the PATH.
const PROGRAM: &str = "otelcol";
/// What it says when it has started.
const READY: &str = "Everything is ready.";
/// The longest that it may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How telemetry is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP, as protobuf.
    Protobuf,
    /// OTLP over HTTP, as JSON.
    Json,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grpc, Self::Protobuf, Self::Json];

    /// The name, as `OTEL_EXPORTER_OTLP_PROTOCOL` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Protobuf => "http/protobuf",
            Self::Json => "http/json",
        }
    }

    /// The variables that make a program send to an address.
    #[must_use]
    pub fn to(self, endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", self.name().to_owned()),
        ]
    }
}

/// A running collector. Dropping it ends it.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    folder: TempDir,
    grpc: Port,
    http: Port,
    scheme: &'static str,
}

/// Whom a collector with TLS takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Everybody.
    Anybody,
    /// Programs with a certificate of the same authority.
    Known,
}

impl Collector {
    /// A collector for this machine alone, where `otelcol` is on the PATH; else `None`, and it is said.
    #[must_use]
    pub fn find() -> Option<Self> {
        Self::find_on(Ipv4Addr::LOCALHOST)
    }

    /// [`Collector::find`] on an address of this machine; on `UNSPECIFIED` the pods of a cluster reach it as well.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn find_on(address: Ipv4Addr) -> Option<Self> {
        Self::with(address, None)
    }

    /// A collector for this machine alone that speaks TLS, with a certificate of this authority.
    #[must_use]
    pub fn encrypted(authority: &Authority, takes: Takes) -> Option<Self> {
        let mut tls =
            serde_json::json!({"cert_file": authority.server().certificate, "key_file": authority.server().key});
        if takes == Takes::Known {
            tls["client_ca_file"] = serde_json::json!(authority.certificate());
        }
        Self::with(Ipv4Addr::LOCALHOST, Some(&tls))
    }

    fn with(address: Ipv4Addr, tls: Option<&Value>) -> Option<Self> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self::start(address, scheme, |folder, ports| {
            configuration(folder, ports.map(|port| format!("{address}:{port}")), tls)
        })
    }

    /// A collector for this machine alone with a configuration of the caller's, who is given the folder in which [`TRACES`] and [`METRICS`]
    /// have to come, and the ports for gRPC and HTTP.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn configured(configuration: impl FnOnce(&Path, [u16; 2]) -> Value) -> Option<Self> {
        Self::start(Ipv4Addr::LOCALHOST, "http", configuration)
    }

    fn start(
        address: Ipv4Addr,
        scheme: &'static str,
        configuration: impl FnOnce(&Path, [u16; 2]) -> Value,
    ) -> Option<Self> {
        if !chart::has(PROGRAM) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [grpc, http] = [(); 2].map(|()| Port::hold(address));
        // JSON is YAML.
        let config = folder.path().join("collector.json");
        let configuration = configuration(folder.path(), [grpc.number(), http.number()]);
        std::fs::write(&config, configuration.to_string()).expect("a file");
        let log = File::create(folder.path().join("log")).expect("a file");
        // It listens to signals only after it has said that it is ready, and one that comes before would end it with all that it holds. One
        // that is ignored from the start does not: the program takes it as soon as it listens.
        let child = Command::new("sh")
            .args(["-c", "trap '' INT; exec \"$0\" \"$@\"", PROGRAM, "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it can be started");
        let mut collector = Self { child, folder, grpc, http, scheme };
        let begun = Instant::now();
        while !collector.log().contains(READY) {
            let ended = collector.child.try_wait().expect("a child");
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{PROGRAM} does not start:\n{}", collector.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(collector)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The port for a protocol.
    #[must_use]
    pub fn port(&self, protocol: Protocol) -> u16 {
        let port = if protocol == Protocol::Grpc { &self.grpc } else { &self.http };
        port.number()
    }

    /// The address for a protocol, as programs on this machine reach it.
    #[must_use]
    pub fn endpoint(&self, protocol: Protocol) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port(protocol))
    }

    /// The variables that make a program send to it.
    #[must_use]
    pub fn variables(&self, protocol: Protocol) -> Vec<(&'static str, String)> {
        protocol.to(&self.endpoint(protocol))
    }

    /// Ends it at once, as a node does that goes away; what it has received is lost. Nobody answers at its ports from then on.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it, so that it writes what it holds, and reads all that it was sent.
    ///
    /// # Panics
    /// Where it does not stop, or has written what cannot be read.
    #[must_use]
    pub fn received(mut self) -> Telemetry {
        let id = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("a process");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "{PROGRAM} does not stop:\n{}", self.log());
            // Again and again, since it may not listen yet.
            rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it is not waited for yet");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "{PROGRAM} ended with {status}:\n{}", self.log());
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        Telemetry::read(&read(TRACES), &read(METRICS))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The file of the traces, in the collector's folder.
pub const TRACES: &str = "traces.jsonl";
/// The file of the metrics.
pub const METRICS: &str = "metrics.jsonl";

/// What it is told to do. Nothing is gathered: what is sent is written.
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
            // Its log says when it is ready: `READY` is of the level `info`.
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "info"}},
            "pipelines": {"traces": pipeline("file/traces"), "metrics": pipeline("file/metrics")},
        },
    })
}
