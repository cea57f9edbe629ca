//! The time axis of the bars. A long pause, such as the hours between two jobs, is shortened so that the spans keep enough columns.

use super::{Span, Trace};

/// A pause longer than 1/8 of the busy time is shortened to 1/16 of it.
const LONG_PAUSE: u64 = 8;

/// Maps nanoseconds since the epoch to positions on the axis.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Nanoseconds during which at least one span was open.
    pub(super) busy: u64,
    /// Busy intervals: start, end, and position of the start on the axis.
    intervals: Vec<(u64, u64, u64)>,
    /// In nanoseconds, with the long pauses shortened.
    length: u64,
}

impl Axis {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut spans: Vec<_> = trace.spans.iter().map(|span| (span.start, span.end)).collect();
        spans.sort_unstable();
        let mut intervals: Vec<(u64, u64, u64)> = Vec::new();
        for (start, end) in spans {
            match intervals.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => intervals.push((start, end, 0)),
            }
        }
        let busy = intervals.iter().map(|(start, end, _)| end - start).sum::<u64>().max(1);
        let mut length: u64 = 0;
        let mut before = None;
        for (start, end, place) in &mut intervals {
            let pause = before.map_or(0, |before| *start - before);
            length = length.saturating_add(if pause > busy / LONG_PAUSE { busy / LONG_PAUSE / 2 } else { pause });
            *place = length;
            length = length.saturating_add(*end - *start);
            before = Some(*end);
        }
        let first = intervals.first().map_or(0, |interval| interval.0);
        let last = intervals.last().map_or(0, |interval| interval.1);
        Self { first, last, busy, intervals, length: length.max(1) }
    }

    /// The shortened pause right before a span, if there is one.
    pub(super) fn gap_before(&self, span: &Span) -> Option<u64> {
        let at = self.intervals.iter().position(|interval| interval.0 == span.start)?;
        let pause = span.start - self.intervals[at.checked_sub(1)?].1;
        (pause > self.busy / LONG_PAUSE).then_some(pause)
    }

    /// The position on the axis, from 0 to 1.
    fn place(&self, time: u64) -> f64 {
        let after = self.intervals.partition_point(|interval| interval.0 <= time);
        let Some((start, _, place)) = after.checked_sub(1).and_then(|at| self.intervals.get(at)) else { return 0.0 };
        (place + (time - start)) as f64 / self.length as f64
    }

    /// The bar of a span on an axis of `columns` columns, padded on the left. A span that is too short to be seen gets the thinnest bar.
    pub(super) fn bar(&self, span: &Span, columns: usize) -> String {
        const PARTS: [char; 8] = ['▏', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
        let eighths = |time| (self.place(time) * columns as f64 * 8.0).round() as usize;
        let most = (columns * 8).max(1);
        let from = eighths(span.start).min(most - 1);
        let to = eighths(span.end).clamp(from + 1, most);
        let mut bar = " ".repeat(from / 8);
        if from / 8 == (to - 1) / 8 {
            // Unicode has partial blocks only from the left edge of a column.
            bar.push(if to - from == 8 { '█' } else { PARTS[to - from] });
            return bar;
        }
        // The right half block is the only exception.
        bar.push(if from % 8 < 4 { '█' } else { '▐' });
        bar.extend(std::iter::repeat_n('█', to / 8 - from / 8 - 1));
        if !to.is_multiple_of(8) {
            bar.push(PARTS[to % 8]);
        }
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span { start, end, ..Span::default() }
    }

    fn axis(spans: &[(u64, u64)]) -> Axis {
        let spans = spans.iter().map(|(start, end)| span(*start, *end)).collect();
        Axis::of(&Trace { id: String::new(), spans })
    }

    #[test]
    fn bar_covers_the_time_of_its_span() {
        let axis = axis(&[(1000, 1080)]);
        for (from, to, bar) in [
            (1000, 1080, "██████████"),
            (1000, 1040, "█████"),
            (1040, 1080, "     █████"),
            (1020, 1028, "  ▐▌"),
            (1024, 1032, "   █"),
            (1004, 1020, "▐█▌"),
            (1000, 1012, "█▌"),
            (1000, 1000, "▏"),
            (1080, 1080, "         ▏"),
            (1041, 1044, "     ▍"),
        ] {
            assert_eq!(axis.bar(&span(from, to), 10), bar, "{from}..{to}");
        }
        for columns in 0..4 {
            assert!(axis.bar(&span(1000, 1080), columns).chars().count() <= columns.max(1));
        }
    }

    #[test]
    fn long_pause_is_shortened_and_short_pause_is_not() {
        let axis = axis(&[(0, 80), (1_000_000, 1_000_080)]);
        assert_eq!((axis.busy, axis.length), (160, 170));
        assert_eq!(axis.gap_before(&span(1_000_000, 1_000_001)), Some(999_920));
        assert_eq!(axis.gap_before(&span(0, 80)), None);
        assert_eq!(axis.bar(&span(1_000_000, 1_000_080), 17), "         ████████");
        let near = super::tests::axis(&[(0, 80), (90, 170)]);
        assert_eq!((near.length, near.gap_before(&span(90, 170))), (170, None));
    }
}
