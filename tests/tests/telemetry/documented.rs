//! `docs/telemetry.md` names every span, metric and attribute that there is, and nothing that is not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::binaries::workspace;
use acceptance::collector::{Collector, Protocol};
use acceptance::s3server::InjectedFault;
use acceptance::telemetry::{Span, SpanKind, Telemetry};
use acceptance::{TestEnv, raw};

use super::{CITY_DAY, city};

/// What is described and not seen here, with the reason.
const ELSEWHERE: [(&str, &str); 5] = [
    ("handoff", "only on a cluster"),
    ("jobs", "of `handoff`"),
    ("aws.extended_request_id", "the S3 server of the tests gives none"),
    ("aws.request_id", "the S3 server of the tests gives none"),
    ("spans.left_out", "of a report only where it is of many days"),
];
/// What the text before the table says of any span.
const OF_ANY_SPAN: [&str; 4] = ["error.type", "interrupted", "s3.requests", "s3.retries"];

/// The rows of the table below a heading: the cells of each, the first without its marks. A heading of the next level is part of it.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let after = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}")).1;
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(cells).collect()
}

/// The names in backticks of a cell.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A name as it is described: what follows `source`, `indicators` and the like is one of several.
fn general(name: &str) -> String {
    let several = ["source ", "indicators ", "indicator ", "S3."];
    let found = several.iter().find(|start| name.starts_with(**start));
    found.map_or_else(|| name.to_owned(), |start| format!("{start}<name>"))
}

/// A described name in the same form: `source <source>` and `indicator <name>` are alike.
fn described(name: &str) -> String {
    match name.split_once('<') {
        Some((start, _)) => format!("{start}<name>"),
        None => name.to_owned(),
    }
}

/// Runs in which all of it happens: a day with faults on S3, several days, failures, waiting, stopping.
fn everything() -> Option<Telemetry> {
    let env = TestEnv::on_test_server();
    city(&env);
    let collector = Collector::start()?;
    let mut variables = collector.variables(Protocol::Grpc);
    variables.push(("CITYFLOW_NOW", "2025-11-04T00:30:00Z".to_owned()));
    let location = ["CLUSTER_NAME", "POD_NAMESPACE", "JOB_UID", "POD_NAME", "NODE_NAME"];
    variables.extend(location.map(|name| (name, "somewhere".to_owned())));
    env.server().inject("PUT", "/objets/", 1, InjectedFault::Unavailable);
    let asked = env.server().expect_request("GET", &format!("manifest_{CITY_DAY}"));
    let report =
        env.reporter().envs(&variables).env("JOB_NAME", format!("report-{CITY_DAY}")).args(["--wait", "2m"]).start();
    asked.recv_timeout(Duration::from_secs(60)).expect("it looks for the manifest");
    env.processor().envs(&variables).env("JOB_NAME", format!("process-{CITY_DAY}")).succeed();
    report.wait().expect_exit(0);
    env.processor().envs(&variables).arg("2025-11-02..2025-11-04").succeed();
    env.reporter().envs(&variables).arg("all").succeed();
    // A document that is not there, a source that cannot be read, a place that is away, an end in the middle.
    let spoilt = env.list(&format!("processed/metrics/objets/{CITY_DAY}/bikes-"));
    spoilt.iter().for_each(|key| env.remove(key));
    let _ = env.reporter().envs(&variables).args(["--force", CITY_DAY]).start().wait_unchecked();
    env.put_raw(raw::ROAD_COUNTS, "not what it was");
    let _ = env.processor().envs(&variables).arg(CITY_DAY).start().wait_unchecked();
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(600)));
    let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
    let run = env.processor().envs(&variables).arg(CITY_DAY).start();
    asked.recv_timeout(Duration::from_secs(60)).expect("it reads the road counts");
    let id = rustix::process::Pid::from_raw(run.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let _ = run.wait_unchecked().expect_exit(143);
    // A folder, for what is done otherwise there.
    let folder = TestEnv::in_folder();
    city(&folder);
    folder.processor().envs(&variables).arg(CITY_DAY).succeed();
    folder.reporter().envs(&variables).arg(CITY_DAY).succeed();
    Some(collector.received())
}

/// What is seen and not described, and the other way round.
fn differences(what: &str, seen: &BTreeSet<String>, named: &BTreeSet<String>) -> Vec<String> {
    let elsewhere = |name: &&String| !ELSEWHERE.iter().any(|(known, _)| known == name);
    let undescribed = seen.difference(named).map(|name| format!("{what} {name} is not described"));
    let unseen = named.difference(seen).filter(elsewhere);
    undescribed.chain(unseen.map(|name| format!("{what} {name} is described and was not seen"))).collect()
}

/// What is wrong with the row of each span: its kind, and its attributes.
fn span_rows(told: &Telemetry, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in table(text, "Spans") {
        let name = described(&quoted(&row[0]).concat());
        let of = |span: &&Span| general(&span.name) == name && (row[1] == "both" || row[1] == span.program());
        let spans: Vec<_> = told.trace.spans.iter().filter(of).collect();
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
    let Some(told) = everything() else { return };
    let path = workspace().join("docs/telemetry.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut wrong = span_rows(&told, &text);
    let mut compare = |what: &str, seen: &BTreeSet<String>, named: &BTreeSet<String>| {
        wrong.extend(differences(what, seen, named));
    };
    let first = |heading: &str| -> BTreeSet<String> {
        table(&text, heading).iter().flat_map(|row| quoted(&row[0])).map(|name| described(&name)).collect()
    };

    let spans = told.trace.spans.iter().map(|span| general(&span.name)).collect();
    compare("the span", &spans, &first("Spans"));

    let values = told.trace.spans.iter().flat_map(|span| {
        let events = span.events.iter().flat_map(|event| event.attributes.keys());
        span.attributes.keys().chain(events).chain(span.resource.keys())
    });
    let points = told.metrics.iter().flat_map(|metric| &metric.points).flat_map(|point| point.attributes.keys());
    let attributes = values.chain(points).cloned().collect();
    compare("the attribute", &attributes, &first("Attributes"));

    let metrics = told.metrics.iter().map(|metric| metric.name.clone()).collect();
    compare("the metric", &metrics, &first("Metrics"));

    // Kind, unit and attributes of each metric stand in its row.
    let rows: BTreeMap<String, String> =
        table(&text, "Metrics").into_iter().map(|row| (quoted(&row[0]).concat(), row[1..].join(" | "))).collect();
    for metric in &told.metrics {
        let Some(row) = rows.get(&metric.name) else { continue };
        let attributes = metric.points.iter().flat_map(|point| point.attributes.keys()).filter(|name| *name != "job");
        let wanted = [metric.kind.to_string(), metric.unit.clone()].into_iter().chain(attributes.cloned());
        for word in wanted.collect::<BTreeSet<_>>() {
            if !row.contains(&word) {
                wrong.push(format!("the metric {} has {word}, and its row says: {row}", metric.name));
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
