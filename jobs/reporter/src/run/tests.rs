use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use runtime::day::{DayChoice, Origin};
use runtime::store::{Condition, LocalStore, Object, Store, StoreError, Version};

use super::*;
use crate::lang::Lang;
use crate::sample::Day;

/// Metrics and reports in memory, and a job between them.
struct City {
    metrics: MemoryStore,
    reports: MemoryStore,
    job: Job,
}

fn city() -> City {
    let (metrics, reports) = (MemoryStore::with_name("metrics"), MemoryStore::with_name("reports"));
    let job = Job {
        metrics: Arc::new(metrics.clone()),
        reports: Arc::new(reports.clone()),
        force: false,
        dry_run: false,
        lang: Lang::Fr,
        tz: chrono_tz::Tz::Europe__Paris,
        started: "2025-11-04T00:30:00Z".parse().unwrap(),
        version: "0.1.0",
    };
    City { metrics, reports, job }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn own(days: &[&str]) -> Vec<Planned> {
    days.iter().map(|day| Planned { day: date(day), again: false }).collect()
}

/// A run whose trace is not looked for.
fn known() -> Search {
    Search::new(None, false, "2025-11-04T00:30:00Z".parse().unwrap())
}

const NO_WAIT: Waiting = Waiting { most: Duration::ZERO, pause: Duration::ZERO };

impl City {
    async fn run(&self, planned: Vec<Planned>) -> Result<(), Failure> {
        each(&self.job, planned, NO_WAIT, known(), Notice::new(true), &Progress::silent()).await.map(drop)
    }

    fn report(&self) -> serde_json::Value {
        serde_json::from_slice(&self.reports.bytes("daily_report_2025-11-03.json").unwrap()).unwrap()
    }
}

#[tokio::test]
async fn the_first_run_writes_three_files_and_the_second_none() {
    let city = city();
    Day::full().publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(
        city.reports.keys(),
        ["daily_report_2025-11-03.csv", "daily_report_2025-11-03.json", "daily_summary_2025-11-03.json"]
    );
    assert_eq!(city.report()["generated_at"], "2025-11-04T01:30:00+01:00");
    let writes = city.reports.writes();
    assert!(matches!(city.job.day(own(&[Day::DATE])[0], Duration::ZERO).await, Ok(Outcome::UpToDate { edition: 1 })));
    assert_eq!(city.reports.writes(), writes);
}

#[tokio::test]
async fn force_writes_the_same_bytes_again() {
    let mut city = city();
    Day::full().publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    let before: Vec<_> = city.reports.keys().iter().map(|key| city.reports.bytes(key)).collect();
    let writes = city.reports.writes();
    city.job.force = true;
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(city.reports.writes(), writes + 3);
    assert_eq!(before, city.reports.keys().iter().map(|key| city.reports.bytes(key)).collect::<Vec<_>>());
}

#[tokio::test]
async fn new_metrics_make_the_next_edition() {
    let city = city();
    Day::full().publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    Day::full().counting(2_000_000.0).publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(city.report()["edition"], 2);
    assert_eq!(city.report()["changements"][0]["apres"], 2_000_000);
    let summary = city.reports.bytes("daily_summary_2025-11-03.json").unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&summary).unwrap()["edition"], 2);
}

#[tokio::test]
async fn a_document_that_turns_up_later_completes_the_report() {
    let city = city();
    let day = Day::full();
    day.publish_to(&city.metrics);
    let weather = day.manifest().documents[3].key.clone().unwrap();
    let body = city.metrics.bytes(&weather).unwrap();
    city.metrics.insert(weather.clone(), "cut sh");
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(city.report()["sources"]["weather"]["statut"], "erreur");
    assert_eq!(city.report()["meteo_impact"], serde_json::Value::Null);
    // Still broken: the same edition once more, not one edition each night.
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(city.report()["edition"], 1);
    city.metrics.insert(weather, body);
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!((&city.report()["sources"]["weather"]["statut"], &city.report()["edition"]), (&"ok".into(), &2.into()));
}

#[tokio::test]
async fn another_language_replaces_the_sentences() {
    let mut city = city();
    Day::full().publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    city.job.lang = Lang::En;
    city.run(own(&[Day::DATE])).await.unwrap();
    let report = city.report();
    assert_eq!((&report["langue"], &report["edition"]), (&"en".into(), &1.into()));
    assert!(report["summary"]["faits_marquants"][0]["phrase"].as_str().unwrap().contains("more than usual"));
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let mut city = city();
    city.job.dry_run = true;
    Day::full().publish_to(&city.metrics);
    assert!(matches!(
        city.job.day(own(&[Day::DATE])[0], Duration::ZERO).await,
        Ok(Outcome::Made { written: false, .. })
    ));
    assert_eq!(city.reports.writes(), 0);
}

#[tokio::test]
async fn metrics_that_are_not_there_yet_are_75() {
    let city = city();
    let failure = city.run(own(&[Day::DATE])).await.unwrap_err();
    assert_eq!(failure.code, Code::Later);
    assert_eq!(failure.key, "memory://metrics/manifest_2025-11-03.json");
}

#[tokio::test]
async fn metrics_that_come_in_time_are_waited_for() {
    let city = city();
    let metrics = city.metrics.clone();
    let processor = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(40)).await;
        Day::full().publish_to(&metrics);
    });
    let waiting = Waiting { most: Duration::from_secs(20), pause: Duration::from_millis(5) };
    each(&city.job, own(&[Day::DATE]), waiting, known(), Notice::new(true), &Progress::silent()).await.unwrap();
    processor.await.unwrap();
    assert_eq!(city.report()["edition"], 1);
    let waiting = Waiting { most: Duration::from_millis(20), pause: Duration::from_millis(5) };
    let failure = each(&city.job, own(&["2025-11-09"]), waiting, known(), Notice::new(true), &Progress::silent())
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::Later);
}

#[tokio::test]
async fn a_day_that_fails_does_not_stop_the_others() {
    let city = city();
    Day::full().publish_to(&city.metrics);
    city.metrics.insert("manifest_2025-11-02.json", "{");
    let failure = city.run(own(&["2025-11-01", "2025-11-02", Day::DATE])).await.unwrap_err();
    assert_eq!(failure.code, Code::Data);
    assert!(
        failure.what.starts_with("2 of 3 days failed; the worst is 2025-11-02: the manifest cannot be read"),
        "{failure}"
    );
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn an_earlier_day_is_looked_at_again_without_waiting_for_it() {
    let city = city();
    Day::full().publish_to(&city.metrics);
    let again = |day: &str| Planned { day: date(day), again: true };
    city.run(vec![again("2025-11-01"), again("2025-11-02"), own(&[Day::DATE])[0]]).await.unwrap();
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn an_earlier_day_is_made_again_for_other_figures_and_not_for_another_version_or_language() {
    let mut city = city();
    let again = vec![Planned { day: date(Day::DATE), again: true }];
    Day::full().publish_to(&city.metrics);
    city.run(own(&[Day::DATE])).await.unwrap();
    let writes = city.reports.writes();
    (city.job.version, city.job.lang) = ("0.2.0", Lang::En);
    city.run(again.clone()).await.unwrap();
    assert_eq!(city.reports.writes(), writes);
    Day::full().counting(2_000_000.0).publish_to(&city.metrics);
    city.run(again).await.unwrap();
    assert_eq!(city.report()["edition"], 2);
    (city.job.version, city.job.lang) = ("0.3.0", Lang::En);
    city.run(own(&[Day::DATE])).await.unwrap();
    assert_eq!(city.report()["cityflow_version"], "0.3.0", "its own day it makes again");
}

#[tokio::test]
async fn all_is_every_day_with_a_manifest_in_order() {
    let city = city();
    let task = |days| ReportTask {
        choice: DayChoice { days, origin: Origin::Argument },
        lookback: 2,
        wait: Duration::ZERO,
        force: false,
        dry_run: false,
        lang: Lang::Fr,
    };
    let metrics: SharedStore = Arc::new(city.metrics.clone());
    assert_eq!(plan(&task(Days::All), &metrics).await.unwrap_err().code, Code::NoInput);
    for key in
        ["manifest_2025-11-03.json", "manifest_2025-11-01.json", "manifest_x.json", "comptages_metrics_2025-11-02.json"]
    {
        city.metrics.insert(key, "{}");
    }
    assert_eq!(plan(&task(Days::All), &metrics).await.unwrap(), own(&["2025-11-01", "2025-11-03"]));
    let one = plan(&task(Days::One(date(Day::DATE))), &metrics).await.unwrap();
    let days: Vec<_> = one.iter().map(|next| (next.day.to_string(), next.again)).collect();
    assert_eq!(days, [("2025-11-01".into(), true), ("2025-11-02".into(), true), (Day::DATE.to_owned(), false)]);
}

/// A store in which another run writes its report just before ours, once.
#[derive(Debug)]
struct Rivalled {
    inside: MemoryStore,
    rival: Mutex<Option<Bytes>>,
}

#[async_trait]
impl Store for Rivalled {
    fn root(&self) -> String {
        self.inside.root()
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        self.inside.list(prefix).await
    }

    async fn head(&self, key: &str) -> Result<Object, StoreError> {
        self.inside.head(key).await
    }

    async fn get_range(&self, key: &str, range: Range<u64>, version: &Version) -> Result<Bytes, StoreError> {
        self.inside.get_range(key, range, version).await
    }

    async fn get(&self, key: &str) -> Result<(Bytes, Object), StoreError> {
        self.inside.get(key).await
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<Version, StoreError> {
        if key.starts_with("daily_report_")
            && key.ends_with(".json")
            && let Some(theirs) = self.rival.lock().unwrap().take()
        {
            self.inside.insert(key, theirs);
        }
        self.inside.put(key, body, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inside.delete(key).await
    }

    async fn stored_checksum(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.inside.stored_checksum(key).await
    }
}

async fn against_a_rival(theirs: &Day) -> City {
    let mut city = city();
    Day::full().publish_to(&city.metrics);
    let rival = Mutex::new(Some(crate::render::json::render(&theirs.report()).unwrap()));
    city.job.reports = Arc::new(Rivalled { inside: city.reports.clone(), rival });
    city.run(own(&[Day::DATE])).await.unwrap();
    city
}

#[tokio::test]
async fn a_lost_race_against_the_same_metrics_is_done() {
    let city = against_a_rival(&Day::full()).await;
    assert_eq!(city.report()["edition"], 1);
}

#[tokio::test]
async fn a_lost_race_against_older_metrics_makes_the_next_edition() {
    let city = against_a_rival(&Day::full().counting(1.0)).await;
    assert_eq!(city.report()["edition"], 2);
    assert_eq!(city.report()["changements"][0]["avant"], 1);
    assert_eq!(city.report()["metrics_digest"], Day::full().manifest().digest.as_str());
}

#[tokio::test]
async fn a_folder_does_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    Day::full().publish_to(&memory);
    for key in memory.keys() {
        let path = folder.path().join("metrics").join(&key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, memory.bytes(&key).unwrap()).unwrap();
    }
    let mut city = city();
    city.job.metrics = Arc::new(LocalStore::open(folder.path().join("metrics")).unwrap());
    city.job.reports = Arc::new(LocalStore::create(folder.path().join("reports")).unwrap());
    city.run(own(&[Day::DATE])).await.unwrap();
    city.run(own(&[Day::DATE])).await.unwrap();
    let csv = std::fs::read(folder.path().join("reports/daily_report_2025-11-03.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}Section;Valeur\r\n\r\n=== RÉSUMÉ ===\r\n".as_bytes()));
}

#[test]
fn a_wrong_command_line_is_one_line() {
    let told = crate::args::Args::read(["reporter", "--no-such-flag"]).unwrap_err();
    let failure = runtime::exit::told_by_the_parser(&crate::telemetry::JOB, &told).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert!(failure.what.starts_with("unexpected argument '--no-such-flag' found"), "{failure}");
    assert!(!failure.to_string().contains('\n'));
}
