//! Fetches an object as concurrent range requests and yields the ranges in order.
//!
//! The store retries after errors. This module hedges: if a range is much slower than the others, it sends a second request in addition to
//! the first and takes the response that arrives first.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::{Either, select};
use runtime::memory::Budget;
use runtime::store::{Object, SharedStore, StoreError};
use runtime::telemetry::in_current_span;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio_util::task::AbortOnDropHandle;

use crate::input::checksum::Checksum;

/// A range is slow if it takes this many times as long as the median.
const SLOW_FACTOR: u32 = 4;
/// No request is hedged earlier than this.
const MIN_HEDGE_TIMEOUT: Duration = Duration::from_secs(2);
/// Hedge timeout of the first ranges, before there are enough samples.
const FIRST_HEDGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Number of recent ranges that the median is taken from.
const SAMPLES: usize = 32;
/// Number of samples that a median needs.
const MIN_SAMPLES: usize = 4;

/// The ranges of one object at one version, in order. Dropping it cancels the requests in flight.
#[derive(Debug)]
pub(crate) struct Ranges {
    receiver: mpsc::Receiver<Result<Bytes, StoreError>>,
    fetching: AbortOnDropHandle<()>,
    /// Full address, for messages.
    address: String,
    /// Bytes that are not received yet.
    left: u64,
    /// Checksum of the bytes so far, if it is wanted.
    pub(crate) sum: Option<Checksum>,
}

impl Ranges {
    /// Starts fetching the whole object. Must be called within a tokio runtime.
    pub(crate) fn fetch(store: &SharedStore, object: &Object, budget: &Budget) -> Self {
        Self::fetch_part(store, object, 0..object.size, budget)
    }

    /// Starts fetching the bytes of `part`. Must be called within a tokio runtime.
    pub(crate) fn fetch_part(store: &SharedStore, object: &Object, part: Range<u64>, budget: &Budget) -> Self {
        let left = part.end.saturating_sub(part.start);
        let (sender, receiver) = mpsc::channel(1);
        let policy = HedgePolicy::new(max_hedges(budget), MIN_HEDGE_TIMEOUT, FIRST_HEDGE_TIMEOUT);
        let requests = fetch_all(store.clone(), object.clone(), part, *budget, policy, sender);
        let fetching = AbortOnDropHandle::new(tokio::spawn(in_current_span(requests)));
        Self { receiver, fetching, address: store.address(&object.key), left, sum: None }
    }

    /// The next range; `None` at the end. Blocks. Returns the first error in the order of the ranges.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let received = self.receiver.blocking_recv();
        self.take(received)
    }

    /// Cancels the requests from another thread.
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.fetching.abort_handle()
    }

    fn take(&mut self, received: Option<Result<Bytes, StoreError>>) -> Result<Option<Bytes>, StoreError> {
        match received {
            Some(Ok(bytes)) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                if let Some(sum) = &mut self.sum {
                    sum.update(&bytes);
                }
                Ok(Some(bytes))
            }
            Some(Err(error)) => Err(error),
            None if self.left == 0 => Ok(None),
            None => Err(StoreError::Unreachable {
                key: self.address.clone(),
                detail: format!("the transfer was cancelled {} bytes before its end", self.left),
            }),
        }
    }
}

/// Most concurrent second requests.
fn max_hedges(budget: &Budget) -> usize {
    (budget.in_flight() / 8).max(1)
}

/// Fetches the ranges of a part of the object, until one fails or the receiver is dropped.
async fn fetch_all(
    store: SharedStore,
    object: Object,
    part: Range<u64>,
    budget: Budget,
    policy: HedgePolicy,
    sender: mpsc::Sender<Result<Bytes, StoreError>>,
) {
    // The budget also covers second requests, one range that waits in the channel, and one that is being parsed.
    let at_once = budget.in_flight().saturating_sub(max_hedges(&budget) + 2).max(1);
    let (object, policy, size) = (Arc::new(object), Arc::new(policy), budget.range());
    let begins = part.clone().step_by(usize::try_from(size).unwrap_or(usize::MAX));
    let ranges = begins.map(move |begin| begin..(begin + size).min(part.end));
    let mut fetched = futures::stream::iter(ranges)
        // One task per range, which spreads the cost of decryption and copying over the threads.
        .map(|range| {
            AbortOnDropHandle::new(tokio::spawn(in_current_span(fetch_range(
                store.clone(),
                object.clone(),
                range,
                policy.clone(),
            ))))
        })
        .buffered(at_once);
    while let Some(next) = fetched.next().await {
        let next = next.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(StoreError::Other { key: store.address(&object.key), detail: error.to_string() }),
        });
        let ended = next.is_err();
        if sender.send(next).await.is_err() || ended {
            return;
        }
    }
}

/// Fetches one range and records how long it took.
async fn fetch_range(
    store: SharedStore,
    object: Arc<Object>,
    range: Range<u64>,
    policy: Arc<HedgePolicy>,
) -> Result<Bytes, StoreError> {
    let begun = Instant::now();
    let result = hedged(&store, &object, range, &policy).await;
    if result.is_ok() {
        policy.record(begun.elapsed());
    }
    result
}

/// Fetches one range, with a second request if it is slow.
async fn hedged(
    store: &SharedStore,
    object: &Object,
    range: Range<u64>,
    policy: &HedgePolicy,
) -> Result<Bytes, StoreError> {
    let ask = || store.get_range(&object.key, range.clone(), &object.version);
    let slow = async {
        tokio::time::sleep(policy.timeout()).await;
        policy.max_hedges.acquire().await
    };
    let (first, _permit) = match select(ask(), std::pin::pin!(slow)).await {
        Either::Left((result, _)) => return result,
        Either::Right((permit, first)) => (first, permit),
    };
    tracing::debug!(key = object.key, range.start, "range is slower than the others; sent a second request");
    match select(first, ask()).await {
        // An unreachable store may still answer the other request; every other result is final.
        Either::Left((Err(StoreError::Unreachable { .. }), other))
        | Either::Right((Err(StoreError::Unreachable { .. }), other)) => other.await,
        Either::Left((result, _)) | Either::Right((result, _)) => result,
    }
}

/// Decides when a range gets a second request, from the durations of recent ranges.
#[derive(Debug)]
struct HedgePolicy {
    times: Mutex<VecDeque<Duration>>,
    /// Permits for second requests.
    max_hedges: Semaphore,
    /// Lower bound of the timeout.
    least: Duration,
    /// Timeout while there are too few samples.
    first: Duration,
}

impl HedgePolicy {
    fn new(max_hedges: usize, least: Duration, first: Duration) -> Self {
        Self { times: Mutex::default(), max_hedges: Semaphore::new(max_hedges), least, first }
    }

    /// Records the duration of a successful range.
    fn record(&self, taken: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() == SAMPLES {
            times.pop_front();
        }
        times.push_back(taken);
    }

    /// Time after which the next range gets a second request.
    fn timeout(&self) -> Duration {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() < MIN_SAMPLES {
            return self.first;
        }
        let mut times: Vec<Duration> = times.iter().copied().collect();
        let middle = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(middle);
        (*middle * SLOW_FACTOR).max(self.least)
    }
}

#[cfg(test)]
mod tests;
