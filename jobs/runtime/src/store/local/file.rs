//! One file as an object: its version, consistent reads and atomic writes. Blocking.

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

/// Attempts of a whole read while the file is being changed in place.
const READ_ATTEMPTS: usize = 3;

/// Size, modification time in nanoseconds, and inode. Each write creates a new file, so a rewrite changes the inode even if size and time
/// are equal, and the time even if the file system reuses the inode.
pub(in crate::store) fn version(data: &Metadata) -> Version {
    Version(format!("{}-{}.{:09}-{}", data.size(), data.mtime(), data.mtime_nsec(), data.ino()))
}

pub(super) fn object(key: &str, data: &Metadata) -> Object {
    let modified =
        DateTime::from_timestamp(data.mtime(), data.mtime_nsec() as u32).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    Object { key: key.to_owned(), size: data.size(), version: version(data), modified }
}

/// The metadata of a regular file; `NotFound` for a folder.
pub(in crate::store) fn file_metadata(path: &Path) -> io::Result<Metadata> {
    only_file(fs::metadata(path)?)
}

fn only_file(data: Metadata) -> io::Result<Metadata> {
    if data.is_file() { Ok(data) } else { Err(ErrorKind::NotFound.into()) }
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Checked before opening, because opening a pipe would block.
    file_metadata(path)?;
    let file = File::open(path)?;
    let data = only_file(file.metadata()?)?;
    Ok((file, data))
}

/// Bytes of the file, which must have the expected version before and after the read.
pub(super) fn read_range(path: &Path, range: Range<u64>, expected: &Version) -> Result<Bytes, FileError> {
    let (file, before) = open(path)?;
    if version(&before) != *expected {
        return Err(FileError::Changed);
    }
    key::check_range(&range, before.size()).map_err(FileError::Invalid)?;
    let mut body = vec![0; (range.end - range.start) as usize];
    let read = file.read_exact_at(&mut body, range.start);
    // A file that shrank during the read is reported as changed, not as too short.
    if version(&file.metadata()?) != *expected {
        return Err(FileError::Changed);
    }
    read?;
    Ok(body.into())
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

/// Writes the file atomically and returns its version.
///
/// `Absent` creates a hard link, which fails if the name exists. `Matches` compares and renames under the folder's lock. Plain writes and
/// removals take that lock only if a conditional write has created it; the jobs never mix plain and conditional writes on one key, so the
/// first conditional write needs no ordering with them.
pub(super) fn write(path: &Path, body: &[u8], condition: &Condition) -> Result<Version, FileError> {
    let folder = folder(path);
    create_folders(folder)?;
    // Fails early, before the copy; the decisive check is below, under the lock.
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

/// `Absent` for file systems without hard links (some network and desktop mounts).
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

pub(super) fn remove(path: &Path) -> io::Result<()> {
    file_metadata(path)?;
    let folder = folder(path);
    let _lock = lock(folder, false)?;
    fs::remove_file(path)?;
    sync_folder(folder)
}

/// Takes the folder's lock until it is dropped; `None` if there is no lock file and `create` is false.
fn lock(folder: &Path, create: bool) -> io::Result<Option<File>> {
    let path = folder.join(format!("{RESERVED_PREFIX}lock"));
    match OpenOptions::new().write(true).create(create).truncate(false).open(path) {
        Ok(file) => file.lock().map(|()| Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound && !create => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Creates a folder and its parents, and flushes each to disk.
pub(super) fn create_folders(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    for created in missing {
        sync_folder(created.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// A rename is durable once its folder is flushed. Some file systems cannot flush folders and do not need it.
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

/// A file without its final name yet, removed when dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(folder: &Path, body: &[u8]) -> io::Result<(Self, Version)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (temporary, mut file) = loop {
            // Containers that share a volume can have the same process id, so try the next name if this one exists.
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{RESERVED_PREFIX}tmp-{}-{count}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (Self { path }, file),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        file.write_all(body)?;
        // The kernel's file times have a resolution of a few milliseconds; two writes within one tick would have the same version.
        file.set_modified(SystemTime::now())?;
        file.sync_all()?;
        let version = version(&file.metadata()?);
        Ok((temporary, version))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Fails after a rename, when there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}
