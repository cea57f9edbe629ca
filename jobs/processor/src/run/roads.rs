//! Reads the road counts: blocks of all files, in key order, through the scan into one part. For a thread that may block.

use std::sync::Arc;

use contract::document::Input;
use runtime::memory::Budget;
use runtime::progress::Bar;
use runtime::store::{Object, SharedStore};

use crate::input::stream::Blocks;
use crate::input::{InputError, checksum};
use crate::scan::parallel::ordered;
use crate::scan::split::{Chunk, GivenUp, Piece, Splitter};
use crate::source::SourceError;
use crate::source::comptages::{FileOf, Layout, Part, Search, check_text, read_chunk};

/// Bytes of a chunk, about.
const CHUNK: usize = 2 << 20;

/// Reads all files.
///
/// # Errors
/// The first file that cannot be the source, or that the store does not give.
pub(super) fn read(
    store: &SharedStore,
    files: &[Object],
    search: &Search,
    (pool, budget): (&rayon::ThreadPool, &Budget),
    bar: &Bar,
) -> Result<(Part, Vec<Input>), InputError> {
    let mut whole = Part::new(search);
    let mut inputs = Vec::new();
    for (number, object) in (0u32..).zip(files) {
        let mut part = Part::new(search);
        let input = scan(
            store,
            object,
            (pool, budget),
            bar,
            |work| work.part(number, &object.key, search),
            |next| part.merge(next),
        )?;
        inputs.push(input);
        let invalid = part.tally.structure.get(&contract::Reason::Utf8Invalide).copied().unwrap_or(0);
        check_text(&object.key, part.tally.rows, invalid).map_err(InputError::Content)?;
        whole.merge(part);
    }
    Ok((whole, inputs))
}

/// One piece of a file, for a thread of the pool.
pub(super) struct Work {
    layout: Arc<Layout>,
    piece: Piece,
    with_header: bool,
}

impl Work {
    fn part(self, number: u32, key: &str, search: &Search) -> Part {
        match self.piece {
            Piece::Chunk(chunk) => {
                read_chunk(&chunk, self.with_header, FileOf { number, key, layout: &self.layout }, search)
            }
            Piece::GivenUp { line, why, head } => {
                let mut part = Part::new(search);
                part.tally.rows = 1;
                let reason = match why {
                    GivenUp::TooLong => contract::Reason::LigneTropLongue,
                    GivenUp::OpenQuote => contract::Reason::GuillemetOuvert,
                };
                part.tally.reject(reason, key, line, &head);
                part
            }
        }
    }

    /// The chunk with its layout, where the piece is one.
    pub(super) fn chunk(&self) -> Option<(&Chunk, &Layout, bool)> {
        match &self.piece {
            Piece::Chunk(chunk) => Some((chunk, &self.layout, self.with_header)),
            Piece::GivenUp { .. } => None,
        }
    }
}

/// Streams one file through the pool.
pub(super) fn scan<T: Send>(
    store: &SharedStore,
    object: &Object,
    (pool, budget): (&rayon::ThreadPool, &Budget),
    bar: &Bar,
    map: impl Fn(Work) -> T + Sync,
    fold: impl FnMut(T),
) -> Result<Input, InputError> {
    let mut blocks = Blocks::open(store, object, budget)?.summing();
    let pieces = Pieces {
        key: &object.key,
        blocks: &mut blocks,
        splitter: Some(Splitter::new(CHUNK)),
        ready: std::collections::VecDeque::new(),
        layout: None,
        separator: b';',
        bar,
    };
    // Two chunks a thread are enough to keep it busy while the next is cut.
    ordered(pool, pool.current_num_threads() * 2 + 2, pieces, map, fold)?;
    bar.inc(object.size);
    let input = blocks.input();
    tokio::runtime::Handle::current().block_on(checksum::compare(store, &input, &object.version))?;
    Ok(input)
}

/// The pieces of one file, the header's layout with each.
struct Pieces<'a> {
    key: &'a str,
    blocks: &'a mut Blocks,
    /// `None` after the end.
    splitter: Option<Splitter>,
    ready: std::collections::VecDeque<Piece>,
    layout: Option<Arc<Layout>>,
    separator: u8,
    bar: &'a Bar,
}

impl Pieces<'_> {
    fn step(&mut self) -> Result<Option<Work>, InputError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return self.work(piece).map(Some).map_err(InputError::Content);
            }
            let Some(splitter) = &mut self.splitter else {
                return match self.layout {
                    Some(_) => Ok(None),
                    None => Err(InputError::Content(self.error("the file is empty; export it again, with its header"))),
                };
            };
            let mut pieces = Vec::new();
            match self.blocks.next_block()? {
                Some(block) => {
                    splitter.feed(&block, &mut pieces);
                    self.separator = splitter.separator().unwrap_or(self.separator);
                }
                None => {
                    splitter.finish(&mut pieces);
                    self.separator = splitter.separator().unwrap_or(self.separator);
                    self.splitter = None;
                }
            }
            self.bar.message(self.key);
            self.separate(pieces);
        }
    }

    /// Reads the header from the first chunk.
    fn work(&mut self, piece: Piece) -> Result<Work, SourceError> {
        let (layout, with_header) = match (&self.layout, &piece) {
            (Some(layout), _) => (layout.clone(), false),
            (None, Piece::Chunk(chunk)) => {
                let layout = Arc::new(Layout::of_chunk(self.key, chunk, self.separator)?);
                self.layout = Some(layout.clone());
                (layout, true)
            }
            (None, Piece::GivenUp { .. }) => {
                return Err(self.error("its first line is no header of road counts; put the right file there"));
            }
        };
        Ok(Work { layout, piece, with_header })
    }

    fn separate(&mut self, pieces: Vec<Piece>) {
        // Blank lines alone are no chunk that a header could be in.
        self.ready.extend(pieces.into_iter().filter(|piece| match piece {
            Piece::Chunk(chunk) => {
                self.layout.is_some() || chunk.bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
            }
            Piece::GivenUp { .. } => true,
        }));
    }

    fn error(&self, reason: &str) -> SourceError {
        SourceError { key: self.key.to_owned(), reason: reason.to_owned() }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<Work, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
