//! The time line of a trace, on which its bars lie. Where nothing is going on for long, between two jobs, it is cut short: else a
//! night's wait would leave no room for the work.

use super::{Span, Trace};

/// A pause longer than this part of all work is cut, to half of it.
const LONG_PAUSE: u64 = 8;

/// Nanoseconds since the epoch to a place on the line.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Time in which anything was going on.
    pub(super) busy: u64,
    /// Stretches with work: from, to, and where on the line it begins.
    stretches: Vec<(u64, u64, u64)>,
    /// Length of the line.
    length: u64,
}

impl Axis {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut spans: Vec<_> = trace.spans.iter().map(|span| (span.start, span.end)).collect();
        spans.sort_unstable();
        let mut stretches: Vec<(u64, u64, u64)> = Vec::new();
        for (start, end) in spans {
            match stretches.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => stretches.push((start, end, 0)),
            }
        }
        let busy = stretches.iter().map(|(start, end, _)| end - start).sum::<u64>().max(1);
        let mut length: u64 = 0;
        let mut before = None;
        for (start, end, place) in &mut stretches {
            let pause = before.map_or(0, |before| *start - before);
            length = length.saturating_add(if pause > busy / LONG_PAUSE { busy / LONG_PAUSE / 2 } else { pause });
            *place = length;
            length = length.saturating_add(*end - *start);
            before = Some(*end);
        }
        let first = stretches.first().map_or(0, |stretch| stretch.0);
        let last = stretches.last().map_or(0, |stretch| stretch.1);
        Self { first, last, busy, stretches, length: length.max(1) }
    }

    /// The pause that was cut right before a span, if one was.
    pub(super) fn gap_before(&self, span: &Span) -> Option<u64> {
        let at = self.stretches.iter().position(|stretch| stretch.0 == span.start)?;
        let pause = span.start - self.stretches[at.checked_sub(1)?].1;
        (pause > self.busy / LONG_PAUSE).then_some(pause)
    }

    /// From 0 to 1.
    fn place(&self, time: u64) -> f64 {
        let after = self.stretches.partition_point(|stretch| stretch.0 <= time);
        let Some((start, _, place)) = after.checked_sub(1).and_then(|at| self.stretches.get(at)) else { return 0.0 };
        (place + (time - start)) as f64 / self.length as f64
    }

    /// The bar of a span over so many columns, blank before it. What is too short to be seen is a sliver.
    pub(super) fn bar(&self, span: &Span, columns: usize) -> String {
        const PARTS: [char; 8] = ['▏', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
        let eighths = |time| (self.place(time) * columns as f64 * 8.0).round() as usize;
        let most = (columns * 8).max(1);
        let from = eighths(span.start).min(most - 1);
        let to = eighths(span.end).clamp(from + 1, most);
        let mut bar = " ".repeat(from / 8);
        if from / 8 == (to - 1) / 8 {
            // Within one column there are only glyphs that begin at its left.
            bar.push(if to - from == 8 { '█' } else { PARTS[to - from] });
            return bar;
        }
        // A column's right half is the one part that begins elsewhere.
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
    fn bars_lie_where_the_time_was() {
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
    fn a_long_pause_is_cut_and_a_short_one_is_not() {
        let axis = axis(&[(0, 80), (1_000_000, 1_000_080)]);
        assert_eq!((axis.busy, axis.length), (160, 170));
        assert_eq!(axis.gap_before(&span(1_000_000, 1_000_001)), Some(999_920));
        assert_eq!(axis.gap_before(&span(0, 80)), None);
        assert_eq!(axis.bar(&span(1_000_000, 1_000_080), 17), "         ████████");
        let near = super::tests::axis(&[(0, 80), (90, 170)]);
        assert_eq!((near.length, near.gap_before(&span(90, 170))), (170, None));
    }
}
