//! `processor status`: days at a glance, by default the last ones.

use chrono::{DateTime, Duration, Utc};
use contract::document::DayStatus;
use contract::document::manifest::Manifest;
use contract::{NaiveDate, keys};
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::location::Access;
use runtime::store::{SharedStore, StoreError};
use runtime::terminal::Tone;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::{Config, StatusDays};
use crate::pipeline::terminal::line;

/// Prints the table, newest day first, and below it the newest day that has a manifest; with `json` one JSON object with the same.
pub(crate) async fn print(config: &Config, now: DateTime<Utc>, days: StatusDays, json: bool) -> Result<(), Failure> {
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Read).await?;
    let reports = config.out.join(keys::REPORTS).open(config.path_style, Access::Read).await.ok();
    let lang = config.lang;
    let published = published_days(&metrics).await?;
    let today = now.with_timezone(&config.city.tz).date_naive();
    let shown: Vec<NaiveDate> = match days {
        StatusDays::Last(last) => (1..=i64::from(last)).map(|back| today - Duration::days(back)).collect(),
        StatusDays::Days(days) => days.list().unwrap_or_else(|| published.clone()).into_iter().rev().collect(),
    };
    let mut rows = Vec::new();
    for day in shown {
        rows.push(DayRow::read(&metrics, reports.as_ref(), day).await?);
    }
    if json {
        let days: Vec<_> = rows.iter().map(DayRow::json).collect();
        line(&json!({ "days": days, "newest": published.last() }).to_string());
        return Ok(());
    }
    let [day, status, completeness, report] =
        lang.pick(["jour", "statut", "complétude", "rapport"], ["day", "status", "completeness", "report"]);
    line(&format!(
        "{day:<10}  {:<10}  {status:<10}  {completeness:>12}  {report:<8}  {:>9}",
        "documents",
        lang.pick("âge", "age")
    ));
    rows.iter().for_each(|row| line(&row.text(now, lang)));
    line(&match published.last() {
        Some(newest) => format!("{} {newest}", lang.pick("dernier jour publié :", "newest published day:")),
        None => lang.pick("aucun jour n'est publié", "no day is published").to_owned(),
    });
    Ok(())
}

/// The days that have a manifest, in order.
async fn published_days(metrics: &SharedStore) -> Result<Vec<NaiveDate>, Failure> {
    let objects = metrics.list(keys::MANIFEST_PREFIX).await.map_err(|error| error.failure())?;
    let mut days: Vec<_> = objects.iter().filter_map(|object| keys::manifest_day(&object.key)).collect();
    days.sort_unstable();
    Ok(days)
}

/// One day of the table.
struct DayRow {
    day: NaiveDate,
    /// `None` without a manifest, an error if it cannot be read.
    manifest: Option<Result<Manifest, serde_json::Error>>,
    report: ReportState,
}

impl DayRow {
    async fn read(metrics: &SharedStore, reports: Option<&SharedStore>, day: NaiveDate) -> Result<Self, Failure> {
        let manifest: Option<Result<Manifest, _>> = match metrics.get(&keys::manifest(day)).await {
            Ok((bytes, _)) => Some(serde_json::from_slice(&bytes)),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error.failure()),
        };
        let digest = manifest.as_ref().and_then(|manifest| Some(manifest.as_ref().ok()?.digest.as_str()));
        let report = match reports {
            Some(store) => ReportState::read(store, day, digest).await?,
            None => ReportState::Missing,
        };
        Ok(Self { day, manifest, report })
    }

    fn text(&self, now: DateTime<Utc>, lang: Lang) -> String {
        // Padded before they are coloured: a colour has no width.
        let (day, report) = (self.day, self.report.painted(lang));
        match &self.manifest {
            None => format!("{day}  {:<10}  {:<10}  {:>12}  {report}  {:>9}", "-", "-", "-", "-"),
            Some(Err(_)) => format!(
                "{day}  {}  {:<10}  {:>12}  {report}  {:>9}",
                Tone::Bad.paint(&format!("{:<10}", lang.pick("illisible", "unreadable"))),
                "-",
                "-",
                "-"
            ),
            Some(Ok(manifest)) => {
                let documents = format!("{}/{}", usable(manifest), manifest.documents.len());
                let status = match manifest.day_status {
                    DayStatus::Final => Tone::Good.paint(&format!("{:<11}", lang.pick("définitif", "final"))),
                    DayStatus::Provisional => {
                        Tone::Warning.paint(&format!("{:<11}", lang.pick("provisoire", "provisional")))
                    }
                };
                let completeness = manifest
                    .completeness
                    .map_or_else(|| "-".to_owned(), |percent| format!("{:.2} %", percent.rounded()));
                let age = age(now - manifest.generated_at.instant(), lang);
                format!("{day}  {documents:<10}  {status} {completeness:>12}  {report}  {age:>9}")
            }
        }
    }

    fn json(&self) -> Value {
        let (day, report) = (self.day, self.report.name());
        match &self.manifest {
            None => json!({ "date": day, "manifest": "missing", "report": report }),
            Some(Err(_)) => json!({ "date": day, "manifest": "unreadable", "report": report }),
            Some(Ok(manifest)) => json!({
                "date": day, "manifest": "ok", "documents": usable(manifest), "expected_documents": manifest.documents.len(),
                "status": manifest.day_status, "completeness": manifest.completeness, "generated_at": manifest.generated_at,
                "report": report,
            }),
        }
    }
}

/// Number of documents that the manifest names.
fn usable(manifest: &Manifest) -> usize {
    manifest.documents.iter().filter(|entry| entry.status.has_document()).count()
}

/// The report of a day, in any language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReportState {
    Missing,
    UpToDate,
    /// Built from other metrics than those of the manifest.
    Outdated,
}

impl ReportState {
    /// The worst of the languages that have a report; `digest` is that of the manifest.
    async fn read(store: &SharedStore, day: NaiveDate, digest: Option<&str>) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct BuiltFrom {
            metrics_digest: String,
        }
        let mut state = Self::Missing;
        for lang in [Lang::Fr, Lang::En] {
            let body = match store.get(&keys::report(day, lang.code(), "json")).await {
                Ok((body, _)) => body,
                Err(StoreError::NotFound { .. } | StoreError::NoSuchRoot { .. }) => continue,
                Err(error) => return Err(error.failure()),
            };
            let built_from = serde_json::from_slice(&body).ok().map(|BuiltFrom { metrics_digest }| metrics_digest);
            if digest.is_some_and(|digest| built_from.as_deref() != Some(digest)) {
                return Ok(Self::Outdated);
            }
            state = Self::UpToDate;
        }
        Ok(state)
    }

    /// For programs.
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::UpToDate => "up_to_date",
            Self::Outdated => "outdated",
        }
    }

    /// In its column.
    fn painted(self, lang: Lang) -> String {
        let word = format!("{:<8}", self.word(lang));
        if self == Self::Outdated { Tone::Warning.paint(&word) } else { word }
    }

    fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Missing => lang.pick("non", "no"),
            Self::UpToDate => lang.pick("oui", "yes"),
            Self::Outdated => lang.pick("périmé", "outdated"),
        }
    }
}

fn age(since: Duration, lang: Lang) -> String {
    match (since.num_days(), since.num_hours(), since.num_minutes()) {
        (0, 0, minutes) => format!("{} min", minutes.max(0)),
        (0, hours, _) => format!("{hours} h"),
        (days, ..) => format!("{days} {}", lang.pick("j", "d")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use runtime::store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn report_built_from_other_metrics_is_outdated_in_either_language() {
        let memory = MemoryStore::new();
        let store: SharedStore = Arc::new(memory.clone());
        let day = "2025-11-03".parse().unwrap();
        assert_eq!(ReportState::read(&store, day, Some("a")).await.unwrap(), ReportState::Missing);
        memory.insert(keys::report(day, "en", "json"), r#"{"metrics_digest":"a"}"#);
        assert_eq!(ReportState::read(&store, day, Some("a")).await.unwrap(), ReportState::UpToDate);
        assert_eq!(ReportState::read(&store, day, None).await.unwrap(), ReportState::UpToDate);
        memory.insert(keys::report(day, "fr", "json"), r#"{"metrics_digest":"b"}"#);
        assert_eq!(ReportState::read(&store, day, Some("a")).await.unwrap(), ReportState::Outdated);
        memory.insert(keys::report(day, "fr", "json"), "{");
        assert_eq!(ReportState::read(&store, day, Some("a")).await.unwrap(), ReportState::Outdated);
    }
}
