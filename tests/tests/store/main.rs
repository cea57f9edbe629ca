//! The stores: one conformance suite for memory, a folder and S3 over HTTP, then the behaviour of each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

mod conformance;
mod encrypted;
mod local;
mod s3;

use std::sync::Arc;
use std::time::Duration;

use acceptance::s3server::{TestS3, fresh_bucket_name};
use runtime::store::{LocalStore, MemoryStore, S3Options, S3Store, SharedStore};

/// Small pages and short limits; `server` is the endpoint, access key and secret key.
fn options(server: (String, String, String)) -> S3Options {
    S3Options {
        path_style: true,
        page_size: Some(2),
        attempts: Some(3),
        backoff: Some(Duration::from_millis(10)),
        timeouts: (Some(Duration::from_secs(2)), Some(Duration::from_secs(5))),
        stall_timeout: Some(Duration::from_millis(500)),
        static_server: Some(server),
    }
}

async fn open(s3: &TestS3, bucket: &str, prefix: &str) -> SharedStore {
    Arc::new(S3Store::open(bucket, prefix, options(s3.endpoint_and_keys())).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_store_conforms() {
    conformance::all(async || Arc::new(MemoryStore::new()) as SharedStore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_store_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    conformance::all(async || {
        count += 1;
        Arc::new(LocalStore::create(folder.path().join(format!("store {count}"))).unwrap()) as SharedStore
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_store_conforms() {
    let s3 = TestS3::from_env();
    conformance::all(async || {
        let bucket = fresh_bucket_name();
        s3.create_bucket(&bucket).await;
        open(&s3, &bucket, "").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_store_with_a_prefix_conforms() {
    let s3 = TestS3::from_env();
    let bucket = fresh_bucket_name();
    s3.create_bucket(&bucket).await;
    // Keys outside the prefix, and keys that only begin like it, must not be visible.
    let whole_bucket = open(&s3, &bucket, "").await;
    for key in ["outside", "pre", "prefix 1x/outside", "prefix 1/pa+rt2/outside", "prefix 1/outside"] {
        whole_bucket.put(key, "outside".into(), runtime::store::Condition::Always).await.unwrap();
    }
    let mut count = 0;
    conformance::all(async || {
        count += 1;
        open(&s3, &bucket, &format!("prefix {count}/pa+rt")).await
    })
    .await;
}
