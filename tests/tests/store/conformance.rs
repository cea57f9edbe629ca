//! Tests every clause of the documentation of the `Store` trait on any store.

use bytes::Bytes;
use futures::future::join_all;
use runtime::store::{Condition, SharedStore, StoreError, Version};

/// Keys with characters that are special in paths, URLs and XML.
const SPECIAL_KEYS: [&str; 12] = [
    "a b/c d.csv",
    "a+b.csv",
    "a%20b.csv",
    "100%.csv",
    "été/Données brutes — août.csv",
    "dt=2025-11-03/hour=04/x.json",
    "(1)/{2}/[3]/~4/!5/@6/$7/'8'/*9",
    "a&b<c>d\"e.xml",
    "q?uery#frag;ment,x:y",
    "back\\slash",
    ".hidden/.file",
    "emoji 🚲.jsonl",
];

/// Runs the suite, each test on a new, empty store with an existing root from `fresh`.
pub(crate) async fn all(mut fresh: impl AsyncFnMut() -> SharedStore) {
    get_returns_what_put_wrote(&fresh().await).await;
    empty_object_exists(&fresh().await).await;
    missing_key_is_not_found(&fresh().await).await;
    ranges_are_exact(&fresh().await).await;
    get_range_of_a_replaced_object_reports_a_change(&fresh().await).await;
    put_respects_its_condition(&fresh().await).await;
    one_of_many_concurrent_creates_succeeds(&fresh().await).await;
    one_of_many_concurrent_replaces_succeeds(&fresh().await).await;
    concurrent_updates_are_not_lost(&fresh().await).await;
    concurrent_readers_see_complete_objects(&fresh().await).await;
    list_returns_keys_with_the_prefix_in_byte_order(&fresh().await).await;
    list_folder_returns_one_level(&fresh().await).await;
    keys_with_special_characters_work(&fresh().await).await;
    invalid_keys_are_rejected(&fresh().await).await;
    delete_is_idempotent(&fresh().await).await;
    errors_name_the_address_once(&fresh().await).await;
}

async fn put(store: &SharedStore, key: &str, body: impl Into<Bytes>) -> Version {
    store.put(key, body.into(), Condition::Always).await.unwrap()
}

async fn text(store: &SharedStore, key: &str) -> String {
    String::from_utf8(store.get(key).await.unwrap().0.to_vec()).unwrap()
}

async fn keys(store: &SharedStore, prefix: &str) -> Vec<String> {
    let keys: Vec<_> = store.list(prefix).await.unwrap().into_iter().map(|object| object.key).collect();
    assert_eq!(store.contains_any(prefix).await.unwrap(), !keys.is_empty(), "{prefix}");
    keys
}

async fn get_returns_what_put_wrote(store: &SharedStore) {
    let before = chrono::Utc::now() - chrono::TimeDelta::seconds(5);
    let body: Bytes = (0..300_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>().into();
    let version = put(store, "a/b/c", body.clone()).await;
    let (read, object) = store.get("a/b/c").await.unwrap();
    assert_eq!(read, body);
    assert_eq!((object.key.as_str(), object.size, &object.version), ("a/b/c", body.len() as u64, &version));
    assert!(object.modified > before && object.modified < chrono::Utc::now() + chrono::TimeDelta::seconds(5));
    let head = store.head("a/b/c").await.unwrap();
    let listed = store.list("").await.unwrap();
    assert_eq!((&head.key, head.size, &head.version), (&object.key, object.size, &object.version));
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].key, listed[0].size, &listed[0].version), (&object.key, object.size, &object.version));
    let written = put(store, "a/b/c", "shorter").await;
    assert_ne!(written, version);
    assert_eq!(text(store, "a/b/c").await, "shorter");
    // A store may have no checksum, but the call must not fail.
    store.stored_checksum("a/b/c").await.unwrap();
}

async fn empty_object_exists(store: &SharedStore) {
    let version = put(store, "empty", "").await;
    let (body, object) = store.get("empty").await.unwrap();
    assert!(body.is_empty());
    assert_eq!((object.size, &object.version), (0, &version));
    assert_eq!(store.get_range("empty", 0..0, &version).await.unwrap(), Bytes::new());
    assert_eq!(keys(store, "").await, ["empty"]);
}

async fn missing_key_is_not_found(store: &SharedStore) {
    put(store, "folder/file", "x").await;
    let version = Version("none".into());
    for key in ["none", "folder", "folder/none", "none/none", "folder/file/none"] {
        let expected = StoreError::NotFound { key: store.address(key) };
        assert_eq!(store.get(key).await.unwrap_err(), expected);
        assert_eq!(store.head(key).await.unwrap_err(), expected);
        assert_eq!(store.get_range(key, 0..1, &version).await.unwrap_err(), expected);
        assert_eq!(store.stored_checksum(key).await.unwrap_err(), expected);
        store.delete(key).await.unwrap();
    }
    assert_eq!(keys(store, "none").await, [""; 0]);
    assert_eq!(keys(store, "none/none").await, [""; 0]);
    assert_eq!(keys(store, "folder/file/").await, [""; 0]);
    assert_eq!(keys(store, "").await, ["folder/file"]);
}

async fn ranges_are_exact(store: &SharedStore) {
    let version = put(store, "digits", "0123456789").await;
    for (range, expected) in
        [(0..10, "0123456789"), (0..1, "0"), (9..10, "9"), (3..7, "3456"), (4..4, ""), (10..10, "")]
    {
        assert_eq!(store.get_range("digits", range.clone(), &version).await.unwrap(), expected, "{range:?}");
    }
    #[allow(clippy::reversed_empty_ranges)]
    for range in [0..11, 9..12, 10..11, 50..60, 11..11, 7..3] {
        let error = store.get_range("digits", range.clone(), &version).await.unwrap_err();
        assert!(matches!(error, StoreError::Other { .. }), "{range:?}: {error:?}");
    }
    let many = (0..10).map(|at| store.get_range("digits", at..at + 1, &version));
    let parts: Vec<Bytes> = join_all(many).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(parts.concat(), b"0123456789");
}

async fn get_range_of_a_replaced_object_reports_a_change(store: &SharedStore) {
    let old = put(store, "data", "old").await;
    let new = put(store, "data", "new").await;
    assert_ne!(old, new);
    let changed = StoreError::Changed { key: store.address("data") };
    assert_eq!(store.get_range("data", 0..3, &old).await.unwrap_err(), changed);
    assert_eq!(store.get_range("data", 0..0, &old).await.unwrap_err(), changed);
    assert_eq!(store.get_range("data", 0..3, &new).await.unwrap(), "new");
}

async fn put_respects_its_condition(store: &SharedStore) {
    let changed = StoreError::Changed { key: store.address("m/manifest") };
    let write = |body: &'static str, condition| store.put("m/manifest", body.into(), condition);
    let never = Version("0123456789abcdef".into());
    assert_eq!(write("0", Condition::Matches(never.clone())).await.unwrap_err(), changed, "no object to match");
    let first = write("1", Condition::Absent).await.unwrap();
    assert_eq!(write("2", Condition::Absent).await.unwrap_err(), changed);
    assert_eq!(write("2", Condition::Matches(never)).await.unwrap_err(), changed);
    assert_eq!(text(store, "m/manifest").await, "1");
    let second = write("2", Condition::Matches(first.clone())).await.unwrap();
    assert_eq!(store.head("m/manifest").await.unwrap().version, second);
    assert_eq!(write("3", Condition::Matches(first)).await.unwrap_err(), changed);
    assert_eq!(text(store, "m/manifest").await, "2");
    // The versions from get, head and list are valid for a write condition.
    let read = store.get("m/manifest").await.unwrap().1.version;
    write("3", Condition::Matches(read)).await.unwrap();
    let listed = store.list("m/").await.unwrap().remove(0).version;
    write("4", Condition::Matches(listed)).await.unwrap();
    store.delete("m/manifest").await.unwrap();
    write("5", Condition::Absent).await.unwrap();
    assert_eq!(keys(store, "").await, ["m/manifest"]);
}

/// The number of writes that succeeded. The others must fail with `Changed` or `Conflict`.
async fn winners(writes: Vec<impl Future<Output = Result<Version, StoreError>> + Send + 'static>) -> usize {
    let tasks: Vec<_> = writes.into_iter().map(tokio::spawn).collect();
    let results = join_all(tasks).await.into_iter().map(Result::unwrap);
    results
        .filter(|result| match result {
            Ok(_) => true,
            Err(StoreError::Changed { .. } | StoreError::Conflict { .. }) => false,
            Err(error) => panic!("{error:?}"),
        })
        .count()
}

async fn one_of_many_concurrent_creates_succeeds(store: &SharedStore) {
    for round in 0..5 {
        let key = format!("race/{round}");
        let write = |writer: usize| {
            let (store, key) = (store.clone(), key.clone());
            async move { store.put(&key, format!("writer {writer}").into(), Condition::Absent).await }
        };
        assert_eq!(winners((0..16).map(write).collect()).await, 1);
        assert!(text(store, &key).await.starts_with("writer "));
    }
}

async fn one_of_many_concurrent_replaces_succeeds(store: &SharedStore) {
    let mut version = put(store, "race", "start").await;
    for _ in 0..5 {
        let write = |writer: usize| {
            let (store, version) = (store.clone(), version.clone());
            let body = format!("writer {writer} after {}", version.0);
            async move { store.put("race", body.into(), Condition::Matches(version)).await }
        };
        assert_eq!(winners((0..16).map(write).collect()).await, 1);
        let present = store.head("race").await.unwrap().version;
        assert_ne!(present, version);
        version = present;
    }
}

/// Read, add one, write if unchanged: the pattern for manifest and index.
async fn concurrent_updates_are_not_lost(store: &SharedStore) {
    put(store, "count", "0").await;
    let add = |store: SharedStore| async move {
        loop {
            let (body, object) = store.get("count").await.unwrap();
            let count: u32 = std::str::from_utf8(&body).unwrap().parse().unwrap();
            let next = (count + 1).to_string();
            match store.put("count", next.into(), Condition::Matches(object.version)).await {
                Ok(_) => return,
                Err(StoreError::Changed { .. } | StoreError::Conflict { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    let tasks: Vec<_> = (0..12).map(|_| tokio::spawn(add(store.clone()))).collect();
    join_all(tasks).await.into_iter().for_each(|result| result.unwrap());
    assert_eq!(text(store, "count").await, "12");
}

async fn concurrent_readers_see_complete_objects(store: &SharedStore) {
    const LENGTH: usize = 200_000;
    put(store, "whole", vec![b'a'; LENGTH]).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for letter in b'b'..=b'p' {
                put(&store, "whole", vec![letter; LENGTH]).await;
            }
        })
    };
    while !writer.is_finished() {
        let (body, _) = store.get("whole").await.unwrap();
        assert_eq!(body.len(), LENGTH);
        assert!(body.iter().all(|letter| *letter == body[0]));
        // versitygw on a file system briefly lists temporary files with this name.
        let mut listed = keys(store, "").await;
        listed.retain(|key| !key.contains(".sgwtmp."));
        assert_eq!(listed, ["whole"], "a temporary file is listed");
    }
    writer.await.unwrap();
}

async fn list_returns_keys_with_the_prefix_in_byte_order(store: &SharedStore) {
    // `-` and `.` sort before `/`, upper case before lower case; some folder names begin with another folder name.
    let all = [
        "B/z",
        "a-b/x",
        "a.b/x",
        "a/b",
        "a/b-c",
        "a/b/1",
        "a/b/10",
        "a/b/2",
        "a/bc/1",
        "a0",
        "ab/c",
        "b",
        "metrics/x",
        "metrics2/x",
        "é",
    ];
    let writable: Vec<&str> = all.into_iter().filter(|key| *key != "a/b").collect();
    for key in writable.iter().rev() {
        put(store, key, *key).await;
    }
    let with_prefix = |prefix: &str| writable.iter().filter(|key| key.starts_with(prefix)).copied().collect::<Vec<_>>();
    let prefixes = [
        "", "a", "a/", "a/b", "a/b/", "a/b/1", "a/b/10", "a/bc", "a-b/", "metrics", "metrics/", "b", "b/", "B", "é",
        "zz",
    ];
    for prefix in prefixes {
        assert_eq!(keys(store, prefix).await, with_prefix(prefix), "{prefix}");
    }
    for object in store.list("").await.unwrap() {
        assert_eq!(object.size, object.key.len() as u64);
    }
}

async fn list_folder_returns_one_level(store: &SharedStore) {
    for key in ["api/a.json", "api/b/1/x", "api/b/2/x", "api/b-c/x", "api/d", "apis/x", "z"] {
        put(store, key, key).await;
    }
    for (prefix, folders, objects) in [
        ("", vec!["api/", "apis/"], vec!["z"]),
        ("api/", vec!["api/b-c/", "api/b/"], vec!["api/a.json", "api/d"]),
        ("api/b/1/", vec![], vec!["api/b/1/x"]),
        ("none/", vec![], vec![]),
    ] {
        let listing = store.list_folder(prefix).await.unwrap();
        assert_eq!(listing.folders, folders, "{prefix}");
        assert_eq!(listing.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), objects, "{prefix}");
    }
}

async fn keys_with_special_characters_work(store: &SharedStore) {
    for key in SPECIAL_KEYS {
        let version = put(store, key, key).await;
        assert_eq!(text(store, key).await, key);
        assert_eq!(store.head(key).await.unwrap().version, version, "{key}");
        assert_eq!(store.get_range(key, 0..1, &version).await.unwrap()[..], key.as_bytes()[..1], "{key}");
        assert_eq!(keys(store, key).await, [key]);
        assert!(
            matches!(store.put(key, "x".into(), Condition::Absent).await, Err(StoreError::Changed { .. })),
            "{key}"
        );
        store.put(key, key.into(), Condition::Matches(version)).await.unwrap();
    }
    let mut sorted = SPECIAL_KEYS;
    sorted.sort_unstable();
    assert_eq!(keys(store, "").await, sorted);
    for key in SPECIAL_KEYS {
        store.delete(key).await.unwrap();
    }
    assert_eq!(keys(store, "").await, [""; 0]);
}

async fn invalid_keys_are_rejected(store: &SharedStore) {
    let long = "x/".repeat(600);
    let version = Version("x".into());
    for key in ["", "/", "/absolute", "..", "../outside", "a/../b", "a/..", ".", "./a", "a/./b", "nul\0", &long] {
        let assert_rejected =
            |error: StoreError| assert!(matches!(error, StoreError::Other { .. }), "{key}: {error:?}");
        assert_rejected(store.put(key, "x".into(), Condition::Always).await.unwrap_err());
        assert_rejected(store.get(key).await.unwrap_err());
        assert_rejected(store.head(key).await.unwrap_err());
        assert_rejected(store.get_range(key, 0..1, &version).await.unwrap_err());
        assert_rejected(store.delete(key).await.unwrap_err());
        assert_rejected(store.stored_checksum(key).await.unwrap_err());
    }
    assert_eq!(keys(store, "").await, [""; 0]);
}

async fn delete_is_idempotent(store: &SharedStore) {
    put(store, "a/b", "x").await;
    put(store, "a/c", "x").await;
    store.delete("a/b").await.unwrap();
    store.delete("a/b").await.unwrap();
    assert!(matches!(store.get("a/b").await, Err(StoreError::NotFound { .. })));
    assert_eq!(keys(store, "").await, ["a/c"]);
}

async fn errors_name_the_address_once(store: &SharedStore) {
    assert_eq!(store.address(""), store.root());
    assert_eq!(store.address("a/b"), format!("{}/a/b", store.root()));
    let error = store.get("a/b").await.unwrap_err();
    assert!(error.to_string().starts_with(&store.address("a/b")), "{error}");
    let failure = error.failure().to_string();
    assert_eq!(failure.matches(&store.address("a/b")).count(), 1, "{failure}");
}
