//! One day: its manifest, its documents, its report, and the report into the store.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use contract::document::manifest::{EntryStatus, Manifest};
use contract::report::DailyReport;
use contract::{Stamp, keys};
use runtime::failure::{Code, Failure};
use runtime::store::{SharedStore, StoreError};

use super::Planned;
use crate::collect::{self, Collected};
use crate::lang::Lang;
use crate::notice::data_until;
use crate::publish::{Files, present};
use crate::report::{Material, compose};

/// How often a report is made once more because another run wrote it meanwhile.
const ATTEMPTS: u32 = 4;
/// Before the next attempt; the other run writes its last bytes now.
const BREATH: Duration = Duration::from_millis(250);

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
        let Planned { day, again } = planned;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(BREATH).await;
            }
            let Some(manifest) = collect::manifest(&*self.metrics, day).await? else { return Ok(Outcome::NotYet) };
            let there = present(&*self.reports, day).await?;
            if let Some(previous) = &there.previous
                && !self.force
                && (previous.is_finished(&manifest, self.version, self.lang)
                    // A new version is no reason to write the last days' reports again: their figures are the same.
                    || again && previous.tells_all_of(&manifest))
            {
                return Ok(Outcome::UpToDate { edition: previous.edition });
            }
            let collected = collect::documents(&*self.metrics, &manifest).await?;
            self.tell_gaps(day, &collected);
            let report = compose(Material {
                manifest: &manifest,
                documents: &collected.documents,
                sources: &collected.sources,
                previous: there.previous.as_ref(),
                lang: self.lang,
                version: self.version,
                generated_at: self.stamp(&manifest, waited),
            });
            let files = Files::render(&report)?;
            if !self.dry_run {
                match files.write(&*self.reports, there.condition).await {
                    Ok(()) => {}
                    Err(StoreError::Changed { .. } | StoreError::Conflict { .. }) => continue,
                    Err(error) => return Err(error.failure()),
                }
            }
            let until = data_until(&collected.documents);
            let files = files.sizes();
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

    fn tell_gaps(&self, day: NaiveDate, collected: &Collected) {
        tracing::info!(day = %day, bytes = collected.bytes, documents = collected.documents.headers().count(), "metrics loaded");
        for (source, status) in &collected.sources {
            let reason = status.raison.as_deref().unwrap_or_default();
            if collected.lost.contains(source) {
                tracing::warn!(day = %day, source = %source, reason, "a document of the manifest is not usable: the report does without");
            } else if status.statut != EntryStatus::Ok {
                tracing::warn!(day = %day, source = %source, status = status.statut.name(), reason, "the source is not ok");
            }
        }
    }
}
