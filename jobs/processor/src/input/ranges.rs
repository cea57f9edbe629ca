//! An object as its ranges, fetched several at once and given in order.
//!
//! How often a range is asked for again after an error is the store's business; here a range that is far slower than the others is
//! asked for a second time beside the first, and whichever ends first counts.

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

/// A range is slow when it takes so many times as long as the one in the middle.
const SLOW: u32 = 4;
/// No range is called slow before this.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the first ranges may take, with nothing to compare them with.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);
/// The ranges whose times are compared.
const COMPARED: usize = 32;
/// The times that are needed to compare with.
const ENOUGH: usize = 4;

/// The ranges of one object at one version, in order. Dropping it gives up what is still on its way.
#[derive(Debug)]
pub(crate) struct Ranges {
    receiver: mpsc::Receiver<Result<Bytes, StoreError>>,
    fetching: AbortOnDropHandle<()>,
    /// Full address, for messages.
    address: String,
    /// Bytes still to come.
    left: u64,
    /// Of the bytes given so far, where it is wanted.
    pub(crate) sum: Option<Checksum>,
}

impl Ranges {
    /// Begins to fetch. Must be called within a tokio runtime.
    pub(crate) fn fetch(store: &SharedStore, object: &Object, budget: &Budget) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let pace = Pace::new(spare(budget), PATIENCE, FIRST_PATIENCE);
        let fetched = all(store.clone(), object.clone(), *budget, pace, sender);
        let fetching = AbortOnDropHandle::new(tokio::spawn(in_current_span(fetched)));
        Self { receiver, fetching, address: store.address(&object.key), left: object.size, sum: None }
    }

    /// The next range; `None` at the end. Blocks.
    ///
    /// # Errors
    /// What the store said of the first range that it did not give.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let received = self.receiver.blocking_recv();
        self.take(received)
    }

    /// What can end the fetching from elsewhere.
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
                detail: format!("the transfer was given up {} bytes before its end", self.left),
            }),
        }
    }
}

/// How many ranges may be asked for a second time at once.
fn spare(budget: &Budget) -> usize {
    (budget.in_flight() / 8).max(1)
}

/// Fetches all ranges, until one fails or nobody listens any more.
async fn all(
    store: SharedStore,
    object: Object,
    budget: Budget,
    pace: Pace,
    sender: mpsc::Sender<Result<Bytes, StoreError>>,
) {
    // Of those there may be at once some are asked for twice, one waits, and one is being parsed.
    let at_once = budget.in_flight().saturating_sub(spare(&budget) + 2).max(1);
    let (object, pace, size) = (Arc::new(object), Arc::new(pace), budget.range());
    let ranges = (0..object.size.div_ceil(size)).map(|index| index * size..((index + 1) * size).min(object.size));
    let mut fetched = futures::stream::iter(ranges)
        // Each on a task of its own, so that what decrypting and copying costs is spread over the threads.
        .map(|range| {
            AbortOnDropHandle::new(tokio::spawn(in_current_span(one(
                store.clone(),
                object.clone(),
                range,
                pace.clone(),
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

/// One range, and how long it took.
async fn one(store: SharedStore, object: Arc<Object>, range: Range<u64>, pace: Arc<Pace>) -> Result<Bytes, StoreError> {
    let begun = Instant::now();
    let result = twice_if_slow(&store, &object, range, &pace).await;
    if result.is_ok() {
        pace.note(begun.elapsed());
    }
    result
}

/// One range, asked for a second time where it is slow.
async fn twice_if_slow(
    store: &SharedStore,
    object: &Object,
    range: Range<u64>,
    pace: &Pace,
) -> Result<Bytes, StoreError> {
    let ask = || store.get_range(&object.key, range.clone(), &object.version);
    let slow = async {
        tokio::time::sleep(pace.patience()).await;
        pace.spare.acquire().await
    };
    let (first, _permit) = match select(ask(), std::pin::pin!(slow)).await {
        Either::Left((result, _)) => return result,
        Either::Right((permit, first)) => (first, permit),
    };
    tracing::debug!(key = object.key, range.start, "slower than the others; asked for again beside it");
    match select(first, ask()).await {
        // One that could not be reached says nothing of the other; all other answers stand.
        Either::Left((Err(StoreError::Unreachable { .. }), other))
        | Either::Right((Err(StoreError::Unreachable { .. }), other)) => other.await,
        Either::Left((result, _)) | Either::Right((result, _)) => result,
    }
}

/// How long ranges have taken of late.
#[derive(Debug)]
struct Pace {
    times: Mutex<VecDeque<Duration>>,
    /// How many may be asked for a second time at once.
    spare: Semaphore,
    /// No range is called slow before this.
    least: Duration,
    /// How long one may take while there is nothing to compare it with.
    first: Duration,
}

impl Pace {
    fn new(spare: usize, least: Duration, first: Duration) -> Self {
        Self { times: Mutex::default(), spare: Semaphore::new(spare), least, first }
    }

    /// Notes how long a range took that came.
    fn note(&self, taken: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() == COMPARED {
            times.pop_front();
        }
        times.push_back(taken);
    }

    /// How long the next range may take before it counts as slow.
    fn patience(&self) -> Duration {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() < ENOUGH {
            return self.first;
        }
        let mut times: Vec<Duration> = times.iter().copied().collect();
        let middle = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(middle);
        (*middle * SLOW).max(self.least)
    }
}

#[cfg(test)]
mod tests;
