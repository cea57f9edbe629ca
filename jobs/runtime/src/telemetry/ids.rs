//! Trace and span ids that X-Ray accepts: a trace id begins with the second in which the trace started.
//!
//! Source: AWS X-Ray developer guide, "Trace ID": 32 bits of epoch time, then 96 random bits. It is a valid W3C trace id as well.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

#[derive(Debug)]
pub(super) struct TimedIds;

impl IdGenerator for TimedIds {
    fn new_trace_id(&self) -> TraceId {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        // The low 32 bits, as X-Ray reads them.
        let [.., a, b, c, d] = seconds.to_be_bytes();
        let mut bytes = fastrand::u128(1..).to_be_bytes();
        bytes[..4].copy_from_slice(&[a, b, c, d]);
        TraceId::from_bytes(bytes)
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from_bytes(fastrand::u64(1..).to_be_bytes())
    }
}

/// Start time of a trace according to its id, since the epoch. Arbitrary for an id that was generated otherwise.
pub(super) fn start_time(id: TraceId) -> Duration {
    let [a, b, c, d, ..] = id.to_bytes();
    Duration::from_secs(u32::from_be_bytes([a, b, c, d]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_id_contains_the_start_time() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let (one, other) = (TimedIds.new_trace_id(), TimedIds.new_trace_id());
        assert_ne!(one, other);
        assert!(start_time(one).abs_diff(now) < Duration::from_secs(5));
        assert_ne!(TimedIds.new_span_id(), SpanId::INVALID);
    }
}
