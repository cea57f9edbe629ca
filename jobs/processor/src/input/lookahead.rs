//! The stored bytes of a compressed object, with lookahead for finding the ends of frames and members.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};

use super::ranges::Ranges;
use crate::input::checksum::Checksum;

/// Supplies the stored bytes of an object, in slices of any size.
pub(crate) trait StoredBytes: Send + 'static {
    /// The next bytes; `None` at the end.
    fn next_bytes(&mut self) -> io::Result<Option<Bytes>>;

    /// Checksum of all bytes so far.
    fn sum(&self) -> Checksum;
}

impl StoredBytes for Ranges {
    fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
        // The reader unwraps the store's error.
        self.next().map_err(io::Error::other)
    }

    fn sum(&self) -> Checksum {
        self.sum.clone().unwrap_or_default()
    }
}

/// A buffered reader of stored bytes that can look ahead.
pub(crate) struct Lookahead<P> {
    source: P,
    /// Fetched bytes that are not consumed yet; none of the slices is empty.
    held: VecDeque<Bytes>,
    length: usize,
}

impl<P: StoredBytes> Lookahead<P> {
    pub(crate) fn new(source: P) -> Self {
        Self { source, held: VecDeque::new(), length: 0 }
    }

    /// Whether at least `bytes` bytes follow; fetches them if necessary.
    pub(crate) fn has(&mut self, bytes: usize) -> io::Result<bool> {
        while self.length < bytes {
            match self.source.next_bytes()? {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => {
                    self.length += piece.len();
                    self.held.push_back(piece);
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The `N` bytes that are `ahead` bytes ahead; `None` if the object ends before.
    pub(crate) fn peek<const N: usize>(&mut self, ahead: usize) -> io::Result<Option<[u8; N]>> {
        if !self.has(ahead + N)? {
            return Ok(None);
        }
        let mut found = [0; N];
        let (mut at, mut filled) = (ahead, 0);
        for piece in &self.held {
            if at >= piece.len() {
                at -= piece.len();
                continue;
            }
            let part = &piece[at..piece.len().min(at + N - filled)];
            found[filled..filled + part.len()].copy_from_slice(part);
            filled += part.len();
            at = 0;
            if filled == N {
                break;
            }
        }
        Ok(Some(found))
    }

    /// Takes the next bytes, which must be fetched already; without a copy if they are in one slice.
    pub(crate) fn take(&mut self, bytes: usize) -> Bytes {
        match self.held.front_mut() {
            Some(first) if first.len() > bytes => {
                self.length -= bytes;
                first.split_to(bytes)
            }
            Some(first) if first.len() == bytes => {
                self.length -= bytes;
                self.held.pop_front().unwrap_or_default()
            }
            _ => {
                let mut taken = Vec::with_capacity(bytes);
                while let Some(first) = self.held.front().filter(|_| taken.len() < bytes) {
                    let part = first.len().min(bytes - taken.len());
                    taken.extend_from_slice(&first[..part]);
                    self.consume(part);
                }
                taken.into()
            }
        }
    }

    /// Checksum of all bytes fetched so far.
    pub(crate) fn sum(&self) -> Checksum {
        self.source.sum()
    }
}

impl<P: StoredBytes> BufRead for Lookahead<P> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.has(1)?;
        Ok(self.held.front().map_or(&[], |first| &first[..]))
    }

    fn consume(&mut self, bytes: usize) {
        if let Some(first) = self.held.front_mut() {
            first.advance(bytes);
            self.length -= bytes;
            if first.is_empty() {
                self.held.pop_front();
            }
        }
    }
}

impl<P: StoredBytes> Read for Lookahead<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let bytes = ready.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&ready[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}
