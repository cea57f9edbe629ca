use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use runtime::store::{Condition, MemoryStore, Store, Version};

use super::*;
use crate::input::road_file::Blocks;

/// What the smallest budget fetches at once.
const RANGE: u64 = 2 << 20;

/// What befalls the request for a range: the how-manieth for it, and its beginning.
type Script = Box<dyn Fn(usize, u64) -> Befalls + Send + Sync>;

enum Befalls {
    /// It comes after others had their turn so many times.
    After(u64),
    Never,
    Fails(StoreError),
}

/// A store whose ranges come sooner or later.
struct Slow {
    inside: MemoryStore,
    script: Script,
    asked: Mutex<Vec<u64>>,
    under_way: Arc<AtomicUsize>,
    most: AtomicUsize,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slow")
    }
}

/// Counts while it lives.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Slow {
    fn root(&self) -> String {
        self.inside.root()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.inside.list(prefix).await
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        self.inside.head(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let _under_way = UnderWay(self.under_way.clone());
        let times = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(range.start);
            asked.iter().filter(|start| **start == range.start).count()
        };
        match (self.script)(times, range.start) {
            Befalls::After(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
            Befalls::Never => std::future::pending().await,
            Befalls::Fails(error) => return Err(error),
        }
        self.inside.get_range(key, range, version).await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        self.inside.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        self.inside.put(key, body, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inside.delete(key).await
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.inside.stored_checksum(key).await
    }
}

/// The smallest budget: eight ranges.
fn budget() -> Budget {
    Budget::with_target(0)
}

fn body(size: u64) -> Bytes {
    (0..size).map(|at| (at / 1000 + at) as u8).collect::<Vec<_>>().into()
}

async fn slow(size: u64, script: impl Fn(usize, u64) -> Befalls + Send + Sync + 'static) -> (Arc<Slow>, Object) {
    let inside = MemoryStore::new();
    inside.insert("a", body(size));
    let object = inside.head("a").await.unwrap();
    let (asked, under_way, most) = Default::default();
    (Arc::new(Slow { inside, script: Box::new(script), asked, under_way, most }), object)
}

/// Whoever has no patience asks for every range a second time at once, as far as may be.
const NONE: Duration = Duration::ZERO;
/// Whoever has all patience never asks again.
const ALL: Duration = Duration::from_secs(1_000_000);

/// All ranges as they come.
async fn read(store: &Arc<Slow>, object: &Object, patience: Duration) -> Result<Vec<u8>, StoreError> {
    let store: SharedStore = store.clone();
    let (sender, receiver) = mpsc::channel(1);
    let pace = Pace::new(2, patience, patience);
    let fetching = AbortOnDropHandle::new(tokio::spawn(super::all(store, object.clone(), budget(), pace, sender)));
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
async fn ranges_come_in_order_however_long_each_takes() {
    for size in [0, 1, RANGE - 1, RANGE, RANGE + 1, 30 * RANGE + 7] {
        let (store, object) = slow(size, |_, start| Befalls::After(start / RANGE * 7919 % 400)).await;
        assert!(read(&store, &object, ALL).await.unwrap() == body(size), "{size}");
        let most = store.most.load(Ordering::SeqCst);
        assert!(most < budget().in_flight(), "{most} at once");
        assert!(size < 30 * RANGE || most >= 5, "{most} at once");
        assert_eq!(store.asked.lock().unwrap().len() as u64, size.div_ceil(RANGE), "each once");
    }
}

#[tokio::test]
async fn a_range_that_never_comes_is_asked_for_again_beside_the_first() {
    let never = [7 * RANGE, 8 * RANGE, 9 * RANGE, 20 * RANGE];
    let (store, object) =
        slow(
            30 * RANGE,
            move |times, start| {
                if times == 1 && never.contains(&start) { Befalls::Never } else { Befalls::After(20) }
            },
        )
        .await;
    assert!(read(&store, &object, NONE).await.unwrap() == body(30 * RANGE));
    assert!(store.most.load(Ordering::SeqCst) < budget().in_flight(), "those asked for twice are within the budget");
}

#[tokio::test]
async fn of_two_requests_the_first_that_ends_counts() {
    let down = || Befalls::Fails(StoreError::Unreachable { key: "a".into(), detail: "down".into() });
    // The second never comes; or it is told that the store cannot be reached, which says nothing of the first, and the other way round.
    let scripts: [Script; 3] = [
        Box::new(|times, _| if times == 1 { Befalls::After(500_000) } else { Befalls::Never }),
        Box::new(move |times, _| if times == 1 { Befalls::After(500_000) } else { down() }),
        Box::new(|times, _| Befalls::After(if times == 1 { 500_000 } else { 1 })),
    ];
    for script in scripts {
        let (store, object) = slow(RANGE, script).await;
        assert!(read(&store, &object, NONE).await.unwrap() == body(RANGE));
        assert_eq!(store.asked.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn the_first_error_in_the_order_of_the_object_ends_it() {
    let errors =
        [StoreError::Changed { key: "a".into() }, StoreError::Unreachable { key: "a".into(), detail: "down".into() }];
    for (error, patience) in errors.into_iter().flat_map(|error| [(error.clone(), ALL), (error, NONE)]) {
        let expected = error.clone();
        let script = move |_, start| match start == 9 * RANGE {
            true => Befalls::Fails(error.clone()),
            false => Befalls::After(5),
        };
        let (store, object) = slow(20 * RANGE, script).await;
        assert_eq!(read(&store, &object, patience).await, Err(expected));
    }
}

#[test]
fn slow_is_what_takes_much_longer_than_the_others() {
    let seconds = Duration::from_secs;
    let pace = Pace::new(1, PATIENCE, FIRST_PATIENCE);
    assert_eq!(pace.patience(), seconds(30));
    (0..8).for_each(|_| pace.note(Duration::from_millis(50)));
    assert_eq!(pace.patience(), seconds(2), "never before this");
    (0..3).for_each(|_| pace.note(seconds(1000)));
    assert_eq!(pace.patience(), seconds(2), "a few slow ones change nothing");
    (0..COMPARED).for_each(|_| pace.note(seconds(20)));
    assert_eq!(pace.patience(), seconds(80), "among slow ones none is called slow");
}

#[tokio::test]
async fn whoever_gives_up_ends_the_requests() {
    let (store, object) = slow(20 * RANGE, |_, _| Befalls::Never).await;
    let shared: SharedStore = store.clone();
    for key in ["a", "a.gz"] {
        let blocks = Blocks::open(&shared, &Object { key: key.into(), ..object.clone() }, &budget()).unwrap();
        while store.under_way.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        drop(blocks);
        while store.under_way.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_a_plain_object_are_its_bytes_and_of_a_compressed_one_its_content() {
    let memory = MemoryStore::new();
    let content = body(3 * RANGE + 5);
    memory.insert("a", content.clone());
    memory.insert("a.zst", zstd::stream::encode_all(&content[..], 1).unwrap());
    let store: SharedStore = Arc::new(memory.clone());
    for key in ["a", "a.zst"] {
        let object = store.head(key).await.unwrap();
        let mut blocks = Blocks::open(&store, &object, &budget()).unwrap();
        assert_eq!(blocks.stored_sum(), None);
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
        assert_eq!(blocks.stored_sum(), (key == "a.zst").then(|| sum.base64()));
    }
}
