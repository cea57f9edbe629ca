//! Zstandard (RFC 8878): any number of consecutive frames.
//!
//! The block headers give the end of a frame without decoding it. Small frames are found this way and decoded in parallel; a large frame is
//! decoded sequentially, and the search continues after it.

use std::io::{self, BufRead, Read as _};

use zstd::bulk::Decompressor;
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use super::{BLOCK, Format, Output};
use crate::input::lookahead::{Lookahead, StoredBytes};

const MAGIC: u32 = 0xFD2F_B528;
/// Magic number of skippable frames, which hold application data; the last four bits are arbitrary.
const SKIPPABLE: u32 = 0x184D_2A50;
/// Most content of a block, bytes.
const LARGEST_BLOCK: u64 = 128 << 10;
/// Largest window that the plain decoder accepts, bytes.
const LARGEST_WINDOW: u64 = 1 << 27;

/// The next item in the stored bytes.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// A frame of `stored` bytes with at most `content` bytes of content.
    Frame { stored: usize, content: usize },
    /// A frame of this many bytes without content.
    Skippable(usize),
    /// Too large, truncated or not a frame: left to the plain decoder.
    Other,
}

/// Decodes a whole object.
pub(crate) fn decode<P: StoredBytes>(input: &mut Lookahead<P>, output: &mut Output) -> io::Result<()> {
    let mut frames = false;
    // An object without any frame counts as truncated.
    while !frames || input.has(1)? {
        match next(input, output.largest)? {
            Next::Frame { stored, content } => {
                let frame = input.take(stored);
                output.job(Format::Zst, frame, content)?;
            }
            Next::Skippable(stored) => drop(input.take(stored)),
            Next::Other => stream(&mut *input, output)?,
        }
        frames = true;
    }
    Ok(())
}

/// Identifies the next item, looking at most `largest` bytes ahead.
fn next<P: StoredBytes>(input: &mut Lookahead<P>, largest: usize) -> io::Result<Next> {
    let Some(magic) = input.peek(0)?.map(u32::from_le_bytes) else { return Ok(Next::Other) };
    if magic & !0xF == SKIPPABLE {
        let Some(length) = input.peek(4)?.map(u32::from_le_bytes) else { return Ok(Next::Other) };
        let stored = 8 + length as usize;
        return Ok(if stored <= largest && input.has(stored)? { Next::Skippable(stored) } else { Next::Other });
    }
    let Some([descriptor]) = input.peek(4)?.filter(|_| magic == MAGIC) else { return Ok(Next::Other) };
    let (single, reserved, checksum, dictionary) =
        (descriptor & 0x20 != 0, descriptor & 0x08 != 0, descriptor & 0x04 != 0, descriptor & 0x03 != 0);
    if reserved || dictionary {
        return Ok(Next::Other);
    }
    let mut at = 5;
    let mut window_size = 0;
    if !single {
        let Some([size]) = input.peek(at)? else { return Ok(Next::Other) };
        let base = 1u64 << (10 + (size >> 3));
        window_size = base + base / 8 * u64::from(size & 7);
        at += 1;
    }
    let length = match (descriptor >> 6, single) {
        (0, false) => 0,
        (0, true) => 1,
        (flag, _) => 1 << flag,
    };
    let mut announced = None;
    if length > 0 {
        let mut field = [0; 8];
        for (index, byte) in field.iter_mut().enumerate().take(length) {
            let Some([found]) = input.peek(at + index)? else { return Ok(Next::Other) };
            *byte = found;
        }
        announced = Some(u64::from_le_bytes(field) + if length == 2 { 256 } else { 0 });
        at += length;
    }
    if single {
        window_size = announced.unwrap_or(0);
    }
    if window_size > LARGEST_WINDOW || announced.is_some_and(|content| content > largest as u64) {
        return Ok(Next::Other);
    }
    blocks(input, at, checksum, window_size.min(LARGEST_BLOCK), announced, largest)
}

/// Walks over the block headers, from the first one at `at` to the end of the frame.
fn blocks<P: StoredBytes>(
    input: &mut Lookahead<P>,
    mut at: usize,
    checksum: bool,
    largest_block: u64,
    announced: Option<u64>,
    largest: usize,
) -> io::Result<Next> {
    let mut content = 0;
    loop {
        let Some([low, middle, high]) = input.peek(at)? else { return Ok(Next::Other) };
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let size = u64::from(header >> 3);
        let (stored, holds) = match header >> 1 & 3 {
            0 => (size, size),
            1 => (1, size),
            2 => (size, largest_block),
            _ => return Ok(Next::Other),
        };
        content += holds;
        at += 3 + stored as usize;
        let inside = announced.unwrap_or(content);
        if size > largest_block || at > largest || inside > largest as u64 {
            return Ok(Next::Other);
        }
        if header & 1 == 1 {
            at += if checksum { 4 } else { 0 };
            let whole = input.has(at)?;
            return Ok(if whole { Next::Frame { stored: at, content: inside as usize } } else { Next::Other });
        }
    }
}

/// Decodes one frame sequentially.
fn stream(mut input: impl BufRead, output: &mut Output) -> io::Result<()> {
    let mut decoder = Decoder::new()?;
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        let (read, written, ended) = {
            let ready = input.fill_buf()?;
            let (mut from, filled) = (InBuffer::around(ready), block.len());
            let mut to = OutBuffer::around_pos(&mut block, filled);
            let hint = decoder.run(&mut from, &mut to)?;
            (from.pos(), to.pos() - filled, hint == 0)
        };
        input.consume(read);
        if ended || block.len() == BLOCK {
            output.block(std::mem::replace(&mut block, Vec::with_capacity(BLOCK)))?;
        }
        if ended {
            return Ok(());
        }
        if read == 0 && written == 0 && input.fill_buf()?.is_empty() {
            output.block(block)?;
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete frame"));
        }
    }
}

/// Decodes one complete frame, into at most `content` bytes.
pub(crate) fn frame(stored: &[u8], content: usize) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::with_capacity(content);
    match Decompressor::new()?.decompress_to_buffer(stored, &mut decoded) {
        Ok(_) => Ok(decoded),
        // The plain decoder gives the error message.
        Err(_) => {
            decoded.clear();
            let limit = content as u64 + 1;
            zstd::stream::read::Decoder::with_buffer(stored)?.take(limit).read_to_end(&mut decoded)?;
            if decoded.len() as u64 == limit {
                return Err(io::Error::other("the content of a frame exceeds the announced size"));
            }
            Ok(decoded)
        }
    }
}
