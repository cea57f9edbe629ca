//! Which trace a run continues: that of the metrics of its first requested day.
//!
//! The manifest carries the `traceparent` of the processor's run. A run that waits for its metrics has no trace until the manifest exists;
//! a run that finds none begins a trace of itself.

use chrono::{DateTime, NaiveDate, Utc};
use contract::document::manifest::Manifest;
use contract::{Stamp, keys};
use runtime::store::{Store, StoreError};
use runtime::telemetry::{self, ParentTrace};
use serde::Deserialize;

/// The keys of a manifest that concern its trace. Parsed alone, so that an invalid manifest can still name its trace.
#[derive(Debug, Deserialize)]
struct TraceOrigin {
    traceparent: Option<String>,
    generated_at: Stamp,
}

/// Continues the trace of a manifest, unless the run has a trace.
pub(super) fn join(manifest: &Manifest, now: DateTime<Utc>) {
    telemetry::wait_finished();
    let written = manifest.generated_at.instant();
    telemetry::start_trace(manifest.traceparent.as_deref().map(|traceparent| ParentTrace {
        traceparent,
        written,
        now,
    }));
}

/// The search for the trace of a run.
#[derive(Debug)]
pub(super) struct TraceSearch {
    /// The day whose manifest decides; `None` once the trace is known.
    day: Option<NaiveDate>,
    /// Whether the run waits for a missing manifest.
    waits: bool,
    now: DateTime<Utc>,
}

impl TraceSearch {
    pub(super) fn new(day: Option<NaiveDate>, waits: bool, now: DateTime<Utc>) -> Self {
        Self { day, waits, now }
    }

    /// Whether the trace is still unknown.
    pub(super) fn is_open(&self) -> bool {
        self.day.is_some()
    }

    /// Ends the search: without a trace so far, the run begins one.
    pub(super) fn close(&mut self) {
        self.day = None;
        telemetry::wait_finished();
        telemetry::start_trace(None);
    }

    /// Reads the manifest and joins its trace, or begins a new one if there is nothing to wait for. A manifest that cannot be read counts as
    /// one without a trace; the run reports the error when it needs the manifest itself.
    pub(super) async fn poll(&mut self, metrics: &dyn Store) {
        if telemetry::has_trace() {
            self.day = None;
        }
        let Some(day) = self.day else { return telemetry::start_trace(None) };
        let origin: Option<TraceOrigin> = match metrics.get(&keys::manifest(day)).await {
            Ok((body, _)) => serde_json::from_slice(&body).ok(),
            Err(StoreError::NotFound { .. }) if self.waits => return telemetry::wait_started(),
            Err(_) => None,
        };
        telemetry::wait_finished();
        self.day = None;
        let origin = origin.as_ref();
        telemetry::start_trace(origin.and_then(|origin| {
            let (traceparent, written) = (origin.traceparent.as_deref()?, origin.generated_at.instant());
            Some(ParentTrace { traceparent, written, now: self.now })
        }));
    }
}
