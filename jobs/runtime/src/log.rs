//! The log on stderr: one JSON object per line in a cluster or a pipe, short lines at a terminal, unless `--log-format` says otherwise.
//!
//! Not for the result of a command (stdout), nor for the line of a failed run, which `exit` writes.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::str::FromStr;
use std::sync::OnceLock;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, LevelFilter};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::telemetry::{self, Labels};
use crate::terminal::Tone;
use crate::{progress, terminal};

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// `--quiet`: only errors at a terminal, also warnings elsewhere; no progress bars.
    pub quiet: bool,
    /// Number of `-v` flags.
    pub verbose: u8,
    /// Form of a line.
    pub format: LogFormat,
}

/// Form of a line of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text at a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Short lines for a person.
    Text,
    /// One JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("\"{}\" is not a form of the log; write text, json or auto", other.escape_debug())),
        }
    }
}

/// Whether the lines of this process are text. Set once, by [`init`].
static TEXT: OnceLock<bool> = OnceLock::new();

/// Whether lines for a person are written, also by the failure that ends the process.
pub(crate) fn is_text() -> bool {
    *TEXT.get().unwrap_or(&is_terminal())
}

/// Whether stderr is a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Sets up the log of the process; a second call has no effect. `RUST_LOG` takes precedence over the options.
pub fn init(options: LogOptions) {
    let terminal = is_terminal();
    let (filter, invalid) = filter(options, terminal, std::env::var("RUST_LOG").ok());
    let text = match options.format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let format = if *TEXT.get_or_init(|| text) { Format::Text } else { Format::Json };
    // Our spans are always recorded, because log lines take their day and source from them; spans of libraries are not.
    let traced = FilterFn::new(|about| about.is_span() && about.target() == telemetry::TARGET)
        .with_max_level_hint(LevelFilter::INFO);
    let ours = FilterFn::new(|about| {
        about.is_span() && [telemetry::TARGET, telemetry::UNTRACED_TARGET].contains(&about.target())
    })
    .with_max_level_hint(LevelFilter::INFO);
    // A span of a library between ours would start another trace and hide ours from the log lines. So spans of libraries are off, whatever
    // RUST_LOG says.
    let events = FilterFn::new(|about| !about.is_span()).with_max_level_hint(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer().event_format(format).with_writer(AboveBars);
    let subscriber = tracing_subscriber::registry()
        .with(telemetry::layer().map(|layer| layer.with_filter(traced)))
        .with(lines.with_filter(ours.or(filter.and(events))));
    if tracing::subscriber::set_global_default(subscriber).is_ok()
        && let Some(invalid) = invalid
    {
        tracing::warn!(
            RUST_LOG = invalid,
            "RUST_LOG is invalid and is ignored; write it like `info` or `processor=debug`"
        );
    }
}

/// The filter, and `RUST_LOG` if it is invalid.
fn filter(options: LogOptions, terminal: bool, variable: Option<String>) -> (EnvFilter, Option<String>) {
    let mut invalid = None;
    if let Some(text) = variable.filter(|text| !text.trim().is_empty()) {
        match EnvFilter::builder().parse(&text) {
            Ok(filter) => return (filter, None),
            Err(_) => invalid = Some(text),
        }
    }
    // In a cluster the log starts one level higher: nobody is there to repeat the run with -v.
    let levels = ["error", "warn", "info", "debug", "trace"];
    let level = match (options.quiet, terminal) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 1 + usize::from(options.verbose),
        (false, false) => 2 + usize::from(options.verbose),
    };
    let ours = levels[level.min(levels.len() - 1)];
    // Libraries log a lot at info; that is useful only with -vvv.
    let theirs = if options.verbose >= 3 { "debug" } else { "error" };
    let crates = ["contract", "runtime", "processor", "reporter", "simulator", "acceptance"];
    let text = crates.iter().fold(theirs.to_owned(), |text, name| format!("{text},{name}={ours}"));
    (EnvFilter::new(text), invalid)
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
    Text,
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
                fields.add_labels(labels);
                json_line(chrono::Utc::now(), level, &fields)
            }
            Self::Text => {
                let columns = if is_terminal() { terminal::columns() } else { usize::MAX };
                terminal::wrap(&text_line(level, &fields), columns, 2)
            }
        };
        writeln!(out, "{line}")
    }
}

/// The fields of one event in their order, and its message.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            // `tracing` needs field names at compile time; figures with computed names come as one JSON object.
            (telemetry::RUN_ATTRIBUTES, Value::String(text)) => {
                let figures: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
                self.others.extend(figures);
            }
            ("message", Value::String(text)) => self.message = text,
            ("message", value) => self.message = value.to_string(),
            (name, value) => {
                // A JSON object must not repeat a name.
                let reserved = ["time", "level", "message"].contains(&name);
                self.others.push((if reserved { format!("{name}_") } else { name.to_owned() }, value));
            }
        }
    }
}

impl Fields {
    /// Adds where in the run the line was written; the fields of the line take precedence.
    fn add_labels(&mut self, labels: Labels) {
        let (trace, span) = labels.ids.unzip();
        let known = [("day", labels.day), ("source", labels.source), ("trace_id", trace), ("span_id", span)];
        for (name, value) in known {
            if let Some(value) = value.filter(|_| !self.others.iter().any(|(other, _)| other == name)) {
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
    // Written by hand for the order: time and level first.
    let mut line = format!(r#"{{"time":"{time}","level":"{level}","message":{}"#, Value::from(fields.message.as_str()));
    for (name, value) in &fields.others {
        let _ = write!(line, ",{}:{value}", Value::from(name.as_str()));
    }
    line.push('}');
    line
}

fn text_line(level: &Level, fields: &Fields) -> String {
    let word = match *level {
        Level::ERROR => Tone::Bad.paint_stderr("error:"),
        Level::WARN => Tone::Warning.paint_stderr("warning:"),
        Level::INFO => "info:".to_owned(),
        Level::DEBUG => Tone::Faint.paint_stderr("debug:"),
        Level::TRACE => Tone::Faint.paint_stderr("trace:"),
    };
    let mut line = format!("{word} {}", fields.message);
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
    fn json_line_is_one_object_on_one_line() {
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
    fn text_line_is_short() {
        assert_eq!(text_line(&Level::WARN, &fields()), "warning: a \"quoted\"\nmessage rows=3 key=\"a b\"");
    }

    #[test]
    fn form_is_text_json_or_auto() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert_eq!(
            LogFormat::from_str("xml").unwrap_err(),
            "\"xml\" is not a form of the log; write text, json or auto"
        );
    }

    #[test]
    fn options_set_the_level() {
        let level = |quiet, verbose, terminal| {
            let (filter, invalid) = filter(LogOptions { quiet, verbose, ..LogOptions::default() }, terminal, None);
            assert_eq!(invalid, None);
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
    fn invalid_rust_log_is_returned_and_the_options_apply() {
        let (kept, invalid) = filter(LogOptions::default(), false, Some("processor=loud".into()));
        assert_eq!(invalid.as_deref(), Some("processor=loud"));
        assert!(kept.to_string().contains("processor=info"));
    }
}
