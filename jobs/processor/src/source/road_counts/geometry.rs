//! Whether the point and the shape of a row can be read. They repeat from row to row, so each text is parsed once per thread.

use std::collections::HashMap;

use crate::geo::{parse_lines, parse_point};
use crate::scan::row::unquote;

/// Texts kept per thread; a city has some thousand arcs.
const KEPT: usize = 1 << 16;

/// A column that describes the place of an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Point,
    Shape,
}

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Usable,
    /// `null` and the like.
    Nothing,
    Unreadable,
}

/// The texts that a thread has seen.
#[derive(Debug, Default)]
pub(crate) struct GeometryCache {
    points: HashMap<Box<[u8]>, Content>,
    shapes: HashMap<Box<[u8]>, Content>,
}

impl GeometryCache {
    /// The content of a raw field.
    pub(crate) fn content(&mut self, place: Place, raw: &[u8]) -> Content {
        let known = match place {
            Place::Point => &mut self.points,
            Place::Shape => &mut self.shapes,
        };
        if let Some(content) = known.get(raw) {
            return *content;
        }
        let content = parse(place, raw);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(raw.into(), content);
        content
    }
}

fn parse(place: Place, raw: &[u8]) -> Content {
    let text = unquote(raw);
    let Ok(text) = std::str::from_utf8(&text) else { return Content::Unreadable };
    let found = match place {
        Place::Point => parse_point(text).map(|point| point.is_some()),
        Place::Shape => parse_lines(text).map(|lines| lines.is_some()),
    };
    match found {
        Ok(true) => Content::Usable,
        Ok(false) => Content::Nothing,
        Err(_) => Content::Unreadable,
    }
}
