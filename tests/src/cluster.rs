//! A real Kubernetes cluster: how to reach it, a namespace per test, and the results of Jobs in it.
//!
//! The cluster is given by variables (kubeconfig, image names, address of the S3 server), so that the tests run on any cluster. They use
//! `kubectl` and `helm`, as operators do.

mod namespace;
mod watch;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

pub use namespace::{FinishedJob, TestNamespace};

use crate::tools;

/// Path of the kubeconfig of a cluster that the tests may use.
pub const KUBECONFIG: &str = "CITYFLOW_TEST_KUBECONFIG";
/// Pattern of the image names, such as `cityflow/{}:test`; `{}` is replaced by processor, reporter, simulator, ending or versitygw.
pub const IMAGES: &str = "CITYFLOW_TEST_IMAGES";
/// URL under which pods reach the server of `CITYFLOW_TEST_S3`, such as `http://10.244.0.1:9000`.
pub const S3_FOR_PODS: &str = "CITYFLOW_TEST_S3_PODS";

/// The cluster of the tests.
#[derive(Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    images: String,
    s3: String,
}

impl Cluster {
    /// `None` if [`KUBECONFIG`] is not set; the test is then skipped.
    ///
    /// # Panics
    /// If [`KUBECONFIG`] is set and another variable is missing, or if tests must not be skipped.
    #[must_use]
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Cluster>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let kubeconfig = variable(KUBECONFIG)?;
            let required =
                |name: &str| variable(name).unwrap_or_else(|| panic!("{KUBECONFIG} is set, but {name} is not"));
            Some(Self { kubeconfig: kubeconfig.into(), images: required(IMAGES), s3: required(S3_FOR_PODS) })
        });
        if found.is_none() {
            tools::skip(&format!("{KUBECONFIG} is not set"));
        }
        found.as_ref()
    }

    /// Repository and tag of an image.
    #[must_use]
    pub fn image(&self, name: &str) -> (String, String) {
        let image = self.images.replace("{}", name);
        let (repository, tag) = image.rsplit_once(':').expect("an image has a tag");
        (repository.to_owned(), tag.to_owned())
    }

    /// Host name under which pods reach this machine.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.s3.split_once("://").expect("a URL").1;
        host.rsplit_once(':').expect("a port").0
    }

    /// `kubectl` or `helm`, configured for the cluster.
    #[must_use]
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Output of a `kubectl` command that must succeed.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn kubectl(&self, args: &[&str]) -> String {
        tools::run(self.tool("kubectl").args(args)).expect_success()
    }
}

/// An environment variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
