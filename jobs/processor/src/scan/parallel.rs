//! Chunks to a pool of threads, their results back in the order of the file.

use std::collections::BTreeMap;
use std::sync::mpsc;

/// Runs `map` on every item in `pool` and `fold` on the results, in the order of the items, on this thread. At most `in_flight` items
/// wait or run at once, so that memory is bounded however fast the items come.
///
/// # Errors
/// The first error of `items`; what came before it is folded, what comes after is not asked for.
pub fn ordered<I, T, E>(
    pool: &rayon::ThreadPool,
    in_flight: usize,
    items: impl Iterator<Item = Result<I, E>>,
    map: impl Fn(I) -> T + Sync,
    mut fold: impl FnMut(T),
) -> Result<(), E>
where
    I: Send,
    T: Send,
{
    pool.in_place_scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let (mut sent, mut folded) = (0usize, 0usize);
        let mut waiting = BTreeMap::new();
        let map = &map;
        let mut outcome = Ok(());
        let mut take = |waiting: &mut BTreeMap<usize, T>, folded: &mut usize, received: (usize, T)| {
            waiting.insert(received.0, received.1);
            while let Some(result) = waiting.remove(folded) {
                fold(result);
                *folded += 1;
            }
        };
        for item in items {
            match item {
                Ok(item) => {
                    let (sender, index) = (sender.clone(), sent);
                    sent += 1;
                    // The receiver outlives the scope's tasks; a send can only fail while unwinding.
                    scope.spawn(move |_| drop(sender.send((index, map(item)))));
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            while sent - folded >= in_flight.max(1) {
                let Ok(received) = receiver.recv() else { break };
                take(&mut waiting, &mut folded, received);
            }
        }
        drop(sender);
        while let Ok(received) = receiver.recv() {
            take(&mut waiting, &mut folded, received);
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_an_error_ends_the_run() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let mut seen = Vec::new();
        let items = (0..1000).map(Ok::<_, ()>);
        ordered(&pool, 7, items, |n| n * 2, |n| seen.push(n)).unwrap();
        assert_eq!(seen, (0..1000).map(|n| n * 2).collect::<Vec<_>>());
        let failing = (0..10).map(|n| if n == 5 { Err("five") } else { Ok(n) });
        let mut seen = Vec::new();
        assert_eq!(ordered(&pool, 3, failing, |n| n, |n| seen.push(n)), Err("five"));
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
}
