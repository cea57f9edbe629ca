//! `docs/telemetry.md` documents exactly the spans, metrics and attributes that the programs produce.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::binaries::workspace;
use acceptance::collector::{Collector, Protocol};
use acceptance::s3server::InjectedFault;
use acceptance::telemetry::{Span, SpanKind, Telemetry};
use acceptance::{TestEnv, raw};

use super::{CITY_DAY, city};

/// Documented names that these runs do not produce, with the reason.
const NOT_PRODUCED_HERE: [(&str, &str); 5] = [
    ("handoff", "only on a cluster"),
    ("jobs", "of `handoff`"),
    ("aws.extended_request_id", "the S3 test server sends none"),
    ("aws.request_id", "the S3 test server sends none"),
    ("spans.left_out", "in a report only of many days"),
];
/// Attributes that the text before the table documents for every span.
const OF_ANY_SPAN: [&str; 4] = ["error.type", "interrupted", "s3.requests", "s3.retries"];

/// The rows of all tables below a heading, including its subsections, as cells.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let after = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}")).1;
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(cells).collect()
}

/// The names in backticks in a cell.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A span name in the form of the documentation: the variable part after `source`, `indicators` and the like is `<name>`.
fn general(name: &str) -> String {
    let several = ["source ", "indicators ", "indicator ", "S3."];
    let found = several.iter().find(|start| name.starts_with(**start));
    found.map_or_else(|| name.to_owned(), |start| format!("{start}<name>"))
}

/// A documented name in the form of [`general`]: `source <source>` becomes `source <name>`.
fn described(name: &str) -> String {
    match name.split_once('<') {
        Some((start, _)) => format!("{start}<name>"),
        None => name.to_owned(),
    }
}

/// Runs that produce every span and metric: a day with faults on S3, several days, failures, waiting, SIGTERM.
fn run_all_cases() -> Option<Telemetry> {
    let env = TestEnv::on_test_server();
    city(&env);
    let collector = Collector::start()?;
    let mut variables = collector.variables(Protocol::Grpc);
    variables.push(("CITYFLOW_NOW", "2025-11-04T00:30:00Z".to_owned()));
    let location = ["CLUSTER_NAME", "POD_NAMESPACE", "JOB_UID", "POD_NAME", "NODE_NAME"];
    variables.extend(location.map(|name| (name, "somewhere".to_owned())));
    env.server().inject("PUT", "/objets/", 1, InjectedFault::Unavailable);
    let requested = env.server().expect_request("GET", &format!("manifest_{CITY_DAY}"));
    let report =
        env.reporter().envs(&variables).env("JOB_NAME", format!("report-{CITY_DAY}")).args(["--wait", "2m"]).start();
    requested.recv_timeout(Duration::from_secs(60)).expect("a request for the manifest");
    env.processor().envs(&variables).env("JOB_NAME", format!("process-{CITY_DAY}")).succeed();
    report.wait().expect_exit(0);
    env.processor().envs(&variables).arg("2025-11-02..2025-11-04").succeed();
    env.reporter().envs(&variables).arg("all").succeed();
    // A missing document, an unreadable source, and a run that is terminated.
    let removed = env.list(&format!("processed/metrics/objets/{CITY_DAY}/bikes-"));
    removed.iter().for_each(|key| env.remove(key));
    let _ = env.reporter().envs(&variables).args(["--force", CITY_DAY]).start().wait_unchecked();
    env.put_raw(raw::ROAD_COUNTS, "unreadable");
    let _ = env.processor().envs(&variables).arg(CITY_DAY).start().wait_unchecked();
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(600)));
    let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
    let run = env.processor().envs(&variables).arg(CITY_DAY).start();
    requested.recv_timeout(Duration::from_secs(60)).expect("a request for the road counts");
    run.terminate();
    let _ = run.wait_unchecked().expect_exit(143);
    // A folder has other span attributes than S3.
    let folder = TestEnv::in_folder();
    city(&folder);
    folder.processor().envs(&variables).arg(CITY_DAY).succeed();
    folder.reporter().envs(&variables).arg(CITY_DAY).succeed();
    Some(collector.received())
}

/// Names that were produced and not documented, or documented and not produced.
fn differences(what: &str, seen: &BTreeSet<String>, named: &BTreeSet<String>) -> Vec<String> {
    let expected = |name: &&String| !NOT_PRODUCED_HERE.iter().any(|(known, _)| known == name);
    let undocumented = seen.difference(named).map(|name| format!("{what} {name} is not documented"));
    let unseen = named.difference(seen).filter(expected);
    undocumented.chain(unseen.map(|name| format!("{what} {name} is documented but was not produced"))).collect()
}

/// Errors in the documented kind and attributes of each span.
fn errors_in_span_table(telemetry: &Telemetry, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in table(text, "Spans") {
        let name = described(&quoted(&row[0]).concat());
        let of = |span: &&Span| general(&span.name) == name && (row[1] == "both" || row[1] == span.program());
        let spans: Vec<_> = telemetry.trace.spans.iter().filter(of).collect();
        if spans.is_empty() {
            continue;
        }
        let kind = if row[2] == "CLIENT" { SpanKind::Client } else { SpanKind::Internal };
        if spans.iter().any(|span| span.kind != kind) {
            wrong.push(format!("the span {name} of {} is not {}", row[1], row[2]));
        }
        let any = |name: &&String| !OF_ANY_SPAN.contains(&name.as_str());
        let seen = spans.iter().flat_map(|span| span.attributes.keys()).filter(any).cloned().collect();
        let named = quoted(&row[4]).iter().filter(any).cloned().collect();
        wrong.extend(differences(&format!("{} {name}: the attribute", row[1]), &seen, &named));
    }
    wrong
}

#[test]
fn telemetry_documentation_matches_the_programs() {
    let Some(telemetry) = run_all_cases() else { return };
    let path = workspace().join("docs/telemetry.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut wrong = errors_in_span_table(&telemetry, &text);
    let mut compare = |what: &str, seen: &BTreeSet<String>, named: &BTreeSet<String>| {
        wrong.extend(differences(what, seen, named));
    };
    let first = |heading: &str| -> BTreeSet<String> {
        table(&text, heading).iter().flat_map(|row| quoted(&row[0])).map(|name| described(&name)).collect()
    };

    let spans = telemetry.trace.spans.iter().map(|span| general(&span.name)).collect();
    compare("the span", &spans, &first("Spans"));

    let values = telemetry.trace.spans.iter().flat_map(|span| {
        let events = span.events.iter().flat_map(|event| event.attributes.keys());
        span.attributes.keys().chain(events).chain(span.resource.keys())
    });
    let points = telemetry.metrics.iter().flat_map(|metric| &metric.points).flat_map(|point| point.attributes.keys());
    let attributes = values.chain(points).cloned().collect();
    compare("the attribute", &attributes, &first("Attributes"));

    let metrics = telemetry.metrics.iter().map(|metric| metric.name.clone()).collect();
    compare("the metric", &metrics, &first("Metrics"));

    // The row of a metric has its kind, unit and attributes.
    let rows: BTreeMap<String, String> =
        table(&text, "Metrics").into_iter().map(|row| (quoted(&row[0]).concat(), row[1..].join(" | "))).collect();
    for metric in &telemetry.metrics {
        let Some(row) = rows.get(&metric.name) else { continue };
        let attributes = metric.points.iter().flat_map(|point| point.attributes.keys()).filter(|name| *name != "job");
        let wanted = [metric.kind.to_string(), metric.unit.clone()].into_iter().chain(attributes.cloned());
        for word in wanted.collect::<BTreeSet<_>>() {
            if !row.contains(&word) {
                wrong.push(format!("the metric {} has {word}, which is not in its row: {row}", metric.name));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}:\n  {}", path.display(), wrong.join("\n  "));
}

#[test]
fn markdown_table_is_parsed() {
    let text = "# x\n\n## Spans\n\n| span | what |\n| --- | --- |\n| `source <source>` | a `b` |\n\n### more\n\n| `read` | c |\n\n## Next\n\n| `d` | e |\n";
    let rows = table(text, "Spans");
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["`source <source>`", "`read`"]);
    assert_eq!(quoted(&rows[0][1]), ["b"]);
    assert_eq!(
        (described("source <source>"), general("source bikes")),
        ("source <name>".into(), "source <name>".into())
    );
    assert_eq!((described("S3.<Operation>"), general("S3.GetObject")), ("S3.<name>".into(), "S3.<name>".into()));
}
