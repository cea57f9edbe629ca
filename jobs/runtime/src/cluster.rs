//! The few calls of the Kubernetes API that a job makes about itself: an Event on its Job, another Job made from a CronJob, and the question
//! whether it may. Not for running pods, and never a reason for a run to fail: what goes wrong here is a warning.
//!
//! The client takes `KUBECONFIG`, else the service account of the pod. Without the switch that asks for it nothing here is reached, so
//! that a pod without a token works as well.

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

/// The whole of one task here, retries and all: a job is not to hang on an API server that is away.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// One answer of the API server.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// Before the second try; each next pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const RETRIES: usize = 3;

/// The API of the cluster that the job runs in.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("namespace", &self.namespace()).finish()
    }
}

/// Why a call of the API did not do what it was to: one sentence, with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    text: String,
    /// Whether nobody answers, so that further calls would only take time.
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

    /// What the API server, or the way to it, has answered to the wish to do `what`.
    fn from_kube(what: &str, error: &kube::Error) -> Self {
        match error {
            // A quota or a namespace that is going away is refused with 403 as well; a missing right is told in these words.
            kube::Error::Api(status) if status.code == 403 && status.message.contains(" cannot ") => {
                Self::new(format!(
                    "may not {what} ({}); the service account lacks the Role, or the switch was set without it",
                    status.message
                ))
            }
            kube::Error::Api(status) => {
                Self::new(format!("cannot {what}: the API server answers {} ({})", status.code, status.message))
            }
            kube::Error::Service(cause) => {
                Self::unreachable(format!("cannot {what}: the API server cannot be reached ({})", root_cause(&**cause)))
            }
            other => Self::new(format!("cannot {what}: {}", root_cause(other))),
        }
    }
}

/// The cause that says most, without those that only repeat it.
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
                "no way to the Kubernetes API ({}); the pod needs a service account token (automountServiceAccountToken)",
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

/// Tries a call again where time may mend it. `what` says in a few words what the call is for.
async fn with_retries<T, F: Future<Output = Result<T, kube::Error>>>(
    what: &str,
    call: impl Fn() -> F,
) -> Result<T, ClusterError> {
    let pauses = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_times(RETRIES);
    let calls = call.retry(pauses).when(is_transient);
    let calls = calls.notify(|error, _| tracing::debug!(%error, "trying again to {what}"));
    match tokio::time::timeout(TOTAL_TIMEOUT, calls).await {
        Ok(result) => result.map_err(|error| ClusterError::from_kube(what, &error)),
        Err(_) => Err(ClusterError::unreachable(format!(
            "cannot {what}: the API server does not answer within {} s",
            TOTAL_TIMEOUT.as_secs()
        ))),
    }
}

/// Does an error look like one that another try may not meet?
fn is_transient(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        kube::Error::Service(_) | kube::Error::HyperError(_) => true,
        _ => false,
    }
}
