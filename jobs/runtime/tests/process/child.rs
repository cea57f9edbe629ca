//! The process that `process.rs` starts; its argument selects how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a child of tests may panic")]

use std::path::Path;

use runtime::failure::{Code, Failure};
use runtime::location::{Access, Location};
use runtime::log::LogOptions;
use runtime::progress::Progress;
use runtime::telemetry::{self, Job, Metric, Span, SpanSpec};

static SECONDS: Metric = Metric::histogram("test.duration", "s", "How long it took", telemetry::SECONDS);
static JOB: Job = Job { name: "child", root: "run", duration: &SECONDS, commands: &[] };
/// Threads of `steps` and their spans; the trace has room for all of them.
const THREADS: usize = 4;
const TIMES: usize = 400;
static OUTER: SpanSpec = SpanSpec::new("outer", THREADS * TIMES);
static INNER: SpanSpec = SpanSpec::new("inner", THREADS * TIMES);

fn main() {
    let role = std::env::args().nth(1).unwrap_or_default();
    if role == "steps" {
        telemetry::init(&JOB, std::env::var_os(telemetry::TRACE_FILE).as_deref().map(Path::new));
    }
    runtime::exit::install_panic_hook();
    let result = match role.as_str() {
        "usage" => {
            Err(Failure::new(Code::Usage, "there is no day 2025-02-30", "REPORT_DATE", "Write a day like 2025-11-03"))
        }
        "log" => {
            runtime::log::init(LogOptions::default());
            runtime::log::init(LogOptions { quiet: true, ..LogOptions::default() });
            log_from_runtime();
            Ok(())
        }
        "panic" => {
            let _ = std::thread::spawn(|| panic!("two\nlines")).join();
            Ok(())
        }
        "wait" => tokio().block_on(runtime::signals::run_until_interrupted(async {
            // The handlers are installed once this is polled again; the parent waits for the line.
            tokio::task::yield_now().await;
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"ready\n");
            std::future::pending().await
        })),
        "bars" => tokio().block_on(runtime::signals::run_until_interrupted(async {
            let progress = Progress::new(false);
            let (bar, spinner) = (progress.bytes("comptages", 100), progress.spinner("reading"));
            bar.inc(10);
            // Held to the end, as by work that a signal abandons.
            std::mem::forget((bar, spinner));
            std::future::pending().await
        })),
        "mistakes" => {
            let list = vec![
                "--lang (CITYFLOW_LANG): \"de\" is not a supported language; write fr or en".to_owned(),
                "--wait (CITYFLOW_WAIT): \"soon\" is not a duration; write one such as 40m, 90s or 1h".to_owned(),
            ];
            Err(Failure::new(Code::Usage, "2 invalid settings", "", "Correct the settings").with_list(list))
        }
        "steps" => {
            runtime::log::init(LogOptions { quiet: true, ..LogOptions::default() });
            open_spans_until_the_end();
            Ok(())
        }
        "late-panic" => {
            // Like a thread that still computes after a signal.
            std::thread::spawn(|| panic!("late"));
            Err(Failure::new(Code::Later, "the end", "key", "Wait"))
        }
        "clock" => runtime::clock::now().map(|_| ()),
        address => tokio().block_on(async {
            let store = address.parse::<Location>()?.open(true, Access::Read).await?;
            store.list("").await?;
            Ok(())
        }),
    };
    std::process::exit(runtime::exit::finish(result.map(|()| String::new())));
}

/// Returns while other threads still begin and end spans, like abandoned work.
fn open_spans_until_the_end() {
    telemetry::start_run(&JOB);
    telemetry::start_trace(None);
    let (sender, inner_steps) = std::sync::mpsc::channel();
    for _ in 0..THREADS {
        let sender = sender.clone();
        std::thread::spawn(move || {
            // Bounded: the thread that writes the trace needs a processor too.
            for number in 0..TIMES {
                let outer = Span::start(&OUTER);
                outer.in_scope(|| drop(Span::start(&INNER)));
                drop(outer);
                let _ = sender.send(());
                // Rarely: the race needs a thread that is preempted while it ends a span.
                if number % 16 == 0 {
                    std::thread::yield_now();
                }
            }
        });
    }
    assert_eq!(inner_steps.iter().take(200).count(), 200);
}

/// Logs the line of a failure, which is written at any log level.
fn log_from_runtime() {
    let failure = Failure::new(Code::Later, "the first", "key", "Wait");
    assert_eq!(runtime::exit::finish(Err(failure)), 75);
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
