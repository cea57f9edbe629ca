//! Which trace a run belongs to: that of the metrics of its first own day. Until these are there it has none.

use chrono::{DateTime, NaiveDate, Utc};
use contract::document::manifest::Manifest;
use contract::{Stamp, keys};
use runtime::store::{Store, StoreError};
use runtime::telemetry::{self, ParentTrace};
use serde::Deserialize;

/// What a manifest says of its trace.
#[derive(Debug, Deserialize)]
struct Origin {
    traceparent: Option<String>,
    generated_at: Stamp,
}

/// Continues the trace of a manifest, unless the run has one.
pub(super) fn join(manifest: &Manifest, now: DateTime<Utc>) {
    telemetry::wait_finished();
    let written = manifest.generated_at.instant();
    telemetry::start_trace(manifest.traceparent.as_deref().map(|traceparent| ParentTrace {
        traceparent,
        written,
        now,
    }));
}

/// Looks for the trace of a run.
#[derive(Debug)]
pub(super) struct Search {
    /// The day by whose manifest it is known; nothing once it is.
    day: Option<NaiveDate>,
    /// Whether the run waits for a manifest.
    patient: bool,
    now: DateTime<Utc>,
}

impl Search {
    pub(super) fn new(day: Option<NaiveDate>, patient: bool, now: DateTime<Utc>) -> Self {
        Self { day, patient, now }
    }

    /// Whether it is still to be known which trace the run belongs to.
    pub(super) fn is_open(&self) -> bool {
        self.day.is_some()
    }

    /// The run waits no longer, whatever it has found.
    pub(super) fn give_up(&mut self) {
        self.day = None;
        telemetry::wait_finished();
        telemetry::start_trace(None);
    }

    /// Looks, and begins the trace if it is known or there is nothing to wait for. A manifest that cannot be read has no trace; what is
    /// wrong with it is for who needs it to say.
    pub(super) async fn look(&mut self, metrics: &dyn Store) {
        if telemetry::has_trace() {
            self.day = None;
        }
        let Some(day) = self.day else { return telemetry::start_trace(None) };
        let origin: Option<Origin> = match metrics.get(&keys::manifest(day)).await {
            Ok((body, _)) => serde_json::from_slice(&body).ok(),
            Err(StoreError::NotFound { .. }) if self.patient => return telemetry::wait_started(),
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
