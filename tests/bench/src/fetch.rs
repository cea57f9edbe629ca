//! Fetches objects without processing them, with the processor's S3 client: the lower bound for any reader of S3.

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::failure::Failure;
use runtime::location::{Access, Location};
use runtime::store::SharedStore;

/// The size of requests and their number in flight.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Pace {
    /// Requests in flight.
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
    /// Size of a range, bytes.
    #[arg(long, default_value_t = 8 << 20, value_parser = clap::value_parser!(u64).range(1..))]
    range: u64,
}

/// The totals of all requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fetched {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Fetched {
    fn add(self, bytes: usize) -> Self {
        Self { requests: self.requests + 1, bytes: self.bytes + bytes as u64 }
    }
}

async fn open(store: &str) -> Result<SharedStore, Failure> {
    // Path-style addresses: the server of the benchmark runs on this machine, without host names for buckets.
    Location::from_flag(store)?.open(true, Access::Read).await
}

/// Fetches one object in ranges, in order, as a reader of the file needs them.
pub(crate) async fn download(store: &str, key: &str, pace: Pace) -> Result<Fetched, Failure> {
    let store = open(store).await?;
    let object = store.head(key).await.map_err(|error| error.failure())?;
    let starts = (0..object.size.div_ceil(pace.range)).map(|index| index * pace.range);
    futures::stream::iter(starts)
        .map(|start| store.get_range(key, start..(start + pace.range).min(object.size), &object.version))
        .buffered(pace.in_flight)
        .try_fold(Fetched::default(), async |fetched, body| Ok(fetched.add(body.len())))
        .await
        .map_err(|error| error.failure())
}

/// Fetches every object under a prefix.
pub(crate) async fn objects(store: &str, prefix: &str, pace: Pace) -> Result<Fetched, Failure> {
    let store = open(store).await?;
    let listed = store.list(prefix).await.map_err(|error| error.failure())?;
    futures::stream::iter(listed)
        .map(|object| {
            let store = store.clone();
            async move { store.get(&object.key).await }
        })
        .buffered(pace.in_flight)
        .try_fold(Fetched::default(), async |fetched, (body, _)| Ok(fetched.add(body.len())))
        .await
        .map_err(|error| error.failure())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn download_and_objects_fetch_every_byte_once() {
        let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        std::fs::write(folder.join("a/b/1"), [0; 25]).unwrap();
        std::fs::write(folder.join("a/2"), [0; 7]).unwrap();
        let root = folder.to_str().unwrap();
        let pace = Pace { in_flight: 3, range: 10 };
        let file = download(root, "a/b/1", pace).await.unwrap();
        let all = objects(root, "a/", pace).await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((file.requests, file.bytes), (3, 25));
        assert_eq!((all.requests, all.bytes), (2, 32));
    }
}
