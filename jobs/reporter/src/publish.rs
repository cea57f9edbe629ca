//! The report into the store: CSV, summary, and last the JSON, by whose presence a report counts as made.
//!
//! The JSON is written only over the edition that was read, or where there was none, so that of two runs at once the one with the older
//! metrics cannot have the last word.

use bytes::Bytes;
use chrono::NaiveDate;
use contract::keys;
use contract::report::DailyReport;
use runtime::failure::{Code, Failure};
use runtime::store::{Condition, Store, StoreError};
use runtime::telemetry::Span;

use crate::render;
use crate::report::{Previous, summarize};
use crate::telemetry::{PUBLISH_FILE, RENDER};

/// What is there of a day's report.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// The edition that is there, if it can be read.
    pub previous: Option<Previous>,
    /// When the next one may be written.
    pub condition: Condition,
}

/// A report in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    day: NaiveDate,
    json: Bytes,
    csv: Bytes,
    summary: Bytes,
}

/// What is there of a day's report.
///
/// # Errors
/// What the store could not do. A report that cannot be read is none: it is replaced, and counting begins again.
pub async fn present(store: &dyn Store, day: NaiveDate) -> Result<Present, StoreError> {
    let key = keys::report(day, "json");
    match store.get(&key).await {
        Ok((body, object)) => {
            let previous = serde_json::from_slice(&body)
                .inspect_err(|error| {
                    tracing::warn!(key = store.address(&key), %error, "the report that is there cannot be read and is replaced");
                })
                .ok();
            Ok(Present { previous, condition: Condition::Matches(object.version) })
        }
        Err(StoreError::NotFound { .. }) => Ok(Present { previous: None, condition: Condition::Absent }),
        Err(error) => Err(error),
    }
}

impl Files {
    /// Renders a report.
    ///
    /// # Errors
    /// [`Code::Bug`], if a report had no JSON form.
    pub fn render(report: &DailyReport) -> Result<Self, Failure> {
        let bug = |error: serde_json::Error| {
            Failure::new(
                Code::Bug,
                format!("this is a bug (no JSON: {error})"),
                "",
                "Report it with this line and the command",
            )
        };
        Ok(Self {
            day: report.date,
            json: rendered("render json", || render::json::render(report)).map_err(bug)?,
            csv: rendered("render csv", || Ok(render::csv::render(report).into())).map_err(bug)?,
            summary: rendered("render summary", || render::json::render(&summarize(report))).map_err(bug)?,
        })
    }

    /// Key and size of each, in the order in which they are written.
    #[must_use]
    pub fn sizes(&self) -> Vec<(String, usize)> {
        self.by_key().map(|(key, body)| (key, body.len())).into()
    }

    /// Writes all of them, the JSON on that condition.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where another run was faster.
    pub async fn write(&self, store: &dyn Store, condition: Condition) -> Result<(), StoreError> {
        let [csv, summary, json] = self.by_key();
        for (key, body) in [csv, summary] {
            put(store, &key, body, Condition::Always).await?;
        }
        put(store, &json.0, json.1, condition).await
    }

    fn by_key(&self) -> [(String, &Bytes); 3] {
        [
            (keys::report(self.day, "csv"), &self.csv),
            (keys::summary(self.day), &self.summary),
            (keys::report(self.day, "json"), &self.json),
        ]
    }
}

fn rendered<E>(name: &'static str, render: impl FnOnce() -> Result<Bytes, E>) -> Result<Bytes, E> {
    let span = Span::start_named(&RENDER, name);
    let body = span.in_scope(render)?;
    span.set_count("bytes", body.len() as u64);
    Ok(body)
}

async fn put(store: &dyn Store, key: &str, body: &Bytes, condition: Condition) -> Result<(), StoreError> {
    let span = Span::start(&PUBLISH_FILE).with("key", key.to_owned());
    span.set_count("bytes", body.len() as u64);
    span.instrument_result(store.put(key, body.clone(), condition)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use runtime::store::MemoryStore;

    use super::*;
    use crate::sample::Day;

    fn day() -> NaiveDate {
        Day::DATE.parse().unwrap()
    }

    #[tokio::test]
    async fn the_json_is_the_last_of_the_three() {
        let store = MemoryStore::new();
        let files = Files::render(&Day::full().report()).unwrap();
        store.insert(keys::report(day(), "json"), "{}");
        // Another run was faster: everything else may be there, the mark of a finished report is not ours.
        let lost = files.write(&store, Condition::Absent).await.unwrap_err();
        assert!(matches!(lost, StoreError::Changed { .. }));
        assert_eq!(store.bytes(&keys::report(day(), "json")).unwrap(), "{}");
        assert_eq!(store.keys().len(), 3);
    }

    #[tokio::test]
    async fn what_is_there_is_read_with_its_version() {
        let store = MemoryStore::new();
        assert_eq!(present(&store, day()).await.unwrap(), Present { previous: None, condition: Condition::Absent });
        let report = Day::full().report();
        Files::render(&report).unwrap().write(&store, Condition::Absent).await.unwrap();
        let Present { previous, condition } = present(&store, day()).await.unwrap();
        assert!(matches!(condition, Condition::Matches(_)));
        let previous = previous.unwrap();
        assert_eq!((previous.edition, previous.metrics_digest), (1, report.metrics_digest));
        store.insert(keys::report(day(), "json"), "not JSON");
        let Present { previous, condition } = present(&store, day()).await.unwrap();
        assert!(previous.is_none() && matches!(condition, Condition::Matches(_)));
    }
}
