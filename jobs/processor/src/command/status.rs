//! `processor status`: the last days at a glance.

use chrono::{DateTime, Duration, Utc};
use contract::document::manifest::{EntryStatus, Manifest};
use contract::{NaiveDate, keys};
use runtime::failure::Failure;
use runtime::location::Access;
use runtime::store::{SharedStore, StoreError};

use crate::config::Config;
use crate::pipeline::terminal::line;

/// Prints the table, newest day first.
pub(crate) async fn print(config: &Config, now: DateTime<Utc>, last: u32) -> Result<(), Failure> {
    let metrics = config.out.join(keys::METRICS).open(config.path_style, Access::Read).await?;
    let reports = config.out.join(keys::REPORTS).open(config.path_style, Access::Read).await.ok();
    line(&format!(
        "{:<10}  {:<9}  {:<10}  {:>12}  {:<6}  {:>9}",
        "day", "documents", "status", "completeness", "report", "age"
    ));
    let today = now.with_timezone(&config.city.tz).date_naive();
    for back in 1..=i64::from(last) {
        let day = today - Duration::days(back);
        line(&row(&metrics, reports.as_ref(), day, now).await?);
    }
    Ok(())
}

async fn row(
    metrics: &SharedStore,
    reports: Option<&SharedStore>,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<String, Failure> {
    let report = match reports {
        Some(store) => found(store, &keys::report(day, "json")).await?,
        None => false,
    };
    let report = if report { "yes" } else { "no" };
    let manifest: Option<Result<Manifest, _>> = match metrics.get(&keys::manifest(day)).await {
        Ok((bytes, _)) => Some(serde_json::from_slice(&bytes)),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.failure()),
    };
    Ok(match manifest {
        None => format!("{day}  {:<9}  {:<10}  {:>12}  {report:<6}  {:>9}", "-", "-", "-", "-"),
        Some(Err(_)) => format!("{day}  {:<9}  {:<10}  {:>12}  {report:<6}  {:>9}", "unreadable", "-", "-", "-"),
        Some(Ok(manifest)) => {
            let good = |entry: &&contract::document::manifest::ManifestEntry| {
                matches!(entry.status, EntryStatus::Ok | EntryStatus::Retained)
            };
            let documents = format!("{}/{}", manifest.documents.iter().filter(good).count(), manifest.documents.len());
            let status = manifest.day_status.name();
            let completeness =
                manifest.completeness.map_or_else(|| "-".to_owned(), |percent| format!("{:.2} %", percent.rounded()));
            let age = age(now - manifest.generated_at.instant());
            format!("{day}  {documents:<9}  {status:<10}  {completeness:>12}  {report:<6}  {age:>9}")
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

fn age(since: Duration) -> String {
    match (since.num_days(), since.num_hours(), since.num_minutes()) {
        (0, 0, minutes) => format!("{} min", minutes.max(0)),
        (0, hours, _) => format!("{hours} h"),
        (days, ..) => format!("{days} d"),
    }
}
