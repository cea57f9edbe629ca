//! A real Kubernetes cluster: where it is, a namespace of one's own on it, and what became of a Job there.
//!
//! A test asks for a kubeconfig, an S3 server and the names of images, so that it runs alike on any cluster. All is done as people do it, by
//! `kubectl` and `helm`.

mod space;
mod watch;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

pub use space::{Ended, Space};

/// Names the kubeconfig of a cluster that tests may use.
pub const KUBECONFIG: &str = "CITYFLOW_TEST_KUBECONFIG";
/// How images are called, such as `cityflow/{}:test`; `{}` stands for processor, reporter, simulator, ending.
pub const IMAGES: &str = "CITYFLOW_TEST_IMAGES";
/// The address at which pods reach the server of `CITYFLOW_TEST_S3`, such as `http://10.244.0.1:9000`.
pub const S3_FOR_PODS: &str = "CITYFLOW_TEST_S3_PODS";
/// Where it is set, a test that lacks a tool or a cluster fails instead of saying that it was skipped.
pub const REQUIRED: &str = "CITYFLOW_REQUIRE_TOOLS";

/// The cluster of the tests.
#[derive(Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    images: String,
    s3: String,
}

impl Cluster {
    /// The cluster, or nothing after having said that a test is skipped.
    ///
    /// # Panics
    /// Where a cluster is named and the rest is not, or where tests may not be skipped.
    #[must_use]
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Cluster>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let kubeconfig = variable(KUBECONFIG)?;
            let needed =
                |name: &str| variable(name).unwrap_or_else(|| panic!("{KUBECONFIG} is set, and {name} is not"));
            Some(Self { kubeconfig: kubeconfig.into(), images: needed(IMAGES), s3: needed(S3_FOR_PODS) })
        });
        if found.is_none() {
            skipped(&format!("{KUBECONFIG} names no cluster"));
        }
        found.as_ref()
    }

    /// The repository and the tag of an image.
    #[must_use]
    pub fn image(&self, name: &str) -> (String, String) {
        let image = self.images.replace("{}", name);
        let (repository, tag) = image.rsplit_once(':').expect("an image has a tag");
        (repository.to_owned(), tag.to_owned())
    }

    /// The address of the tests' own S3 server for pods.
    #[must_use]
    pub fn s3(&self) -> &str {
        &self.s3
    }

    /// This machine for pods, as a host.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.s3.split_once("://").expect("an address").1;
        host.rsplit_once(':').expect("a port").0
    }

    /// `kubectl` or `helm`, pointed at the cluster.
    #[must_use]
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// What `kubectl` says.
    ///
    /// # Panics
    /// Where it fails.
    #[must_use]
    pub fn kubectl(&self, args: &[&str]) -> String {
        run(self.tool("kubectl").args(args)).good()
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Says that a test is skipped.
///
/// # Panics
/// Where tests may not be skipped.
pub fn skipped(why: &str) {
    assert!(variable(REQUIRED).is_none(), "{REQUIRED} is set, and {why}");
    eprintln!("SKIPPED: {why}");
}

/// What a tool said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The command line.
    pub line: String,
    /// Whether it ended with 0.
    pub ok: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Answer {
    /// Its output.
    ///
    /// # Panics
    /// Where it failed.
    #[must_use]
    pub fn good(self) -> String {
        assert!(self.ok, "{}\n{}{}", self.line, self.stdout, self.stderr);
        self.stdout
    }
}

/// Runs a tool to its end.
///
/// # Panics
/// Where it cannot be started.
pub fn run(command: &mut Command) -> Answer {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Answer {
        line: format!("{command:?}"),
        ok: output.status.success(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
