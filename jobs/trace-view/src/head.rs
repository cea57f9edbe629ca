//! The head above the tree: ids, day and time of the trace, and the exit code of each job.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;

use super::paint::{Paint, Tone};
use super::{Job, Style, Trace, text};

/// The jobs of a trace in the order of their start.
pub(super) fn jobs(trace: &Trace) -> Vec<Arc<Job>> {
    let mut spans: Vec<_> = trace.spans.iter().collect();
    spans.sort_by_key(|span| (span.start, &span.job));
    let mut jobs: Vec<Arc<Job>> = Vec::new();
    for span in spans {
        if !jobs.contains(&span.job) {
            jobs.push(span.job.clone());
        }
    }
    jobs
}

pub(super) fn lines(trace: &Trace, jobs: &[Arc<Job>], style: Style, paint: Paint) -> String {
    let first = trace.spans.iter().map(|span| span.start).min().unwrap_or_default();
    let last = trace.spans.iter().map(|span| span.end).max().unwrap_or_default();
    let start = DateTime::from_timestamp_nanos(i64::try_from(first).unwrap_or(i64::MAX));
    let took = text::duration(last - first, style.drawn);
    let count = trace.spans.len();
    let spans = if count == 1 { "1 span".to_owned() } else { format!("{count} spans") };
    let days =
        |key: &str| trace.spans.iter().filter_map(|span| span.attributes.get(key)).cloned().collect::<BTreeSet<_>>();
    // The spans of a range carry each day as well; the range is shorter.
    let day = [days("days"), days("day")].into_iter().find(|days| !days.is_empty()).unwrap_or_default();
    let day = if day.is_empty() { "unknown".to_owned() } else { day.into_iter().collect::<Vec<_>>().join(", ") };
    let line = |name: &str, value: &str| format!("{} {value}\n", paint.it(Tone::Dim, &format!("{name:<8}")));
    let mut out = line("Trace", &paint.it(Tone::Bold, &trace.id));
    out += &line("X-Ray", &text::xray(&trace.id));
    out += &line("Day", &day);
    let start = start.format("%Y-%m-%d %H:%M:%S%.3f UTC");
    out += &line("Start", &format!("{start}, took {}, {spans}", paint.it(Tone::Bold, &took)));
    for (index, job) in jobs.iter().enumerate() {
        let name = if index == 0 { "Jobs" } else { "" };
        out += &line(name, &job_line(trace, job, paint));
    }
    out
}

/// A job with its exit code.
fn job_line(trace: &Trace, job: &Arc<Job>, paint: Paint) -> String {
    let unknown = |text: &str, instead: &str| if text.is_empty() { instead.to_owned() } else { text.to_owned() };
    let mut line = unknown(&job.service, "(unnamed service)");
    for (before, part, after) in [(" ", &job.version, ""), (" (", &job.name, ")")] {
        if !part.is_empty() {
            line += &format!("{before}{part}{after}");
        }
    }
    let spans = || trace.spans.iter().filter(|span| span.job == *job);
    let Some(span) = spans().find(|span| span.attributes.contains_key("process.exit.code")) else {
        return format!("{line}, {}", paint.it(Tone::Warning, "its end is not in the file"));
    };
    let code = span.attributes.get("process.exit.code").map(String::as_str).unwrap_or_default();
    let why = span.attributes.get("error.type").map(|kind| format!(" ({kind})")).unwrap_or_default();
    let tone = match code {
        "0" => Tone::Plain,
        "75" | "143" => Tone::Warning,
        _ => Tone::Bad,
    };
    format!("{line}, {}", paint.it(tone, &format!("exit {code}{why}")))
}
