//! What a run has made, for the one line at its end.

use chrono::NaiveDate;

use super::day::Outcome;

/// The reports of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    made: Vec<(NaiveDate, u64)>,
    dry: bool,
    up_to_date: Vec<NaiveDate>,
}

impl Tally {
    /// Takes what became of a day.
    pub(super) fn add(&mut self, day: NaiveDate, outcome: &Outcome) {
        match outcome {
            Outcome::NotYet => {}
            Outcome::UpToDate { .. } => self.up_to_date.push(day),
            Outcome::Made { report, written, .. } => {
                self.made.push((day, report.edition));
                self.dry |= !written;
            }
        }
    }

    /// The line: what was made, where, and what needed nothing.
    pub(super) fn line(&self, place: &str) -> String {
        let mut parts = Vec::new();
        let where_to = if self.dry { "dry run, not written to" } else { "in" };
        match self.made.as_slice() {
            [] => {}
            [(day, edition)] => parts.push(format!("report of {day}, edition {edition}, {where_to} {place}")),
            [(first, _), .., (last, _)] => {
                parts.push(format!("{} reports, {first} to {last}, {where_to} {place}", self.made.len()));
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
    fn a_line_says_what_was_made_and_what_needed_nothing() {
        let mut tally = Tally::default();
        assert_eq!(tally.line("s3://b/reports"), "nothing to report on");
        tally.add("2025-11-02".parse().unwrap(), &Outcome::UpToDate { edition: 1 });
        assert_eq!(tally.line("s3://b/reports"), "the report of 2025-11-02 is up to date");
        tally.made.push(("2025-11-03".parse().unwrap(), 2));
        assert_eq!(
            tally.line("s3://b/reports"),
            "report of 2025-11-03, edition 2, in s3://b/reports; the report of 2025-11-02 is up to date"
        );
        tally.made.push(("2025-11-04".parse().unwrap(), 1));
        assert!(tally.line("s3://b/reports").starts_with("2 reports, 2025-11-03 to 2025-11-04, in s3://b/reports; "));
    }
}
