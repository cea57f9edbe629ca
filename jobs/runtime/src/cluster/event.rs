//! One Kubernetes Event on the Job at the end of a run: what was published, or why not, on one line of `kubectl describe job`.

use std::cell::Cell;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, PostParams};

use super::{Cluster, ClusterError, with_retries};
use crate::failure::Failure;

/// The API takes no longer `note`.
const MAX_NOTE: usize = 1024;
/// The API takes no longer `reportingInstance`.
const MAX_INSTANCE: usize = 128;

/// Whether a person has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// All is as it should be.
    Normal,
    /// Somebody should look.
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

/// Who tells of the end of this run, and on which Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecorder {
    /// Name of the program.
    pub program: &'static str,
    /// Name of the Job.
    pub job: String,
    /// `metadata.uid` of the Job; without it the Event would belong to no object that anybody describes.
    pub uid: String,
    /// Name of the pod.
    pub pod: String,
}

/// The one of this process, or why there is none although one was asked for.
static RECORDER: OnceLock<Result<EventRecorder, ClusterError>> = OnceLock::new();

/// The variable that holds the Job's uid.
const JOB_UID: &str = "JOB_UID";
/// The variable that holds the pod's name.
const POD_NAME: &str = "POD_NAME";

impl EventRecorder {
    /// The announcer of a program, by what the pod knows of itself.
    ///
    /// # Errors
    /// No name or no uid of a Job, as outside a cluster.
    pub fn find(
        program: &'static str,
        job: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ClusterError> {
        let known = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (Some(job), Some(uid)) = (known(job.map(str::to_owned)), known(variable(JOB_UID))) else {
            let why =
                format!("--events: JOB_NAME and {JOB_UID} are not both set, so there is no Job to put an Event on");
            return Err(ClusterError::new(why));
        };
        Ok(Self { program, job, uid, pod: known(variable(POD_NAME)).unwrap_or_default() })
    }

    /// The Event.
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
                // As kubectl and the controllers name theirs: a name of the object, a dot, and the time.
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
                // An earlier try wrote it, and its answer was lost.
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await
    }
}

/// A text of at most so many bytes.
fn truncate(text: &str, longest: usize) -> String {
    text[..text.floor_char_boundary(longest)].to_owned()
}

/// Lets the end of the process be told by this announcer, or lets it be said then why it is not.
pub(crate) fn install_recorder(found: Result<EventRecorder, ClusterError>) {
    // A process has one end; the first stays.
    let _ = RECORDER.set(found);
}

thread_local! {
    static RECORDER_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Is this the thread that tells the cluster how the process ends? What goes wrong there changes nothing about the end.
pub(crate) fn is_recorder_thread() -> bool {
    RECORDER_THREAD.get()
}

/// Tells the cluster how the process ends, if it was asked to. Waits for the answer, not long; what goes wrong is a warning.
///
/// On a thread of its own, so that it works from wherever a process ends, a panic among them.
pub(crate) fn record_event(ended: &Result<String, Failure>) {
    let Some(recorder) = RECORDER.get() else { return };
    let (event_type, reason, note) = match ended {
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
            tracing::warn!("{error}; the run itself is not affected");
        }
    });
    if writing.join().is_err() {
        tracing::warn!("no Event could be written, by a bug; the run itself is not affected");
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
    fn an_event_is_about_the_job_and_within_the_limits_of_the_api() {
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
    fn without_a_job_there_is_nobody_to_tell() {
        assert!(EventRecorder::find("processor", None, |_| Some("x".into())).is_err());
        assert!(EventRecorder::find("processor", Some("process-2025-11-03"), |_| None).is_err());
        assert!(EventRecorder::find("processor", Some(""), |_| Some("x".into())).is_err());
    }
}
