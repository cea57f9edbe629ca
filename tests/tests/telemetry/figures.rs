//! The numbers in spans and metrics are those of the documents, files and requests of the run.

use acceptance::collector::{Collector, Protocol};
use acceptance::telemetry::Telemetry;
use acceptance::{PublishedDay, TestEnv, raw};
use contract::Source;

use super::{CITY_DAY, city, process_and_report};

fn sum(telemetry: &Telemetry, name: &str, attributes: &[(&str, &str)]) -> u64 {
    telemetry
        .value(name, attributes)
        .unwrap_or_else(|| panic!("no {name} {attributes:?}: {:?}", telemetry.metric_names())) as u64
}

#[test]
fn rows_bytes_and_documents_are_counted_once() {
    let env = TestEnv::in_folder();
    city(&env);
    let Some(telemetry) = process_and_report(&env, Protocol::Grpc) else { return };
    let process = telemetry.trace.single_span("process");
    let number =
        |name: &str| u64::try_from(process.number(name).unwrap_or_else(|| panic!("{name} of {process:?}"))).unwrap();
    let published = PublishedDay::load(&env, CITY_DAY);
    let mut rows = 0;
    for source in [Source::RoadCounts, Source::Worksites, Source::RoadNetwork] {
        let quality = &published.document(source)["qualite"];
        let attributes = [("source", source.name()), ("job", "processor")];
        assert_eq!(
            sum(&telemetry, "cityflow.rows.read", &attributes),
            quality["lignes_lues"].as_u64().unwrap(),
            "{source}"
        );
        let rejected = quality["rejets_structure"].as_object().unwrap();
        for (reason, count) in rejected {
            let attributes = [("source", source.name()), ("reason", reason)];
            assert_eq!(
                Some(sum(&telemetry, "cityflow.rows.rejected", &attributes)),
                count.as_u64(),
                "{source} {reason}"
            );
        }
    }
    for source in Source::RAW {
        rows += sum(&telemetry, "cityflow.rows.read", &[("source", source.name())]);
        let span = telemetry.trace.single_span(&format!("source {source}"));
        assert_eq!(
            span.number("rows"),
            telemetry.value("cityflow.rows.read", &[("source", source.name())]).map(|rows| rows as i64)
        );
        assert_eq!(
            span.number("bytes"),
            telemetry.value("cityflow.bytes.read", &[("source", source.name())]).map(|bytes| bytes as i64)
        );
    }
    assert_eq!(number("rows"), rows);
    assert_eq!(Some(number("rows.rejected") as f64), telemetry.value("cityflow.rows.rejected", &[]));
    assert_eq!(Some(number("bytes") as f64), telemetry.value("cityflow.bytes.read", &[]));
    assert_eq!(number("documents"), 7);
    let sizes: u64 = published.bytes.values().map(|body| body.len() as u64).sum();
    assert_eq!(sum(&telemetry, "cityflow.metrics.size", &[]), sizes);
    let status = published.manifest.day_status;
    let status = serde_json::to_value(status).unwrap();
    assert_eq!(sum(&telemetry, "cityflow.days.published", &[("status", status.as_str().unwrap())]), 1);
    let completeness = telemetry.value("cityflow.day.completeness", &[]).unwrap();
    let day = telemetry.trace.spans_named("day").find(|span| span.parent == process.id).unwrap();
    assert_eq!(day.text("status"), status.as_str().unwrap());
    let rounded = day.attributes["completeness"].as_f64().unwrap();
    assert!((completeness - rounded).abs() < 0.01, "{completeness} and {rounded}");

    let report = telemetry.trace.single_span("report");
    assert_eq!((report.number("documents"), report.number("bytes")), (Some(7), Some(i64::try_from(sizes).unwrap())));
    assert_eq!(sum(&telemetry, "cityflow.metrics.loaded", &[]), 7);
    let files = env.objects("processed/reports/");
    let written: usize = files.iter().map(|(_, body)| body.len()).sum();
    assert_eq!(sum(&telemetry, "cityflow.report.size", &[]), written as u64);
    let seconds = |name: &str| telemetry.value(name, &[]).unwrap();
    let length = |span: &acceptance::telemetry::Span| (span.end - span.start) as f64 / 1e9;
    // The duration metric is at most the length of the root span, and at least the time to the end of its last child.
    for (name, span) in [("cityflow.processing.duration", process), ("cityflow.report.duration", report)] {
        let children = telemetry.trace.children(&span.id);
        let last =
            children.iter().filter(|child| child.resource == span.resource).map(|child| child.end).max().unwrap();
        let (metric, work, span) = (seconds(name), (last - span.start) as f64 / 1e9, length(span));
        assert!(
            metric >= work - 0.1 && metric <= span + 0.1,
            "{name}: {metric} s, root span {span} s, {work} s to the end of its last child"
        );
    }
}

#[test]
fn request_metrics_match_the_requests_at_the_server() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let fault = acceptance::s3server::InjectedFault::Unavailable;
    env.server().inject("PUT", "/objets/", 2, fault);
    env.server().clear_requests();
    let Some(collector) = Collector::start() else { return };
    // Unchecked, because checking the documents also makes requests.
    let job = env.processor().envs(&collector.variables(Protocol::Grpc)).arg(raw::DAY);
    let _ = job.start().wait_unchecked().expect_exit(0);
    let seen = env.server().requests();
    let calls = env.server().recorded_requests();
    let ranges = calls.iter().filter(|call| call.headers.contains_key("range")).count();
    let telemetry = collector.received();
    let process = telemetry.trace.single_span("process");
    let of = |method: &str| seen.iter().filter(|(of, _)| of == method).count() as f64;
    let (requests, retries) = ("cityflow.s3.requests", "cityflow.s3.retries");
    // The server sees a retry as a request; the metrics count it only as a retry.
    let puts = telemetry.value(requests, &[("rpc.method", "PutObject")]).unwrap();
    let put_retries = telemetry.value(retries, &[("rpc.method", "PutObject")]).unwrap();
    assert_eq!((puts + put_retries, put_retries), (of("PUT"), 2.0));
    let all = telemetry.value(requests, &[]).unwrap();
    let by_method: Vec<_> = ["GetObject", "HeadObject", "ListObjectsV2", "PutObject"]
        .iter()
        .map(|method| (method, telemetry.value(requests, &[("rpc.method", method)])))
        .collect();
    assert_eq!(all + telemetry.value(retries, &[]).unwrap(), seen.len() as f64, "{by_method:?}: {seen:?}");
    assert_eq!((process.number("s3.requests"), process.number("s3.retries")), (Some(all as i64), Some(2)));
    // Range requests are counted by the read span. Every other call has a span in a trace of this size.
    let calls: Vec<_> = telemetry.trace.spans.iter().filter(|span| span.name.starts_with("S3.")).collect();
    assert_eq!((calls.len() + ranges) as f64, all, "{ranges} ranges");
    for call in calls {
        assert_eq!((call.text("rpc.system"), call.text("rpc.service")), ("aws-api", "S3"), "{call:?}");
        assert_eq!(call.name, format!("S3.{}", call.text("rpc.method")));
        assert_eq!(call.text("aws.s3.bucket"), env.bucket());
        assert!(call.number("http.response.status_code").is_some(), "{call:?}");
        assert!(call.text("rpc.method").starts_with("List") || !call.text("aws.s3.key").is_empty(), "{call:?}");
    }
}

#[test]
fn slow_file_is_counted() {
    use acceptance::s3server::InjectedFault;
    let telemetry = [false, true].map(|late| {
        let env = TestEnv::on_test_server();
        city(&env);
        for key in ["batch/meteo-historique.csv", "batch/comptage-velo-historique.csv"].iter().filter(|_| late) {
            env.server().inject("GET", key, 1, InjectedFault::Delay(std::time::Duration::from_secs(1)));
        }
        let collector = Collector::start()?;
        env.processor().envs(&collector.variables(Protocol::Grpc)).arg(CITY_DAY).succeed();
        Some(collector.received())
    });
    let [Some(usual), Some(late)] = telemetry else { return };
    for name in ["cityflow.rows.read", "cityflow.bytes.read", "cityflow.chunks.processed"] {
        for source in Source::RAW {
            let attributes = [("source", source.name())];
            assert_eq!(late.value(name, &attributes), usual.value(name, &attributes), "{name} of {source}");
        }
    }
    late.trace.assert_complete(&["process"]);
}
