//! The few calls of the Kubernetes API that a job makes about itself: an Event on its Job, another Job made from a CronJob, and the question
//! whether it may. Not for running pods, and never a reason for a run to fail: what goes wrong here is a warning.
//!
//! The client takes `KUBECONFIG`, else the service account of the pod. Without the switch that asks for it nothing here is reached, so
//! that a pod without a token works as well.

mod event;
mod handoff;
mod rights;

use std::fmt;
use std::time::Duration;

use kube::Client;

pub use event::{Announcer, Tone};
pub(crate) use event::{announce, install, is_telling};
pub use handoff::{Started, job_name, spans};
pub use rights::check_rights;

/// The whole of one task here, retries and all: a job is not to hang on an API server that is away.
const PATIENCE: Duration = Duration::from_secs(20);
/// One answer of the API server.
const ANSWER: Duration = Duration::from_secs(8);
/// Before the second try; each next pause is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
const TRIES: u32 = 4;

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
    pub away: bool,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ClusterError {}

impl ClusterError {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), away: false }
    }

    fn away(text: impl Into<String>) -> Self {
        Self { text: text.into(), away: true }
    }

    /// What the API server, or the way to it, has answered to the wish to do `what`.
    fn of(what: &str, error: &kube::Error) -> Self {
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
                Self::away(format!("cannot {what}: the API server cannot be reached ({})", innermost(&**cause)))
            }
            other => Self::new(format!("cannot {what}: {}", innermost(other))),
        }
    }
}

/// The cause that says most, without those that only repeat it.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
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
                innermost(&error)
            ))
        })?;
        config.connect_timeout = Some(ANSWER);
        config.read_timeout = Some(ANSWER);
        config.write_timeout = Some(ANSWER);
        let client = Client::try_from(config).map_err(|error| ClusterError::of("reach the API server", &error))?;
        Ok(Self { client })
    }

    /// The namespace of the pod.
    pub fn namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

/// Tries a call again where time may mend it. `what` says in a few words what the call is for.
async fn patiently<T, F: Future<Output = Result<T, kube::Error>>>(
    what: &str,
    call: impl Fn() -> F,
) -> Result<T, ClusterError> {
    let tries = async {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            match call().await {
                Ok(value) => return Ok(value),
                Err(error) if tried < TRIES && may_pass(&error) => {
                    tracing::debug!(tried, %error, "trying again to {what}");
                    tokio::time::sleep(pause).await;
                    (pause, tried) = (pause * 2, tried + 1);
                }
                Err(error) => return Err(ClusterError::of(what, &error)),
            }
        }
    };
    tokio::time::timeout(PATIENCE, tries).await.unwrap_or_else(|_| {
        Err(ClusterError::away(format!(
            "cannot {what}: the API server does not answer within {} s",
            PATIENCE.as_secs()
        )))
    })
}

/// Does an error look like one that another try may not meet?
fn may_pass(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        kube::Error::Service(_) | kube::Error::HyperError(_) => true,
        _ => false,
    }
}
