//! A Job made from a CronJob as `kubectl create job --from=cronjob/…` makes it, under a name that only one can have.

use chrono::NaiveDate;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DynamicObject, ObjectMeta, PostParams, TypeMeta};
use kube::core::ApiResource;
use serde_json::{Value, json};

use super::{Cluster, ClusterError, with_retries};

/// The longest name of a Job whose pods can still carry it as a label.
const MAX_NAME: usize = 63;
/// So many characters of a digest make a name its own.
const DIGEST_LENGTH: usize = 8;
/// What kubectl leaves on a Job that a person made from a CronJob.
const MANUAL: (&str, &str) = ("cronjob.kubernetes.io/instantiate", "manual");

/// What became of the wish for a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCreation {
    /// It was made.
    Created,
    /// A Job of that name is there already, running or ended.
    AlreadyExists,
}

impl Cluster {
    /// Makes the Job `name` from the CronJob `cronjob` of the pod's namespace, unless there is one of that name.
    ///
    /// # Errors
    /// No such CronJob, no right, no answer.
    pub async fn create_job_from(&self, cronjob: &str, name: &str) -> Result<JobCreation, ClusterError> {
        // As it stands in the API and not in types of ours, which would lose what they do not know.
        let cronjobs = self.objects(&ApiResource::erase::<CronJob>(&()));
        let jobs = self.objects(&ApiResource::erase::<Job>(&()));
        let reading = format!("read the CronJob {cronjob}");
        let from = with_retries(&reading, || async { cronjobs.get(cronjob).await }).await?;
        let job = job_of(&from, name)
            .ok_or_else(|| ClusterError::new(format!("the CronJob {cronjob} has no jobTemplate")))?;
        with_retries(&format!("make the Job {name}"), || async {
            match jobs.create(&PostParams::default(), &job).await {
                Ok(_) => Ok(JobCreation::Created),
                // Also where an earlier try made it and its answer was lost.
                Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists" => {
                    Ok(JobCreation::AlreadyExists)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    fn objects(&self, kind: &ApiResource) -> Api<DynamicObject> {
        Api::default_namespaced_with(self.client.clone(), kind)
    }
}

/// The Job that kubectl would make: the template's labels, annotations and spec, the mark of a Job made by hand, and the CronJob as owner.
fn job_of(cronjob: &DynamicObject, name: &str) -> Option<DynamicObject> {
    let template = cronjob.data.pointer("/spec/jobTemplate")?;
    let texts = |part: &str| -> std::collections::BTreeMap<String, String> {
        let found = template.pointer(part).and_then(Value::as_object).into_iter().flatten();
        found.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    let mut annotations = texts("/metadata/annotations");
    annotations.insert(MANUAL.0.to_owned(), MANUAL.1.to_owned());
    let owner = OwnerReference {
        api_version: "batch/v1".into(),
        kind: "CronJob".into(),
        name: cronjob.metadata.name.clone()?,
        uid: cronjob.metadata.uid.clone()?,
        controller: Some(true),
        // Not blockOwnerDeletion, which would ask for a right on the CronJob's finalizers.
        ..OwnerReference::default()
    };
    Some(DynamicObject {
        types: Some(TypeMeta { api_version: "batch/v1".into(), kind: "Job".into() }),
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(texts("/metadata/labels")),
            annotations: Some(annotations),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        data: json!({ "spec": template.get("spec")? }),
    })
}

/// The name of the Job for days `first` to `last` whose metrics have this digest. Only the CronJob's name is cut where it is too long,
/// so that the name says the days however it was called.
pub fn job_name(cronjob: &str, first: NaiveDate, last: NaiveDate, digest: &str) -> String {
    let days = if first == last { first.to_string() } else { format!("{first}-to-{last}") };
    let end = format!("-{days}-{}", &digest[..digest.floor_char_boundary(DIGEST_LENGTH)]);
    let begin = &cronjob[..cronjob.floor_char_boundary(MAX_NAME - end.len())];
    format!("{}{end}", begin.trim_end_matches(['-', '.']))
}

/// The runs of days without a gap, in order.
pub fn day_ranges(mut days: Vec<NaiveDate>) -> Vec<(NaiveDate, NaiveDate)> {
    days.sort_unstable();
    let mut day_ranges: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for day in days {
        match day_ranges.last_mut() {
            Some((_, last)) if *last == day || last.succ_opt() == Some(day) => *last = day,
            _ => day_ranges.push((day, day)),
        }
    }
    day_ranges
}
