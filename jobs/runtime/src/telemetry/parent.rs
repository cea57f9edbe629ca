//! The parent trace of a run: `traceparent` of W3C Trace Context, version 00, as stored in manifests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::ids;

/// An older trace is linked instead of continued: X-Ray rejects old trace ids, and its searches cover a day.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Parses a `traceparent`; `None` if it is invalid.
pub(super) fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    // Later versions may append parts.
    let is_valid = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !is_valid || !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & TraceFlags::SAMPLED.to_u8());
    Some(SpanContext::new(trace, span, flags, true, TraceState::default())).filter(SpanContext::is_valid)
}

/// Whether a trace is too old to be continued: by the start time in its id, or by the time at which it was `written`.
pub(super) fn is_old(context: &SpanContext, written: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let system_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let by_id = system_time.saturating_sub(ids::start_time(context.trace_id())) > MAX_AGE;
    let by_timestamp = (now - written).to_std().is_ok_and(|age| age > MAX_AGE);
    by_id || by_timestamp
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::IdGenerator as _;
    use proptest::prelude::*;

    use super::*;

    fn recent() -> String {
        format!("00-{}-b7ad6b7169203331-01", ids::TimedIds.new_trace_id())
    }

    #[test]
    fn trace_is_old_after_a_day_by_its_id_or_its_timestamp() {
        let now = Utc::now();
        let context = parse(&recent()).unwrap();
        assert!(context.is_sampled() && context.is_remote());
        assert!(!is_old(&context, now, now));
        assert!(!is_old(&context, now + chrono::TimeDelta::days(3), now), "written in the future, by another clock");
        assert!(is_old(&context, now - chrono::TimeDelta::hours(25), now));
        let old = parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert!(is_old(&old, now, now));
    }

    #[test]
    fn only_valid_traceparents_are_parsed() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(parse(good).is_some());
        assert!(parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").is_some_and(|of| !of.is_sampled()));
        assert!(parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more").is_some());
        for bad in [
            "",
            "nonsense",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_panic(text in ".{0,70}") {
            let _ = parse(&text);
        }
    }
}
