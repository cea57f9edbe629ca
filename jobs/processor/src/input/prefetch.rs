//! Fetches and parses small objects ahead of their use: concurrent requests, each file parsed on arrival, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use contract::document::Input;
use futures::StreamExt as _;
use runtime::store::{Object, SharedStore};
use runtime::telemetry::{Span, in_current_span};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::{InputError, snapshot};

/// Concurrent requests: a response of S3 takes tens of milliseconds, whatever its size.
const FETCHES: usize = 32;
/// Most bytes that are requested but not taken yet, KiB.
const HELD: u32 = 96 << 10;
/// Assumed ratio of the content of a compressed file to its stored size.
const COMPRESSION: u64 = 8;

/// One object, parsed.
#[derive(Debug)]
pub(crate) struct PrefetchedFile<K, T> {
    /// The name under which it was requested.
    pub(crate) name: K,
    pub(crate) object: Object,
    /// Its entry in documents.
    pub(crate) input: Input,
    pub(crate) parsed: T,
}

/// A parsed object, or its name and the reason why it is unavailable.
type Fetched<K, T> = Result<PrefetchedFile<K, T>, (K, InputError)>;

/// Yields objects in about the order in which they were requested. Dropping it cancels the remaining requests.
#[derive(Debug)]
pub(crate) struct Prefetcher<K, T> {
    receiver: mpsc::Receiver<(Fetched<K, T>, OwnedSemaphorePermit)>,
    _task: AbortOnDropHandle<()>,
}

impl<K: Copy + Send + Sync + 'static, T: Send + 'static> Prefetcher<K, T> {
    /// Starts fetching. Each request has a span from `span`; `parse` runs on the pool. Must be called within a tokio runtime.
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
                // Permits are acquired in request order, so that an earlier object never waits for a later one.
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
                // A separate stage, so that a completed request makes room for the next one at once.
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

    /// The next object that has arrived; `None` after the last. More objects may follow an error.
    pub(crate) async fn next(&mut self) -> Option<Fetched<K, T>> {
        // Releases the permit: from here on the caller bounds the memory.
        self.receiver.recv().await.map(|(arrived, _)| arrived)
    }
}

/// Memory that an object counts for, KiB; at most [`HELD`], so that the largest object can be fetched alone.
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
    async fn every_object_arrives_once_within_the_memory_bound() {
        let memory = MemoryStore::new();
        for number in 0..300 {
            memory.insert(format!("a/{number:03}"), vec![b'x'; if number % 50 == 0 { 90 << 20 } else { 10 }]);
        }
        let store: SharedStore = Arc::new(memory.clone());
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
        let wanted: Vec<_> = memory.list("a/").await.unwrap().into_iter().map(|object| ((), object)).collect();
        let mut prefetcher = Prefetcher::start(
            &store,
            &pool,
            wanted,
            |(), _| Span::none(),
            |(), object, bytes| (object.key.clone(), bytes.len()),
        );
        let mut seen = std::collections::BTreeSet::new();
        while let Some(arrived) = prefetcher.next().await {
            let arrived = arrived.unwrap();
            assert_eq!(arrived.parsed, (arrived.object.key, usize::try_from(arrived.object.size).unwrap()));
            assert!(seen.insert(arrived.input.key));
        }
        assert_eq!(seen.len(), 300);
    }

    #[tokio::test]
    async fn replaced_object_is_reported_by_its_name() {
        let memory = MemoryStore::new();
        memory.insert("a", "1");
        let store: SharedStore = Arc::new(memory.clone());
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
        let wanted = vec![(7, memory.head("a").await.unwrap())];
        memory.insert("a", "2");
        let mut prefetcher = Prefetcher::start(&store, &pool, wanted, |_, _| Span::none(), |_, _, _| ());
        let error = prefetcher.next().await.unwrap().unwrap_err();
        assert!(matches!(error, (7, InputError::Replaced(_))), "{error:?}");
        assert!(prefetcher.next().await.is_none());
    }
}
