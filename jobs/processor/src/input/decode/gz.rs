//! Gzip (RFC 1952): any number of members, one after the other.
//!
//! A plain member does not tell where it ends, so it is decoded as it comes. Members of the blocked kind (BGZF, `bgzip`) carry their own
//! size in the field `BC` of their header and hold at most 64 KiB: these are decoded in batches, several at once. A member whose field
//! says a wrong size is told as damaged.

use std::io::{self, BufRead, Read as _};

use flate2::bufread::MultiGzDecoder;

use super::{BLOCK, Format, Output};
use crate::input::lookahead::{Pieces, Window};

/// Bytes of a member's header with the field `BC` alone.
const HEADER: usize = 18;
/// Bytes after the compressed data: checksum and size.
const TRAILER: usize = 8;
/// The most that a member of the blocked kind holds.
const LARGEST: usize = 1 << 16;

/// Decodes a whole object.
pub(crate) fn decode<P: Pieces>(window: &mut Window<P>, output: &mut Output) -> io::Result<()> {
    let mut members = false;
    loop {
        let (mut stored, mut content) = (0, 0);
        while let Some((size, holds)) = member(window, stored)? {
            if stored > 0 && (content + holds > BLOCK.min(output.largest) || stored + size > BLOCK) {
                break;
            }
            (stored, content) = (stored + size, content + holds);
        }
        if stored == 0 {
            // An object without any member is one that is cut short.
            return if members && !window.has(1)? { Ok(()) } else { stream(window, output) };
        }
        members = true;
        let batch = window.take(stored);
        output.job(Format::Gz, batch, content)?;
    }
}

/// Stored size and content of the member so far ahead, where it says so itself and is all there.
fn member<P: Pieces>(window: &mut Window<P>, ahead: usize) -> io::Result<Option<(usize, usize)>> {
    let Some(header) = window.peek::<HEADER>(ahead)? else { return Ok(None) };
    // Magic, deflate, one extra field and nothing else; its length, its name, its own length.
    if header[..4] != [0x1f, 0x8b, 8, 4] || header[10..16] != [6, 0, b'B', b'C', 2, 0] {
        return Ok(None);
    }
    let size = usize::from(u16::from_le_bytes([header[16], header[17]])) + 1;
    if size < HEADER + TRAILER {
        return Ok(None);
    }
    let Some(content) = window.peek::<4>(ahead + size - 4)? else { return Ok(None) };
    let content = u32::from_le_bytes(content) as usize;
    Ok((content <= LARGEST).then_some((size, content)))
}

/// Decodes all that is left as it comes.
fn stream(input: impl BufRead, output: &mut Output) -> io::Result<()> {
    let mut decoder = MultiGzDecoder::new(input);
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

/// The content of whole members that say they hold so many bytes.
pub(crate) fn members(stored: &[u8], content: usize) -> io::Result<Vec<u8>> {
    // One byte more shows a member that holds more than it says.
    let mut decoded = vec![0; content + 1];
    let (mut decoder, mut filled) = (MultiGzDecoder::new(stored), 0);
    while filled < decoded.len() {
        match decoder.read(&mut decoded[filled..])? {
            0 => break,
            bytes => filled += bytes,
        }
    }
    if filled != content {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a gzip member does not hold what it says"));
    }
    decoded.truncate(content);
    Ok(decoded)
}
