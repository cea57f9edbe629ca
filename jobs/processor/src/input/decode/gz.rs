//! Gzip (RFC 1952): any number of consecutive members.
//!
//! The end of a plain member is only known after decoding, so plain members are decoded sequentially. BGZF members (`bgzip`) carry their
//! size in the header field `BC` and hold at most 64 KiB; they are decoded in parallel batches. A member with a wrong size in that field is
//! reported as damaged.
//!
//! Zero bytes after the last member are padding, as for GNU gzip; anything else there is an error.

use std::io::{self, BufRead, Read as _};

use flate2::bufread::{GzDecoder, MultiGzDecoder};

use super::{BLOCK, Format, Output};
use crate::input::lookahead::{Lookahead, StoredBytes};

/// Bytes of a member header whose only extra field is `BC`.
const HEADER: usize = 18;
/// Bytes after the compressed data: checksum and size.
const TRAILER: usize = 8;
/// Most content of a BGZF member, bytes.
const LARGEST: usize = 1 << 16;

/// Decodes a whole object.
pub(crate) fn decode<P: StoredBytes>(input: &mut Lookahead<P>, output: &mut Output) -> io::Result<()> {
    let mut members = false;
    loop {
        let (mut stored, mut content) = (0, 0);
        while let Some((size, holds)) = member(input, stored)? {
            if stored > 0 && (content + holds > BLOCK.min(output.largest) || stored + size > BLOCK) {
                break;
            }
            (stored, content) = (stored + size, content + holds);
        }
        if stored == 0 {
            // An object without any member counts as truncated.
            return stream(if members { Members::after_a_member(input) } else { Members::new(input) }, output);
        }
        members = true;
        let batch = input.take(stored);
        output.job(Format::Gz, batch, content)?;
    }
}

/// Stored size and content size of the member `ahead` bytes ahead, if it is a complete BGZF member.
fn member<P: StoredBytes>(input: &mut Lookahead<P>, ahead: usize) -> io::Result<Option<(usize, usize)>> {
    let Some(header) = input.peek::<HEADER>(ahead)? else { return Ok(None) };
    // Magic bytes, deflate, and the extra field as the only flag; then the extra length, the name of the field, its length.
    if header[..4] != [0x1f, 0x8b, 8, 4] || header[10..16] != [6, 0, b'B', b'C', 2, 0] {
        return Ok(None);
    }
    let size = usize::from(u16::from_le_bytes([header[16], header[17]])) + 1;
    if size < HEADER + TRAILER {
        return Ok(None);
    }
    let Some(content) = input.peek::<4>(ahead + size - 4)? else { return Ok(None) };
    let content = u32::from_le_bytes(content) as usize;
    Ok((content <= LARGEST).then_some((size, content)))
}

/// Decodes the remaining bytes sequentially.
pub(crate) fn stream(mut decoder: impl io::Read, output: &mut Output) -> io::Result<()> {
    loop {
        let mut block = vec![0; BLOCK];
        let mut filled = 0;
        let ended = loop {
            match decoder.read(&mut block[filled..]) {
                Ok(0) => break Ok(filled < BLOCK),
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        block.truncate(filled);
        output.block(block)?;
        if ended? {
            return Ok(());
        }
    }
}

/// The content of all members, one after the other.
pub(crate) struct Members<R> {
    state: State<R>,
}

enum State<R> {
    Member(Box<GzDecoder<R>>),
    /// After the end of a member.
    Between(R),
    Ended,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { state: State::Member(Box::new(GzDecoder::new(input))) }
    }

    /// The rest of an object of which a member has been decoded.
    fn after_a_member(input: R) -> Self {
        Self { state: State::Between(input) }
    }

    /// What follows the end of a member: the next one, padding up to the end, or nothing.
    fn next(mut input: R) -> io::Result<State<R>> {
        if input.fill_buf()?.first().is_some_and(|byte| *byte != 0) {
            return Ok(State::Member(Box::new(GzDecoder::new(input))));
        }
        loop {
            let padding = input.fill_buf()?;
            if padding.is_empty() {
                return Ok(State::Ended);
            }
            if padding.iter().any(|byte| *byte != 0) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "data after the zero bytes that follow its end",
                ));
            }
            let length = padding.len();
            input.consume(length);
        }
    }
}

impl<R: BufRead> io::Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.state {
                State::Member(decoder) => match decoder.read(buffer)? {
                    0 => {}
                    bytes => return Ok(bytes),
                },
                State::Between(_) => {}
                State::Ended => return Ok(0),
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Member(decoder) => State::Between(decoder.into_inner()),
                State::Between(input) => Self::next(input)?,
                State::Ended => State::Ended,
            };
        }
    }
}

/// Decodes complete members, whose trailers announce `content` bytes in total.
pub(crate) fn members(stored: &[u8], content: usize) -> io::Result<Vec<u8>> {
    // One more byte reveals a member that holds more than announced.
    let mut decoded = vec![0; content + 1];
    let (mut decoder, mut filled) = (MultiGzDecoder::new(stored), 0);
    while filled < decoded.len() {
        match decoder.read(&mut decoded[filled..])? {
            0 => break,
            bytes => filled += bytes,
        }
    }
    if filled != content {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the content of a gzip member does not have the announced size",
        ));
    }
    decoded.truncate(content);
    Ok(decoded)
}
