//! Reads the edition of a report that the store holds, and writes the next one: tables, CSV, summary, and last the JSON.
//!
//! The JSON marks a report as complete. It is written only over the edition that was read, or if there was none: when two runs
//! overlap, the one with the older metrics cannot replace the newer report, and a run that loses makes all files again. Not for rendering, which [`render`] does without I/O.

use bytes::Bytes;
use chrono::NaiveDate;
use contract::keys;
use contract::report::DailyReport;
use futures::future::try_join_all;
use runtime::failure::{Code, Failure};
use runtime::lang::Lang;
use runtime::store::{Condition, Store, StoreError};
use runtime::telemetry::Span;

use crate::render;
use crate::render::tables::table::Table;
use crate::report::edition::PreviousEdition;
use crate::report::summarize;
use crate::telemetry::{PUBLISH_FILE, RENDER};

/// The report of a day and language in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct ExistingReport {
    /// `None` if there is no report, or it is not valid.
    pub previous: Option<PreviousEdition>,
    /// Condition for the write of the next edition.
    pub condition: Condition,
}

impl ExistingReport {
    /// Reads the report of a day in a language. An invalid one is replaced, and its editions count from 1 again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read(store: &dyn Store, day: NaiveDate, lang: Lang) -> Result<Self, StoreError> {
        let key = keys::report(day, lang.code(), "json");
        match store.get(&key).await {
            Ok((body, object)) => {
                let previous = serde_json::from_slice(&body)
                    .inspect_err(|error| {
                        tracing::warn!(key = store.address(&key), %error, "the existing report is not valid and is replaced");
                    })
                    .ok();
                Ok(Self { previous, condition: Condition::Matches(object.version) })
            }
            Err(StoreError::NotFound { .. }) => Ok(Self { previous: None, condition: Condition::Absent }),
            Err(error) => Err(error),
        }
    }
}

/// A report in all its forms, and the tables of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedReport {
    day: NaiveDate,
    language: String,
    json: Bytes,
    csv: Bytes,
    summary: Bytes,
    /// By key.
    tables: Vec<(String, Bytes)>,
}

impl RenderedReport {
    /// Renders every form.
    ///
    /// # Errors
    /// [`Code::Bug`]: a form cannot hold the report.
    pub fn new(report: &DailyReport, tables: &[Table]) -> Result<Self, Failure> {
        Ok(Self {
            day: report.date,
            language: report.language.clone(),
            json: render_form("render json", || render::json::render(report))?,
            csv: render_form("render csv", || render::csv::render(report))?,
            summary: render_form("render summary", || render::json::render(&summarize(report)))?,
            tables: render_tables(report.date, tables)?,
        })
    }

    /// Key and size of each file, in the order in which they are written.
    #[must_use]
    pub fn sizes(&self) -> Vec<(String, usize)> {
        let tables = self.tables.iter().map(|(key, body)| (key.clone(), body.len()));
        tables.chain(self.by_key().map(|(key, body)| (key, body.len()))).collect()
    }

    /// Writes all files, the JSON on `condition`.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if another run has written the JSON in the meantime.
    pub async fn write(&self, store: &dyn Store, condition: Condition) -> Result<(), StoreError> {
        // One span for all tables: a run of several days would exceed the bound of its spans.
        let span = Span::start(&PUBLISH_FILE).with("key", format!("{}{}/", keys::TABLES, self.day));
        span.set_count("bytes", self.tables.iter().map(|(_, body)| body.len() as u64).sum());
        let puts = self.tables.iter().map(|(key, body)| store.put(key, body.clone(), Condition::Always));
        span.instrument_result(try_join_all(puts)).await?;
        let [csv, summary, json] = self.by_key();
        for (key, body) in [csv, summary] {
            put(store, &key, body, Condition::Always).await?;
        }
        put(store, &json.0, json.1, condition).await
    }

    fn by_key(&self) -> [(String, &Bytes); 3] {
        [
            (keys::report(self.day, &self.language, "csv"), &self.csv),
            (keys::summary(self.day, &self.language), &self.summary),
            (keys::report(self.day, &self.language, "json"), &self.json),
        ]
    }
}

/// Each table as CSV and as Parquet.
fn render_tables(day: NaiveDate, tables: &[Table]) -> Result<Vec<(String, Bytes)>, Failure> {
    let span = Span::start_named(&RENDER, "render tables");
    let rendered = span.in_scope(|| {
        let mut rendered = Vec::new();
        for table in tables {
            rendered.push((keys::table(day, table.name, "csv"), render::tables::csv::render(table)));
            let parquet = render::tables::parquet::render(table).map_err(|error| bug("render tables", &error))?;
            rendered.push((keys::table(day, table.name, "parquet"), parquet));
        }
        Ok::<_, Failure>(rendered)
    })?;
    span.set_count("bytes", rendered.iter().map(|(_, body)| body.len() as u64).sum());
    Ok(rendered)
}

fn bug(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Bug, format!("this is a bug ({name}: {error})"), "", "Report it with this line and the command")
}

fn render_form<E: std::fmt::Display>(
    name: &'static str,
    render: impl FnOnce() -> Result<Bytes, E>,
) -> Result<Bytes, Failure> {
    let span = Span::start_named(&RENDER, name);
    let body = span.in_scope(render).map_err(|error| bug(name, &error))?;
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
    use crate::sample::SampleDay;

    fn day() -> NaiveDate {
        SampleDay::DATE.parse().unwrap()
    }

    #[tokio::test]
    async fn json_is_written_last_and_only_on_its_condition() {
        let store = MemoryStore::new();
        let files = RenderedReport::new(&SampleDay::full().report(), &SampleDay::full().tables()).unwrap();
        // Another run was faster: its JSON stays, although the other files have been written.
        store.insert(keys::report(day(), "fr", "json"), "{}");
        let error = files.write(&store, Condition::Absent).await.unwrap_err();
        assert!(matches!(error, StoreError::Changed { .. }));
        assert_eq!(store.bytes(&keys::report(day(), "fr", "json")).unwrap(), "{}");
        assert_eq!(store.keys().len(), 3 + 16);
    }

    #[tokio::test]
    async fn existing_report_is_read_with_its_version() {
        let store = MemoryStore::new();
        let none = ExistingReport { previous: None, condition: Condition::Absent };
        assert_eq!(ExistingReport::read(&store, day(), Lang::Fr).await.unwrap(), none);
        let report = SampleDay::full().report();
        RenderedReport::new(&report, &[]).unwrap().write(&store, Condition::Absent).await.unwrap();
        let existing = ExistingReport::read(&store, day(), Lang::Fr).await.unwrap();
        assert!(matches!(existing.condition, Condition::Matches(_)));
        let previous = existing.previous.unwrap();
        assert_eq!((previous.edition, previous.metrics_digest), (1, report.metrics_digest));
        store.insert(keys::report(day(), "fr", "json"), "not JSON");
        let existing = ExistingReport::read(&store, day(), Lang::Fr).await.unwrap();
        assert!(existing.previous.is_none() && matches!(existing.condition, Condition::Matches(_)));
    }
}
