//! Behaviour of the local store: file systems, permissions, links, full disks.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use runtime::failure::Code;
use runtime::store::{Condition, LocalStore, Store, StoreError};

fn store() -> (tempfile::TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path()).unwrap();
    (folder, store)
}

async fn keys(store: &LocalStore, prefix: &str) -> Vec<String> {
    store.list(prefix).await.unwrap().into_iter().map(|object| object.key).collect()
}

#[tokio::test]
async fn missing_root_is_an_error_and_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b");
    let error = LocalStore::open(&root).unwrap_err();
    assert_eq!(error, StoreError::NoSuchRoot { root: root.display().to_string() });
    assert_eq!(error.failure().code, Code::Usage);

    let store = LocalStore::create(&root).unwrap();
    assert_eq!(keys(&store, "").await, [""; 0]);
    // If the root disappears during a run, every operation reports it and none creates it again.
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    assert!(matches!(store.list("").await, Err(StoreError::NoSuchRoot { .. })));
    assert!(matches!(store.list("x/y").await, Err(StoreError::NoSuchRoot { .. })));
    assert!(matches!(store.get("x").await, Err(StoreError::NoSuchRoot { .. })));
    assert!(matches!(store.put("x", "x".into(), Condition::Always).await, Err(StoreError::NoSuchRoot { .. })));
    assert!(!root.exists());

    fs::write(folder.path().join("file"), "x").unwrap();
    assert!(matches!(LocalStore::open(folder.path().join("file")), Err(StoreError::Other { .. })));
    assert!(LocalStore::create(folder.path().join("file")).is_err());
}

#[tokio::test]
async fn file_changed_in_place_has_a_new_version() {
    let (folder, store) = store();
    let path = folder.path().join("data");
    fs::write(&path, "before").unwrap();
    let version = store.head("data").await.unwrap().version;
    fs::write(&path, "behind").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(1)).unwrap();
    assert!(matches!(store.get_range("data", 0..6, &version).await, Err(StoreError::Changed { .. })));
    fs::write(&path, "longer than before").unwrap();
    assert!(matches!(
        store.put("data", "x".into(), Condition::Matches(version)).await,
        Err(StoreError::Changed { .. })
    ));
}

#[tokio::test]
async fn rewrites_of_the_same_size_have_distinct_versions() {
    let (_folder, store) = store();
    let mut seen = std::collections::BTreeSet::new();
    for body in 0..200 {
        let version = store.put("same", format!("{body:03}").into(), Condition::Always).await.unwrap();
        assert!(seen.insert(version), "two versions look alike");
    }
}

#[tokio::test]
async fn lock_and_temporary_files_are_not_objects() {
    let (folder, store) = store();
    let version = store.put("a/b", "1".into(), Condition::Absent).await.unwrap();
    store.put("a/b", "2".into(), Condition::Matches(version)).await.unwrap();
    assert!(folder.path().join("a/.cityflow.lock").exists());
    fs::write(folder.path().join("a/.cityflow.tmp-1-1"), "left by a killed run").unwrap();
    assert_eq!(keys(&store, "").await, ["a/b"]);
    assert_eq!(keys(&store, "a/.").await, [""; 0]);
    for key in ["a/.cityflow.lock", ".cityflow.tmp-1-1", ".cityflow.x/y"] {
        assert!(matches!(store.get(key).await, Err(StoreError::Other { .. })), "{key}");
        assert!(matches!(store.put(key, "x".into(), Condition::Always).await, Err(StoreError::Other { .. })), "{key}");
    }
    let left: Vec<_> = fs::read_dir(folder.path().join("a")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn folder_and_file_of_the_same_name_conflict() {
    let (_folder, store) = store();
    store.put("a", "x".into(), Condition::Always).await.unwrap();
    store.put("b/c", "x".into(), Condition::Always).await.unwrap();
    for (key, condition) in [("a/b", Condition::Always), ("b", Condition::Always), ("a/b", Condition::Absent)] {
        let error = store.put(key, "x".into(), condition).await.unwrap_err();
        assert!(matches!(error, StoreError::Other { .. }), "{key}: {error:?}");
    }
    for key in ["a//b", "b/", "//"] {
        assert!(matches!(store.get(key).await, Err(StoreError::Other { .. })), "{key}");
    }
    assert_eq!(keys(&store, "").await, ["a", "b/c"]);
}

#[tokio::test]
async fn symbolic_links_are_followed_once() {
    let (folder, store) = store();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("x"), "x").unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(folder.path().join("real/y"), "y").unwrap();
    symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
    symlink(folder.path(), folder.path().join("real/loop")).unwrap();
    symlink("self", folder.path().join("self")).unwrap();
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    assert_eq!(keys(&store, "").await, ["linked/x", "real/y"]);
    assert_eq!(keys(&store, "linked/").await, ["linked/x"]);
}

#[tokio::test]
async fn pipes_and_names_that_are_not_utf8_are_not_objects() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, store) = store();
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(keys(&store, "").await, [""; 0]);
    assert!(matches!(store.get("pipe").await, Err(StoreError::NotFound { .. })));
}

/// Whether permissions do not apply to this user, such as root.
fn ignores_permissions(folder: &Path) -> bool {
    let probe = folder.join("probe");
    let allowed = fs::write(&probe, "x").is_ok();
    let _ = fs::remove_file(probe);
    allowed
}

#[tokio::test]
async fn folder_without_permission_is_denied() {
    let (folder, store) = store();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    if !ignores_permissions(&closed) {
        let error = store.put("closed/x", "x".into(), Condition::Always).await.unwrap_err();
        assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
        assert_eq!(error.failure().code, Code::Usage);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        assert!(matches!(store.list("").await, Err(StoreError::Denied { .. })));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A mounted file system of 64 KiB; dropping it unmounts it.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` if this user may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

#[tokio::test]
async fn full_disk_keeps_the_old_object() {
    let Some(disk) = SmallDisk::mount() else {
        println!("SKIPPED full_disk_keeps_the_old_object: this user may not mount a file system");
        return;
    };
    let store = LocalStore::open(disk.0.path()).unwrap();
    let version = store.put("a/x", "before".into(), Condition::Always).await.unwrap();
    for condition in [Condition::Always, Condition::Matches(version)] {
        let error = store.put("a/x", vec![0; 1 << 20].into(), condition).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert_eq!(error.failure().code, Code::Unavailable);
    }
    assert_eq!(store.get("a/x").await.unwrap().0, "before");
    assert_eq!(keys(&store, "").await, ["a/x"]);
    // The failed writes leave no temporary file that uses space.
    store.put("a/y", vec![0; 8192].into(), Condition::Absent).await.unwrap();
}
