//! One day: manifest, documents, report, and the report into the store.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use contract::document::manifest::{EntryStatus, Manifest};
use contract::report::DailyReport;
use contract::{ServiceDay, Stamp, Tz, keys};
use runtime::failure::{Code, Failure};
use runtime::lang::Lang;
use runtime::store::{SharedStore, StoreError};
use runtime::telemetry::{self, ERRORS, Span};

use super::{PlannedDay, trace};
use crate::collect::{self, Collected};
use crate::publish::{ExistingReport, RenderedReport};
use crate::render::{self, tables::TableInputs};
use crate::report::{ReportInputs, compose};
use crate::telemetry::{COLLECT, COMPOSE, DAY, DELAY, LOAD_ERRORS, LOADED, PUBLISH, SIZE};

/// Attempts to write a report while other runs write the same one.
const MAX_ATTEMPTS: u32 = 4;
/// Time for the other run to write its last bytes.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// A first report later than this is a backfill, and its delay is not measured.
const MAX_DELAY: TimeDelta = TimeDelta::hours(48);

/// Stores and settings that all days of a run share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) metrics: SharedStore,
    pub(super) reports: SharedStore,
    pub(super) force: bool,
    pub(super) dry_run: bool,
    /// Name of the city, for a manifest without one.
    pub(super) city: String,
    pub(super) lang: Lang,
    /// The city's zone, for a manifest that names an unknown zone.
    pub(super) tz: Tz,
    pub(super) started: DateTime<Utc>,
    pub(super) version: &'static str,
}

/// The result of a day.
#[derive(Debug)]
pub(super) enum DayOutcome {
    NoManifest,
    UpToDate {
        edition: u64,
    },
    Made {
        report: Box<DailyReport>,
        complete_until: Option<Stamp>,
        /// Key and size of each file.
        files: Vec<(String, usize)>,
        /// False in a dry run.
        written: bool,
    },
}

impl Engine {
    /// Makes the report of a day; `waited` is the time since the run began.
    pub(super) async fn run_day(&self, planned: PlannedDay, waited: Duration) -> Result<DayOutcome, Failure> {
        let day = planned.day;
        // No span yet: a run that waits would record one for each poll.
        let Some(manifest) = collect::manifest(&*self.metrics, day).await? else { return Ok(DayOutcome::NoManifest) };
        // A run that still waits for its first day continues the trace of the first manifest that exists.
        trace::join(&manifest, self.started);
        let span = if planned.recheck { Span::current().low_priority_child(&DAY, "day") } else { Span::start(&DAY) }
            .with_day(day);
        // The first 35 bytes of a traceparent are version and trace id: link metrics of another trace.
        if let Some(other) = &manifest.traceparent
            && telemetry::traceparent().is_some_and(|own| own.get(..35) != other.get(..35))
        {
            span.add_link(other);
        }
        let outcome = span.instrument_result(Box::pin(self.make(planned, waited, manifest))).await?;
        let (word, edition) = match &outcome {
            DayOutcome::NoManifest => return Ok(outcome),
            DayOutcome::UpToDate { edition } => ("up_to_date", *edition),
            DayOutcome::Made { report, .. } => ("made", report.edition),
        };
        span.set("outcome", word);
        span.set_count("edition", edition);
        Ok(outcome)
    }

    async fn make(&self, planned: PlannedDay, waited: Duration, mut manifest: Manifest) -> Result<DayOutcome, Failure> {
        let PlannedDay { day, recheck } = planned;
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
                let Some(current) = collect::manifest(&*self.metrics, day).await? else {
                    return Ok(DayOutcome::NoManifest);
                };
                manifest = current;
            }
            let existing = ExistingReport::read(&*self.reports, day, self.lang).await?;
            if let Some(previous) = &existing.previous
                && !self.force
                && (previous.is_up_to_date(&manifest, self.version, self.lang)
                    // A recheck after an upgrade must not rewrite the last days: their figures are the same.
                    || recheck && previous.covers(&manifest))
            {
                return Ok(DayOutcome::UpToDate { edition: previous.edition });
            }
            let collected = self.collect(&manifest).await?;
            // A further attempt reads the same documents again and must not count them twice.
            if attempt == 0 {
                record_documents(day, &collected);
            }
            collect::require_document(&*self.metrics, &manifest, &collected)?;
            let city = if manifest.city.is_empty() { &self.city } else { &manifest.city };
            let report = Span::start(&COMPOSE).in_scope(|| {
                compose(ReportInputs {
                    manifest: &manifest,
                    documents: &collected.documents,
                    sources: &collected.sources,
                    previous: existing.previous.as_ref(),
                    city,
                    lang: self.lang,
                    version: self.version,
                    generated_at: self.stamp(&manifest, waited),
                })
            });
            let tables = render::tables::tables(TableInputs {
                city,
                date: manifest.date,
                documents: &collected.documents,
                sources: &collected.sources,
            });
            let files = RenderedReport::new(&report, &tables)?;
            if !self.dry_run {
                match Span::start(&PUBLISH).instrument_result(files.write(&*self.reports, existing.condition)).await {
                    Ok(()) => {}
                    Err(StoreError::Changed { .. } | StoreError::Conflict { .. }) => continue,
                    Err(error) => return Err(error.failure()),
                }
            }
            let complete_until = collected.documents.complete_until();
            let files = files.sizes();
            if !self.dry_run {
                let earlier = existing.previous.as_ref().and_then(|previous| previous.generated_at);
                self.record_report(&report, &files, earlier, recheck);
            }
            let written = !self.dry_run;
            return Ok(DayOutcome::Made { report: Box::new(report), complete_until, files, written });
        }
        Err(Failure::new(
            Code::Later,
            "other runs keep writing the same report",
            self.reports.address(&keys::report(day, self.lang.code(), "json")),
            "Run again after they have finished",
        ))
    }

    async fn collect(&self, manifest: &Manifest) -> Result<Collected, Failure> {
        let span = Span::start(&COLLECT);
        let collected = span.instrument_result(collect::documents(&*self.metrics, manifest)).await?;
        span.set_count("documents", collected.documents.headers().count() as u64);
        span.set_count("bytes", collected.bytes);
        Ok(collected)
    }

    /// The time of the report: the clock is read once, at the start of the run.
    fn stamp(&self, manifest: &Manifest, waited: Duration) -> Stamp {
        let tz = manifest.timezone.parse().unwrap_or(self.tz);
        Stamp::new(self.started + TimeDelta::from_std(waited).unwrap_or_default(), tz)
    }

    /// Records size and delay of a report; `earlier` is the time of the edition before it.
    fn record_report(&self, report: &DailyReport, files: &[(String, usize)], earlier: Option<Stamp>, recheck: bool) {
        telemetry::add("reports", 1);
        #[expect(clippy::cast_precision_loss, reason = "the size of a report")]
        SIZE.record(files.iter().map(|(_, bytes)| bytes).sum::<usize>() as f64, &[]);
        let end = ServiceDay::new(report.date, self.tz).end();
        let delay = report.generated_at.instant() - end;
        // An edition from before the end of the day was a preview, not the report of that day.
        let is_first = earlier.is_none_or(|earlier| earlier.instant() < end);
        if !recheck && is_first && (TimeDelta::zero()..MAX_DELAY).contains(&delay) {
            #[expect(clippy::cast_precision_loss, reason = "two days in milliseconds")]
            DELAY.record(delay.num_milliseconds() as f64 / 1000.0, &[]);
        }
    }
}

/// Counts the documents and logs every source that is not ok.
fn record_documents(day: NaiveDate, collected: &Collected) {
    let documents = collected.documents.headers().count() as u64;
    telemetry::add("documents", documents);
    telemetry::add("bytes", collected.bytes);
    for header in collected.documents.headers() {
        LOADED.add(1, &[("source", header.source.name())]);
    }
    for source in &collected.unusable {
        LOAD_ERRORS.add(1, &[("source", source.name())]);
        ERRORS.add(1, &[("source", source.name()), ("error.type", "DocumentUnusable")]);
    }
    tracing::info!(day = %day, bytes = collected.bytes, documents, "metrics loaded");
    for (source, status) in &collected.sources {
        let reason = status.reason.as_deref().unwrap_or_default();
        if collected.unusable.contains(source) {
            tracing::warn!(day = %day, source = %source, reason, "a document of the manifest is unusable; the report omits its source");
        } else if status.status != EntryStatus::Ok {
            tracing::warn!(day = %day, source = %source, status = status.status.name(), reason, "the source is not ok");
        }
    }
}
