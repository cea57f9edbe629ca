//! Everything that the jobs can do, in an account of their own, with each S3 call written down.
//!
//! Not for whether they do it right, which other tests know: here it matters only what they ask the store for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use acceptance::iam::{Grant, needs};
use acceptance::s3server::{InjectedFault, RecordedRequest};
use acceptance::{ProgramOutput, TestEnv, raw};

/// The bucket of the raw files.
pub(crate) const RAW: &str = "cityflow-raw";
/// The bucket of documents and reports.
pub(crate) const PROCESSED: &str = "cityflow-processed";
/// What `reporter check` leaves behind where it may not remove it.
pub(crate) const PROBE: &str = "reports/reporter-check-probe.tmp";

const PROCESSOR: &str = "processor";
const REPORTER: &str = "reporter";
const MANIFEST: &str = "metrics/manifest_2025-11-04.json";
const REPORT: &str = "reports/daily_report_2025-11-04.json";
/// The instants of most runs, and of one more than a week later: by then documents that no manifest names are old.
const NOW: &str = "2025-11-05T02:00:00Z";
/// The Job's name of the night of 5 November, as a CronJob gives it: minutes since the epoch.
const NIGHT: u32 = 29_371_680;

/// The two buckets on a server of their own.
pub(crate) struct Account {
    env: TestEnv,
    /// Program → what it may do, where that is enforced.
    rights: BTreeMap<&'static str, Arc<Vec<Grant>>>,
    calls: RefCell<BTreeMap<&'static str, Vec<RecordedRequest>>>,
}

impl Account {
    /// Empty buckets. A program that is named may do what its grants say, any other everything.
    pub(crate) fn new(rights: impl IntoIterator<Item = (&'static str, Vec<Grant>)>) -> Self {
        let env = TestEnv::on_test_server();
        for bucket in [RAW, PROCESSED] {
            env.server().create_bucket(bucket);
        }
        let rights = rights.into_iter().map(|(program, grants)| (program, Arc::new(grants))).collect();
        Self { env, rights, calls: RefCell::default() }
    }

    /// All calls so far, by program.
    pub(crate) fn into_calls(self) -> BTreeMap<&'static str, Vec<RecordedRequest>> {
        self.calls.into_inner()
    }

    /// Writes the raw files of the usual day.
    pub(crate) fn write_raw(&self) {
        raw::write(&self.env);
        let server = self.env.server();
        for key in server.list(self.env.bucket(), "raw/") {
            let body = server.get(self.env.bucket(), &key).unwrap();
            server.put(RAW, key.trim_start_matches("raw/"), body);
        }
    }

    /// Writes the bikes once more, with another count for one hour.
    fn change_bikes(&self, count: u32) {
        let bikes = raw::bike_counts(raw::DAY).replace("\"sum_counts\":43", &format!("\"sum_counts\":{count}"));
        self.env.server().put(RAW, raw::BIKE_COUNTS, bikes);
    }

    fn run(&self, program: &'static str, variables: &[(&str, &str)], args: &[&str]) -> ProgramOutput {
        let server = self.env.server();
        server.clear_requests();
        if let Some(grants) = self.rights.get(program).map(Arc::clone) {
            server.deny_unless(move |call| needs(call).iter().all(|need| grants.iter().any(|grant| grant.gives(need))));
        }
        let metrics = format!("{PROCESSED}/metrics");
        // As the chart writes them.
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

    /// A scheduled night, so many days after that of 5 November.
    fn night(&self, program: &'static str, later: u32) -> ProgramOutput {
        let name = format!("{program}-{}", NIGHT + 1440 * later);
        let now = format!("2025-11-{:02}T02:00:00Z", 5 + later);
        self.run(program, &[("JOB_NAME", &name), ("CITYFLOW_NOW", &now)], &[])
    }

    /// Goes through everything.
    pub(crate) fn everything(&self) {
        self.first_days();
        self.changes();
        self.troubles();
        self.many_days();
        self.nights();
    }

    /// From empty buckets to the first report.
    fn first_days(&self) {
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

    /// Runs again: as it was, with other inputs, by force, and when old documents go.
    fn changes(&self) {
        self.processor(&[raw::DAY]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(0);
        self.reporter(&["--force", raw::DAY]).expect_exit(0);
        self.reporter(&["--lang", "en", raw::DAY]).expect_exit(0);
        self.change_bikes(44);
        self.processor(&["--until-complete", raw::DAY]).expect_exit(0);
        self.reporter(&[raw::DAY]).expect_exit(0);

        // A source that has gone is kept, then dropped by force.
        let server = self.env.server();
        server.remove(RAW, raw::BIKE_COUNTS);
        self.processor(&[raw::DAY]).expect_exit(0);
        self.processor(&["--force", raw::DAY]).expect_exit(0);
        let fixed = format!("metrics/bikes_metrics_{}.json", raw::DAY);
        assert!(server.get(PROCESSED, &fixed).is_none(), "a fixed name was removed");
        self.reporter(&[raw::DAY]).expect_exit(0);

        // No store lets a test date its objects, so the clock of the run goes on.
        let objects = || server.list(PROCESSED, "metrics/objets/").len();
        let before = objects();
        let later = (chrono::Utc::now() + chrono::Days::new(8)).to_rfc3339();
        self.run(PROCESSOR, &[("CITYFLOW_NOW", &later)], &[raw::DAY]).expect_exit(0);
        assert!(objects() < before, "old documents were removed");
    }

    /// What goes wrong on the way.
    fn troubles(&self) {
        let server = self.env.server();
        let processed = |key: &str| format!("{PROCESSED}/{key}");
        // Answers that are lost, and writes that break off: a document is one PUT, so that nothing half done is left to be taken back.
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
        // Another writer of the manifest, and of the report.
        let mut other: serde_json::Value = serde_json::from_slice(&server.get(PROCESSED, MANIFEST).unwrap()).unwrap();
        other["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
        self.change_bikes(46);
        server.inject("PUT", &processed(MANIFEST), 1, InjectedFault::ReplaceBefore(other.to_string().into()));
        self.processor(&[raw::DAY]).expect_exit(0);
        server.inject("PUT", &processed(REPORT), 1, InjectedFault::ReplaceBefore("{}".into()));
        self.reporter(&[raw::DAY]).expect_exit(0);
        // Inputs that are replaced or damaged while they are read.
        let counts = raw::road_counts(raw::DAY).replace(";110.0;", ";111.0;");
        server.inject("GET", &format!("{RAW}/{}", raw::ROAD_COUNTS), 1, InjectedFault::ReplaceBefore(counts.into()));
        self.processor(&[raw::DAY]).expect_exit(0);
        server.inject("GET", &format!("{RAW}/{}", raw::ROAD_COUNTS), 1, InjectedFault::TruncateBody(100));
        self.processor(&[raw::DAY]).expect_exit(0);
        // A document that is not there any more: the report does without, the processor writes it again.
        let gone = server.list(PROCESSED, &format!("metrics/objets/{}/weather-", raw::DAY));
        gone.iter().for_each(|key| server.remove(PROCESSED, key));
        self.reporter(&["--force", raw::DAY]).expect_exit(0);
        self.processor(&[raw::DAY]).expect_exit(0);
        // In small pieces, as a large file is read.
        self.run(PROCESSOR, &[("CITYFLOW_CHUNK", "4096")], &["--force", raw::DAY]).expect_exit(0);
    }

    /// More days than one.
    fn many_days(&self) {
        self.processor(&["2025-11-03..2025-11-04"]).expect_exit(0);
        self.processor(&["all"]).expect_exit(0);
        // From so many days on, snapshots are listed by source and no longer by day.
        self.processor(&["2025-09-15..2025-11-04"]).expect_exit(0);
        self.run(PROCESSOR, &[("JOB_NAME", "process-2025-11-03-again")], &[]).expect_exit(0);
        self.reporter(&["2025-11-03..2025-11-04"]).expect_exit(0);
        self.reporter(&["all", "--force"]).expect_exit(0);
        self.run(REPORTER, &[("JOB_NAME", "report-2025-11-03-again")], &[]).expect_exit(0);
    }

    /// Scheduled nights, with late data and days that were missed.
    fn nights(&self) {
        let server = self.env.server();
        for key in server.list(PROCESSED, "") {
            server.remove(PROCESSED, &key);
        }
        for later in 0..3 {
            self.night(PROCESSOR, later).expect_exit(0);
            self.night(REPORTER, later).expect_exit(0);
            let late =
                raw::bike_counts(raw::DAY).replace("\"sum_counts\":43", &format!("\"sum_counts\":{}", 60 + later));
            server.put(RAW, "api/bikes/dt=2025-11-10/hour=01/bikes.json", late);
        }
        self.processor(&["status"]).expect_exit(0);
    }
}
