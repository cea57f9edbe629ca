//! Lists all files below a folder as keys in byte order. Blocking.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::io::Errno;

use super::{RESERVED_PREFIX, file};
use crate::store::{FolderListing, Object};

/// All objects whose key begins with `prefix`. Follows symbolic links, but enters a folder that contains itself only once.
pub(super) fn list(root: &Path, prefix: &str) -> io::Result<Vec<Object>> {
    let data = fs::metadata(root)?;
    // Start at the deepest folder that the prefix names completely.
    let start = prefix.rfind('/').map_or("", |end| &prefix[..end]);
    let folder = root.join(start);
    let mut objects = Vec::new();
    let above = match fs::metadata(&folder) {
        Ok(inner) if inner.is_dir() => vec![identity(&data), identity(&inner)],
        Ok(_) => return Ok(objects),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(objects),
        Err(error) => return Err(error),
    };
    let mut walk = Walk { prefix, above, objects: &mut objects };
    walk.enter(&folder, start)?;
    objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(objects)
}

/// The folders and objects of one folder; `prefix` is empty or ends with `/`. A folder without any object is listed too.
pub(super) fn list_folder(root: &Path, prefix: &str) -> io::Result<FolderListing> {
    fs::metadata(root)?;
    let mut listing = FolderListing::default();
    let entries = match fs::read_dir(root.join(prefix)) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(listing),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with(RESERVED_PREFIX)) else { continue };
        match fs::metadata(entry.path()) {
            Ok(data) if data.is_dir() => listing.folders.push(format!("{prefix}{name}/")),
            Ok(data) => listing.objects.push(file::object(&format!("{prefix}{name}"), &data)),
            Err(error) if error.kind() == ErrorKind::NotFound || Errno::from_io_error(&error) == Some(Errno::LOOP) => {}
            Err(error) => return Err(error),
        }
    }
    listing.folders.sort_unstable();
    listing.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(listing)
}

fn identity(data: &Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

struct Walk<'a> {
    prefix: &'a str,
    /// Device and inode of the folders on the current path, against link cycles.
    above: Vec<(u64, u64)>,
    objects: &'a mut Vec<Object>,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path, name: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(part) = file_name.to_str() else {
                tracing::warn!(path = %entry.path().display(), "skipped a file whose name is not UTF-8; rename it to use it");
                continue;
            };
            if part.starts_with(RESERVED_PREFIX) {
                continue;
            }
            let key = if name.is_empty() { part.to_owned() } else { format!("{name}/{part}") };
            if !key.starts_with(self.prefix) && !self.prefix.starts_with(&format!("{key}/")) {
                continue;
            }
            let data = match fs::metadata(entry.path()) {
                Ok(data) => data,
                // Deleted since the listing, or a broken link.
                Err(error)
                    if error.kind() == ErrorKind::NotFound || Errno::from_io_error(&error) == Some(Errno::LOOP) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            if data.is_file() && key.starts_with(self.prefix) {
                self.objects.push(file::object(&key, &data));
            } else if data.is_dir() && !self.above.contains(&identity(&data)) {
                self.above.push(identity(&data));
                let inner = self.enter(&entry.path(), &key);
                self.above.pop();
                match inner {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }
}
