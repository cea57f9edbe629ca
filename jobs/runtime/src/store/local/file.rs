//! One file as an object: its version, and reading and writing it whole or not at all. Blocking.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{FileError, RESERVED_PREFIX};
use crate::store::{Condition, Object, Version, key};

/// How often a whole read starts again because the file was being changed in place.
const READ_ATTEMPTS: usize = 3;

/// Size, time of the last change in nanoseconds, and inode. Each write makes a new file, so a rewrite shows in the inode even where the
/// size and the time are the same, and in the time where the file system gives the inode out again.
pub(in crate::store) fn version(data: &Metadata) -> Version {
    Version(format!("{}-{}.{:09}-{}", data.size(), data.mtime(), data.mtime_nsec(), data.ino()))
}

pub(super) fn object(key: &str, data: &Metadata) -> Object {
    let modified =
        DateTime::from_timestamp(data.mtime(), data.mtime_nsec() as u32).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    Object { key: key.to_owned(), size: data.size(), version: version(data), modified }
}

/// The metadata of a file; a folder is no object.
pub(in crate::store) fn file_metadata(path: &Path) -> io::Result<Metadata> {
    only_file(fs::metadata(path)?)
}

fn only_file(data: Metadata) -> io::Result<Metadata> {
    if data.is_file() { Ok(data) } else { Err(ErrorKind::NotFound.into()) }
}

/// An open file with its metadata.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Asked before opening, for opening a pipe would wait for its other end.
    file_metadata(path)?;
    let file = File::open(path)?;
    let data = only_file(file.metadata()?)?;
    Ok((file, data))
}

/// Bytes of the file at a version.
pub(super) fn read_range(path: &Path, range: Range<u64>, expected: &Version) -> Result<Bytes, FileError> {
    let (file, before) = open(path)?;
    if version(&before) != *expected {
        return Err(FileError::Changed);
    }
    key::check_range(&range, before.size(), String::new).map_err(|error| FileError::Invalid(detail_of(&error)))?;
    let mut body = vec![0; (range.end - range.start) as usize];
    let read = file.read_exact_at(&mut body, range.start);
    // A file that shrank under the read is a changed one, before it is a short one.
    if version(&file.metadata()?) != *expected {
        return Err(FileError::Changed);
    }
    read?;
    Ok(body.into())
}

fn detail_of(error: &crate::store::StoreError) -> String {
    match error {
        crate::store::StoreError::Other { detail, .. } => detail.clone(),
        error => error.to_string(),
    }
}

/// The whole file, and its metadata at the time of reading.
pub(super) fn read(path: &Path) -> Result<(Bytes, Metadata), FileError> {
    for _ in 0..READ_ATTEMPTS {
        let (file, before) = open(path)?;
        let mut body = vec![0; before.size() as usize];
        let read = file.read_exact_at(&mut body, 0);
        let after = file.metadata()?;
        if version(&before) == version(&after) {
            read?;
            return Ok((body.into(), after));
        }
    }
    Err(FileError::Changed)
}

/// Writes the file whole; gives its version.
///
/// `Absent` is a hard link, which the system refuses where the name is taken. `Matches` compares and renames under the lock of the
/// folder. A plain write and a removal take that lock where a conditional write has made it; the jobs never mix plain and conditional
/// writes on one key, so the very first one needs no order with them.
pub(super) fn write(path: &Path, body: &[u8], condition: &Condition) -> Result<Version, FileError> {
    let folder = folder(path);
    create_folders(folder)?;
    // A condition that fails already needs no copy; it is decided again below, where it counts.
    if let Condition::Matches(expected) = condition {
        check_version(path, expected)?;
    }
    let (temporary, version) = Temporary::write(folder, body)?;
    match condition {
        Condition::Always => {
            let _lock = lock(folder, false)?;
            fs::rename(&temporary.path, path)?;
        }
        Condition::Absent => match fs::hard_link(&temporary.path, path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(FileError::Changed),
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unsupported) => {
                absent_without_links(&temporary.path, path)?;
            }
            Err(error) => return Err(error.into()),
        },
        Condition::Matches(expected) => {
            let _lock = lock(folder, true)?;
            check_version(path, expected)?;
            fs::rename(&temporary.path, path)?;
        }
    }
    drop(temporary);
    sync_folder(folder)?;
    Ok(version)
}

/// For file systems without hard links (some network and desktop mounts).
fn absent_without_links(from: &Path, to: &Path) -> Result<(), FileError> {
    let _lock = lock(folder(to), true)?;
    if to.symlink_metadata().is_ok() {
        return Err(FileError::Changed);
    }
    Ok(fs::rename(from, to)?)
}

fn check_version(path: &Path, expected: &Version) -> Result<(), FileError> {
    match file_metadata(path) {
        Ok(data) if version(&data) == *expected => Ok(()),
        Ok(_) => Err(FileError::Changed),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(FileError::Changed),
        Err(error) => Err(error.into()),
    }
}

/// Removes the file.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    file_metadata(path)?;
    let folder = folder(path);
    let _lock = lock(folder, false)?;
    fs::remove_file(path)?;
    sync_folder(folder)
}

/// The folder's lock, held until it is dropped; `None` where there is no lock file and `make` is false.
fn lock(folder: &Path, make: bool) -> io::Result<Option<File>> {
    let path = folder.join(format!("{RESERVED_PREFIX}lock"));
    match OpenOptions::new().write(true).create(make).truncate(false).open(path) {
        Ok(file) => file.lock().map(|()| Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound && !make => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Makes a folder and those above it, each of them lasting.
pub(super) fn create_folders(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    for made in missing {
        sync_folder(made.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// A new name lasts once its folder is on the disk. Some file systems cannot flush a folder, and need not.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|file| file.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// A file that has not taken its name yet, removed when dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(folder: &Path, body: &[u8]) -> io::Result<(Self, Version)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (temporary, mut file) = loop {
            // Containers that share a volume may share a process id too, so a name that is taken is no error.
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{RESERVED_PREFIX}tmp-{}-{count}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (Self { path }, file),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        file.write_all(body)?;
        // The system stamps files with the time of its last tick, a few milliseconds coarse; two writes within one would look alike.
        file.set_modified(SystemTime::now())?;
        file.sync_all()?;
        let version = version(&file.metadata()?);
        Ok((temporary, version))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left by this name.
        let _ = fs::remove_file(&self.path);
    }
}
