//! Checks the service account's permissions for `--events` and `--handoff`, for the `check` commands.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::{Api, PostParams};

use super::{Cluster, ClusterError, with_retries};
use crate::failure::{Code, Failure};

impl Cluster {
    /// Whether the pod's service account may do `verb` on `resource` of API group `group` in its namespace. Needs no permission itself.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn is_allowed(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        name: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let attributes = ResourceAttributes {
            namespace: Some(self.namespace().to_owned()),
            verb: Some(verb.to_owned()),
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            name: name.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer =
            with_retries("check its permissions", || async { reviews.create(&PostParams::default(), &review).await })
                .await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}

/// Checks the permissions that the switches need; returns one line for each.
///
/// # Errors
/// [`Code::Usage`] for a missing permission, [`Code::Unavailable`] if the API server does not answer.
pub async fn check_permissions(events: bool, cronjob: Option<&str>) -> Result<Vec<String>, Failure> {
    let mut needed = Vec::new();
    if events {
        needed.push(("--events (CITYFLOW_EVENTS)", "create", "events.k8s.io", "events", None));
    }
    if let Some(name) = cronjob {
        needed.push(("--handoff (CITYFLOW_HANDOFF)", "get", "batch", "cronjobs", Some(name)));
        needed.push(("--handoff (CITYFLOW_HANDOFF)", "create", "batch", "jobs", None));
    }
    let mut lines = Vec::new();
    if needed.is_empty() {
        return Ok(lines);
    }
    let unreachable = |error: ClusterError| {
        Failure::new(Code::Unavailable, error.to_string(), "", "Fix it, or disable --events and --handoff")
    };
    let cluster = Cluster::connect().await.map_err(unreachable)?;
    for (switch, verb, group, resource, name) in needed {
        let what = name.map_or_else(|| resource.to_owned(), |name| format!("{resource}/{name}"));
        if !cluster.is_allowed(verb, group, resource, name).await.map_err(unreachable)? {
            return Err(Failure::new(
                Code::Usage,
                format!("the service account may not {verb} {what} in namespace {}", cluster.namespace()),
                switch,
                "Bind it to the chart's Role, or disable this switch",
            ));
        }
        lines.push(format!("cluster, namespace {}: may {verb} {what}", cluster.namespace()));
    }
    Ok(lines)
}
