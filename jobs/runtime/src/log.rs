//! The log: one JSON object per line on stderr for a cluster or a pipe, short lines for people at a terminal.
//!
//! Not for the result of a command (stdout), nor for the one line of a failed run, which `exit` writes.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, LevelFilter};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::progress;
use crate::telemetry::{self, Labels};

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// `--quiet`: errors only at a terminal, warnings elsewhere; no progress bars.
    pub quiet: bool,
    /// How often `-v` was given.
    pub verbose: u8,
}

/// Is stderr a terminal?
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Sets up the log of the process; a second call changes nothing. `RUST_LOG` goes before the options, where it is set.
pub fn init(options: LogOptions) {
    let people = is_terminal();
    let (filter, wrong) = filter(options, people, std::env::var("RUST_LOG").ok());
    let format = if people { Format::People } else { Format::Json };
    // Spans of ours are always made, since lines take their day and source from them; what a library tells of itself is not.
    let traced = FilterFn::new(|about| about.is_span() && about.target() == telemetry::TARGET)
        .with_max_level_hint(LevelFilter::INFO);
    let ours = FilterFn::new(|about| {
        about.is_span() && [telemetry::TARGET, telemetry::UNTRACED_TARGET].contains(&about.target())
    })
    .with_max_level_hint(LevelFilter::INFO);
    // A library's span between ours would begin another trace, and hide from a line where it was written. So a directive of RUST_LOG that
    // names one finds none.
    let events = FilterFn::new(|about| !about.is_span()).with_max_level_hint(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer().event_format(format).with_writer(AboveBars);
    let subscriber = tracing_subscriber::registry()
        .with(telemetry::layer().map(|layer| layer.with_filter(traced)))
        .with(lines.with_filter(ours.or(filter.and(events))));
    if tracing::subscriber::set_global_default(subscriber).is_ok()
        && let Some(wrong) = wrong
    {
        tracing::warn!(
            RUST_LOG = wrong,
            "RUST_LOG cannot be read and is ignored; it looks like `info` or `processor=debug`"
        );
    }
}

/// The filter, and the value of `RUST_LOG` where it could not be read.
fn filter(options: LogOptions, people: bool, variable: Option<String>) -> (EnvFilter, Option<String>) {
    let mut wrong = None;
    if let Some(text) = variable.filter(|text| !text.trim().is_empty()) {
        match EnvFilter::builder().parse(&text) {
            Ok(filter) => return (filter, None),
            Err(_) => wrong = Some(text),
        }
    }
    // Three steps up from the quiet one; a cluster starts one step higher, since nobody sits there to ask again with -v.
    let steps = ["error", "warn", "info", "debug", "trace"];
    let step = match (options.quiet, people) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 1 + usize::from(options.verbose),
        (false, false) => 2 + usize::from(options.verbose),
    };
    let ours = steps[step.min(steps.len() - 1)];
    // The libraries tell their whole life at info; only with -vvv is that wanted.
    let theirs = if options.verbose >= 3 { "debug" } else { "error" };
    let crates = ["contract", "runtime", "processor", "reporter", "simulator", "acceptance"];
    let text = crates.iter().fold(theirs.to_owned(), |text, name| format!("{text},{name}={ours}"));
    (EnvFilter::new(text), wrong)
}

/// Writes to stderr, above the progress bars.
struct AboveBars;

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        Self
    }
}

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        progress::suspended(|| io::stderr().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[derive(Debug, Clone, Copy)]
enum Format {
    People,
    Json,
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = event.metadata().level();
        let line = match self {
            Self::Json => {
                let mut labels = Labels::default();
                for span in context.event_scope().into_iter().flatten() {
                    if let Some(of) = span.extensions().get::<Labels>() {
                        labels.complete(of);
                    }
                }
                if labels.ids.is_none() {
                    telemetry::read_labels(&telemetry::root(), |of| labels.complete(of));
                }
                fields.place(labels);
                json_line(chrono::Utc::now(), level, &fields)
            }
            Self::People => people_line(level, &fields),
        };
        writeln!(out, "{line}")
    }
}

/// The fields of one event in their order; the message apart.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            // Fields whose names are not in the program's text come as one.
            (telemetry::RUN_ATTRIBUTES, Value::String(text)) => {
                let figures: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
                self.others.extend(figures);
            }
            ("message", Value::String(text)) => self.message = text,
            ("message", value) => self.message = value.to_string(),
            (name, value) => {
                // One JSON object cannot say the same name twice.
                let taken = ["time", "level", "message"].contains(&name);
                self.others.push((if taken { format!("{name}_") } else { name.to_owned() }, value));
            }
        }
    }
}

impl Fields {
    /// Says where in the run the line was written, after what the line itself says.
    fn place(&mut self, labels: Labels) {
        let (trace, span) = labels.ids.unzip();
        let known = [("day", labels.day), ("source", labels.source), ("trace_id", trace), ("span_id", span)];
        for (name, value) in known {
            if let Some(value) = value.filter(|_| !self.others.iter().any(|(said, _)| said == name)) {
                self.others.push((name.to_owned(), value.into()));
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, value.to_string().into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }
}

fn json_line(time: chrono::DateTime<chrono::Utc>, level: &Level, fields: &Fields) -> String {
    let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let level = level.as_str().to_ascii_lowercase();
    // Written by hand for the order: a person who reads a log wants the time and the level first.
    let mut line = format!(r#"{{"time":"{time}","level":"{level}","message":{}"#, Value::from(fields.message.as_str()));
    for (name, value) in &fields.others {
        let _ = write!(line, ",{}:{value}", Value::from(name.as_str()));
    }
    line.push('}');
    line
}

fn people_line(level: &Level, fields: &Fields) -> String {
    let word = match *level {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    let mut line = format!("{word}: {}", fields.message);
    for (name, value) in &fields.others {
        let _ = match value {
            Value::String(text) if !text.contains(char::is_whitespace) => write!(line, " {name}={text}"),
            value => write!(line, " {name}={value}"),
        };
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields {
            message: "a \"quoted\"\nmessage".into(),
            others: vec![("rows".into(), 3_u64.into()), ("key".into(), "a b".into())],
        }
    }

    #[test]
    fn a_json_line_is_one_object_on_one_line() {
        let time = "2025-11-04T01:02:03.004Z".parse().unwrap();
        let line = json_line(time, &Level::WARN, &fields());
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "time": "2025-11-04T01:02:03.004Z", "level": "warn", "message": "a \"quoted\"\nmessage", "rows": 3, "key": "a b"
            })
        );
        assert!(line.starts_with(r#"{"time":"#));
    }

    #[test]
    fn a_line_for_people_is_short() {
        assert_eq!(people_line(&Level::WARN, &fields()), "warning: a \"quoted\"\nmessage rows=3 key=\"a b\"");
    }

    #[test]
    fn the_options_set_the_level() {
        let level = |quiet, verbose, people| {
            let (filter, wrong) = filter(LogOptions { quiet, verbose }, people, None);
            assert_eq!(wrong, None);
            filter.to_string().split(',').find_map(|part| part.strip_prefix("processor=").map(str::to_owned)).unwrap()
        };
        assert_eq!(level(false, 0, true), "warn");
        assert_eq!(level(false, 1, true), "info");
        assert_eq!(level(false, 9, true), "trace");
        assert_eq!(level(true, 0, true), "error");
        assert_eq!(level(false, 0, false), "info");
        assert_eq!(level(true, 0, false), "warn");
    }

    #[test]
    fn a_wrong_rust_log_is_told_and_the_options_stand() {
        let (kept, wrong) = filter(LogOptions::default(), false, Some("processor=loud".into()));
        assert_eq!(wrong.as_deref(), Some("processor=loud"));
        assert!(kept.to_string().contains("processor=info"));
    }
}
