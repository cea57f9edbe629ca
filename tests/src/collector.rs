//! A real OpenTelemetry Collector, `otelcol` on the PATH, for one test: what the programs send to it lies in files afterwards.
//!
//! Collectors that do not do their work are in [`trouble`].

pub mod trouble;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::chart;
use crate::telemetry::Telemetry;

/// Its name on the PATH.
const PROGRAM: &str = "otelcol";
/// The longest that it may take to answer, and to end.
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
    grpc: u16,
    http: u16,
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
        if !chart::has(PROGRAM) {
            return None;
        }
        // A port that was free a moment ago may be another's by now; then it ends at once, and there are others.
        let tried = (0..5).map(|_| Self::start(address, tls)).find_map(|started| match started {
            Ok(collector) => Some(Ok(collector)),
            Err(said) if said.contains("address already in use") => None,
            Err(said) => Some(Err(said)),
        });
        Some(tried.expect("a free port").unwrap_or_else(|said| panic!("{PROGRAM} does not start:\n{said}")))
    }

    fn start(address: Ipv4Addr, tls: Option<&Value>) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [grpc, http] = free_ports(address);
        let config = folder.path().join("collector.json");
        std::fs::write(&config, configuration(folder.path(), [(address, grpc), (address, http)], tls)).expect("a file");
        let log = File::create(folder.path().join("log")).expect("a file");
        let child = Command::new(PROGRAM)
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it can be started");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut collector = Self { child, folder, grpc, http, scheme };
        let begun = Instant::now();
        let answers = |port: u16| TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok();
        while !(answers(grpc) && answers(http)) {
            if collector.child.try_wait().expect("a child").is_some() || begun.elapsed() > PATIENCE {
                return Err(collector.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Somebody else may answer on a port that this one could not have.
        match collector.child.try_wait().expect("a child") {
            Some(_) => Err(collector.log()),
            None => Ok(collector),
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The port for a protocol.
    #[must_use]
    pub fn port(&self, protocol: Protocol) -> u16 {
        if protocol == Protocol::Grpc { self.grpc } else { self.http }
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

    /// Ends it at once, as a node does that goes away; what it has received is lost.
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
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => assert!(begun.elapsed() < PATIENCE, "{PROGRAM} does not stop:\n{}", self.log()),
            }
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

const TRACES: &str = "traces.jsonl";
const METRICS: &str = "metrics.jsonl";

/// What it is told to do, as JSON, which is YAML too. Nothing is gathered: what is sent is written.
fn configuration(folder: &Path, [grpc, http]: [(Ipv4Addr, u16); 2], tls: Option<&Value>) -> String {
    let receiver = |(address, port)| {
        let mut receiver = serde_json::json!({"endpoint": format!("{address}:{port}")});
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
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
            "pipelines": {"traces": pipeline("file/traces"), "metrics": pipeline("file/metrics")},
        },
    })
    .to_string()
}

/// Ports that nobody listens on at this moment.
fn free_ports<const N: usize>(address: Ipv4Addr) -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind((address, 0)).expect("a free port"));
    held.map(|listener| listener.local_addr().expect("an address").port())
}
