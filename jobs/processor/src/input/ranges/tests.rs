use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use runtime::store::{Condition, MemoryStore, Store, Version};

use super::*;
use crate::input::road_file::Blocks;

/// Size of a range with the smallest budget, bytes.
const RANGE: u64 = 2 << 20;

/// The response to a request, by its number for this range (from 1) and the start of the range.
type Script = Box<dyn Fn(usize, u64) -> Response + Send + Sync>;

enum Response {
    /// Succeeds after this many turns of the scheduler.
    After(u64),
    Never,
    Fails(StoreError),
}

/// A store that answers range requests according to a script.
struct SlowStore {
    inner: MemoryStore,
    script: Script,
    asked: Mutex<Vec<u64>>,
    in_flight: Arc<AtomicUsize>,
    most: AtomicUsize,
}

impl std::fmt::Debug for SlowStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlowStore")
    }
}

/// Counts a request until it is dropped.
struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for SlowStore {
    fn root(&self) -> String {
        self.inner.root()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        self.inner.head(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let _in_flight = InFlight(self.in_flight.clone());
        let times = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(range.start);
            asked.iter().filter(|start| **start == range.start).count()
        };
        match (self.script)(times, range.start) {
            Response::After(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
            Response::Never => std::future::pending().await,
            Response::Fails(error) => return Err(error),
        }
        self.inner.get_range(key, range, version).await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        self.inner.put(key, body, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.inner.stored_checksum(key).await
    }
}

/// The smallest budget: eight ranges.
fn budget() -> Budget {
    Budget::with_target(0)
}

fn body(size: u64) -> Bytes {
    (0..size).map(|at| (at / 1000 + at) as u8).collect::<Vec<_>>().into()
}

async fn slow(size: u64, script: impl Fn(usize, u64) -> Response + Send + Sync + 'static) -> (Arc<SlowStore>, Object) {
    let inner = MemoryStore::new();
    inner.insert("a", body(size));
    let object = inner.head("a").await.unwrap();
    let (asked, in_flight, most) = Default::default();
    (Arc::new(SlowStore { inner, script: Box::new(script), asked, in_flight, most }), object)
}

/// Timeout with which every range gets a second request at once, up to the limit.
const ALWAYS_HEDGE: Duration = Duration::ZERO;
/// Timeout with which no range gets a second request.
const NEVER_HEDGE: Duration = Duration::from_secs(1_000_000);

/// Reads all ranges.
async fn read(store: &Arc<SlowStore>, object: &Object, timeout: Duration) -> Result<Vec<u8>, StoreError> {
    let store: SharedStore = store.clone();
    let (sender, receiver) = mpsc::channel(1);
    let policy = HedgePolicy::new(2, timeout, timeout);
    let fetching = AbortOnDropHandle::new(tokio::spawn(super::fetch_all(
        store,
        object.clone(),
        0..object.size,
        budget(),
        policy,
        sender,
    )));
    let mut ranges = Ranges { receiver, fetching, address: "a".into(), left: object.size, sum: None };
    let mut all = Vec::new();
    loop {
        let received = ranges.receiver.recv().await;
        match ranges.take(received)? {
            Some(bytes) => all.extend_from_slice(&bytes),
            None => return Ok(all),
        }
    }
}

#[tokio::test]
async fn ranges_arrive_in_order_whatever_their_durations() {
    for size in [0, 1, RANGE - 1, RANGE, RANGE + 1, 30 * RANGE + 7] {
        let (store, object) = slow(size, |_, start| Response::After(start / RANGE * 7919 % 400)).await;
        assert!(read(&store, &object, NEVER_HEDGE).await.unwrap() == body(size), "{size}");
        let most = store.most.load(Ordering::SeqCst);
        assert!(most < budget().in_flight(), "{most} at once");
        assert!(size < 30 * RANGE || most >= 5, "{most} at once");
        assert_eq!(store.asked.lock().unwrap().len() as u64, size.div_ceil(RANGE), "each once");
    }
}

#[tokio::test]
async fn range_without_response_gets_a_second_request() {
    let never = [7 * RANGE, 8 * RANGE, 9 * RANGE, 20 * RANGE];
    let (store, object) =
        slow(
            30 * RANGE,
            move |times, start| {
                if times == 1 && never.contains(&start) { Response::Never } else { Response::After(20) }
            },
        )
        .await;
    assert!(read(&store, &object, ALWAYS_HEDGE).await.unwrap() == body(30 * RANGE));
    assert!(store.most.load(Ordering::SeqCst) < budget().in_flight(), "second requests are within the budget");
}

#[tokio::test]
async fn first_response_of_two_requests_counts() {
    let down = || Response::Fails(StoreError::Unreachable { key: "a".into(), detail: "down".into() });
    // The second request gets no response; fails because the store is unreachable, which is not final; or is faster than the first.
    let scripts: [Script; 3] = [
        Box::new(|times, _| if times == 1 { Response::After(500_000) } else { Response::Never }),
        Box::new(move |times, _| if times == 1 { Response::After(500_000) } else { down() }),
        Box::new(|times, _| Response::After(if times == 1 { 500_000 } else { 1 })),
    ];
    for script in scripts {
        let (store, object) = slow(RANGE, script).await;
        assert!(read(&store, &object, ALWAYS_HEDGE).await.unwrap() == body(RANGE));
        assert_eq!(store.asked.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn first_error_in_range_order_ends_the_transfer() {
    let errors =
        [StoreError::Changed { key: "a".into() }, StoreError::Unreachable { key: "a".into(), detail: "down".into() }];
    for (error, timeout) in errors.into_iter().flat_map(|error| [(error.clone(), NEVER_HEDGE), (error, ALWAYS_HEDGE)]) {
        let expected = error.clone();
        let script = move |_, start| match start == 9 * RANGE {
            true => Response::Fails(error.clone()),
            false => Response::After(5),
        };
        let (store, object) = slow(20 * RANGE, script).await;
        assert_eq!(read(&store, &object, timeout).await, Err(expected));
    }
}

#[test]
fn hedge_timeout_is_a_multiple_of_the_median() {
    let seconds = Duration::from_secs;
    let policy = HedgePolicy::new(1, MIN_HEDGE_TIMEOUT, FIRST_HEDGE_TIMEOUT);
    assert_eq!(policy.timeout(), seconds(30));
    (0..8).for_each(|_| policy.record(Duration::from_millis(50)));
    assert_eq!(policy.timeout(), seconds(2), "lower bound");
    (0..3).for_each(|_| policy.record(seconds(1000)));
    assert_eq!(policy.timeout(), seconds(2), "a few slow ranges do not change the median");
    (0..SAMPLES).for_each(|_| policy.record(seconds(20)));
    assert_eq!(policy.timeout(), seconds(80), "slow ranges raise the timeout");
}

/// On a thread that may block.
async fn open(store: &SharedStore, object: &Object) -> Blocks {
    let (store, object) = (store.clone(), object.clone());
    tokio::task::spawn_blocking(move || Blocks::open(&store, &object, &budget()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn dropping_the_blocks_cancels_the_requests() {
    let first = |_, start| if start == 0 { Response::After(0) } else { Response::Never };
    let (store, _) = slow(20 * RANGE, first).await;
    // A valid beginning, so that the decoder waits for more instead of failing.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, &body(20 * RANGE)).unwrap();
    store.inner.insert("a.gz", encoder.finish().unwrap());
    let shared: SharedStore = store.clone();
    for key in ["a", "a.gz"] {
        let blocks = open(&shared, &store.head(key).await.unwrap()).await;
        while store.in_flight.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        drop(blocks);
        while store.in_flight.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_the_decompressed_content() {
    let memory = MemoryStore::new();
    let content = body(3 * RANGE + 5);
    memory.insert("a", content.clone());
    memory.insert("a.zst", zstd::stream::encode_all(&content[..], 1).unwrap());
    let store: SharedStore = Arc::new(memory.clone());
    for key in ["a", "a.zst"] {
        let object = store.head(key).await.unwrap();
        let mut blocks = open(&store, &object).await;
        assert!(blocks.stored_sum().is_none());
        let read = move || {
            let mut all = Vec::new();
            while let Some(block) = blocks.next_block().unwrap() {
                all.extend_from_slice(&block);
            }
            assert_eq!(blocks.next_block(), Ok(None), "and nothing after the end");
            (all, blocks)
        };
        let (all, blocks) = tokio::task::spawn_blocking(read).await.unwrap();
        assert!(all == content, "{key}");
        let mut sum = Checksum::default();
        sum.update(&memory.bytes(key).unwrap());
        assert_eq!(blocks.stored_sum().map(|sum| sum.base64()), (key == "a.zst").then(|| sum.base64()));
    }
}
