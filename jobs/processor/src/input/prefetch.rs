//! Small objects, fetched and parsed ahead of who uses them: many requests at once, each file parsed as it arrives, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use contract::document::Input;
use futures::StreamExt as _;
use runtime::store::{Object, SharedStore};
use runtime::telemetry::{Span, in_current_span};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::{InputError, snapshot};

/// Objects fetched at once: an answer of S3 takes tens of milliseconds, whatever its size.
const FETCHES: usize = 32;
/// Most that is held of what has been asked for and not been taken yet, KiB.
const HELD: u32 = 96 << 10;
/// About how much larger a compressed file is than its object.
const COMPRESSION: u64 = 8;

/// One object, parsed.
#[derive(Debug)]
pub(crate) struct PrefetchedFile<K, T> {
    /// What it was asked for as.
    pub(crate) name: K,
    /// The object.
    pub(crate) object: Object,
    /// What documents say of it.
    pub(crate) input: Input,
    /// What was made of it.
    pub(crate) parsed: T,
}

/// An object that arrived, or as what it was asked for and why it cannot be had.
type Answer<K, T> = Result<PrefetchedFile<K, T>, (K, InputError)>;

/// Objects on their way, in about the order in which they were asked for. Dropped, it asks for no more.
#[derive(Debug)]
pub(crate) struct Prefetcher<K, T> {
    receiver: mpsc::Receiver<(Answer<K, T>, OwnedSemaphorePermit)>,
    _task: AbortOnDropHandle<()>,
}

impl<K: Copy + Send + Sync + 'static, T: Send + 'static> Prefetcher<K, T> {
    /// Begins. Each is fetched within its own `step`; `parse` runs on the pool. Must be called within a tokio runtime.
    #[must_use]
    pub(crate) fn start(
        store: &SharedStore,
        pool: &Arc<rayon::ThreadPool>,
        wanted: Vec<(K, Object)>,
        span: impl Fn(K, &Object) -> Span + Send + Sync + 'static,
        parse: impl Fn(K, &Object, Bytes) -> T + Send + Sync + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(FETCHES);
        let (store, pool, parse) = (store.clone(), pool.clone(), Arc::new(parse));
        let parses = pool.current_num_threads() * 2;
        let task = AbortOnDropHandle::new(tokio::spawn(in_current_span(async move {
            let room = Arc::new(Semaphore::new(HELD as usize));
            let arriving = futures::stream::iter(wanted)
                // Room is given in the order of asking, so that what is needed first never waits for what is needed later.
                .then(|(name, object)| {
                    let room = room.clone();
                    async move { (name, room.acquire_many_owned(weight(&object)).await, object) }
                })
                .filter_map(async |(name, permit, object)| Some((name, permit.ok()?, object)))
                .map(|(name, permit, object)| {
                    let store = store.clone();
                    let span = span(name, &object);
                    let fetched = async move { (span.instrument_result(snapshot(&store, &object)).await, object) };
                    let fetched = tokio::spawn(in_current_span(fetched));
                    async move { (name, permit, fetched.await) }
                })
                .buffer_unordered(FETCHES)
                // Beside the fetches, not within them: a fetch that is done makes room for the next at once.
                .map(|(name, permit, fetched)| {
                    let (pool, parse) = (pool.clone(), parse.clone());
                    async move {
                        let arrived = match fetched {
                            Ok((Ok((stored, input)), object)) => {
                                let (sender, parsed) = oneshot::channel();
                                pool.spawn(move || {
                                    let parsed = parse(name, &object, stored);
                                    drop(sender.send(PrefetchedFile { name, object, input, parsed }));
                                });
                                parsed.await.ok().map(Ok)
                            }
                            Ok((Err(error), _)) => Some(Err((name, error))),
                            // The runtime is shutting down.
                            Err(_) => None,
                        };
                        arrived.map(|arrived| (arrived, permit))
                    }
                })
                .buffer_unordered(parses);
            let mut arriving = std::pin::pin!(arriving);
            while let Some(arrived) = arriving.next().await {
                let Some(arrived) = arrived else { return };
                if sender.send(arrived).await.is_err() {
                    return;
                }
            }
        })));
        Self { receiver, _task: task }
    }

    /// The next that has arrived; nothing after the last.
    ///
    /// # Errors
    /// As what an object was asked for, and why it cannot be had. Others may still come.
    pub(crate) async fn next(&mut self) -> Option<Answer<K, T>> {
        // What is taken is the taker's to bound.
        self.receiver.recv().await.map(|(arrived, _)| arrived)
    }
}

/// What an object counts as, KiB; the largest of all can be had alone.
fn weight(object: &Object) -> u32 {
    let compressed = object.key.ends_with(".gz") || object.key.ends_with(".zst");
    let bytes = object.size.saturating_mul(if compressed { COMPRESSION } else { 1 });
    u32::try_from(bytes >> 10).unwrap_or(HELD).saturating_add(4).min(HELD)
}

#[cfg(test)]
mod tests {
    use runtime::store::{MemoryStore, Store as _};

    use super::*;

    #[tokio::test]
    async fn all_arrive_once_however_little_room_there_is() {
        let memory = MemoryStore::new();
        for number in 0..300 {
            memory.insert(format!("a/{number:03}"), vec![b'x'; if number % 50 == 0 { 90 << 20 } else { 10 }]);
        }
        let store: SharedStore = Arc::new(memory.clone());
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
        let wanted: Vec<_> = memory.list("a/").await.unwrap().into_iter().map(|object| ((), object)).collect();
        let mut ahead = Prefetcher::start(
            &store,
            &pool,
            wanted,
            |(), _| Span::none(),
            |(), object, bytes| (object.key.clone(), bytes.len()),
        );
        let mut seen = std::collections::BTreeSet::new();
        while let Some(arrived) = ahead.next().await {
            let arrived = arrived.unwrap();
            assert_eq!(arrived.parsed, (arrived.object.key, usize::try_from(arrived.object.size).unwrap()));
            assert!(seen.insert(arrived.input.key));
        }
        assert_eq!(seen.len(), 300);
    }

    #[tokio::test]
    async fn what_was_replaced_is_told_by_its_name() {
        let memory = MemoryStore::new();
        memory.insert("a", "1");
        let store: SharedStore = Arc::new(memory.clone());
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
        let wanted = vec![(7, memory.head("a").await.unwrap())];
        memory.insert("a", "2");
        let mut ahead = Prefetcher::start(&store, &pool, wanted, |_, _| Span::none(), |_, _, _| ());
        let told = ahead.next().await.unwrap().unwrap_err();
        assert!(matches!(told, (7, InputError::Replaced(_))), "{told:?}");
        assert!(ahead.next().await.is_none());
    }
}
