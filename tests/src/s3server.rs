//! An S3 server for tests: real HTTP, real signatures, buckets in memory, and faults on demand.
//!
//! Not for production, and no more of S3 than the jobs use: listing by pages, HEAD, ranged GET and PUT with their conditions, DELETE.
//! Like AWS it keeps the CRC-64/NVME that a client sends, and its ETags are a digest of the content.

mod bucket;
mod call;
mod fault;
mod http;
mod state;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

pub use call::Call;
use call::Guard;
pub use fault::Fault;
use fault::Rule;
use state::Shared;

/// The name of the variable that points the tests at another server: `http://access:secret@127.0.0.1:9000`.
pub const SERVER_VARIABLE: &str = "CITYFLOW_TEST_S3";

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    state: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl S3Server {
    /// The access key that the server accepts.
    pub const ACCESS_KEY: &str = "AKIACITYFLOWTEST";
    /// The secret key that goes with it.
    pub const SECRET_KEY: &str = "cityflow-test-secret-key";

    /// Starts a server without buckets on a free port of this machine, in a thread of its own.
    pub fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST)
    }

    /// [`S3Server::start`] on an address of this machine; on `UNSPECIFIED` the pods of a cluster reach it as well.
    #[allow(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub fn start_on(address: Ipv4Addr) -> Self {
        let state = Shared::default();
        let (stop, stopped) = oneshot::channel();
        let (told, told_port) = std::sync::mpsc::channel();
        let inside = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind((address, 0)).await.expect("a free port");
                let _ = told.send(listener.local_addr().expect("an address").port());
                tokio::select! {
                    () = http::serve(listener, inside) => {}
                    _ = stopped => {}
                }
            });
        });
        let port = told_port.recv().expect("the server starts");
        Self { address: (Ipv4Addr::LOCALHOST, port).into(), state, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key.
    pub fn access_key(&self) -> &'static str {
        Self::ACCESS_KEY
    }

    /// The secret key.
    pub fn secret_key(&self) -> &'static str {
        Self::SECRET_KEY
    }

    /// The variables by which a job finds this server, for `Command::envs`.
    pub fn variables(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", Self::ACCESS_KEY.into()),
            ("AWS_SECRET_ACCESS_KEY", Self::SECRET_KEY.into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("CITYFLOW_S3_PATH_STYLE", "true".into()),
        ]
    }

    /// Makes an empty bucket; one that is there stays as it is.
    pub fn create_bucket(&self, name: &str) {
        self.state().buckets.entry(name.to_owned()).or_default();
    }

    /// Puts an object straight into the memory, making the bucket where needed. As on AWS without a client's checksum, its
    /// CRC-64/NVME is kept.
    pub fn put(&self, bucket: &str, key: &str, body: impl Into<Bytes>) {
        let stored = state::Stored::with_checksum(body.into());
        self.state().buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), stored);
    }

    /// The bytes of an object.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.state().buckets.get(bucket)?.get(key).map(|stored| stored.body.clone())
    }

    /// Removes an object, if it is there.
    pub fn remove(&self, bucket: &str, key: &str) {
        if let Some(objects) = self.state().buckets.get_mut(bucket) {
            objects.remove(key);
        }
    }

    /// The keys of a bucket that begin with `prefix`, in byte order.
    pub fn list(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let state = self.state();
        let keys = state.buckets.get(bucket).into_iter().flat_map(|objects| objects.keys());
        keys.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// Every request so far: method and `bucket/key`, or `bucket?prefix` of a listing. Those that a fault answered are here too.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.state().requests.clone()
    }

    /// Waits for a request of `method` whose `bucket/key` contains `part`, from now on.
    pub fn expect_request(&self, method: &str, part: &str) -> std::sync::mpsc::Receiver<()> {
        let (tell, told) = std::sync::mpsc::channel();
        self.state().waiting.push((method.to_owned(), part.to_owned(), tell));
        told
    }

    /// Every request so far in full, with the status of its answer.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.values().cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        let mut state = self.state();
        state.requests.clear();
        state.calls.clear();
    }

    /// From now on answers 403 where `allows` says no. It is asked before anything is done, when the call has no status yet, and once
    /// more, with status 404, where an object that was asked for is not there: S3 says so only to who may list.
    pub fn guard(&self, allows: impl Fn(&Call) -> bool + Send + Sync + 'static) {
        self.state().guard = Some(Guard(Arc::new(allows)));
    }

    /// Allows everything again.
    pub fn unguard(&self) {
        self.state().guard = None;
    }

    /// Lets `fault` befall the next `times` requests of `method` (`*`: any) whose `bucket/key` contains `part`.
    pub fn inject(&self, method: &str, part: &str, times: usize, fault: Fault) {
        self.inject_after(0, method, part, times, fault);
    }

    /// [`S3Server::inject`], letting `skip` such requests pass first.
    pub fn inject_after(&self, skip: usize, method: &str, part: &str, times: usize, fault: Fault) {
        let (method, part) = (method.to_owned(), part.to_owned());
        self.state().rules.push(Rule { method, part, skip, times, share: None, fault });
    }

    /// Lets `fault` befall so many percent of the requests of `method` whose `bucket/key` contains `part`, until all faults are taken
    /// back. Chance decides which, and the same `seed` decides alike.
    pub fn inject_share(&self, percent: u64, seed: u64, method: &str, part: &str, fault: Fault) {
        let (method, part, share) = (method.to_owned(), part.to_owned(), Some(fault::Share::new(percent, seed)));
        self.state().rules.push(Rule { method, part, skip: 0, times: usize::MAX, share, fault });
    }

    /// Every fault that befell a request so far.
    pub fn faults(&self) -> Vec<Fault> {
        self.state().faults.clone()
    }

    /// Takes back all faults.
    pub fn heal(&self) {
        self.state().rules.clear();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, state::State> {
        state::lock(&self.state)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where a test finds S3: the server that `CITYFLOW_TEST_S3` names, else one of its own.
#[derive(Debug)]
pub struct TestS3 {
    /// `http://host:port`.
    pub endpoint: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
    /// The built-in server, where it is that.
    pub server: Option<S3Server>,
}

impl TestS3 {
    /// The server to test against. One that the variable names must be an address with both keys.
    #[allow(clippy::expect_used, reason = "a test cannot go on with a server it cannot find")]
    pub fn find() -> Self {
        match std::env::var(SERVER_VARIABLE) {
            Ok(text) => Self::parse(&text).expect("CITYFLOW_TEST_S3 is like http://access:secret@127.0.0.1:9000"),
            Err(_) => {
                let server = S3Server::start();
                Self {
                    endpoint: server.endpoint(),
                    access_key: S3Server::ACCESS_KEY.into(),
                    secret_key: S3Server::SECRET_KEY.into(),
                    server: Some(server),
                }
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim_end_matches('/').split_once("://")?;
        let (keys, host) = rest.rsplit_once('@')?;
        let (access_key, secret_key) = keys.split_once(':')?;
        let (access_key, secret_key) = (access_key.to_owned(), secret_key.to_owned());
        Some(Self { endpoint: format!("{scheme}://{host}"), access_key, secret_key, server: None })
    }

    /// Makes a bucket by the API; one that is there already is fine.
    #[allow(clippy::panic, reason = "a test cannot go on without its bucket")]
    pub async fn create_bucket(&self, name: &str) {
        use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
        let credentials = Credentials::new(&self.access_key, &self.secret_key, None, None, "test");
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .force_path_style(true)
            .build();
        let made = aws_sdk_s3::Client::from_conf(config).create_bucket().bucket(name).send().await;
        if let Err(error) = made.map_err(aws_sdk_s3::error::SdkError::into_service_error)
            && !error.is_bucket_already_owned_by_you()
            && !error.is_bucket_already_exists()
        {
            panic!("bucket {name} at {}: {error:?}", self.endpoint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_named_by_its_address_and_keys() {
        let found = TestS3::parse("http://access:se/cr:et@127.0.0.1:9000/").unwrap();
        assert_eq!((found.endpoint.as_str(), found.secret_key.as_str()), ("http://127.0.0.1:9000", "se/cr:et"));
        assert!(TestS3::parse("http://127.0.0.1:9000").is_none());
    }
}
