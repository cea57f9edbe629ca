//! Exporters to a collector: OTLP over gRPC or HTTP, on a dedicated thread, with at most one warning per run.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    MetricExporter, Protocol as Otlp, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::SpanData;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tonic::transport::{Channel, Endpoint};

use super::settings::{Destination, Protocol};
use crate::tls;

/// Timeout for connecting.
const CONNECT: Duration = Duration::from_secs(5);
/// Most spans kept for the next attempt after a failed one; more than a run has.
const MAX_UNDELIVERED: usize = 1000;

/// The warning about failed exports, logged once per run.
#[derive(Debug, Default)]
pub(super) struct ExportWarning {
    logged: AtomicBool,
}

impl ExportWarning {
    /// Logs the first problem; ignores the following ones.
    pub(super) fn log(&self, problem: &str) {
        if !self.logged.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                "telemetry: {problem}; traces or metrics of this run are incomplete, the run is not affected"
            );
        }
    }
}

/// An exporter that runs in the tokio runtime of its connections, retries undelivered spans, and logs its first error.
#[derive(Debug)]
pub(super) struct ReportingExporter<E> {
    inner: E,
    handle: Handle,
    warning: Arc<ExportWarning>,
    endpoint: String,
    /// Spans of failed attempts.
    undelivered: Mutex<Vec<SpanData>>,
}

impl<E> ReportingExporter<E> {
    fn new(inner: E, handle: &Handle, warning: &Arc<ExportWarning>, endpoint: String) -> Self {
        let (handle, warning) = (handle.clone(), warning.clone());
        Self { inner, handle, warning, endpoint, undelivered: Mutex::default() }
    }

    fn log_error(&self, result: OTelSdkResult) -> OTelSdkResult {
        if let Err(error) = &result {
            self.warning.log(&format!("cannot send to the collector at {} ({error})", self.endpoint));
        }
        result
    }
}

impl opentelemetry_sdk::trace::SpanExporter for ReportingExporter<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut all = std::mem::take(&mut *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner));
        all.extend(batch);
        let result = InRuntime::new(&self.handle, self.inner.export(all.clone())).await;
        if result.is_err() {
            all.truncate(MAX_UNDELIVERED);
            *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner) = all;
        }
        self.log_error(result)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl PushMetricExporter for ReportingExporter<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.log_error(InRuntime::new(&self.handle, self.inner.export(metrics)).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// Polls a future in the context of a tokio runtime from a thread outside of it: the SDK exports on its own threads.
struct InRuntime<F> {
    handle: Handle,
    work: Pin<Box<F>>,
}

impl<F> InRuntime<F> {
    fn new(handle: &Handle, work: F) -> Self {
        Self { handle: handle.clone(), work: Box::pin(work) }
    }
}

impl<F: Future> Future for InRuntime<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let handle = self.handle.clone();
        let _guard = handle.enter();
        self.work.as_mut().poll(context)
    }
}

/// The exporter of spans. Must be called within the runtime of `handle`.
///
/// # Errors
/// An invalid address or certificate.
pub(super) fn spans(
    to: &Destination,
    handle: &Handle,
    warning: &Arc<ExportWarning>,
) -> Result<ReportingExporter<SpanExporter>, String> {
    let built = match http_encoding(to.protocol) {
        None => {
            let builder = SpanExporter::builder().with_tonic().with_channel(channel(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).build()
        }
        Some(encoding) => {
            let builder = SpanExporter::builder().with_http().with_protocol(encoding).with_http_client(client(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).build()
        }
    };
    built.map(|inner| ReportingExporter::new(inner, handle, warning, to.shown())).map_err(|error| error.to_string())
}

/// The exporter of metrics. Must be called within the runtime of `handle`.
///
/// # Errors
/// As `spans`.
pub(super) fn metrics(
    to: &Destination,
    temporality: Temporality,
    handle: &Handle,
    warning: &Arc<ExportWarning>,
) -> Result<ReportingExporter<MetricExporter>, String> {
    let built = match http_encoding(to.protocol) {
        None => {
            let builder = MetricExporter::builder().with_tonic().with_channel(channel(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).with_temporality(temporality).build()
        }
        Some(encoding) => {
            let builder = MetricExporter::builder().with_http().with_protocol(encoding).with_http_client(client(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).with_temporality(temporality).build()
        }
    };
    built.map(|inner| ReportingExporter::new(inner, handle, warning, to.shown())).map_err(|error| error.to_string())
}

/// Encoding of the body, for HTTP.
fn http_encoding(protocol: Protocol) -> Option<Otlp> {
    match protocol {
        Protocol::Grpc => None,
        Protocol::HttpProtobuf => Some(Otlp::HttpBinary),
        Protocol::HttpJson => Some(Otlp::HttpJson),
    }
}

/// A connection that is opened on first use and reopened when lost.
fn channel(to: &Destination) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(to.endpoint.clone()).map_err(|error| error.to_string())?;
    Ok(endpoint.connect_timeout(CONNECT).timeout(to.timeout).connect_with_connector_lazy(connector(to, true)?))
}

fn client(to: &Destination) -> Result<HyperClient<HttpsConnector<HttpConnector>>, String> {
    Ok(HyperClient::new(connector(to, false)?, to.timeout, None))
}

fn connector(to: &Destination, only_http2: bool) -> Result<HttpsConnector<HttpConnector>, String> {
    let mut roots = RootCertStore::empty();
    let mut identity = None;
    // Loading the system's certificates takes longer than the telemetry of a short run.
    if to.is_encrypted() {
        roots.add_parsable_certificates(tls::certificates(to.certificates.as_deref())?);
        identity = to.identity.as_ref().map(|(certificate, key)| tls::identity(certificate, key)).transpose()?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let tls = match identity {
        Some((certificates, key)) => tls
            .with_client_auth_cert(certificates, key)
            .map_err(|error| format!("the client certificate cannot be used: {error}"))?,
        None => tls.with_no_client_auth(),
    };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    Ok(if only_http2 {
        builder.enable_http2().wrap_connector(tcp)
    } else {
        builder.enable_all_versions().wrap_connector(tcp)
    })
}
