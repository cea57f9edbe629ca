use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use runtime::day::{DayChoice, DayOrigin};
use runtime::lang::Lang;
use runtime::store::{Condition, LocalStore, Object, Store, StoreError, Version};

use super::*;
use crate::sample::SampleDay;

/// Metrics and reports in memory, and the engine between them.
struct City {
    metrics: MemoryStore,
    reports: MemoryStore,
    engine: Engine,
}

fn city() -> City {
    let (metrics, reports) = (MemoryStore::with_name("metrics"), MemoryStore::with_name("reports"));
    let engine = Engine {
        metrics: Arc::new(metrics.clone()),
        reports: Arc::new(reports.clone()),
        force: false,
        dry_run: false,
        city: "Paris".to_owned(),
        lang: Lang::Fr,
        tz: contract::Tz::PARIS,
        started: "2025-11-04T00:30:00Z".parse().unwrap(),
        version: "0.1.0",
    };
    City { metrics, reports, engine }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn requested(days: &[&str]) -> Vec<PlannedDay> {
    days.iter().map(|day| PlannedDay { day: date(day), recheck: false }).collect()
}

/// A run that does not search for its trace.
fn no_search() -> TraceSearch {
    TraceSearch::new(None, false, "2025-11-04T00:30:00Z".parse().unwrap())
}

const NO_WAIT: WaitPolicy = WaitPolicy { limit: Duration::ZERO, first_pause: Duration::ZERO };

impl City {
    async fn run(&self, planned: Vec<PlannedDay>) -> Result<(), Failure> {
        run_days(&self.engine, planned, NO_WAIT, no_search(), Terminal::new(true, Lang::Fr), &Progress::silent())
            .await
            .map(drop)
    }

    fn report(&self) -> serde_json::Value {
        serde_json::from_slice(&self.reports.bytes("daily_report_2025-11-03.json").unwrap()).unwrap()
    }
}

#[tokio::test]
async fn first_run_writes_report_and_tables_and_second_run_nothing() {
    let city = city();
    SampleDay::full().publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    let keys = city.reports.keys();
    let (tables, forms): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.starts_with("tables/2025-11-03/"));
    assert_eq!(forms, ["daily_report_2025-11-03.csv", "daily_report_2025-11-03.json", "daily_summary_2025-11-03.json"]);
    assert_eq!(tables.len(), 16);
    assert_eq!(city.report()["generated_at"], "2025-11-04T01:30:00+01:00");
    let writes = city.reports.writes();
    assert!(matches!(
        city.engine.run_day(requested(&[SampleDay::DATE])[0], Duration::ZERO).await,
        Ok(DayOutcome::UpToDate { edition: 1 })
    ));
    assert_eq!(city.reports.writes(), writes);
}

#[tokio::test]
async fn force_writes_the_same_bytes_again() {
    let mut city = city();
    SampleDay::full().publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    let before: Vec<_> = city.reports.keys().iter().map(|key| city.reports.bytes(key)).collect();
    let writes = city.reports.writes();
    city.engine.force = true;
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!(city.reports.writes(), writes + 19);
    assert_eq!(before, city.reports.keys().iter().map(|key| city.reports.bytes(key)).collect::<Vec<_>>());
}

#[tokio::test]
async fn new_metrics_make_the_next_edition() {
    let city = city();
    SampleDay::full().publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    SampleDay::full().with_vehicles(2_000_000.0).publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!(city.report()["edition"], 2);
    assert_eq!(city.report()["changements"][0]["apres"], 2_000_000);
    let summary = city.reports.bytes("daily_summary_2025-11-03.json").unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&summary).unwrap()["edition"], 2);
}

#[tokio::test]
async fn document_that_becomes_readable_completes_the_report() {
    let city = city();
    let day = SampleDay::full();
    day.publish_to(&city.metrics);
    let weather = day.manifest().documents[3].key.clone().unwrap();
    let body = city.metrics.bytes(&weather).unwrap();
    city.metrics.insert(weather.clone(), "cut sh");
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!(city.report()["sources"]["weather"]["statut"], "erreur");
    assert_eq!(city.report()["meteo_impact"], serde_json::Value::Null);
    // Still invalid: the same edition again, not a new edition each night.
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!(city.report()["edition"], 1);
    city.metrics.insert(weather, body);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!((&city.report()["sources"]["weather"]["statut"], &city.report()["edition"]), (&"ok".into(), &2.into()));
}

#[tokio::test]
async fn each_language_has_dedicated_files() {
    let mut city = city();
    SampleDay::full().publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    let french: Vec<_> = city.reports.keys().into_iter().map(|key| (city.reports.bytes(&key), key)).collect();
    city.engine.lang = Lang::En;
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    for (bytes, key) in french {
        assert_eq!(city.reports.bytes(&key), bytes, "{key}");
    }
    let english: serde_json::Value =
        serde_json::from_slice(&city.reports.bytes("daily_report_2025-11-03.en.json").unwrap()).unwrap();
    assert_eq!((&english["langue"], &english["edition"]), (&"en".into(), &1.into()));
    assert!(english["summary"]["faits_marquants"][0]["phrase"].as_str().unwrap().contains("more than usual"));
    let csv = city.reports.bytes("daily_report_2025-11-03.en.csv").unwrap();
    assert!(csv.starts_with("\u{feff}Section,Value\r\nCity,Paris\r\n".as_bytes()));
    assert!(city.reports.bytes("daily_summary_2025-11-03.en.json").is_some());
}

#[tokio::test]
async fn dry_run_writes_nothing() {
    let mut city = city();
    city.engine.dry_run = true;
    SampleDay::full().publish_to(&city.metrics);
    assert!(matches!(
        city.engine.run_day(requested(&[SampleDay::DATE])[0], Duration::ZERO).await,
        Ok(DayOutcome::Made { written: false, .. })
    ));
    assert_eq!(city.reports.writes(), 0);
}

#[tokio::test]
async fn missing_metrics_exit_with_75() {
    let city = city();
    let failure = city.run(requested(&[SampleDay::DATE])).await.unwrap_err();
    assert_eq!(failure.code, Code::Later);
    assert_eq!(failure.key, "memory://metrics/manifest_2025-11-03.json");
}

#[tokio::test]
async fn run_waits_for_metrics_until_its_limit() {
    let city = city();
    let metrics = city.metrics.clone();
    let processor = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(40)).await;
        SampleDay::full().publish_to(&metrics);
    });
    let wait = WaitPolicy { limit: Duration::from_secs(20), first_pause: Duration::from_millis(5) };
    run_days(
        &city.engine,
        requested(&[SampleDay::DATE]),
        wait,
        no_search(),
        Terminal::new(true, Lang::Fr),
        &Progress::silent(),
    )
    .await
    .unwrap();
    processor.await.unwrap();
    assert_eq!(city.report()["edition"], 1);
    let wait = WaitPolicy { limit: Duration::from_millis(20), first_pause: Duration::from_millis(5) };
    let failure = run_days(
        &city.engine,
        requested(&["2025-11-09"]),
        wait,
        no_search(),
        Terminal::new(true, Lang::Fr),
        &Progress::silent(),
    )
    .await
    .unwrap_err();
    assert_eq!(failure.code, Code::Later);
}

#[tokio::test]
async fn failed_day_does_not_stop_the_others() {
    let city = city();
    SampleDay::full().publish_to(&city.metrics);
    city.metrics.insert("manifest_2025-11-02.json", "{");
    let failure = city.run(requested(&["2025-11-01", "2025-11-02", SampleDay::DATE])).await.unwrap_err();
    assert_eq!(failure.code, Code::Data);
    assert!(
        failure.what.starts_with("2 of 3 days failed; the most severe is 2025-11-02: the manifest is not valid"),
        "{failure}"
    );
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn recheck_does_not_wait_for_metrics() {
    let city = city();
    SampleDay::full().publish_to(&city.metrics);
    let recheck = |day: &str| PlannedDay { day: date(day), recheck: true };
    city.run(vec![recheck("2025-11-01"), recheck("2025-11-02"), requested(&[SampleDay::DATE])[0]]).await.unwrap();
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn recheck_rewrites_a_report_for_new_figures_but_not_for_a_new_version() {
    let mut city = city();
    let recheck = vec![PlannedDay { day: date(SampleDay::DATE), recheck: true }];
    SampleDay::full().publish_to(&city.metrics);
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    let writes = city.reports.writes();
    city.engine.version = "0.2.0";
    city.run(recheck.clone()).await.unwrap();
    assert_eq!(city.reports.writes(), writes);
    SampleDay::full().with_vehicles(2_000_000.0).publish_to(&city.metrics);
    city.run(recheck).await.unwrap();
    assert_eq!(city.report()["edition"], 2);
    city.engine.version = "0.3.0";
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    assert_eq!(city.report()["cityflow_version"], "0.3.0", "a requested day is made again");
}

#[tokio::test]
async fn all_means_every_day_with_a_manifest_in_order() {
    let city = city();
    let task = |days| ReportTask {
        choice: DayChoice { days, origin: DayOrigin::Argument },
        lookback: 2,
        wait: Duration::ZERO,
        force: false,
        dry_run: false,
    };
    let metrics: SharedStore = Arc::new(city.metrics.clone());
    assert_eq!(plan(&task(Days::All), &metrics).await.unwrap_err().code, Code::NoInput);
    for key in
        ["manifest_2025-11-03.json", "manifest_2025-11-01.json", "manifest_x.json", "comptages_metrics_2025-11-02.json"]
    {
        city.metrics.insert(key, "{}");
    }
    assert_eq!(plan(&task(Days::All), &metrics).await.unwrap(), requested(&["2025-11-01", "2025-11-03"]));
    let one = plan(&task(Days::One(date(SampleDay::DATE))), &metrics).await.unwrap();
    let days: Vec<_> = one.iter().map(|next| (next.day.to_string(), next.recheck)).collect();
    assert_eq!(days, [("2025-11-01".into(), true), ("2025-11-02".into(), true), (SampleDay::DATE.to_owned(), false)]);
}

/// A store in which another run writes its report once, just before this run.
#[derive(Debug)]
struct ContendedStore {
    inner: MemoryStore,
    other_report: Mutex<Option<Bytes>>,
}

#[async_trait]
impl Store for ContendedStore {
    fn root(&self) -> String {
        self.inner.root()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        self.inner.head(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        self.inner.get_range(key, range, version).await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        if key.starts_with("daily_report_")
            && key.ends_with(".json")
            && let Some(body) = self.other_report.lock().unwrap().take()
        {
            self.inner.insert(key, body);
        }
        self.inner.put(key, body, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.inner.stored_checksum(key).await
    }
}

async fn race_against(other: &SampleDay) -> City {
    let mut city = city();
    SampleDay::full().publish_to(&city.metrics);
    let other_report = Mutex::new(Some(crate::render::json::render(&other.report()).unwrap()));
    city.engine.reports = Arc::new(ContendedStore { inner: city.reports.clone(), other_report });
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    city
}

#[tokio::test]
async fn lost_race_against_same_metrics_succeeds() {
    let city = race_against(&SampleDay::full()).await;
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn lost_race_against_older_metrics_makes_the_next_edition() {
    let city = race_against(&SampleDay::full().with_vehicles(1.0)).await;
    assert_eq!(city.report()["edition"], 2);
    assert_eq!(city.report()["changements"][0]["avant"], 1);
    assert_eq!(city.report()["metrics_digest"], SampleDay::full().manifest().digest.as_str());
}

#[tokio::test]
async fn local_folders_work_as_stores() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    SampleDay::full().publish_to(&memory);
    for key in memory.keys() {
        let path = folder.path().join("metrics").join(&key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, memory.bytes(&key).unwrap()).unwrap();
    }
    let mut city = city();
    city.engine.metrics = Arc::new(LocalStore::open(folder.path().join("metrics")).unwrap());
    city.engine.reports = Arc::new(LocalStore::create(folder.path().join("reports")).unwrap());
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    city.run(requested(&[SampleDay::DATE])).await.unwrap();
    let csv = std::fs::read(folder.path().join("reports/daily_report_2025-11-03.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}Section;Valeur\r\nVille;Paris\r\n".as_bytes()));
}

#[test]
fn wrong_command_line_fails_with_one_line() {
    let told = <crate::args::Args as clap::Parser>::try_parse_from(["reporter", "--no-such-flag"]).unwrap_err();
    let failure = runtime::exit::from_clap(&crate::telemetry::JOB, &told).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert!(failure.what.starts_with("unexpected argument '--no-such-flag' found"), "{failure}");
    assert!(!failure.to_string().contains('\n'));
}
