//! An S3 server for tests: real HTTP, real signatures, buckets in memory, injected faults, and a record of every request.
//!
//! It implements only the S3 calls of the jobs: paged listing, HEAD, ranged GET and PUT with their conditions, DELETE. Like AWS it stores
//! the CRC-64/NVME that a client sends, and its ETags are a digest of the content.
//!
//! ```ignore
//! let server = S3Server::start();
//! server.put("bucket", "key", "body");
//! server.inject("GET", "key", 2, InjectedFault::Unavailable); // the next two GETs of a key that contains "key" get 503
//! ```
//!
//! [`TestS3`] is for tests that also pass on another S3 server.

mod bucket;
mod fault;
mod http;
mod recorded_request;
mod state;
mod target;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

pub use fault::InjectedFault;
use fault::{FaultRate, FaultRule};
use recorded_request::AccessCheck;
pub use recorded_request::RecordedRequest;
use state::SharedState;
pub use target::{TestS3, fresh_bucket_name};

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    state: SharedState,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl S3Server {
    /// The one access key that the server accepts.
    pub const ACCESS_KEY: &str = "AKIACITYFLOWTEST";
    pub const SECRET_KEY: &str = "cityflow-test-secret-key";

    /// Starts a server without buckets in a new thread, on a free port of the loopback address.
    pub fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST)
    }

    /// [`S3Server::start`] on another address of this machine; with `UNSPECIFIED` the pods of a cluster can reach it.
    pub fn start_on(address: Ipv4Addr) -> Self {
        let state = SharedState::default();
        let (stop, stopped) = oneshot::channel();
        let (send_port, port) = std::sync::mpsc::channel();
        let server_state = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("start tokio");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind((address, 0)).await.expect("bind a free port");
                let _ = send_port.send(listener.local_addr().expect("local address").port());
                tokio::select! {
                    () = http::serve(listener, server_state) => {}
                    _ = stopped => {}
                }
            });
        });
        let port = port.recv().expect("start the S3 server");
        Self { address: (Ipv4Addr::LOCALHOST, port).into(), state, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a bucket; does nothing if it exists.
    pub fn create_bucket(&self, name: &str) {
        self.state().buckets.entry(name.to_owned()).or_default();
    }

    /// Stores an object directly in memory, creating the bucket if necessary. Like AWS without a client checksum, the server computes
    /// the CRC-64/NVME.
    pub fn put(&self, bucket: &str, key: &str, body: impl Into<Bytes>) {
        let stored = state::StoredObject::with_checksum(body.into());
        self.state().buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), stored);
    }

    /// The bytes of an object.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.state().buckets.get(bucket)?.get(key).map(|stored| stored.body.clone())
    }

    /// Removes an object; does nothing if there is none.
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

    /// Every request so far: method and `bucket/key`, or `bucket?prefix` for a listing. Includes requests that met a fault.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.state().requests.clone()
    }

    /// A channel that receives a message at the next request of `method` whose `bucket/key` contains `part`.
    pub fn expect_request(&self, method: &str, part: &str) -> std::sync::mpsc::Receiver<()> {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.state().waiting.push((method.to_owned(), part.to_owned(), sender));
        receiver
    }

    /// Every request so far with query, headers and the status of its response.
    pub fn recorded_requests(&self) -> Vec<RecordedRequest> {
        self.state().recorded.values().cloned().collect()
    }

    /// Empties [`S3Server::requests`] and [`S3Server::recorded_requests`].
    pub fn clear_requests(&self) {
        let mut state = self.state();
        state.requests.clear();
        state.recorded.clear();
    }

    /// From now on answers 403 to requests that `allows` rejects. It is called before the request is executed, without a status, and
    /// again with status 404 if the requested object does not exist: S3 reveals that only to callers with the right to list.
    pub fn deny_unless(&self, allows: impl Fn(&RecordedRequest) -> bool + Send + Sync + 'static) {
        self.state().access = Some(AccessCheck(Arc::new(allows)));
    }

    /// Ends [`S3Server::deny_unless`].
    pub fn allow_all(&self) {
        self.state().access = None;
    }

    /// Applies `fault` to the next `times` requests of `method` (`*`: any) whose `bucket/key` contains `part`.
    pub fn inject(&self, method: &str, part: &str, times: usize, fault: InjectedFault) {
        self.inject_after(0, method, part, times, fault);
    }

    /// [`S3Server::inject`] after the next `skip` matching requests.
    pub fn inject_after(&self, skip: usize, method: &str, part: &str, times: usize, fault: InjectedFault) {
        let (method, part) = (method.to_owned(), part.to_owned());
        self.state().rules.push(FaultRule { method, part, skip, times, rate: None, fault });
    }

    /// Applies `fault` to a random `percent` of the requests of `method` whose `bucket/key` contains `part`, until
    /// [`S3Server::clear_faults`]. The same `seed` selects the same requests.
    pub fn inject_percentage(&self, percent: u64, seed: u64, method: &str, part: &str, fault: InjectedFault) {
        let (method, part, rate) = (method.to_owned(), part.to_owned(), Some(FaultRate::new(percent, seed)));
        self.state().rules.push(FaultRule { method, part, skip: 0, times: usize::MAX, rate, fault });
    }

    /// From now on answers 501 to every PUT with a header whose name begins with `prefix` (lower case), and names it, like servers that do not
    /// know checksums or conditions.
    pub fn refuse_header(&self, prefix: &str) {
        self.state().refused_headers.push(prefix.to_owned());
    }

    /// From now on executes every PUT, whatever its condition.
    pub fn ignore_conditions(&self) {
        self.state().ignores_conditions = true;
    }

    /// Every fault that was applied to a request so far.
    pub fn applied_faults(&self) -> Vec<InjectedFault> {
        self.state().applied_faults.clone()
    }

    /// Ends all injected faults.
    pub fn clear_faults(&self) {
        self.state().rules.clear();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, state::ServerState> {
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
