//! The Kubernetes API calls of a job: an Event on its own Job, a Job created from a CronJob, and a check of the permissions for both.
//! Errors are logged as warnings and never make a run fail.
//!
//! The client uses `KUBECONFIG`, else the service account of the pod. Nothing here is called unless `--events` or `--handoff` is set, so
//! that a pod without a token works too.

mod event;
mod handoff;
mod permissions;

use std::fmt;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use kube::Client;

pub use event::{EventRecorder, EventType};
pub(crate) use event::{install_recorder, is_recorder_thread, record_event};
pub use handoff::{JobCreation, day_ranges, job_name};
pub use permissions::check_permissions;

/// Limit of one operation including its retries: an unreachable API server must not delay a job for long.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Limit of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// Pause before the first retry; each following pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const RETRIES: usize = 3;

/// A client of the cluster's API.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace()).finish()
    }
}

/// The error of an API call: one sentence with the cause and a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    text: String,
    /// The API server does not answer, so that further calls would only take time.
    pub unreachable: bool,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ClusterError {}

impl ClusterError {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), unreachable: false }
    }

    fn unreachable(text: impl Into<String>) -> Self {
        Self { text: text.into(), unreachable: true }
    }

    /// An error of the client. `what` is the attempted action, as an infinitive.
    fn from_kube(what: &str, error: &kube::Error) -> Self {
        match error {
            // An exhausted quota is also answered with 403 and the reason Forbidden; only the message distinguishes a missing permission.
            kube::Error::Api(status) if status.code == 403 && status.message.contains(" cannot ") => {
                Self::new(format!(
                    "may not {what} ({}); bind the service account to the chart's Role, or disable --events and --handoff",
                    status.message
                ))
            }
            kube::Error::Api(status) => {
                Self::new(format!("cannot {what}: the API server answered {} ({})", status.code, status.message))
            }
            kube::Error::Service(cause) => {
                Self::unreachable(format!("cannot {what}: the API server cannot be reached ({})", root_cause(&**cause)))
            }
            other => Self::new(format!("cannot {what}: {}", root_cause(other))),
        }
    }
}

/// The message of the innermost cause; the outer ones only repeat it.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl Cluster {
    /// Finds the API server and the credentials.
    ///
    /// # Errors
    /// No kubeconfig, and no service account token in the pod.
    pub async fn connect() -> Result<Self, ClusterError> {
        let mut config = kube::Config::infer().await.map_err(|error| {
            ClusterError::new(format!(
                "no credentials for the Kubernetes API ({}); the pod needs a service account token (automountServiceAccountToken)",
                root_cause(&error)
            ))
        })?;
        config.connect_timeout = Some(REQUEST_TIMEOUT);
        config.read_timeout = Some(REQUEST_TIMEOUT);
        config.write_timeout = Some(REQUEST_TIMEOUT);
        let client =
            Client::try_from(config).map_err(|error| ClusterError::from_kube("reach the API server", &error))?;
        Ok(Self { client })
    }

    /// The namespace of the pod.
    pub fn namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

/// Retries a call after transient errors. `what` is the attempted action, as an infinitive.
async fn with_retries<T, F: Future<Output = Result<T, kube::Error>>>(
    what: &str,
    call: impl Fn() -> F,
) -> Result<T, ClusterError> {
    let attempts = call
        .retry(ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_times(RETRIES))
        .when(is_transient)
        .notify(|error, pause| tracing::debug!(%error, ?pause, "retrying to {what}"));
    match tokio::time::timeout(TOTAL_TIMEOUT, attempts).await {
        Ok(result) => result.map_err(|error| ClusterError::from_kube(what, &error)),
        Err(_) => Err(ClusterError::unreachable(format!(
            "cannot {what}: the API server did not answer within {} s",
            TOTAL_TIMEOUT.as_secs()
        ))),
    }
}

fn is_transient(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        kube::Error::Service(_) | kube::Error::HyperError(_) => true,
        _ => false,
    }
}
