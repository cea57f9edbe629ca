//! A zip archive as a list of entries, each read as a stream of decompressed blocks, without unpacking to disk.
//!
//! ```text
//!   stored bytes   │ entry 1 │ entry 2 │ … │ entry n │ list of entries, end record │
//!   requests         part 1    part 2        part n    first, and once more for the checksum
//! ```
//!
//! The end of the file is read first. Then each entry is one part: from its header to the next header, fetched as concurrent ranges. The
//! checksums of all parts together are that of the object.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use contract::keys;
use memchr::memmem;
use runtime::memory::Budget;
use runtime::store::{Object, SharedStore, StoreError};
use zip::read::{ZipArchiveMetadata, ZipReadOptions};
use zip::{CompressionMethod, ZipArchive};

use super::InputError;
use super::checksum::Checksum;
use super::decode::Decoded;
use super::decode::gz::stream;
use super::ranges::Ranges;
use super::road_file::{Blocks, no_thread};
use crate::order::file_order;
use crate::raw_file::SourceError;

/// Bytes at the end in which the end record must begin: its size and the longest comment.
const END: u64 = 22 + 65_535;
/// First bytes of the end record.
const END_RECORD: &[u8] = b"PK\x05\x06";
/// Bytes fetched at a time while the list of entries is read.
const BLOCK: u64 = 1 << 20;
/// Most bytes of the list of entries: some hundred thousand entries.
const LONGEST_LIST: u64 = 64 << 20;
/// Endings of the entries that are read.
const ENDINGS: [&str; 5] = ["csv", "txt", "json", "jsonl", "ndjson"];
/// Folder in which macOS keeps file attributes.
const MACOS: &str = "__MACOSX/";

/// Whether the name of an object is that of an archive.
#[must_use]
pub(crate) fn is_archive(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("zip"))
}

/// An opened archive.
pub(crate) struct Archive {
    store: SharedStore,
    object: Object,
    budget: Budget,
    list: Arc<ZipArchiveMetadata>,
    entries: Vec<Entry>,
    /// Names of the entries that are not read.
    not_read: Vec<String>,
    /// The parts in stored order, which together are the object, with their checksums once they are read.
    parts: Vec<(Range<u64>, Option<Checksum>)>,
}

/// An entry to read.
struct Entry {
    name: String,
    index: usize,
    part: usize,
}

impl Archive {
    /// Reads the list of entries. Must be called within a tokio runtime, on a thread that may block.
    ///
    /// # Errors
    /// The archive is truncated or damaged, two entries have one name, no entry can be read, or one of those is encrypted or compressed with
    /// an unknown method.
    pub(crate) fn open(store: &SharedStore, object: &Object, budget: &Budget) -> Result<Self, InputError> {
        let refused = |reason: String| InputError::Content(SourceError { key: object.key.clone(), reason });
        let mut end = Listing::open(store, object)?;
        if memmem::rfind(&end.held, END_RECORD).is_none() {
            return Err(refused(
                "the archive has no end record: the download was cut short; download it again".to_owned(),
            ));
        }
        let archive = ZipArchive::new(&mut end).map_err(|error| match error {
            zip::result::ZipError::Io(error) => read_error(&object.key, error),
            error => refused(format!("the list of entries cannot be read ({error}); download the archive again")),
        })?;
        let (list, start) = (archive.metadata(), archive.central_directory_start());
        if list.has_duplicate_names() {
            return Err(refused("two entries have the same name; create the archive again".to_owned()));
        }
        let mut found = Self {
            store: store.clone(),
            object: object.clone(),
            budget: *budget,
            list,
            entries: Vec::new(),
            not_read: Vec::new(),
            parts: Vec::new(),
        };
        found.sort(start, &refused)?;
        Ok(found)
    }

    fn sort(&mut self, list: u64, refused: &impl Fn(String) -> InputError) -> Result<(), InputError> {
        let damaged = |error: &dyn std::fmt::Display| refused(format!("the list of entries is damaged ({error})"));
        let mut begins = vec![0, list];
        for index in 0..self.list.len() {
            let entry = self.list.entry(index).map_err(|error| damaged(&error))?;
            begins.push(entry.header_start());
        }
        begins.sort_unstable();
        begins.dedup();
        let ends = begins.iter().skip(1).copied().chain([self.object.size]);
        self.parts = begins.iter().copied().zip(ends).map(|(begin, end)| (begin..end, None)).collect();
        if begins.last().is_some_and(|last| *last > self.object.size) {
            return Err(damaged(&"an entry begins after the end of the file"));
        }
        for index in 0..self.list.len() {
            let entry = self.list.entry(index).map_err(|error| damaged(&error))?;
            let name = entry.name().map_err(|error| damaged(&error))?.into_owned();
            if entry.is_dir() || name.starts_with(MACOS) || keys::is_hidden(&name) {
                continue;
            }
            if !name
                .rsplit_once('.')
                .is_some_and(|(_, ending)| ENDINGS.iter().any(|read| ending.eq_ignore_ascii_case(read)))
            {
                self.not_read.push(name);
                continue;
            }
            if entry.encrypted() {
                return Err(refused(format!("entry {name} is encrypted; create the archive without a password")));
            }
            let method = entry.compression();
            if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated | CompressionMethod::Deflate64)
            {
                return Err(refused(format!("entry {name} is compressed with {method}; use deflate")));
            }
            let part = begins.binary_search(&entry.header_start()).map_err(|_| damaged(&"no header"))?;
            self.entries.push(Entry { name, index, part });
        }
        if self.entries.is_empty() {
            return Err(refused(format!("no entry ends in .{}", ENDINGS.join(", ."))));
        }
        self.entries.sort_by(|a, b| file_order(&a.name, &b.name));
        Ok(())
    }

    /// Number of entries to read.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keys of the entries that are not read, in the order of the archive.
    pub(crate) fn not_read(&self) -> impl Iterator<Item = String> {
        self.not_read.iter().map(|name| format!("{}/{name}", self.object.key))
    }

    /// Key of the archive and name of the entry.
    pub(crate) fn key(&self, entry: usize) -> String {
        let name = self.entries.get(entry).map_or("", |entry| &entry.name);
        format!("{}/{name}", self.object.key)
    }

    /// Starts reading an entry, in the natural order of names.
    pub(crate) fn blocks(&self, entry: usize) -> Result<Blocks, InputError> {
        let key = self.key(entry);
        let missing = || InputError::Content(SourceError { key: key.clone(), reason: "no such entry".to_owned() });
        let Entry { index, part, .. } = *self.entries.get(entry).ok_or_else(missing)?;
        let (part, _) = self.parts.get(part).ok_or_else(missing)?;
        let mut reader = Part::fetch(&self.store, &self.object, part, &self.budget);
        let fetching = reader.ranges.abort_handle();
        let list = Arc::clone(&self.list);
        let decode = move |output: &mut _| {
            let content = list.entry(index).and_then(|entry| entry.with_reader(&mut reader, ZipReadOptions::new()));
            stream(content.map_err(io::Error::from)?, output)?;
            reader.finish()
        };
        let decoded = Decoded::run(self.budget.decoded(), decode).map_err(no_thread(&self.store, &self.object.key))?;
        Ok(Blocks::of_entry(key, decoded, fetching))
    }

    /// Keeps the checksum of the stored bytes of an entry that has been read.
    pub(crate) fn set_sum(&mut self, entry: usize, sum: Checksum) {
        let part = self.entries.get(entry).map(|entry| entry.part);
        if let Some((_, kept)) = part.and_then(|part| self.parts.get_mut(part)) {
            *kept = Some(sum);
        }
    }

    /// The checksum of the object; reads the parts that are not read yet.
    pub(crate) fn sum(self) -> Result<Checksum, InputError> {
        let mut all = Checksum::default();
        for (part, sum) in self.parts {
            let sum = match sum {
                Some(sum) => sum,
                None => Part::fetch(&self.store, &self.object, &part, &self.budget)
                    .finish()
                    .map_err(|error| read_error(&self.object.key, error))?,
            };
            all = all.combine(sum);
        }
        Ok(all)
    }
}

/// The store's error within an error of a reader, or damaged content.
fn read_error(key: &str, error: io::Error) -> InputError {
    match error.downcast::<StoreError>() {
        Ok(store) => store.into(),
        Err(error) => InputError::Content(super::road_file::corrupt(key, &error)),
    }
}

/// The object as a reader for the list of entries: it fetches blocks around the positions that are read, from the end on.
struct Listing {
    store: SharedStore,
    object: Object,
    runtime: tokio::runtime::Handle,
    at: u64,
    /// Start of the held block.
    begin: u64,
    held: Bytes,
    fetched: u64,
}

impl Listing {
    fn open(store: &SharedStore, object: &Object) -> Result<Self, InputError> {
        let (store, object, runtime) = (store.clone(), object.clone(), tokio::runtime::Handle::current());
        let begin = object.size.saturating_sub(END.max(BLOCK));
        let mut listing = Self { store, object, runtime, at: 0, begin, held: Bytes::new(), fetched: 0 };
        listing.fetch(begin).map_err(|error| read_error(&listing.object.key, error))?;
        Ok(listing)
    }

    fn fetch(&mut self, begin: u64) -> io::Result<()> {
        let end = self.object.size.min(begin + END.max(BLOCK));
        self.fetched += end - begin;
        if self.fetched > LONGEST_LIST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the list of entries is longer than 64 MiB"));
        }
        let bytes = self.store.get_range(&self.object.key, begin..end, &self.object.version);
        self.held = if begin == end { Bytes::new() } else { self.runtime.block_on(bytes).map_err(io::Error::other)? };
        self.begin = begin;
        Ok(())
    }
}

impl Read for Listing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.object.size {
            return Ok(0);
        }
        if !(self.begin..self.begin + self.held.len() as u64).contains(&self.at) {
            self.fetch(self.at)?;
        }
        let ahead = usize::try_from(self.at - self.begin).unwrap_or(usize::MAX);
        let ready = self.held.get(ahead..).unwrap_or_default();
        let bytes = ready.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&ready[..bytes]);
        self.at += bytes as u64;
        Ok(bytes)
    }
}

impl Seek for Listing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = target(to, self.at, self.object.size)?;
        Ok(self.at)
    }
}

/// One part of the object: read forwards, except within its first range, where the header of the entry is.
struct Part {
    ranges: Ranges,
    end: u64,
    at: u64,
    /// Start of the held range, and its bytes.
    begin: u64,
    held: Bytes,
}

impl Part {
    fn fetch(store: &SharedStore, object: &Object, part: &Range<u64>, budget: &Budget) -> Self {
        let mut ranges = Ranges::fetch_part(store, object, part.clone(), budget);
        ranges.sum = Some(Checksum::default());
        Self { ranges, end: part.end, at: part.start, begin: part.start, held: Bytes::new() }
    }

    /// The bytes at the position; empty at the end of the part.
    fn ready(&mut self) -> io::Result<&[u8]> {
        while self.at >= self.begin + self.held.len() as u64 {
            self.begin += self.held.len() as u64;
            match self.ranges.next().map_err(io::Error::other)? {
                Some(next) => self.held = next,
                None => {
                    self.held = Bytes::new();
                    return Ok(&[]);
                }
            }
        }
        let ahead = self.at.checked_sub(self.begin).and_then(|ahead| usize::try_from(ahead).ok());
        let backwards = || io::Error::new(io::ErrorKind::InvalidData, "an entry overlaps another one");
        Ok(self.held.get(ahead.ok_or_else(backwards)?..).unwrap_or_default())
    }

    /// Reads the rest. Returns the checksum of the whole part.
    fn finish(mut self) -> io::Result<Checksum> {
        self.at = self.end;
        self.ready()?;
        Ok(self.ranges.sum.unwrap_or_default())
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.ready()?;
        let bytes = ready.len().min(buffer.len());
        ready.copy_to_slice(&mut buffer[..bytes]);
        self.at += bytes as u64;
        Ok(bytes)
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = target(to, self.at, self.end)?;
        Ok(self.at)
    }
}

fn target(to: SeekFrom, at: u64, end: u64) -> io::Result<u64> {
    let target = match to {
        SeekFrom::Start(at) => Some(at),
        SeekFrom::End(by) => end.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position before the start of the file"))
}

#[cfg(test)]
mod tests;
