//! A place to work in: raw files, documents and reports in a temporary folder or in a bucket of their own, and the same calls for both.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use runtime::store::{Condition, LocalStore, S3Options, S3Store, SharedStore, StoreError};

use crate::command::Job;
use crate::documents;
use crate::s3server::{S3Server, TestS3};

/// Raw files lie below it.
pub const RAW: &str = "raw";
/// Documents and reports lie below it.
pub const PROCESSED: &str = "processed";

/// A place to work in. It is gone when it is dropped, but for a bucket on a server that outlives the test.
#[derive(Debug)]
pub struct World {
    folder: tempfile::TempDir,
    store: SharedStore,
    address: String,
    variables: Vec<(&'static str, String)>,
    server: Option<S3Server>,
    tokio: tokio::runtime::Runtime,
    scratch: AtomicU32,
    /// Digests of documents that were found good.
    checked: Mutex<BTreeSet<String>>,
}

/// Runs a scenario against a folder, then against S3.
pub fn everywhere(scenario: impl Fn(&World)) {
    for make in [World::folder, World::s3] {
        let world = make();
        // Printed only where the scenario fails.
        eprintln!("at {}", world.address);
        scenario(&world);
    }
}

impl World {
    /// In a temporary folder.
    #[must_use]
    pub fn folder() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("city");
        let store: SharedStore = std::sync::Arc::new(LocalStore::create(&root).expect("a folder"));
        for part in [RAW, PROCESSED] {
            std::fs::create_dir_all(root.join(part)).expect("a folder");
        }
        Self::new(folder, store, root.display().to_string(), Vec::new(), None, tokio())
    }

    /// In a bucket of the server that `CITYFLOW_TEST_S3` names, else of the built-in one.
    #[must_use]
    pub fn s3() -> Self {
        Self::on(TestS3::find())
    }

    /// In a bucket of the built-in server, which can fail on demand: see [`World::server`].
    #[must_use]
    pub fn faulty() -> Self {
        Self::on_server(S3Server::start())
    }

    /// [`World::faulty`] on a server that the pods of a cluster reach as well.
    #[must_use]
    pub fn faulty_for_pods() -> Self {
        Self::on_server(S3Server::start_on(Ipv4Addr::UNSPECIFIED))
    }

    fn on_server(server: S3Server) -> Self {
        Self::on(TestS3 {
            endpoint: server.endpoint(),
            access_key: server.access_key().into(),
            secret_key: server.secret_key().into(),
            server: Some(server),
        })
    }

    fn on(s3: TestS3) -> Self {
        let bucket = fresh_bucket();
        tokio().block_on(s3.create_bucket(&bucket));
        Self::at(s3, &bucket)
    }

    /// In this bucket of that server, which is there.
    #[must_use]
    pub fn at(s3: TestS3, bucket: &str) -> Self {
        let tokio = tokio();
        let options = S3Options {
            path_style: true,
            static_server: Some((s3.endpoint.clone(), s3.access_key.clone(), s3.secret_key.clone())),
            ..S3Options::default()
        };
        let store = tokio.block_on(S3Store::open(bucket, "", options)).expect("a client");
        let variables = vec![
            ("AWS_ENDPOINT_URL", s3.endpoint),
            ("AWS_ACCESS_KEY_ID", s3.access_key),
            ("AWS_SECRET_ACCESS_KEY", s3.secret_key),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("CITYFLOW_S3_PATH_STYLE", "true".to_owned()),
        ];
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::new(folder, std::sync::Arc::new(store), format!("s3://{bucket}"), variables, s3.server, tokio)
    }

    fn new(
        folder: tempfile::TempDir,
        store: SharedStore,
        address: String,
        variables: Vec<(&'static str, String)>,
        server: Option<S3Server>,
        tokio: tokio::runtime::Runtime,
    ) -> Self {
        std::fs::create_dir_all(folder.path().join("home")).expect("a folder");
        let (scratch, checked) = (AtomicU32::new(0), Mutex::default());
        Self { folder, store, address, variables, server, tokio, scratch, checked }
    }

    /// The variable of that name which the programs are given here.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The built-in server.
    ///
    /// # Panics
    /// In a world that is not on it.
    #[must_use]
    pub fn server(&self) -> &S3Server {
        self.server.as_ref().expect("this world is on the built-in server")
    }

    /// The bucket's name, in a world on S3.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.address.strip_prefix("s3://").expect("this world is on S3")
    }

    /// The path of a key, in a world on a folder.
    #[must_use]
    pub fn path(&self, key: &str) -> PathBuf {
        assert!(!self.address.starts_with("s3://"), "this world is on S3");
        Path::new(&self.address).join(key)
    }

    /// The address of a key as settings write it.
    #[must_use]
    pub fn address(&self, key: &str) -> String {
        format!("{}/{key}", self.address)
    }

    /// The folder that programs are started in.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A path that nobody else uses.
    #[must_use]
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}-{}", self.scratch.fetch_add(1, Ordering::Relaxed)))
    }

    /// The processor, told where everything is.
    #[must_use]
    pub fn processor(&self) -> Job<'_> {
        let job = self.bare("processor").env("CITYFLOW_THREADS", "2");
        job.args(["--raw", &self.address(RAW), "--out", &self.address(PROCESSED)])
    }

    /// The reporter, told where everything is.
    #[must_use]
    pub fn reporter(&self) -> Job<'_> {
        let [metrics, reports] = ["metrics", "reports"].map(|folder| self.address(&format!("{PROCESSED}/{folder}")));
        self.bare("reporter").args(["--metrics", &metrics, "--reports", &reports])
    }

    /// The simulator, told where raw files go.
    #[must_use]
    pub fn simulator(&self) -> Job<'_> {
        self.bare("simulator").args(["--out", &self.address(RAW), "--force"])
    }

    /// A program with the variables that it needs to reach S3, and no argument.
    #[must_use]
    pub fn bare(&self, program: &'static str) -> Job<'_> {
        self.variables.iter().fold(Job::new(self, program), |job, (name, value)| job.env(name, value))
    }

    /// The bytes at a key, such as `processed/metrics/manifest_2025-11-04.json`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Bytes> {
        match self.tokio.block_on(self.store.get(key)) {
            Ok((bytes, _)) => Some(bytes),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Writes an object.
    pub fn put(&self, key: &str, body: impl Into<Bytes>) {
        self.tokio.block_on(self.store.put(key, body.into(), Condition::Always)).expect("an object can be written");
    }

    /// Writes a raw file, its key relative to the raw folder.
    pub fn put_raw(&self, key: &str, body: impl Into<Bytes>) {
        self.put(&format!("{RAW}/{key}"), body);
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.tokio.block_on(self.store.delete(key)).expect("an object can be removed");
    }

    /// Removes all raw files whose key begins with `prefix`.
    pub fn remove_raw(&self, prefix: &str) {
        let keys = self.list(&format!("{RAW}/{prefix}"));
        assert!(!keys.is_empty(), "there is no raw file {prefix}");
        keys.iter().for_each(|key| self.remove(key));
    }

    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<String> {
        let objects = self.tokio.block_on(self.store.list(prefix)).expect("a listing");
        objects.into_iter().map(|object| object.key).collect()
    }

    /// Every key with its bytes.
    #[must_use]
    pub fn everything(&self, prefix: &str) -> Vec<(String, Bytes)> {
        let keys = self.list(prefix).into_iter();
        keys.filter_map(|key| self.get(&key).map(|body| (key, body))).collect()
    }

    /// Checks every document and report that is there: the schema, the types, and the manifests.
    ///
    /// # Panics
    /// Where one is not as it should be.
    pub fn check_documents(&self) {
        let mut checked = self.checked.lock().expect("no other check failed");
        // A world whose root was taken away on purpose has no documents.
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
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// A bucket name that no other test of this run, and no earlier run on a lasting server, has.
fn fresh_bucket() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = chrono::Utc::now().timestamp_micros();
    format!("cityflow-test-{now}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
