//! The outcome of a run of several days: the worst failure of its own days, else of the days that it caught up.

use runtime::failure::{Code, Failure};

use super::plan::{Planned, Why};

#[derive(Debug, Default)]
pub(crate) struct RunOutcome {
    /// The run has several days; each failure is logged.
    several: bool,
    own: Option<Failure>,
    earlier: Option<Failure>,
}

impl RunOutcome {
    pub(crate) fn of(days: usize) -> Self {
        Self { several: days > 1, ..Self::default() }
    }

    /// Adds the result of a day.
    ///
    /// # Errors
    /// A failure of the store or the settings, which concerns every day.
    pub(crate) fn add(&mut self, planned: Planned, end: Result<(), Failure>) -> Result<(), Failure> {
        let Err(failure) = end else { return Ok(()) };
        if !matches!(failure.code, Code::Data | Code::NoInput | Code::Later) {
            return Err(failure);
        }
        // A day before the first one with any input must not wake the operator.
        if planned.why != Why::Own && failure.code == Code::NoInput {
            tracing::warn!(day = %planned.date, code = failure.code as i32, "{failure}");
            return Ok(());
        }
        // The failure of a single day is logged at the end of the run.
        if self.several {
            tracing::error!(day = %planned.date, code = failure.code as i32, "{failure}");
        }
        let worst = if planned.why == Why::Own { &mut self.own } else { &mut self.earlier };
        if worst.as_ref().is_none_or(|worst| worst.code.severity() < failure.code.severity()) {
            *worst = Some(failure);
        }
        Ok(())
    }

    /// Adds a failure of the store in an earlier day; it takes precedence over the failures of other earlier days.
    pub(crate) fn add_earlier(&mut self, failure: Failure) {
        tracing::error!(code = failure.code as i32, "{failure}");
        self.earlier = Some(failure);
    }

    /// # Errors
    /// The worst failure of its own days, else of the earlier ones.
    pub(crate) fn end(self) -> Result<(), Failure> {
        self.own.or(self.earlier).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(days: &[(Why, Code)]) -> Option<Code> {
        let mut ends = RunOutcome::of(days.len());
        for (why, code) in days {
            let planned = Planned { date: "2025-11-03".parse().unwrap(), why: *why };
            if let Err(failure) = ends.add(planned, Err(Failure::new(*code, "", "", ""))) {
                return Some(failure.code);
            }
        }
        ends.end().err().map(|failure| failure.code)
    }

    #[test]
    fn own_days_take_precedence_and_missed_day_without_input_is_no_failure() {
        assert_eq!(
            end(&[(Why::Own, Code::Later), (Why::Own, Code::Data), (Why::Own, Code::NoInput)]),
            Some(Code::Data)
        );
        assert_eq!(end(&[(Why::Missed, Code::Data), (Why::Own, Code::Later)]), Some(Code::Later));
        assert_eq!(end(&[(Why::Late, Code::Data)]), Some(Code::Data));
        assert_eq!(end(&[(Why::Missed, Code::NoInput), (Why::Late, Code::NoInput)]), None);
        assert_eq!(end(&[(Why::Missed, Code::Unavailable), (Why::Own, Code::Data)]), Some(Code::Unavailable));
    }
}
