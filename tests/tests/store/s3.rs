//! Behaviour of the S3 store: pages, faults, credentials, checksums.

use std::time::Duration;

use acceptance::collector::port::unused_address;
use acceptance::s3server::{InjectedFault, S3Server};
use bytes::Bytes;
use runtime::failure::Code;
use runtime::store::{Condition, S3Options, S3Store, Store, StoreError, Version};

use super::options;

/// A built-in server, which injects faults, and options for it.
fn server() -> (S3Server, S3Options) {
    let server = S3Server::start();
    server.create_bucket("bucket");
    let keys = (server.endpoint(), S3Server::ACCESS_KEY.into(), S3Server::SECRET_KEY.into());
    let options = options(keys);
    (server, options)
}

async fn open(options: &S3Options) -> S3Store {
    S3Store::open("bucket", "pre/fix", options.clone()).await.unwrap()
}

fn count(server: &S3Server, method: &str) -> usize {
    server.requests().iter().filter(|(seen, _)| seen == method).count()
}

#[tokio::test]
async fn listing_reads_all_pages() {
    let (server, options) = server();
    let store = open(&options).await;
    for number in 0..7 {
        server.put("bucket", &format!("pre/fix/{number}"), "x");
    }
    server.put("bucket", "pre/fix/", "");
    server.put("bucket", "pre/fix/folder/", "");
    server.put("bucket", "pre/fix2/x", "x");
    let keys: Vec<String> = store.list("").await.unwrap().into_iter().map(|object| object.key).collect();
    assert_eq!(keys, ["0", "1", "2", "3", "4", "5", "6"], "markers of empty folders are not objects");
    assert_eq!(count(&server, "GET"), 5);
    assert_eq!(server.requests()[0], ("GET".into(), "bucket?pre/fix/".into()));
}

#[tokio::test]
async fn missing_bucket_is_a_missing_root() {
    let (_server, options) = server();
    let store = S3Store::open("no-such-bucket", "x", options).await.unwrap();
    let expected = StoreError::NoSuchRoot { root: "s3://no-such-bucket".into() };
    assert_eq!(store.list("").await.unwrap_err(), expected);
    assert_eq!(store.get("a").await.unwrap_err(), expected);
    assert_eq!(store.put("a", Bytes::new(), Condition::Absent).await.unwrap_err(), expected);
    let failure = expected.failure();
    assert_eq!(failure.code, Code::Usage);
    assert_eq!(
        failure.to_string(),
        "there is no such bucket or folder: s3://no-such-bucket. Create it, or correct the setting that names it"
    );
}

#[tokio::test]
async fn wrong_credentials_are_denied_without_retry() {
    let (server, options) = server();
    for (access, secret) in [("AKIAWRONG", "wrong"), (S3Server::ACCESS_KEY, "wrong")] {
        let static_server = Some((server.endpoint(), access.to_owned(), secret.to_owned()));
        let store = open(&S3Options { static_server, ..options.clone() }).await;
        for error in
            [store.list("").await.unwrap_err(), store.get("x").await.unwrap_err(), store.head("x").await.unwrap_err()]
        {
            assert!(matches!(&error, StoreError::Denied { detail, .. } if detail.contains("403")), "{error:?}");
            assert_eq!(error.failure().code, Code::Usage);
        }
    }
    assert_eq!(count(&server, "GET") + count(&server, "HEAD"), 6, "denied requests are not retried");
}

#[tokio::test]
async fn denied_read_names_both_possible_causes() {
    let (server, options) = server();
    server.inject("GET", "bucket/pre/fix/x", 1, InjectedFault::Forbidden);
    let failure = open(&options).await.get("x").await.unwrap_err().failure();
    let line = failure.to_string();
    assert_eq!(failure.code, Code::Usage);
    assert!(
        line.contains("lack the permission") && line.contains("no such key") && line.contains("s3:ListBucket"),
        "{line}"
    );
    assert_eq!(line.matches("AccessDenied").count(), 1, "{line}");
    assert_eq!(line.matches("s3://bucket/pre/fix/x").count(), 1, "{line}");
}

#[tokio::test]
async fn transient_faults_are_retried() {
    let (server, options) = server();
    let store = open(&options).await;
    server.put("bucket", "pre/fix/x", "0123456789");
    let version = store.head("x").await.unwrap().version;
    let broken = [
        InjectedFault::TruncateBody(4),
        InjectedFault::TruncateBody(0),
        InjectedFault::StallBody(4),
        InjectedFault::StallBody(0),
    ];
    for fault in [InjectedFault::Unavailable, InjectedFault::CloseConnection].into_iter().chain(broken) {
        server.inject("GET", "x", 2, fault.clone());
        assert_eq!(store.get_range("x", 0..10, &version).await.unwrap(), "0123456789", "{fault:?}");
        server.inject("GET", "x", 2, fault.clone());
        assert_eq!(store.get("x").await.unwrap().0, "0123456789", "{fault:?}");
    }
    // A short body with a matching Content-Length is detectable only for a range.
    server.inject("GET", "x", 2, InjectedFault::ShortBody(4));
    assert_eq!(store.get_range("x", 0..10, &version).await.unwrap(), "0123456789");
    server.inject("PUT", "y", 2, InjectedFault::Unavailable);
    store.put("y", "y".into(), Condition::Absent).await.unwrap();
    server.inject("GET", "bucket?", 2, InjectedFault::Unavailable);
    assert_eq!(store.list("").await.unwrap().len(), 2);
}

#[tokio::test]
async fn persistent_faults_are_unreachable_after_the_set_attempts() {
    let (server, options) = server();
    let store = open(&options).await;
    server.put("bucket", "pre/fix/x", "0123456789");
    for fault in [
        InjectedFault::Unavailable,
        InjectedFault::CloseConnection,
        InjectedFault::TruncateBody(4),
        InjectedFault::StallBody(4),
    ] {
        server.inject("*", "x", 100, fault.clone());
        server.clear_requests();
        let error = store.get("x").await.unwrap_err();
        assert!(matches!(&error, StoreError::Unreachable { detail, .. } if !detail.is_empty()), "{fault:?}: {error:?}");
        assert_eq!(error.failure().code, Code::Unavailable);
        assert_eq!(server.requests().len(), 3, "{fault:?}: the set number of attempts");
        server.clear_faults();
    }
    let static_server = Some((format!("http://{}", unused_address()), "access".into(), "secret".into()));
    let error = open(&S3Options { static_server, ..options }).await.list("").await.unwrap_err();
    assert!(matches!(&error, StoreError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn unresponsive_server_is_unreachable() {
    let (server, options) = server();
    server.put("bucket", "pre/fix/x", "x");
    server.inject("GET", "x", 100, InjectedFault::Delay(Duration::from_secs(20)));
    let timeouts = (None, Some(Duration::from_millis(100)));
    let error = open(&S3Options { timeouts, ..options }).await.get("x").await.unwrap_err();
    assert!(matches!(&error, StoreError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn object_replaced_between_ranges_reports_a_change() {
    let (server, options) = server();
    let store = open(&options).await;
    server.put("bucket", "pre/fix/x", "before");
    let version = store.head("x").await.unwrap().version;
    server.inject_after(1, "GET", "x", 1, InjectedFault::ReplaceAfter("behind".into()));
    assert_eq!(store.get_range("x", 0..3, &version).await.unwrap(), "bef");
    assert_eq!(store.get_range("x", 3..6, &version).await.unwrap(), "ore");
    let error = store.get_range("x", 0..3, &version).await.unwrap_err();
    assert_eq!(error, StoreError::Changed { key: "s3://bucket/pre/fix/x".into() });
    assert_eq!(error.failure().code, Code::Later);
}

#[tokio::test]
async fn conflict_is_reported_without_retry() {
    let (server, options) = server();
    let store = open(&options).await;
    server.inject("PUT", "x", 1, InjectedFault::Conflict);
    let error = store.put("x", "x".into(), Condition::Absent).await.unwrap_err();
    assert_eq!(error, StoreError::Conflict { key: "s3://bucket/pre/fix/x".into() });
    assert_eq!(count(&server, "PUT"), 1);
    store.put("x", "x".into(), Condition::Absent).await.unwrap();
}

#[tokio::test]
async fn write_with_a_lost_response_is_executed_once() {
    let (server, options) = server();
    let store = open(&options).await;
    server.inject("PUT", "x", 1, InjectedFault::LoseResponse);
    // The retry meets the object of the first attempt; the caller reads it and finds its own bytes.
    let error = store.put("x", "mine".into(), Condition::Absent).await.unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error:?}");
    assert_eq!(server.get("bucket", "pre/fix/x").unwrap(), "mine");
}

#[tokio::test]
async fn stored_checksum_is_that_of_the_server() {
    let (server, options) = server();
    let store = open(&options).await;
    server.put("bucket", "pre/fix/x", "123456789");
    // The check value of CRC-64/NVME, AE8B14860A799888.
    assert_eq!(store.stored_checksum("x").await.unwrap().as_deref(), Some("rosUhgp5mIg="));
    // The client sends a checksum with the body, so the server detects a corrupted transfer.
    store.put("y", "123456789".into(), Condition::Always).await.unwrap();
    assert_eq!(server.get("bucket", "pre/fix/y").unwrap(), "123456789");
    store.stored_checksum("y").await.unwrap();
}

#[tokio::test]
async fn version_is_the_same_from_put_head_get_and_list() {
    let (_server, options) = server();
    let store = open(&options).await;
    let written = store.put("x", "x".into(), Condition::Always).await.unwrap();
    let seen = [
        store.head("x").await.unwrap().version,
        store.get("x").await.unwrap().1.version,
        store.list("").await.unwrap().remove(0).version,
    ];
    assert_eq!(seen, [written.clone(), written.clone(), written]);
    let error = store.get_range("x", 0..1, &Version("another".into())).await.unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }));
}
