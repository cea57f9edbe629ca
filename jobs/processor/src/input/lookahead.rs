//! The stored bytes of a compressed object, with as much of what comes next in view as its structure needs to be seen.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};

use super::ranges::Ranges;
use crate::input::checksum::Checksum;

/// Where stored bytes come from, in pieces of any size.
pub(crate) trait Pieces: Send + 'static {
    /// The next piece; `None` at the end.
    fn next_piece(&mut self) -> io::Result<Option<Bytes>>;

    /// Checksum of all pieces so far.
    fn sum(&self) -> Checksum;
}

impl Pieces for Ranges {
    fn next_piece(&mut self) -> io::Result<Option<Bytes>> {
        // The store's own error travels inside, for whoever tells what went wrong.
        self.next().map_err(io::Error::other)
    }

    fn sum(&self) -> Checksum {
        self.sum.clone().unwrap_or_default()
    }
}

/// Stored bytes, ahead of which one can look.
pub(crate) struct Window<P> {
    pieces: P,
    /// Never an empty one.
    held: VecDeque<Bytes>,
    length: usize,
}

impl<P: Pieces> Window<P> {
    pub(crate) fn new(pieces: P) -> Self {
        Self { pieces, held: VecDeque::new(), length: 0 }
    }

    /// Whether there are so many bytes ahead; fetches them where they are not in view yet.
    pub(crate) fn has(&mut self, bytes: usize) -> io::Result<bool> {
        while self.length < bytes {
            match self.pieces.next_piece()? {
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

    /// `N` bytes, so far ahead; `None` where the object ends before them.
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

    /// The next bytes, which are in view: without a copy where they came in one piece.
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

    /// Checksum of all stored bytes that were fetched.
    pub(crate) fn sum(&self) -> Checksum {
        self.pieces.sum()
    }
}

impl<P: Pieces> BufRead for Window<P> {
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

impl<P: Pieces> Read for Window<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let bytes = ready.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&ready[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}
