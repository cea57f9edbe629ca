//! Writes one Kubernetes Event on the Job at the end of a run: the result or the error, as one line of `kubectl describe job`.

use std::cell::Cell;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, PostParams};

use super::{Cluster, ClusterError, with_retries};
use crate::failure::Failure;

/// The API's limit for `note`, bytes.
const MAX_NOTE: usize = 1024;
/// The API's limit for `reportingInstance`, bytes.
const MAX_INSTANCE: usize = 128;

/// The `type` of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// The run succeeded.
    Normal,
    /// The run failed.
    Warning,
}

impl EventType {
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Writes the Event about the result of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecorder {
    /// Name of the program, for `reportingController`.
    pub program: &'static str,
    /// Name of the Job.
    pub job: String,
    /// `metadata.uid` of the Job; `kubectl describe` finds Events by it.
    pub uid: String,
    /// Name of the pod, for `reportingInstance`; empty if unknown.
    pub pod: String,
}

/// The recorder of this process, or the reason why the requested recorder is not available.
static RECORDER: OnceLock<Result<EventRecorder, ClusterError>> = OnceLock::new();

/// The variable that holds the Job's uid.
const JOB_UID: &str = "JOB_UID";
/// The variable that holds the pod's name.
const POD_NAME: &str = "POD_NAME";

impl EventRecorder {
    /// The recorder of a program, from the variables of the pod.
    ///
    /// # Errors
    /// The name or the uid of the Job is not set, as outside a cluster.
    pub fn find(
        program: &'static str,
        job: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ClusterError> {
        let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (Some(job), Some(uid)) = (non_empty(job.map(str::to_owned)), non_empty(variable(JOB_UID))) else {
            let why = format!("--events: JOB_NAME and {JOB_UID} must both be set to write an Event on the Job");
            return Err(ClusterError::new(why));
        };
        Ok(Self { program, job, uid, pod: non_empty(variable(POD_NAME)).unwrap_or_default() })
    }

    fn event(&self, namespace: &str, event_type: EventType, reason: &str, note: &str, now: DateTime<Utc>) -> Event {
        let job = ObjectReference {
            api_version: Some("batch/v1".into()),
            kind: Some("Job".into()),
            namespace: Some(namespace.into()),
            name: Some(self.job.clone()),
            uid: Some(self.uid.clone()),
            ..ObjectReference::default()
        };
        let instance = if self.pod.is_empty() { &self.job } else { &self.pod };
        let micros = k8s_openapi::jiff::Timestamp::from_microsecond(now.timestamp_micros()).unwrap_or_default();
        Event {
            metadata: ObjectMeta {
                // The convention of kubectl and the controllers: the object's name, a dot, and the time.
                name: Some(format!("{}.{:x}", self.job, now.timestamp_nanos_opt().unwrap_or_default())),
                namespace: Some(namespace.into()),
                ..ObjectMeta::default()
            },
            action: Some("Run".into()),
            event_time: Some(MicroTime(micros)),
            note: Some(truncate(note, MAX_NOTE)),
            reason: Some(reason.into()),
            regarding: Some(job),
            reporting_controller: Some(format!("cityflow/{}", self.program)),
            reporting_instance: Some(truncate(instance, MAX_INSTANCE)),
            type_: Some(event_type.name().into()),
            ..Event::default()
        }
    }

    async fn send(&self, event_type: EventType, reason: &str, note: &str) -> Result<(), ClusterError> {
        let cluster = Cluster::connect().await?;
        let events: Api<Event> = Api::default_namespaced(cluster.client.clone());
        let event = self.event(cluster.namespace(), event_type, reason, note, Utc::now());
        with_retries("write an Event", || async {
            match events.create(&PostParams::default(), &event).await {
                // An earlier attempt wrote it, and its response was lost.
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await
    }
}

/// The text, cut to at most `max` bytes.
fn truncate(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}

/// Sets the recorder of this process; an error is logged when the Event would be written. A second call does nothing.
pub(crate) fn install_recorder(recorder: Result<EventRecorder, ClusterError>) {
    let _ = RECORDER.set(recorder);
}

thread_local! {
    static RECORDER_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the thread that writes the Event, whose panics do not affect the exit code.
pub(crate) fn is_recorder_thread() -> bool {
    RECORDER_THREAD.get()
}

/// Writes the Event about the result of the process, if `--events` is set. Waits for at most 20 s; errors are logged as warnings.
///
/// Uses a dedicated thread, so that it works on any thread that ends the process, including a panicking one.
pub(crate) fn record_event(result: &Result<String, Failure>) {
    let Some(recorder) = RECORDER.get() else { return };
    let (event_type, reason, note) = match result {
        Ok(line) if line.is_empty() => return,
        Ok(line) => (EventType::Normal, "Done", line.clone()),
        Err(failure) => (EventType::Warning, failure.code.name(), failure.to_string()),
    };
    let writing = std::thread::spawn(move || {
        RECORDER_THREAD.set(true);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let sent = match (recorder, runtime) {
            (Ok(recorder), Ok(runtime)) => runtime.block_on(recorder.send(event_type, reason, &note)),
            (Err(error), _) => Err(error.clone()),
            (_, Err(error)) => Err(ClusterError::new(format!("cannot write an Event ({error})"))),
        };
        if let Err(error) = sent {
            tracing::warn!("{error}; the run is not affected");
        }
    });
    if writing.join().is_err() {
        tracing::warn!("the thread that writes the Event panicked; the run is not affected");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> EventRecorder {
        let variable = |name: &str| {
            Some(match name {
                JOB_UID => "0b5e4a1c-1111-2222-3333-444455556666".to_owned(),
                _ => "process-2025-11-03-x7k2p".to_owned(),
            })
        };
        EventRecorder::find("processor", Some("process-2025-11-03"), variable).unwrap()
    }

    #[test]
    fn event_refers_to_the_job_and_respects_the_limits_of_the_api() {
        let now = "2025-11-04T00:03:00.123456Z".parse().unwrap();
        let event = recorder().event("cityflow", EventType::Warning, "BadData", &"é".repeat(2000), now);
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["regarding"]["uid"], "0b5e4a1c-1111-2222-3333-444455556666");
        assert_eq!(value["regarding"]["kind"], "Job");
        assert_eq!(value["metadata"]["name"], "process-2025-11-03.1874a4d2f245d200");
        assert_eq!(value["eventTime"], "2025-11-04T00:03:00.123456Z");
        assert_eq!((&value["type"], &value["reason"]), (&"Warning".into(), &"BadData".into()));
        assert_eq!(value["note"].as_str().unwrap().len(), MAX_NOTE);
    }

    #[test]
    fn recorder_needs_name_and_uid_of_the_job() {
        assert!(EventRecorder::find("processor", None, |_| Some("x".into())).is_err());
        assert!(EventRecorder::find("processor", Some("process-2025-11-03"), |_| None).is_err());
        assert!(EventRecorder::find("processor", Some(""), |_| Some("x".into())).is_err());
    }
}
