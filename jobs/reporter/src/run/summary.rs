//! The result of a run on one line, for the log of the run and the Event on its Job.

use chrono::NaiveDate;

use super::day::DayOutcome;

/// The reports of a run.
#[derive(Debug, Default)]
pub(super) struct RunSummary {
    /// Day and edition.
    made: Vec<(NaiveDate, u64)>,
    dry_run: bool,
    up_to_date: Vec<NaiveDate>,
}

impl RunSummary {
    pub(super) fn add(&mut self, day: NaiveDate, outcome: &DayOutcome) {
        match outcome {
            DayOutcome::NoManifest => {}
            DayOutcome::UpToDate { .. } => self.up_to_date.push(day),
            DayOutcome::Made { report, written, .. } => {
                self.made.push((day, report.edition));
                self.dry_run |= !written;
            }
        }
    }

    /// The line; `location` is the root of the reports.
    pub(super) fn line(&self, location: &str) -> String {
        let mut parts = Vec::new();
        let into = if self.dry_run { "dry run, not written to" } else { "in" };
        match self.made.as_slice() {
            [] => {}
            [(day, edition)] => parts.push(format!("report of {day}, edition {edition}, {into} {location}")),
            [(first, _), .., (last, _)] => {
                parts.push(format!("{} reports, {first} to {last}, {into} {location}", self.made.len()));
            }
        }
        match self.up_to_date.as_slice() {
            [] => {}
            [day] => parts.push(format!("the report of {day} is up to date")),
            days => parts.push(format!("{} reports are up to date", days.len())),
        }
        if parts.is_empty() { "nothing to report on".to_owned() } else { parts.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_names_new_reports_and_those_up_to_date() {
        let mut summary = RunSummary::default();
        assert_eq!(summary.line("s3://b/reports"), "nothing to report on");
        summary.add("2025-11-02".parse().unwrap(), &DayOutcome::UpToDate { edition: 1 });
        assert_eq!(summary.line("s3://b/reports"), "the report of 2025-11-02 is up to date");
        summary.made.push(("2025-11-03".parse().unwrap(), 2));
        assert_eq!(
            summary.line("s3://b/reports"),
            "report of 2025-11-03, edition 2, in s3://b/reports; the report of 2025-11-02 is up to date"
        );
        summary.made.push(("2025-11-04".parse().unwrap(), 1));
        assert!(summary.line("s3://b/reports").starts_with("2 reports, 2025-11-03 to 2025-11-04, in s3://b/reports; "));
    }
}
