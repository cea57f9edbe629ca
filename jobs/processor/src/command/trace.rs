//! `processor trace`: the last trace of a file, on stdout.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use runtime::failure::{Code, Failure};
use trace_view::{Style, TraceFile};

/// Prints the tree; unreadable lines are a warning on stderr.
pub(crate) fn print(file: &Path) -> Result<(), Failure> {
    let name = file.display().to_string();
    let failure = |code, what: String, todo: &str| Failure::new(code, what, name.clone(), todo);
    let read = File::open(file).and_then(|opened| trace_view::read(BufReader::new(opened)));
    let found = read.map_err(|error| {
        failure(
            Code::Usage,
            format!("the trace file cannot be read ({error})"),
            "Name the file that a run wrote with --trace-file (CITYFLOW_TRACE_FILE)",
        )
    })?;
    if let Some(skipped) = skipped(&found) {
        tracing::warn!(file = name, "{skipped}");
    }
    let (style, width) = Style::of_stdout(|name| std::env::var(name).ok());
    let tree = trace_view::render(&found.traces, width, style);
    if tree.is_empty() {
        return Err(failure(
            Code::NoInput,
            "there is no span in the trace file".to_owned(),
            "Run a job with --trace-file (CITYFLOW_TRACE_FILE) set to it, then show it again",
        ));
    }
    runtime::output::print(tree);
    Ok(())
}

/// The warning about lines that are not JSON.
fn skipped(found: &TraceFile) -> Option<String> {
    let first = found.unreadable.first()?;
    let lines = match found.unreadable.len() {
        1 => format!("line {first} is not JSON and was skipped"),
        count => format!("{count} lines are not JSON and were skipped, first line {first}"),
    };
    Some(if found.cut_off { format!("{lines}; the last line was cut off") } else { lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        let warning = |unreadable: &[u64], cut_off| {
            skipped(&TraceFile { unreadable: unreadable.to_vec(), cut_off, ..TraceFile::default() }).unwrap_or_default()
        };
        assert_eq!(warning(&[], false), "");
        assert_eq!(warning(&[7], true), "line 7 is not JSON and was skipped; the last line was cut off");
        assert_eq!(warning(&[2, 9], false), "2 lines are not JSON and were skipped, first line 2");
    }

    #[test]
    fn a_file_without_a_trace_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traces.jsonl");
        let failure = print(&path).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        for empty in ["", "\n\n", "{\"resourceMetrics\":[]}\n", "{\"resourceSpans\":[{\"scope"] {
            std::fs::write(&path, empty).unwrap();
            let failure = print(&path).unwrap_err();
            assert_eq!(failure.code, Code::NoInput, "{empty:?}");
            assert!(failure.to_string().contains("--trace-file"), "{failure}");
        }
        let span = r#"{"traceId":"00","spanId":"01","name":"process"}"#;
        std::fs::write(&path, format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#)).unwrap();
        assert_eq!(print(&path), Ok(()));
    }
}
