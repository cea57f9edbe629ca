//! The published days of a run: for the line at its end, and for the handoff to the reports.

use contract::NaiveDate;
use contract::document::DayStatus;
use contract::document::manifest::Manifest;
use contract::number::Fixed2;
use runtime::cluster::{Cluster, JobCreation, day_ranges, job_name};
use runtime::digest::sha256_hex;
use runtime::lang::Lang;
use runtime::telemetry::Span;

use super::terminal;
use crate::config::Config;
use crate::telemetry::HANDOFF;

/// Most Jobs that one run creates. After processing years at once, run the reporter with a range.
const MOST_JOBS: usize = 32;

/// A published day.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    day: NaiveDate,
    digest: String,
    /// Requested, not caught up.
    own: bool,
    /// Changed by this run, or by a run that is not dry.
    changed: bool,
    status: DayStatus,
    completeness: Option<Fixed2>,
    /// Number of documents.
    documents: usize,
}

#[derive(Debug, Default)]
pub(crate) struct RunSummary {
    entries: Vec<Entry>,
}

impl RunSummary {
    /// Adds a day whose manifest is in the store.
    pub(crate) fn add(&mut self, manifest: &Manifest, own: bool, changed: bool) {
        self.entries.push(Entry {
            day: manifest.date,
            digest: manifest.digest.clone(),
            own,
            changed,
            status: manifest.day_status,
            completeness: manifest.completeness,
            documents: manifest.documents.iter().filter(|entry| entry.status.has_document()).count(),
        });
    }

    /// What a run would do, on one line for a person.
    fn forecast(&self, lang: Lang) -> String {
        let open = self.entries.iter().filter(|entry| entry.status == DayStatus::Provisional).count();
        match self.entries.as_slice() {
            [] => lang.pick("aucun jour à publier", "no day to publish").to_owned(),
            [one] => {
                let (day, documents, colon) = (one.day, one.documents, lang.pick(" :", ":"));
                let status = match one.status {
                    DayStatus::Final => lang.pick("définitif", "final"),
                    DayStatus::Provisional => lang.pick("provisoire", "provisional"),
                };
                let percent =
                    one.completeness.map_or_else(String::new, |percent| terminal::completeness(lang, percent));
                format!("{day}{colon} {documents} documents, {status}{percent}")
            }
            several => lang.pick(
                format!("{} jours, dont {open} encore provisoires", several.len()),
                format!("{} days, {open} of them still provisional", several.len()),
            ),
        }
    }

    /// The result of the run on one line.
    pub(crate) fn line(&self, config: &Config) -> String {
        if let Some(lang) = config.forecast {
            return self.forecast(lang);
        }
        let place = config.out.to_string();
        let text = match self.entries.as_slice() {
            [] => "nothing new to publish".to_owned(),
            [one] => {
                let changed = match (config.dry_run, one.changed) {
                    (_, false) => "unchanged",
                    (true, true) => "would be published",
                    (false, true) => "published",
                };
                let percent =
                    one.completeness.map_or_else(String::new, |percent| format!(", {} % complete", percent.rounded()));
                let (day, documents, digest) = (one.day, one.documents, one.digest.get(..8).unwrap_or_default());
                format!(
                    "{day}: {documents} documents {changed} in {place}, {}{percent}, digest {digest}",
                    one.status.name()
                )
            }
            several => {
                let changed = several.iter().filter(|entry| entry.changed).count();
                let open = several.iter().filter(|entry| entry.status == DayStatus::Provisional).count();
                let days: Vec<_> =
                    day_ranges(several.iter().map(|entry| entry.day).collect()).into_iter().map(span).collect();
                format!(
                    "{} days {} in {place}, {changed} of them changed, {open} still provisional: {}",
                    several.len(),
                    if config.dry_run { "would be published" } else { "published" },
                    days.join(", ")
                )
            }
        };
        if config.dry_run { format!("dry run, nothing written: {text}") } else { text }
    }

    /// The names of the report Jobs: one for the run's own day, which comes first and has the same name whatever was caught up, and one for
    /// each range of other days. A name contains the metrics' digest, so that publishing the same metrics again requests the same Job.
    fn jobs(&self, cronjob: &str) -> Vec<String> {
        let mut usable: Vec<&Entry> = self.entries.iter().filter(|entry| entry.documents > 0).collect();
        usable.sort_by_key(|entry| entry.day);
        let name = |entries: &[&Entry]| match *entries {
            [] => None,
            [one] => Some(job_name(cronjob, one.day, one.day, &one.digest)),
            [first, .., last] => {
                let digests: Vec<&str> = entries.iter().map(|entry| entry.digest.as_str()).collect();
                Some(job_name(cronjob, first.day, last.day, &sha256_hex(digests.join("\n").as_bytes())))
            }
        };
        let mut jobs = Vec::new();
        let own: Vec<&Entry> = usable.iter().copied().filter(|entry| entry.own).collect();
        if let [one] = own[..] {
            jobs.extend(name(&[one]));
            usable.retain(|entry| !entry.own);
        }
        for (first, last) in day_ranges(usable.iter().map(|entry| entry.day).collect()) {
            let inside = usable.iter().filter(|entry| (first..=last).contains(&entry.day));
            jobs.extend(name(&inside.copied().collect::<Vec<_>>()));
        }
        jobs
    }

    /// Creates the report Jobs if a handoff is configured. A failure is a warning only, because the scheduled report remains.
    pub(crate) async fn hand_off(&self, config: &Config) {
        let Some(cronjob) = config.handoff.as_deref().filter(|_| !config.dry_run) else { return };
        let mut jobs = self.jobs(cronjob);
        if jobs.is_empty() {
            return;
        }
        if jobs.len() > MOST_JOBS {
            tracing::warn!(
                jobs = jobs.len(),
                "handoff: only the first {MOST_JOBS} report Jobs are created, because the days have many gaps; run the reporter with a \
                 range for the others"
            );
            jobs.truncate(MOST_JOBS);
        }
        let span = Span::start(&HANDOFF).with("jobs", jobs.join(" "));
        span.instrument(start(cronjob, jobs)).await;
    }
}

/// Creates Jobs, one after another.
async fn start(cronjob: &str, jobs: Vec<String>) {
    let cluster = match Cluster::connect().await {
        Ok(cluster) => cluster,
        Err(error) => {
            let jobs = jobs.join(" ");
            return tracing::warn!(jobs, "handoff: {error}; the schedule reports on its own day and those before it");
        }
    };
    for job in jobs {
        match cluster.create_job_from(cronjob, &job).await {
            Ok(JobCreation::Created) => tracing::info!(job, "handoff: report Job created"),
            Ok(JobCreation::AlreadyExists) => {
                tracing::info!(job, "handoff: the report Job of these metrics exists already")
            }
            Err(error) => {
                tracing::warn!(
                    job,
                    "handoff: {error}; the schedule reports on its own day and those before it, or: kubectl create job \
                         --from=cronjob/{cronjob} {job}"
                );
                // Every further Job would wait for the same timeout.
                if error.unreachable {
                    return;
                }
            }
        }
    }
}

fn span((first, last): (NaiveDate, NaiveDate)) -> String {
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(days: &[(&str, &str, usize)]) -> RunSummary {
        let entry = |(day, digest, documents): &(&str, &str, usize)| Entry {
            day: day.parse().unwrap(),
            digest: (*digest).to_owned(),
            own: true,
            changed: true,
            status: DayStatus::Final,
            completeness: None,
            documents: *documents,
        };
        RunSummary { entries: days.iter().map(entry).collect() }
    }

    #[test]
    fn one_job_for_each_run_of_days_named_by_what_was_published() {
        let days = [("2025-11-03", "1a2b3c4d5e6f", 6), ("2025-11-01", "aaaaaaaaaaaa", 6), ("2025-11-04", "b0", 6)];
        let jobs = summary(&days).jobs("report");
        assert_eq!(jobs[0], "report-2025-11-01-aaaaaaaa");
        assert!(jobs[1].starts_with("report-2025-11-03-to-2025-11-04-") && jobs[1].len() == 40, "{}", jobs[1]);
        assert_eq!(jobs.len(), 2);
        let again = [days[2], days[0], days[1]];
        assert_eq!(summary(&again).jobs("report"), jobs, "the order in which days come does not matter");
        let changed = [days[0], days[1], ("2025-11-04", "b1", 6)];
        assert_ne!(summary(&changed).jobs("report")[1], jobs[1], "other metrics, another Job");
    }

    #[test]
    fn forecast_is_in_the_language_of_the_person() {
        let mut one = summary(&[("2025-11-03", "1a2b3c4d5e6f", 6)]);
        one.entries[0].completeness = Fixed2::new(99.52);
        assert_eq!(one.forecast(Lang::Fr), "2025-11-03 : 6 documents, définitif, 99,52 % de complétude");
        assert_eq!(one.forecast(Lang::En), "2025-11-03: 6 documents, final, 99.52 % complete");
        assert_eq!(summary(&[]).forecast(Lang::Fr), "aucun jour à publier");
    }

    #[test]
    fn the_day_of_a_night_has_its_own_job_whatever_was_done_along() {
        let days = [("2025-11-03", "1a2b3c4d5e6f", 6), ("2025-11-02", "22222222", 6), ("2025-11-01", "33333333", 6)];
        let mut night = summary(&days);
        night.entries[1].own = false;
        night.entries[2].own = false;
        let jobs = night.jobs("report");
        assert_eq!(jobs[0], "report-2025-11-03-1a2b3c4d");
        assert!(jobs[1].starts_with("report-2025-11-01-to-2025-11-02-"), "{jobs:?}");
        assert_eq!(jobs.len(), 2);
    }

    #[test]
    fn day_without_a_document_requests_no_report() {
        assert!(summary(&[("2025-11-03", "1a2b3c4d5e6f", 0)]).jobs("report").is_empty());
    }
}
