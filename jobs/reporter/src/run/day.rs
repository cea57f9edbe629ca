//! One day: its manifest, its documents, its report, and the report into the store.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::report::DailyReport;
use contract::{ServiceDay, Stamp, keys};
use runtime::failure::{Code, Failure};
use runtime::store::{SharedStore, StoreError};
use runtime::telemetry::{self, ERRORS, Span};

use super::{Planned, trace};
use crate::collect::{self, Collected};
use crate::lang::Lang;
use crate::notice::data_until;
use crate::publish::{Files, present};
use crate::report::{Material, compose};
use crate::telemetry::{COLLECT, COMPOSE, DAY, DELAY, LOAD_ERRORS, LOADED, PUBLISH, SIZE};

/// How often a report is made once more because another run wrote it meanwhile.
const ATTEMPTS: u32 = 4;
/// Before the next attempt; the other run writes its last bytes now.
const BREATH: Duration = Duration::from_millis(250);
/// A first report that comes later than this is one of the past.
const RECENT: TimeDelta = TimeDelta::hours(48);

/// What every day of a run shares.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) metrics: SharedStore,
    pub(super) reports: SharedStore,
    pub(super) force: bool,
    pub(super) dry_run: bool,
    pub(super) lang: Lang,
    /// The city's zone, for a manifest that names none that is known.
    pub(super) tz: Tz,
    pub(super) started: DateTime<Utc>,
    pub(super) version: &'static str,
}

/// What became of a day.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It has no manifest.
    NotYet,
    /// Its report was there already.
    UpToDate { edition: u64 },
    /// Its report was made.
    Made {
        report: Box<DailyReport>,
        /// How far its data goes.
        until: Option<Stamp>,
        /// Key and size of each form.
        files: Vec<(String, usize)>,
        /// Not in a dry run.
        written: bool,
    },
}

impl Job {
    /// Makes the report of a day, `waited` after the run began.
    pub(super) async fn day(&self, planned: Planned, waited: Duration) -> Result<Outcome, Failure> {
        let day = planned.day;
        // Of a day without metrics there is nothing to tell, however often a run that waits looks for them.
        let Some(manifest) = collect::manifest(&*self.metrics, day).await? else { return Ok(Outcome::NotYet) };
        // A run that waits for the first of its days goes on with another one's trace meanwhile.
        trace::join(&manifest, self.started);
        let span = if planned.again { Span::current().low_priority_child(&DAY, "day") } else { Span::start(&DAY) }
            .with_day(day);
        // Another run's metrics than those whose trace this run continues.
        if let Some(other) = &manifest.traceparent
            && telemetry::traceparent().is_some_and(|own| own.get(..35) != other.get(..35))
        {
            span.add_link(other);
        }
        let outcome = span.instrument_result(Box::pin(self.make(planned, waited, manifest))).await?;
        let (word, edition) = match &outcome {
            Outcome::NotYet => return Ok(outcome),
            Outcome::UpToDate { edition } => ("up_to_date", *edition),
            Outcome::Made { report, .. } => ("made", report.edition),
        };
        span.set("outcome", word);
        span.set_count("edition", edition);
        Ok(outcome)
    }

    async fn make(&self, planned: Planned, waited: Duration, mut manifest: Manifest) -> Result<Outcome, Failure> {
        let Planned { day, again } = planned;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(BREATH).await;
                let Some(now) = collect::manifest(&*self.metrics, day).await? else { return Ok(Outcome::NotYet) };
                manifest = now;
            }
            let there = present(&*self.reports, day).await?;
            if let Some(previous) = &there.previous
                && !self.force
                && (previous.is_finished(&manifest, self.version, self.lang)
                    // A new version is no reason to write the last days' reports again: their figures are the same.
                    || again && previous.tells_all_of(&manifest))
            {
                return Ok(Outcome::UpToDate { edition: previous.edition });
            }
            let collecting = Span::start(&COLLECT);
            let collected = collecting.instrument_result(collect::read(&*self.metrics, &manifest)).await?;
            collecting.set_count("documents", collected.documents.headers().count() as u64);
            collecting.set_count("bytes", collected.bytes);
            drop(collecting);
            // What is read once more, since another run wrote the report meanwhile, is not more.
            if attempt == 0 {
                self.tell_gaps(day, &collected);
            }
            collect::usable(&*self.metrics, &manifest, &collected)?;
            let composing = Span::start(&COMPOSE);
            let report = composing.in_scope(|| {
                compose(Material {
                    manifest: &manifest,
                    documents: &collected.documents,
                    sources: &collected.sources,
                    previous: there.previous.as_ref(),
                    lang: self.lang,
                    version: self.version,
                    generated_at: self.stamp(&manifest, waited),
                })
            });
            drop(composing);
            let files = Files::render(&report)?;
            if !self.dry_run {
                match Span::start(&PUBLISH).instrument_result(files.write(&*self.reports, there.condition)).await {
                    Ok(()) => {}
                    Err(StoreError::Changed { .. } | StoreError::Conflict { .. }) => continue,
                    Err(error) => return Err(error.failure()),
                }
            }
            let until = data_until(&collected.documents);
            let files = files.sizes();
            if !self.dry_run {
                // A look at a day that is not over yet is not its report.
                let earlier = there.previous.as_ref().and_then(|previous| previous.generated_at);
                self.tell_made(&report, &files, earlier, again);
            }
            return Ok(Outcome::Made { report: Box::new(report), until, files, written: !self.dry_run });
        }
        Err(Failure::new(
            Code::Later,
            "another run keeps writing the same report",
            self.reports.address(&keys::report(day, "json")),
            "Run again once it has ended",
        ))
    }

    /// The instant at which a report is made. The clock is read once, at the top.
    fn stamp(&self, manifest: &Manifest, waited: Duration) -> Stamp {
        let tz = manifest.timezone.parse().unwrap_or(self.tz);
        Stamp::new(self.started + TimeDelta::from_std(waited).unwrap_or_default(), tz)
    }

    fn tell_made(&self, report: &DailyReport, files: &[(String, usize)], earlier: Option<Stamp>, again: bool) {
        telemetry::add("reports", 1);
        #[expect(clippy::cast_precision_loss, reason = "the size of a report")]
        SIZE.record(files.iter().map(|(_, bytes)| bytes).sum::<usize>() as f64, &[]);
        let end = ServiceDay::new(report.date, self.tz).end();
        let late = report.generated_at.instant() - end;
        // What is made of the past, or once more, is not late.
        let is_first = earlier.is_none_or(|earlier| earlier.instant() < end);
        if !again && is_first && (TimeDelta::zero()..RECENT).contains(&late) {
            #[expect(clippy::cast_precision_loss, reason = "two days in milliseconds")]
            DELAY.record(late.num_milliseconds() as f64 / 1000.0, &[]);
        }
    }

    fn tell_gaps(&self, day: NaiveDate, collected: &Collected) {
        let documents = collected.documents.headers().count() as u64;
        telemetry::add("documents", documents);
        telemetry::add("bytes", collected.bytes);
        for header in collected.documents.headers() {
            LOADED.add(1, &[("source", header.source.name())]);
        }
        for source in &collected.lost {
            LOAD_ERRORS.add(1, &[("source", source.name())]);
            ERRORS.add(1, &[("source", source.name()), ("error.type", "DocumentUnusable")]);
        }
        tracing::info!(day = %day, bytes = collected.bytes, documents, "metrics loaded");
        for (source, status) in &collected.sources {
            let reason = status.reason.as_deref().unwrap_or_default();
            if collected.lost.contains(source) {
                tracing::warn!(day = %day, source = %source, reason, "a document of the manifest is not usable: the report does without");
            } else if status.status != EntryStatus::Ok {
                tracing::warn!(day = %day, source = %source, status = status.status.name(), reason, "the source is not ok");
            }
        }
    }
}
