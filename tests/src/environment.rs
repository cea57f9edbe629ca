//! [`TestEnv`]: the raw files, documents and reports of one test, in a temporary folder or in a bucket, with the same calls for both.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use runtime::store::{Condition, LocalStore, S3Options, S3Store, SharedStore, StoreError};

use crate::command::TestCommand;
use crate::documents;
use crate::s3server::{S3Server, TestS3, fresh_bucket_name};

/// Folder of the raw files.
pub const RAW: &str = "raw";
/// Folder of documents and reports.
pub const PROCESSED: &str = "processed";

/// The files of one test, and the programs that run on them. Dropping it deletes the folder; a bucket on an external server stays.
#[derive(Debug)]
pub struct TestEnv {
    folder: tempfile::TempDir,
    store: SharedStore,
    /// A path, or `s3://bucket`.
    root: String,
    /// The variables that the programs need to reach the bucket.
    variables: Vec<(&'static str, String)>,
    server: Option<S3Server>,
    tokio: tokio::runtime::Runtime,
    scratch_paths: AtomicU32,
    /// Key and sha256 of each document that passed its check.
    checked: Mutex<BTreeSet<String>>,
}

/// Runs a scenario in a folder, then on S3.
pub fn for_each_store(scenario: impl Fn(&TestEnv)) {
    for make in [TestEnv::in_folder, TestEnv::on_s3] {
        let env = make();
        // Captured output: shown only when the scenario fails.
        eprintln!("in {}", env.root);
        scenario(&env);
    }
}

impl TestEnv {
    /// In a temporary folder.
    #[must_use]
    pub fn in_folder() -> Self {
        let folder = tempfile::tempdir().expect("create a temporary folder");
        let root = folder.path().join("city");
        let store: SharedStore = std::sync::Arc::new(LocalStore::create(&root).expect("create the store"));
        for part in [RAW, PROCESSED] {
            std::fs::create_dir_all(root.join(part)).expect("create a folder");
        }
        Self::new(folder, store, root.display().to_string(), Vec::new(), None, tokio())
    }

    /// In a new bucket, on the server that `CITYFLOW_TEST_S3` names or else on a built-in one.
    #[must_use]
    pub fn on_s3() -> Self {
        Self::in_new_bucket(TestS3::from_env())
    }

    /// In a new bucket on a built-in server, which records requests and injects faults: see [`TestEnv::server`].
    #[must_use]
    pub fn on_test_server() -> Self {
        Self::in_new_bucket(S3Server::start().into())
    }

    /// [`TestEnv::on_test_server`], reachable from the pods of a cluster.
    #[must_use]
    pub fn on_test_server_for_pods() -> Self {
        Self::in_new_bucket(S3Server::start_on(Ipv4Addr::UNSPECIFIED).into())
    }

    fn in_new_bucket(s3: TestS3) -> Self {
        let bucket = fresh_bucket_name();
        tokio().block_on(s3.create_bucket(&bucket));
        Self::in_bucket(s3, &bucket)
    }

    /// In an existing bucket.
    #[must_use]
    pub fn in_bucket(s3: TestS3, bucket: &str) -> Self {
        let tokio = tokio();
        let options =
            S3Options { path_style: true, static_server: Some(s3.endpoint_and_keys()), ..S3Options::default() };
        let store = tokio.block_on(S3Store::open(bucket, "", options)).expect("open the bucket");
        let variables = vec![
            ("AWS_ENDPOINT_URL", s3.endpoint),
            ("AWS_ACCESS_KEY_ID", s3.access_key),
            ("AWS_SECRET_ACCESS_KEY", s3.secret_key),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("CITYFLOW_S3_PATH_STYLE", "true".to_owned()),
        ];
        let folder = tempfile::tempdir().expect("create a temporary folder");
        Self::new(folder, std::sync::Arc::new(store), format!("s3://{bucket}"), variables, s3.server, tokio)
    }

    fn new(
        folder: tempfile::TempDir,
        store: SharedStore,
        root: String,
        variables: Vec<(&'static str, String)>,
        server: Option<S3Server>,
        tokio: tokio::runtime::Runtime,
    ) -> Self {
        std::fs::create_dir_all(folder.path().join("home")).expect("create a folder");
        let (scratch_paths, checked) = (AtomicU32::new(0), Mutex::default());
        Self { folder, store, root, variables, server, tokio, scratch_paths, checked }
    }

    /// The value of an environment variable that the programs are given to reach the bucket.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The built-in server.
    ///
    /// # Panics
    /// When the environment is not on it.
    #[must_use]
    pub fn server(&self) -> &S3Server {
        self.server.as_ref().expect("an environment on the built-in server")
    }

    #[must_use]
    pub fn is_s3(&self) -> bool {
        self.root.starts_with("s3://")
    }

    /// The name of the bucket.
    ///
    /// # Panics
    /// When the environment is in a folder.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.root.strip_prefix("s3://").expect("an environment on S3")
    }

    /// The path of a key.
    ///
    /// # Panics
    /// When the environment is on S3.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        assert!(!self.is_s3(), "objects on S3 have no path");
        Path::new(&self.root).join(key)
    }

    /// The address of a key as settings write it: a path, or an `s3://` URL.
    #[must_use]
    pub fn address(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }

    /// The working directory and `HOME` of the programs.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A new path outside the store; nothing is created there.
    #[must_use]
    pub fn scratch_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}-{}", self.scratch_paths.fetch_add(1, Ordering::Relaxed)))
    }

    /// The processor with two threads, reading [`RAW`] and writing [`PROCESSED`].
    #[must_use]
    pub fn processor(&self) -> TestCommand<'_> {
        let command = self.program("processor").env("CITYFLOW_THREADS", "2");
        command.args(["--raw", &self.address(RAW), "--out", &self.address(PROCESSED)])
    }

    /// The reporter, reading the processor's documents and writing `processed/reports`.
    #[must_use]
    pub fn reporter(&self) -> TestCommand<'_> {
        let [metrics, reports] = ["metrics", "reports"].map(|folder| self.address(&format!("{PROCESSED}/{folder}")));
        self.program("reporter").args(["--metrics", &metrics, "--reports", &reports])
    }

    /// The simulator, writing [`RAW`].
    #[must_use]
    pub fn simulator(&self) -> TestCommand<'_> {
        self.program("simulator").args(["--out", &self.address(RAW), "--force"])
    }

    /// A program without arguments, with the variables that it needs to reach the bucket.
    #[must_use]
    pub fn program(&self, name: &'static str) -> TestCommand<'_> {
        TestCommand::new(self, name).envs(&self.variables)
    }

    /// The object at a key, such as `processed/metrics/manifest_2025-11-04.json`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Bytes> {
        match self.tokio.block_on(self.store.get(key)) {
            Ok((bytes, _)) => Some(bytes),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    pub fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.tokio.block_on(self.store.put(key, body.into(), Condition::Always)).expect("write an object");
    }

    /// Writes a raw file; `key` is relative to [`RAW`].
    pub fn put_raw(&self, key: &str, body: impl Into<Bytes>) {
        self.put(&format!("{RAW}/{key}"), body);
    }

    pub fn remove(&self, key: &str) {
        self.tokio.block_on(self.store.delete(key)).expect("remove an object");
    }

    /// Removes all raw files whose key, relative to [`RAW`], begins with `prefix`.
    ///
    /// # Panics
    /// When there is none.
    pub fn remove_raw(&self, prefix: &str) {
        let keys = self.list(&format!("{RAW}/{prefix}"));
        assert!(!keys.is_empty(), "no raw file begins with {prefix}");
        keys.iter().for_each(|key| self.remove(key));
    }

    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<String> {
        let objects = self.tokio.block_on(self.store.list(prefix)).expect("list objects");
        objects.into_iter().map(|object| object.key).collect()
    }

    /// All objects whose key begins with `prefix`: key and bytes.
    #[must_use]
    pub fn objects(&self, prefix: &str) -> Vec<(String, Bytes)> {
        let keys = self.list(prefix).into_iter();
        keys.filter_map(|key| self.get(&key).map(|body| (key, body))).collect()
    }

    /// Checks every document, manifest and report in [`PROCESSED`] with [`documents::check`].
    ///
    /// # Panics
    /// When one of them violates the contract.
    pub fn check_documents(&self) {
        let mut checked = self.checked.lock().expect("no earlier check failed");
        // Some tests remove the root.
        let Ok(objects) = self.tokio.block_on(self.store.list(&format!("{PROCESSED}/"))) else { return };
        for object in objects {
            let Some(body) = self.get(&object.key) else { continue };
            let digest = documents::sha256(&body);
            if checked.insert(format!("{} {digest}", object.key)) {
                let wrong = documents::check(&object.key, &body);
                assert!(wrong.is_empty(), "{}:\n  {}", self.address(&object.key), wrong.join("\n  "));
            }
        }
    }
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("start tokio")
}
