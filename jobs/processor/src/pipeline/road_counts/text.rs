//! The text of one file of road counts: its bytes, its beginning with the header, and its chunks for the scan.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use runtime::memory::Budget;
use runtime::progress::Bar;
use runtime::store::OpenFile;

use crate::input::checksum::Checksum;
use crate::input::road_file::Blocks;
use crate::input::{Format, InputError};
use crate::raw_file::SourceError;
use crate::scan::LONGEST_RECORD;
use crate::scan::engine::{Chunk, Feed};
use crate::scan::head::{self, Head, Peek};
use crate::source::road_counts::Layout;
use crate::source::text::table::without_bom;

/// Bytes read first, to find the header.
const BEGINNING: usize = 64 << 10;

/// Where a file's bytes come from.
pub(super) enum FileSource {
    /// A local file: the threads read it themselves.
    File { file: OpenFile, next: u64 },
    /// Blocks in order, from a remote store or from a decoder.
    Stream(Box<Blocks>),
}

impl FileSource {
    /// A local file, unless it is compressed.
    pub(super) fn plain(file: OpenFile, key: &str) -> Result<Option<Self>, InputError> {
        let mut beginning = vec![0; usize::try_from(file.size()).unwrap_or(BEGINNING).min(BEGINNING)];
        file.read_at(&mut beginning, 0)?;
        Ok(Format::of(key, &beginning).is_none().then_some(Self::File { file, next: 0 }))
    }

    /// The checksum of the stored bytes of a compressed file, after its last block.
    pub(super) fn stored_sum(&self) -> Option<Checksum> {
        match self {
            Self::Stream(blocks) => blocks.stored_sum(),
            Self::File { .. } => None,
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        matches!(self, Self::Stream(blocks) if blocks.is_compressed())
    }

    /// The next bytes; `None` at the end.
    pub(super) fn take(&mut self) -> Result<Option<Bytes>, InputError> {
        match self {
            Self::Stream(blocks) => blocks.next_block(),
            Self::File { file, next } => {
                let length = (BEGINNING as u64).min(file.size() - *next);
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
                file.read_at(&mut bytes, *next)?;
                *next += length;
                Ok((length > 0).then(|| bytes.into()))
            }
        }
    }

    /// Continues a file at `offset`; a stream continues with the rest of the beginning.
    pub(super) fn go_to(&mut self, offset: usize, beginning: &Bytes) {
        if let Self::File { next, .. } = self {
            *next = offset.min(beginning.len()) as u64;
        }
    }
}

/// What a file begins with.
pub(super) enum Start {
    /// Delimited rows after `head.length` bytes.
    Rows {
        head: Head,
        layout: Layout,
    },
    Json,
}

/// Reads until the header is complete, or the file turns out to have none. Returns the bytes read as well.
pub(super) fn begin(source: &mut FileSource, key: &str) -> Result<(Bytes, Start), InputError> {
    let error = |reason: &str| InputError::Content(SourceError { key: key.to_owned(), reason: reason.to_owned() });
    let mut beginning = Bytes::new();
    loop {
        let next = source.take()?;
        let is_all = next.is_none();
        if let Some(next) = next {
            beginning = if beginning.is_empty() { next } else { [beginning, next].concat().into() };
        }
        if matches!(without_bom(&beginning).trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Ok((beginning, Start::Json));
        }
        match head::peek(&beginning, is_all) {
            Peek::Head(head) => {
                let start = rows(key, head, &beginning, is_all).map_err(InputError::Content)?;
                return Ok((beginning, start));
            }
            Peek::Blank => return Err(error("the file is empty; export it again, with its header")),
            Peek::Incomplete if !is_all && beginning.len() <= 8 * LONGEST_RECORD => {}
            Peek::Incomplete | Peek::Unreadable(_) => {
                return Err(error(
                    "unrecognised header: the first line is not that of the road counts. Check that the file is the right export",
                ));
            }
        }
    }
}

fn rows(key: &str, head: Head, beginning: &Bytes, is_all: bool) -> Result<Start, SourceError> {
    match Layout::of(key, &head) {
        Ok(layout) => Ok(Start::Rows { head, layout }),
        Err(error) => {
            let typed = Layout::without_header(beginning, is_all).filter(|_| head.separator == b'\t');
            let layout = typed.ok_or(error)?;
            let length = beginning.len() - without_bom(beginning).len();
            let head = Head { record: Vec::new(), fields: Vec::new(), length, line: 1, ..head };
            Ok(Start::Rows { head, layout })
        }
    }
}

/// The chunks of a file after its header.
pub(super) struct FileChunks<'a> {
    pub(super) source: FileSource,
    /// Received bytes of a stream that are not handed over yet.
    pub(super) rest: Bytes,
    /// Bytes per chunk.
    pub(super) chunk: u64,
    pub(super) bar: &'a Bar,
    /// Bytes held by the cells so far.
    pub(super) held: &'a AtomicU64,
    pub(super) budget: Budget,
}

impl Feed for &mut FileChunks<'_> {
    type Error = InputError;

    fn next(&mut self) -> Result<Option<Chunk>, InputError> {
        let held = self.held.load(Ordering::Relaxed);
        // Extrapolated from the part already read; the length of a stream is unknown.
        let foreseen = match &self.source {
            FileSource::File { file, next } if *next > 0 => {
                u128::from(held) * u128::from(file.size()) / u128::from(*next)
            }
            _ => u128::from(held),
        };
        let foreseen = u64::try_from(foreseen).unwrap_or(u64::MAX).max(held);
        self.budget.check_cells(held, foreseen).map_err(InputError::Failed)?;
        match &mut self.source {
            FileSource::File { file, next } => {
                let offset = *next;
                // Chunks after the first start at page boundaries.
                let end = ((offset / self.chunk + 1) * self.chunk).min(file.size());
                let Some(length) = usize::try_from(end.saturating_sub(offset)).ok().filter(|length| *length > 0) else {
                    return Ok(None);
                };
                *next = end;
                self.bar.inc(length as u64);
                Ok(Some(Chunk::Range { offset, length }))
            }
            FileSource::Stream(blocks) => {
                if self.rest.is_empty() {
                    let Some(block) = blocks.next_block()? else { return Ok(None) };
                    self.rest = block;
                }
                // Small chunks of a large range: the memory of a thread grows with its chunk.
                let length = usize::try_from(self.chunk).unwrap_or(usize::MAX).min(self.rest.len());
                Ok(Some(Chunk::Bytes(self.rest.split_to(length))))
            }
        }
    }
}
