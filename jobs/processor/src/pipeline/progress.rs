//! What a run tells of each source while it reads it: a span of the trace until the last of it was parsed and taken, and its figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use contract::Source;
use runtime::store::Object;
use runtime::telemetry::{self, ERRORS, Span};

use crate::input::{Inventory, OF_THE_API};
use crate::quality::Counted;
use crate::raw_file::SourceError;
use crate::telemetry::{BYTES_READ, CHUNKS, INPUT_AGE, READ, REJECTED, ROWS, SOURCE, SOURCE_DURATION, read_of};

/// The sources of a run.
#[derive(Debug, Default)]
pub(crate) struct SourceProgress {
    each: Mutex<BTreeMap<Source, OpenSource>>,
    /// Those that cannot be used.
    failed: Mutex<BTreeSet<Source>>,
}

/// The parts of a source that are read apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its files in `batch/`.
    Files,
    /// Its snapshots in `api/`.
    Snapshots,
}

/// A source that is being read.
#[derive(Debug)]
struct OpenSource {
    span: Span,
    /// What is still to be read of it.
    left: Vec<Part>,
    begun: Instant,
    objects: u64,
    bytes: u64,
    chunks: u64,
    counted: Counted,
}

impl SourceProgress {
    /// Begins all of them.
    pub(crate) fn begin(&self) {
        let begin = |source: Source| {
            let span = Span::start_named(&SOURCE, &format!("source {source}")).with_source(source);
            let counted = Counted::default();
            let left = match source {
                Source::Disruptions => vec![Part::Snapshots],
                source if OF_THE_API.contains(&source) => vec![Part::Files, Part::Snapshots],
                _ => vec![Part::Files],
            };
            (source, OpenSource { span, left, begun: Instant::now(), objects: 0, bytes: 0, chunks: 0, counted })
        };
        let begun = Source::RAW.map(begin);
        self.lock().extend(begun);
    }

    /// Tells how old the newest object of each of these sources is.
    pub(crate) fn tell_ages(inventory: &Inventory, sources: &[Source], now: DateTime<Utc>) {
        for source in sources {
            if let Some(newest) = inventory.newest(*source) {
                let age = (now - newest).num_milliseconds().max(0);
                #[expect(clippy::cast_precision_loss, reason = "an age in milliseconds is far below 2^53")]
                INPUT_AGE.record(age as f64 / 1000.0, &[("source", source.name())]);
            }
        }
    }

    /// The span of a source.
    pub(crate) fn span(&self, source: Source) -> Span {
        self.lock().get(&source).map_or_else(Span::none, |reading| reading.span.clone())
    }

    /// Begins to read a file.
    pub(crate) fn read(&self, source: Source, object: &Object) -> Span {
        Self::reads(self.span(source).child(&READ, "read"), source, object)
    }

    /// Begins to read a snapshot. Of those collected before the run's own day fewer are told.
    pub(crate) fn read_snapshot(&self, source: Source, object: &Object, aside: bool) -> Span {
        let (of_source, kind) = (self.span(source), read_of(source));
        let read = if aside { of_source.low_priority_child(kind, "read") } else { of_source.child(kind, "read") };
        Self::reads(read, source, object)
    }

    fn reads(read: Span, source: Source, object: &Object) -> Span {
        let read = read.with_source(source).with("key", object.key.clone());
        read.set_count("bytes", object.size);
        read
    }

    /// Counts an object of so many bytes that was read, and what was parsed of it in so many pieces.
    pub(crate) fn add(&self, source: Source, bytes: u64, chunks: u64, counted: Counted) {
        if let Some(reading) = self.lock().get_mut(&source) {
            reading.objects += 1;
            reading.bytes += bytes;
            reading.chunks += chunks;
            reading.counted.add(counted);
        }
    }

    /// Counts what was parsed of objects that are counted.
    pub(crate) fn count(&self, source: Source, counted: Counted) {
        if let Some(reading) = self.lock().get_mut(&source) {
            reading.counted.add(counted);
        }
    }

    /// Says that a source cannot be used.
    pub(crate) fn fail(&self, source: Source, error: &SourceError) {
        self.span(source).fail("SourceUnusable", &error.to_string());
        self.count_error(source);
    }

    /// Counts that a source cannot be used: once, however many days it concerns.
    pub(crate) fn count_error(&self, source: Source) {
        if self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(source) {
            ERRORS.add(1, &[("source", source.name()), ("error.type", "SourceUnusable")]);
        }
    }

    /// Says that a part of a source was read; with the last one the source ends. Twice is once.
    pub(crate) fn done(&self, source: Source, part: Part) {
        let is_last = match self.lock().get_mut(&source) {
            Some(reading) => {
                reading.left.retain(|left| *left != part);
                reading.left.is_empty()
            }
            None => false,
        };
        if is_last {
            self.end(source);
        }
    }

    /// Ends a source.
    fn end(&self, source: Source) {
        let Some(reading) = self.lock().remove(&source) else { return };
        let OpenSource { span, left, begun, objects, bytes, chunks, counted } = reading;
        let rejected: u64 = counted.rejected.values().sum();
        for (key, number) in
            [("objects", objects), ("bytes", bytes), ("rows", counted.rows), ("rows.rejected", rejected)]
        {
            span.set_count(key, number);
            telemetry::add(key, number);
        }
        if !left.is_empty() {
            span.set("interrupted", true);
        }
        if objects == 0 {
            return;
        }
        let name = [("source", source.name())];
        if left.is_empty() {
            SOURCE_DURATION.record(begun.elapsed().as_secs_f64(), &name);
        }
        BYTES_READ.add(bytes, &name);
        CHUNKS.add(chunks, &name);
        ROWS.add(counted.rows, &name);
        for (reason, number) in counted.rejected {
            REJECTED.add(number, &[("source", source.name()), ("reason", &reason.name())]);
        }
    }

    /// Ends all that are left.
    pub(crate) fn end_all(&self) {
        Source::RAW.into_iter().for_each(|source| self.end(source));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Source, OpenSource>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
