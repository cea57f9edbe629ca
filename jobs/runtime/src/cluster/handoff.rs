//! Creates a Job from a CronJob like `kubectl create job --from=cronjob/…`, with a deterministic name, so that it is created only once.

use chrono::NaiveDate;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DynamicObject, ObjectMeta, PostParams, TypeMeta};
use kube::core::ApiResource;
use serde_json::{Value, json};

use super::{Cluster, ClusterError, with_retries};

/// Longest name of a Job: its pods carry it as a label.
const MAX_NAME: usize = 63;
/// Length of the part of the digest in the name.
const DIGEST_LENGTH: usize = 8;
/// The annotation that kubectl sets on a Job created from a CronJob.
const MANUAL: (&str, &str) = ("cronjob.kubernetes.io/instantiate", "manual");

/// The result of creating a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCreation {
    /// A new Job was created.
    Created,
    /// A Job of that name exists already, running or finished.
    AlreadyExists,
}

impl Cluster {
    /// Creates the Job `name` from the CronJob `cronjob` in the pod's namespace, unless a Job of that name exists.
    ///
    /// # Errors
    /// The CronJob does not exist, a permission is missing, or the API server does not answer.
    pub async fn create_job_from(&self, cronjob: &str, name: &str) -> Result<JobCreation, ClusterError> {
        // Untyped objects, because typed ones would drop unknown fields.
        let cronjobs = self.objects(&ApiResource::erase::<CronJob>(&()));
        let jobs = self.objects(&ApiResource::erase::<Job>(&()));
        let reading = format!("read the CronJob {cronjob}");
        let from = with_retries(&reading, || async { cronjobs.get(cronjob).await }).await?;
        let job = job_of(&from, name)
            .ok_or_else(|| ClusterError::new(format!("the CronJob {cronjob} has no jobTemplate")))?;
        with_retries(&format!("create the Job {name}"), || async {
            match jobs.create(&PostParams::default(), &job).await {
                Ok(_) => Ok(JobCreation::Created),
                // Also if an earlier attempt created it and its response was lost.
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

/// The Job that kubectl would create: labels, annotations and spec of the template, the `manual` annotation, and the CronJob as owner.
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
        // Not blockOwnerDeletion, which would need a permission on the CronJob's finalizers.
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

/// The name of the Job for days `first` to `last` whose metrics have this digest. If it is too long, only the CronJob's name is truncated,
/// because the name must contain the days.
pub fn job_name(cronjob: &str, first: NaiveDate, last: NaiveDate, digest: &str) -> String {
    let days = if first == last { first.to_string() } else { format!("{first}-to-{last}") };
    let end = format!("-{days}-{}", &digest[..digest.floor_char_boundary(DIGEST_LENGTH)]);
    let begin = &cronjob[..cronjob.floor_char_boundary(MAX_NAME - end.len())];
    format!("{}{end}", begin.trim_end_matches(['-', '.']))
}

/// Groups days into ranges (first, last) without gaps, in order.
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
