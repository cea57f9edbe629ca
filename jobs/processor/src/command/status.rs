//! `processor status`: the last days at a glance.

use chrono::{DateTime, Duration, Utc};
use contract::document::manifest::Manifest;
use contract::{NaiveDate, keys};
use runtime::failure::Failure;
use runtime::lang::Lang;
use runtime::location::Access;
use runtime::store::{SharedStore, StoreError};

use crate::config::Config;
use crate::pipeline::terminal::line;

/// Prints the table, newest day first.
pub(crate) async fn print(config: &Config, now: DateTime<Utc>, last: u32) -> Result<(), Failure> {
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Read).await?;
    let reports = config.out.join(keys::REPORTS).open(config.path_style, Access::Read).await.ok();
    let lang = config.lang;
    let [day, status, completeness, report] =
        lang.pick(["jour", "statut", "complétude", "rapport"], ["day", "status", "completeness", "report"]);
    line(&format!(
        "{day:<10}  {:<10}  {status:<10}  {completeness:>12}  {report:<7}  {:>9}",
        "documents",
        lang.pick("âge", "age")
    ));
    let today = now.with_timezone(&config.city.tz).date_naive();
    for back in 1..=i64::from(last) {
        let day = today - Duration::days(back);
        line(&row(&metrics, reports.as_ref(), day, now, lang).await?);
    }
    Ok(())
}

async fn row(
    metrics: &SharedStore,
    reports: Option<&SharedStore>,
    day: NaiveDate,
    now: DateTime<Utc>,
    lang: Lang,
) -> Result<String, Failure> {
    let report = match reports {
        Some(store) => found(store, &keys::report(day, "json")).await?,
        None => false,
    };
    let report = if report { lang.pick("oui", "yes") } else { lang.pick("non", "no") };
    let manifest: Option<Result<Manifest, _>> = match metrics.get(&keys::manifest(day)).await {
        Ok((bytes, _)) => Some(serde_json::from_slice(&bytes)),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.failure()),
    };
    Ok(match manifest {
        None => format!("{day}  {:<10}  {:<10}  {:>12}  {report:<7}  {:>9}", "-", "-", "-", "-"),
        Some(Err(_)) => format!(
            "{day}  {:<10}  {:<10}  {:>12}  {report:<7}  {:>9}",
            lang.pick("illisible", "unreadable"),
            "-",
            "-",
            "-"
        ),
        Some(Ok(manifest)) => {
            let usable = manifest.documents.iter().filter(|entry| entry.status.has_document()).count();
            let documents = format!("{usable}/{}", manifest.documents.len());
            let status = manifest.day_status.name();
            let completeness =
                manifest.completeness.map_or_else(|| "-".to_owned(), |percent| format!("{:.2} %", percent.rounded()));
            let age = age(now - manifest.generated_at.instant(), lang);
            format!("{day}  {documents:<10}  {status:<10}  {completeness:>12}  {report:<7}  {age:>9}")
        }
    })
}

async fn found(store: &SharedStore, key: &str) -> Result<bool, Failure> {
    match store.head(key).await {
        Ok(_) => Ok(true),
        Err(StoreError::NotFound { .. } | StoreError::NoSuchRoot { .. }) => Ok(false),
        Err(error) => Err(error.failure()),
    }
}

fn age(since: Duration, lang: Lang) -> String {
    match (since.num_days(), since.num_hours(), since.num_minutes()) {
        (0, 0, minutes) => format!("{} min", minutes.max(0)),
        (0, hours, _) => format!("{hours} h"),
        (days, ..) => format!("{days} {}", lang.pick("j", "d")),
    }
}
