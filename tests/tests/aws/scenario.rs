//! A scenario with all operations of the jobs, in a separate account that records every S3 call.
//!
//! Other tests check the results of the operations; this one only provides the calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use acceptance::iam::{Grant, required_permissions};
use acceptance::s3server::{InjectedFault, RecordedRequest};
use acceptance::{ProgramOutput, TestEnv, raw};

pub(crate) const RAW: &str = "cityflow-raw";
pub(crate) const PROCESSED: &str = "cityflow-processed";
/// The object that `reporter check` writes and, with its policy, cannot delete.
pub(crate) const PROBE: &str = "reports/reporter-check-probe.tmp";

const PROCESSOR: &str = "processor";
const REPORTER: &str = "reporter";
const MANIFEST: &str = "metrics/manifest_2025-11-04.json";
const REPORT: &str = "reports/daily_report_2025-11-04.json";
/// Time of most runs.
const NOW: &str = "2025-11-05T02:00:00Z";
/// Suffix of the scheduled Job's name on 5 November: minutes since the epoch, as the CronJob controller sets it.
const NIGHT: u32 = 29_371_680;

/// The two buckets on a dedicated test server.
pub(crate) struct Account {
    env: TestEnv,
    /// Grants by program; a program without an entry may do everything.
    grants: BTreeMap<&'static str, Arc<Vec<Grant>>>,
    calls: RefCell<BTreeMap<&'static str, Vec<RecordedRequest>>>,
}

impl Account {
    /// Empty buckets.
    pub(crate) fn new(grants: impl IntoIterator<Item = (&'static str, Vec<Grant>)>) -> Self {
        let env = TestEnv::on_test_server();
        for bucket in [RAW, PROCESSED] {
            env.server().create_bucket(bucket);
        }
        let grants = grants.into_iter().map(|(program, grants)| (program, Arc::new(grants))).collect();
        Self { env, grants, calls: RefCell::default() }
    }

    /// The recorded calls by program.
    pub(crate) fn into_calls(self) -> BTreeMap<&'static str, Vec<RecordedRequest>> {
        self.calls.into_inner()
    }

    /// Writes the raw files of [`raw::DAY`].
    pub(crate) fn write_raw(&self) {
        raw::write(&self.env);
        let server = self.env.server();
        for key in server.list(self.env.bucket(), "raw/") {
            let body = server.get(self.env.bucket(), &key).unwrap();
            server.put(RAW, key.trim_start_matches("raw/"), body);
        }
    }

    /// Rewrites the bike counts with another count for one hour.
    fn change_bikes(&self, count: u32) {
        let bikes = raw::changed_bike_counts(count);
        self.env.server().put(RAW, raw::BIKE_COUNTS, bikes);
    }

    fn run(&self, program: &'static str, variables: &[(&str, &str)], args: &[&str]) -> ProgramOutput {
        let server = self.env.server();
        server.clear_requests();
        if let Some(grants) = self.grants.get(program).map(Arc::clone) {
            server.deny_unless(move |call| {
                required_permissions(call).iter().all(|permission| grants.iter().any(|grant| grant.allows(permission)))
            });
        }
        let metrics = format!("{PROCESSED}/metrics");
        // As the chart sets them.
        let job = match program {
            PROCESSOR => self.env.program(program).env("S3_BUCKET_RAW", RAW).env("S3_BUCKET_PROCESSED", PROCESSED),
            _ => self.env.program(program).env("S3_BUCKET_METRICS", metrics),
        };
        let job = variables.iter().fold(job.env("CITYFLOW_NOW", NOW), |job, (name, value)| job.env(name, value));
        let outcome = job.args(args).start().wait_unchecked();
        server.allow_all();
        self.calls.borrow_mut().entry(program).or_default().extend(server.recorded_requests());
        outcome
    }

    pub(crate) fn processor(&self, args: &[&str]) -> ProgramOutput {
        self.run(PROCESSOR, &[], args)
    }

    pub(crate) fn reporter(&self, args: &[&str]) -> ProgramOutput {
        self.run(REPORTER, &[], args)
    }

    /// A scheduled run, `later` days after 5 November.
    fn scheduled_run(&self, program: &'static str, later: u32) -> ProgramOutput {
        let name = format!("{program}-{}", NIGHT + 1440 * later);
        let now = format!("2025-11-{:02}T02:00:00Z", 5 + later);
        self.run(program, &[("JOB_NAME", &name), ("CITYFLOW_NOW", &now)], &[])
    }

    /// Performs all operations.
    pub(crate) fn run_all(&self) {
        self.first_run();
        self.reruns();
        self.inject_faults();
        self.ranges();
        self.scheduled_runs();
    }

    /// From empty buckets to the first report.
    fn first_run(&self) {
        self.processor(&["check"]).expect_exit(0);
        self.processor(&[raw::DAY]).expect_exit(66);
        self.processor(&["status", "--last", "2"]).expect_exit(0);
        self.reporter(&["check"]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(75);
        self.reporter(&["--wait", "1s", raw::DAY]).expect_exit(75);
        self.reporter(&["all"]).expect_exit(66);

        self.write_raw();
        self.processor(&["check"]).expect_exit(0);
        self.processor(&["--dry-run", raw::DAY]).expect_exit(0);
        self.processor(&[raw::DAY]).expect_exit(0);
        self.reporter(&["check"]).expect_exit(0);
        self.reporter(&["--dry-run", raw::DAY]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(0);
        self.processor(&["status", "--last", "2"]).expect_exit(0);
    }

    /// Reruns without changes, with changed inputs and with `--force`, and deletion of old documents.
    fn reruns(&self) {
        self.processor(&[raw::DAY]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(0);
        self.reporter(&["--force", raw::DAY]).expect_exit(0);
        self.reporter(&["--lang", "en", raw::DAY]).expect_exit(0);
        self.change_bikes(44);
        self.processor(&["--until-complete", raw::DAY]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(0);

        // The document of a missing source is retained, and removed with `--force`.
        let server = self.env.server();
        server.remove(RAW, raw::BIKE_COUNTS);
        self.processor(&[raw::DAY]).expect_exit(0);
        self.processor(&["--force", raw::DAY]).expect_exit(0);
        let fixed = format!("metrics/bikes_metrics_{}.json", raw::DAY);
        assert!(server.get(PROCESSED, &fixed).is_none(), "the fixed name is deleted");
        self.reporter(&[raw::DAY]).expect_exit(0);

        // S3 sets the dates of objects itself, so advance the clock of the run.
        let objects = || server.list(PROCESSED, "metrics/objets/").len();
        let before = objects();
        let later = (chrono::Utc::now() + chrono::Days::new(8)).to_rfc3339();
        self.run(PROCESSOR, &[("CITYFLOW_NOW", &later)], &[raw::DAY]).expect_exit(0);
        assert!(objects() < before, "old documents are deleted");
    }

    /// Faults during a run.
    fn inject_faults(&self) {
        let server = self.env.server();
        let processed = |key: &str| format!("{PROCESSED}/{key}");
        // Lost responses and interrupted writes. A document is written with one PUT, so there is nothing to clean up.
        for fault in [
            InjectedFault::LoseResponse,
            InjectedFault::CloseConnection,
            InjectedFault::Unavailable,
            InjectedFault::Conflict,
        ] {
            self.change_bikes(45);
            server.inject("PUT", &processed("metrics/objets/"), 2, fault);
            self.processor(&["--force", raw::DAY]).expect_exit(0);
        }
        // A concurrent writer of the manifest, and of the report.
        let mut other: serde_json::Value = serde_json::from_slice(&server.get(PROCESSED, MANIFEST).unwrap()).unwrap();
        other["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
        self.change_bikes(46);
        server.inject("PUT", &processed(MANIFEST), 1, InjectedFault::ReplaceBefore(other.to_string().into()));
        self.processor(&[raw::DAY]).expect_exit(0);
        server.inject("PUT", &processed(REPORT), 1, InjectedFault::ReplaceBefore("{}".into()));
        self.reporter(&[raw::DAY]).expect_exit(0);
        // Inputs that are replaced or truncated during a read.
        let counts = raw::road_counts(raw::DAY).replace(";110.0;", ";111.0;");
        server.inject("GET", &format!("{RAW}/{}", raw::ROAD_COUNTS), 1, InjectedFault::ReplaceBefore(counts.into()));
        self.processor(&[raw::DAY]).expect_exit(0);
        server.inject("GET", &format!("{RAW}/{}", raw::ROAD_COUNTS), 1, InjectedFault::TruncateBody(100));
        self.processor(&[raw::DAY]).expect_exit(0);
        // A missing document: the reporter leaves it out, the processor rewrites it.
        let missing = server.list(PROCESSED, &format!("metrics/objets/{}/weather-", raw::DAY));
        missing.iter().for_each(|key| server.remove(PROCESSED, key));
        self.reporter(&["--force", raw::DAY]).expect_exit(0);
        self.processor(&[raw::DAY]).expect_exit(0);
        // In small ranges, as for a large file.
        self.run(PROCESSOR, &[("CITYFLOW_CHUNK", "4096")], &["--force", raw::DAY]).expect_exit(0);
    }

    /// Runs over several days.
    fn ranges(&self) {
        self.processor(&["2025-11-03..2025-11-04"]).expect_exit(0);
        self.processor(&["all"]).expect_exit(0);
        // A long range, for which snapshots are listed by source instead of by day. Most of its days have no road counts.
        self.processor(&["2025-09-15..2025-11-04"]).expect_exit(65);
        self.run(PROCESSOR, &[("JOB_NAME", "process-2025-11-03-again")], &[]).expect_exit(0);
        self.reporter(&["2025-11-03..2025-11-04"]).expect_exit(0);
        self.reporter(&["all", "--force"]).expect_exit(0);
        self.run(REPORTER, &[("JOB_NAME", "report-2025-11-03-again")], &[]).expect_exit(0);
    }

    /// Scheduled runs, with late data and missed days.
    fn scheduled_runs(&self) {
        let server = self.env.server();
        for key in server.list(PROCESSED, "") {
            server.remove(PROCESSED, &key);
        }
        for later in 0..3 {
            self.scheduled_run(PROCESSOR, later).expect_exit(0);
            self.scheduled_run(REPORTER, later).expect_exit(0);
            let late =
                raw::bike_counts(raw::DAY).replace("\"sum_counts\":43", &format!("\"sum_counts\":{}", 60 + later));
            server.put(RAW, "api/bikes/dt=2025-11-10/hour=01/bikes.json", late);
        }
        self.processor(&["status"]).expect_exit(0);
    }
}
