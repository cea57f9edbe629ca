//! A trace as a tree in the terminal: the spans of both jobs, how long each took and which failed.
//!
//! Reads OTLP JSON lines, as the jobs' trace file and the collector's `file` exporter write them. It knows the attributes that the jobs
//! set, but nothing of how they record them. Pure, except for [`Style::of_stdout`].
//!
//! ```text
//! lines of OTLP JSON --read--> traces --latest--> one trace --fold--> fewer spans --rows--> tree order --render--> text
//! ```

mod axis;
mod fold;
mod head;
mod paint;
mod read;
mod rows;
mod text;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;

pub use read::{TraceFile, read};

use axis::Axis;
use paint::{Paint, Tone};
use rows::Row;

/// The spans of one trace id, in no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Without duplicates.
    pub spans: Vec<Span>,
}

/// A span. Its texts hold no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// 16 hexadecimal digits.
    pub id: String,
    /// The parent's id; the parent need not be in the file.
    pub parent: Option<String>,
    /// The name of the operation.
    pub name: String,
    /// Nanoseconds since the epoch.
    pub start: u64,
    /// Nanoseconds since the epoch, never before the start.
    pub end: u64,
    /// Values as text, whatever their type.
    pub attributes: BTreeMap<String, String>,
    /// Error type and message of a failed span; empty when the file has neither.
    pub error: Option<String>,
    /// Ids of linked traces.
    pub links: Vec<String>,
    /// The process that recorded it.
    pub job: Arc<Job>,
}

/// The process that recorded a span, from its resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// `service.name`.
    pub service: String,
    /// `service.version`.
    pub version: String,
    /// `service.instance.id`, which distinguishes two runs of one job.
    pub instance: String,
    /// `k8s.job.name`, empty outside a cluster.
    pub name: String,
}

/// How a tree is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to draw lines and bars and shorten names, for a terminal; otherwise plain ASCII of any width, for a pipe.
    pub drawn: bool,
    /// Whether to use ANSI colours.
    pub colour: bool,
}

/// For a terminal that does not report its width.
const DEFAULT_WIDTH: usize = 80;
/// A narrower tree is unreadable; the terminal wraps the lines instead.
const MIN_WIDTH: usize = 50;
/// From this width there is room for the column of bytes and rows.
const WIDE: usize = 100;
/// Columns of `12.3 M rows` and of `1 min 02 s`, each including the gap on its left.
const FIGURE: usize = 13;
const DURATION: usize = 12;
/// A longer bar would not show more.
const MAX_BAR: usize = 90;

impl Style {
    /// The style and the width for stdout. `variable` reads the environment: `NO_COLOR`, `TERM`, `COLUMNS`.
    pub fn of_stdout(variable: impl Fn(&str) -> Option<String>) -> (Self, usize) {
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let stdout = std::io::stdout();
        let drawn = stdout.is_terminal();
        let colour = drawn && set("NO_COLOR").is_none() && set("TERM").is_none_or(|kind| kind != "dumb");
        let columns = set("COLUMNS").and_then(|text| text.parse().ok());
        let width = columns.or_else(|| rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col.into()));
        (Self { drawn, colour }, width.filter(|width| *width > 0).unwrap_or(DEFAULT_WIDTH))
    }
}

/// The trace with the latest end of a span.
pub fn latest(traces: &[Trace]) -> Option<&Trace> {
    traces.iter().max_by_key(|trace| trace.spans.iter().map(|span| span.end).max())
}

/// Renders the latest trace: a head with its jobs and times, then one line per span, below its parent if the file has it; many like siblings
/// share a line. Empty without traces.
pub fn render(traces: &[Trace], width: usize, style: Style) -> String {
    let Some(trace) = latest(traces).filter(|trace| !trace.spans.is_empty()) else { return String::new() };
    let paint = Paint { colour: style.colour };
    let jobs = head::jobs(trace);
    let mut out = head::lines(trace, &jobs, style, paint);
    out.push('\n');
    let trace = &fold::fold(trace);
    let rows = rows::of(trace);
    let drawing = Drawing::new(trace, &rows, width.max(MIN_WIDTH), style);
    if style.drawn {
        out += &drawing.scale();
    }
    for index in 0..rows.len() {
        out += &drawing.line(index, &jobs);
        for (tone, note) in drawing.notes(index) {
            out += &drawing.note(index, tone, &note);
        }
    }
    out
}

/// One trace with the columns of its tree.
struct Drawing<'a> {
    trace: &'a Trace,
    rows: &'a [Row],
    axis: Axis,
    style: Style,
    paint: Paint,
    width: usize,
    /// In columns.
    names: usize,
    bars: usize,
    /// Rows below this depth are not indented further.
    max_depth: usize,
}

impl<'a> Drawing<'a> {
    fn new(trace: &'a Trace, rows: &'a [Row], width: usize, style: Style) -> Self {
        let taken = DURATION + 2 + if width >= WIDE { FIGURE } else { 0 };
        let room = width - taken - (width / 3).min(MAX_BAR);
        let max_depth = room / 4;
        let longest = rows
            .iter()
            .map(|row| row.label(trace, failed(style)).len() + 2 * row.depth().min(max_depth))
            .max()
            .unwrap_or(0);
        let names = longest.min(room);
        let bars = (width - taken - names).min(MAX_BAR);
        Self {
            trace,
            rows,
            axis: Axis::of(trace),
            style,
            paint: Paint { colour: style.colour },
            width,
            names,
            bars,
            max_depth,
        }
    }

    /// The scale above the bars, from 0 to the duration of the trace.
    fn scale(&self) -> String {
        let total = text::duration(self.axis.last - self.axis.first, self.style.drawn);
        let before = self.width_before_bars();
        let scale = format!("{:before$}0{total:>1$}", "", self.bars.saturating_sub(1));
        self.paint.it(Tone::Dim, &scale) + "\n"
    }

    fn width_before_bars(&self) -> usize {
        self.names + if self.width >= WIDE { FIGURE } else { 0 } + DURATION + 2
    }

    fn line(&self, index: usize, jobs: &[Arc<Job>]) -> String {
        let row = &self.rows[index];
        let span = &self.trace.spans[row.span];
        let label = row.label(self.trace, failed(self.style));
        let took = text::duration(span.end - span.start, self.style.drawn);
        let tone = self.tone(row, jobs);
        if !self.style.drawn {
            let share = row.share(self.trace).map(|share| format!("{share}%")).unwrap_or_default();
            let figure = text::figure(&span.attributes).map(|figure| format!("  ({figure})")).unwrap_or_default();
            let indent = 2 * row.depth().min(self.max_depth);
            return format!("{took:>10} {share:>5}  {:indent$}{}{figure}\n", "", label.plain());
        }
        let first_of_its_job = row.parent.is_none_or(|parent| self.trace.spans[parent].job != span.job);
        let before = self.before(row);
        let name = label.short(self.names.saturating_sub(before.chars().count()));
        let gap = self.names.saturating_sub(before.chars().count() + name.len());
        let mut line = self.paint.it(Tone::Dim, &before);
        line += &name.painted(self.paint, tone, first_of_its_job);
        line += &format!("{:gap$}", "");
        if self.width >= WIDE {
            let figure = text::figure(&span.attributes).unwrap_or_default();
            line += &self.paint.it(Tone::Dim, &format!("{figure:>FIGURE$}"));
        }
        let long = (span.end - span.start) * 20 >= self.axis.busy;
        line += &self.paint.it(if long { Tone::Plain } else { Tone::Dim }, &format!("{took:>DURATION$}"));
        let bar = self.axis.bar(span, self.bars);
        let blank = bar.chars().take_while(|c| *c == ' ').count();
        line += &format!("  {:blank$}{}", "", self.paint.it(tone, &bar[blank..]));
        line.push('\n');
        line
    }

    /// The tree's lines before a name.
    fn before(&self, row: &Row) -> String {
        let (drawn, own) = (row.depth().min(self.max_depth), row.depth());
        let mut before: String =
            row.open.iter().take(drawn.saturating_sub(1)).map(|open| if *open { "│ " } else { "  " }).collect();
        if own > 0 {
            before += if row.last { "└ " } else { "├ " };
        }
        before
    }

    fn tone(&self, row: &Row, jobs: &[Arc<Job>]) -> Tone {
        let span = &self.trace.spans[row.span];
        if span.error.is_some() {
            Tone::Bad
        } else if span.interrupted() {
            Tone::Warning
        } else if span.name.starts_with("S3.") {
            Tone::Dim
        } else {
            match jobs.iter().position(|job| *job == span.job).unwrap_or(0) % 3 {
                0 => Tone::First,
                1 => Tone::Second,
                _ => Tone::Third,
            }
        }
    }

    /// Remarks on a span, each for a separate line below it.
    fn notes(&self, index: usize) -> Vec<(Tone, String)> {
        let row = &self.rows[index];
        let span = &self.trace.spans[row.span];
        let sign = |drawn: &str, plain: &str| if self.style.drawn { drawn.to_owned() } else { plain.to_owned() };
        let mut notes = Vec::new();
        if let Some(gap) = self.axis.gap_before(span) {
            let gap = text::duration(gap, self.style.drawn);
            notes.push((Tone::Dim, format!("after a pause of {gap}{}", sign(", shortened here", ""))));
        }
        if row.parent.is_none() && span.parent.is_some() {
            notes.push((Tone::Dim, "its parent is not in the file".to_owned()));
        }
        for link in &span.links {
            notes.push((Tone::Dim, format!("{} linked to trace {}", sign("→", "->"), text::xray(link))));
        }
        if let Some(count) = span.attributes.get("spans.left_out").filter(|count| *count != "0") {
            notes.push((Tone::Dim, format!("{} {count} more spans were left out", sign("…", "..."))));
        }
        // An error propagates to the parent spans; it is shown once, at the span where it began.
        let below = self.rows.iter().filter(|other| other.parent == Some(row.span));
        let same_error = |other: &Row| self.trace.spans[other.span].error == span.error;
        if let Some(error) = span.error.as_ref().filter(|error| !error.is_empty())
            && !below.into_iter().any(same_error)
        {
            notes.push((Tone::Bad, error.clone()));
        }
        notes
    }

    /// The lines of a remark.
    fn note(&self, index: usize, tone: Tone, note: &str) -> String {
        let row = &self.rows[index];
        if !self.style.drawn {
            let indent = 2 * row.depth().min(self.max_depth) + 4;
            return format!("{:18}{:indent$}{note}\n", "", "");
        }
        let depth = row.depth().min(self.max_depth);
        let mut before: String = row.open.iter().take(depth).map(|open| if *open { "│ " } else { "  " }).collect();
        // The next row is its first child, if it has one.
        let parent = self.rows.get(index + 1).is_some_and(|next| next.parent == Some(row.span));
        before += if parent { "│   " } else { "    " };
        let room = self.width.saturating_sub(before.chars().count());
        let lines = text::wrap(note, room).into_iter();
        lines.map(|line| format!("{}{}\n", self.paint.it(Tone::Dim, &before), self.paint.it(tone, &line))).collect()
    }
}

/// The mark of a failed span.
fn failed(style: Style) -> &'static str {
    if style.drawn { "✗ " } else { "! " }
}

impl Span {
    /// Whether the run ended while the span was open.
    fn interrupted(&self) -> bool {
        self.attributes.get("interrupted").is_some_and(|value| value == "true")
    }

    /// Whether a call was repeated.
    fn retried(&self) -> bool {
        let counts = ["http.request.resend_count", "s3.retries"].into_iter().filter_map(|key| self.attributes.get(key));
        counts.into_iter().any(|count| count != "0")
    }
}

#[cfg(test)]
mod tests;
