//! Telemetry of reading, per source: a span until its last record is parsed, and its counters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use contract::Source;
use runtime::store::Object;
use runtime::telemetry::{self, ERRORS, Span};

use super::read_files::ReadFiles;
use crate::input::{API_SOURCES, Inventory};
use crate::quality::RowCounts;
use crate::raw_file::SourceError;
use crate::telemetry::{BYTES_READ, CHUNKS, INPUT_AGE, READ, REJECTED, ROWS, SOURCE, SOURCE_DURATION, read_of};

#[derive(Debug, Default)]
pub(crate) struct SourceProgress {
    each: Mutex<BTreeMap<Source, OpenSource>>,
    /// Unusable sources.
    failed: Mutex<BTreeSet<Source>>,
    /// For `processor check`.
    pub(crate) files: ReadFiles,
}

/// The parts of a source that are read separately.
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
    /// Parts still to be read.
    left: Vec<Part>,
    begun: Instant,
    objects: u64,
    bytes: u64,
    chunks: u64,
    counted: RowCounts,
}

impl SourceProgress {
    /// Starts the spans of all sources.
    pub(crate) fn begin(&self) {
        let begin = |source: Source| {
            let span = Span::start_named(&SOURCE, &format!("source {source}")).with_source(source);
            let counted = RowCounts::default();
            let left = match source {
                Source::Disruptions => vec![Part::Snapshots],
                source if API_SOURCES.contains(&source) => vec![Part::Files, Part::Snapshots],
                _ => vec![Part::Files],
            };
            (source, OpenSource { span, left, begun: Instant::now(), objects: 0, bytes: 0, chunks: 0, counted })
        };
        let begun = Source::RAW.map(begin);
        self.lock().extend(begun);
    }

    /// Records the age of the newest object of each source.
    pub(crate) fn record_ages(inventory: &Inventory, sources: &[Source], now: DateTime<Utc>) {
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

    /// Starts the span of a file.
    pub(crate) fn read(&self, source: Source, object: &Object) -> Span {
        Self::reads(self.span(source).child(&READ, "read"), source, object)
    }

    /// Starts the span of a snapshot; snapshots collected before the run's own day have low priority.
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

    /// Counts an object that was read, with the rows parsed from its chunks.
    pub(crate) fn add(&self, source: Source, bytes: u64, chunks: u64, counted: RowCounts) {
        if let Some(reading) = self.lock().get_mut(&source) {
            reading.objects += 1;
            reading.bytes += bytes;
            reading.chunks += chunks;
            reading.counted.add(counted);
        }
    }

    /// Counts the rows of objects that are already counted.
    pub(crate) fn count(&self, source: Source, counted: RowCounts) {
        if let Some(reading) = self.lock().get_mut(&source) {
            reading.counted.add(counted);
        }
    }

    /// Marks a source as unusable.
    pub(crate) fn fail(&self, source: Source, error: &SourceError) {
        self.span(source).fail("SourceUnusable", &error.to_string());
        self.files.fail(source, error);
        self.count_error(source);
    }

    /// Counts an unusable source, once for all days.
    pub(crate) fn count_error(&self, source: Source) {
        if self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(source) {
            ERRORS.add(1, &[("source", source.name()), ("error.type", "SourceUnusable")]);
        }
    }

    /// Marks a part of a source as read; the last part ends its span. Idempotent.
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

    pub(crate) fn end_all(&self) {
        Source::RAW.into_iter().for_each(|source| self.end(source));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Source, OpenSource>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
