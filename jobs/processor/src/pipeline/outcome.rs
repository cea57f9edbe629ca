//! How a run of several days ends: the worst of what its days came to, its own before those that it did along.

use runtime::failure::{Code, Failure};

use super::plan::{Planned, Why};

/// The ends of days.
#[derive(Debug, Default)]
pub(crate) struct RunOutcome {
    /// Whether the run has more days than one, which are then told each by itself.
    several: bool,
    own: Option<Failure>,
    earlier: Option<Failure>,
}

impl RunOutcome {
    /// None yet, of so many days.
    pub(crate) fn of(days: usize) -> Self {
        Self { several: days > 1, ..Self::default() }
    }

    /// Takes the end of a day.
    ///
    /// # Errors
    /// What concerns the store or the setting, and so every day.
    pub(crate) fn add(&mut self, planned: Planned, end: Result<(), Failure>) -> Result<(), Failure> {
        let Err(failure) = end else { return Ok(()) };
        if !matches!(failure.code, Code::Data | Code::NoInput | Code::Later) {
            return Err(failure);
        }
        // Nobody is to be woken for a day before the first that there is any input of.
        if planned.why != Why::Own && failure.code == Code::NoInput {
            tracing::warn!(day = %planned.date, code = failure.code as i32, "{failure}");
            return Ok(());
        }
        // Of one day the end of the run tells it, on its one line.
        if self.several {
            tracing::error!(day = %planned.date, code = failure.code as i32, "{failure}");
        }
        let worst = if planned.why == Why::Own { &mut self.own } else { &mut self.earlier };
        if worst.as_ref().is_none_or(|worst| worst.code.severity() < failure.code.severity()) {
            *worst = Some(failure);
        }
        Ok(())
    }

    /// Takes what an earlier day came to that concerns the store: of the earlier days' ends the one that is told.
    pub(crate) fn add_earlier(&mut self, failure: Failure) {
        tracing::error!(code = failure.code as i32, "{failure}");
        self.earlier = Some(failure);
    }

    /// How the run ends.
    ///
    /// # Errors
    /// The worst of its own days, else of the earlier ones.
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
    fn its_own_days_come_first_and_a_missed_one_without_input_wakes_nobody() {
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
