//! The way to a collector: OTLP by gRPC or HTTP, on a thread of its own, with trouble told once.

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

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);
/// Spans that are kept for the next attempt where one has failed: all of a run.
const MOST_UNDELIVERED: usize = 1000;

/// Whether it was said that a collector does not take what it is sent. One line a run is enough.
#[derive(Debug, Default)]
pub(super) struct ExportWarning {
    told: AtomicBool,
}

impl ExportWarning {
    /// Says it, the first time.
    pub(super) fn tell(&self, what: &str) {
        if !self.told.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                "telemetry: {what}; traces or metrics of this run are incomplete, the run itself is not affected"
            );
        }
    }
}

/// An exporter that runs where its connections do, and whose first trouble is told.
#[derive(Debug)]
pub(super) struct ReportingExporter<E> {
    inner: E,
    handle: Handle,
    warning: Arc<ExportWarning>,
    endpoint: String,
    /// Spans that an earlier attempt did not deliver.
    undelivered: Mutex<Vec<SpanData>>,
}

impl<E> ReportingExporter<E> {
    fn new(inner: E, handle: &Handle, warning: &Arc<ExportWarning>, endpoint: String) -> Self {
        let (handle, warning) = (handle.clone(), warning.clone());
        Self { inner, handle, warning, endpoint, undelivered: Mutex::default() }
    }

    fn look(&self, result: OTelSdkResult) -> OTelSdkResult {
        if let Err(error) = &result {
            self.warning.tell(&format!("the collector at {} does not take them ({error})", self.endpoint));
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
            all.truncate(MOST_UNDELIVERED);
            *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner) = all;
        }
        self.look(result)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl PushMetricExporter for ReportingExporter<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.look(InRuntime::new(&self.handle, self.inner.export(metrics)).await)
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

/// Polls a future as one of a tokio runtime, from a thread that is none of its own.
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
        let _inside = handle.enter();
        self.work.as_mut().poll(context)
    }
}

/// What sends spans. Must be called within the runtime that `handle` is of.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn spans(
    to: &Destination,
    handle: &Handle,
    warning: &Arc<ExportWarning>,
) -> Result<ReportingExporter<SpanExporter>, String> {
    let built = match form(to.protocol) {
        None => {
            let builder = SpanExporter::builder().with_tonic().with_channel(channel(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).build()
        }
        Some(form) => {
            let builder = SpanExporter::builder().with_http().with_protocol(form).with_http_client(client(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).build()
        }
    };
    built.map(|inner| ReportingExporter::new(inner, handle, warning, to.shown())).map_err(|error| error.to_string())
}

/// What sends metrics, as `spans`.
///
/// # Errors
/// As `spans`.
pub(super) fn metrics(
    to: &Destination,
    temporality: Temporality,
    handle: &Handle,
    warning: &Arc<ExportWarning>,
) -> Result<ReportingExporter<MetricExporter>, String> {
    let built = match form(to.protocol) {
        None => {
            let builder = MetricExporter::builder().with_tonic().with_channel(channel(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).with_temporality(temporality).build()
        }
        Some(form) => {
            let builder = MetricExporter::builder().with_http().with_protocol(form).with_http_client(client(to)?);
            builder.with_retry_policy(RetryPolicy::disabled()).with_temporality(temporality).build()
        }
    };
    built.map(|inner| ReportingExporter::new(inner, handle, warning, to.shown())).map_err(|error| error.to_string())
}

/// How a body is written, for HTTP.
fn form(protocol: Protocol) -> Option<Otlp> {
    match protocol {
        Protocol::Grpc => None,
        Protocol::HttpProtobuf => Some(Otlp::HttpBinary),
        Protocol::HttpJson => Some(Otlp::HttpJson),
    }
}

/// A connection that is made when it is first needed, and again when it was lost.
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
    // Reading all of a machine's certificates takes longer than a short run's telemetry.
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
            .map_err(|error| format!("the client's certificate: {error}"))?,
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
