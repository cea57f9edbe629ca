//! Which days a run does, and why each: its own; on a scheduled night also those before it whose inputs may have changed, and those that
//! no run has done yet.

use std::collections::BTreeSet;

use chrono::Days as Shift;
use contract::{NaiveDate, keys};
use runtime::day::{DayChoice, DayOrigin, Days};
use runtime::failure::Failure;
use runtime::store::StoreError;

use super::engine::Engine;

/// Why a run does a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is for this day.
    Own,
    /// A scheduled night looks whether more has come in for a day that was done.
    Late,
    /// A scheduled night does a day that has no manifest.
    Missed,
}

/// A day to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) date: NaiveDate,
    pub(crate) why: Why,
}

impl Planned {
    /// A day that the run is for.
    pub(crate) fn own(date: NaiveDate) -> Self {
        Self { date, why: Why::Own }
    }
}

/// The days in order; nothing where they are known only from the input.
///
/// # Errors
/// The store's.
pub(crate) async fn days(engine: &Engine, choice: &DayChoice) -> Result<Option<Vec<Planned>>, Failure> {
    let Some(own) = choice.days.list() else { return Ok(None) };
    let mut planned = match (&choice.origin, choice.days) {
        (DayOrigin::Schedule(_), Days::One(day)) => earlier(engine, day).await?,
        _ => Vec::new(),
    };
    planned.extend(own.into_iter().map(Planned::own));
    Ok(Some(planned))
}

/// The days before a scheduled night's own.
async fn earlier(engine: &Engine, day: NaiveDate) -> Result<Vec<Planned>, Failure> {
    let (lookback, catch_up) = (engine.config.lookback, engine.config.catch_up);
    if lookback == 0 && catch_up == 0 {
        return Ok(Vec::new());
    }
    let done = match engine.metrics.list(keys::MANIFEST_PREFIX).await {
        Ok(objects) => objects.iter().filter_map(|object| keys::manifest_day(&object.key)).collect(),
        // A dry run into a bucket that is not there: nothing has been done.
        Err(StoreError::NoSuchRoot { .. }) if engine.config.dry_run => BTreeSet::new(),
        Err(error) => return Err(error.failure()),
    };
    let planned = before(day, lookback, catch_up, &done);
    let told = |why: Why| {
        let days: Vec<String> =
            planned.iter().filter(|next| next.why == why).map(|next| next.date.to_string()).collect();
        days.join(",")
    };
    tracing::info!(day = %day, late = told(Why::Late), missed = told(Why::Missed), "earlier days of this scheduled run");
    Ok(planned)
}

fn before(day: NaiveDate, lookback: u32, catch_up: u32, done: &BTreeSet<NaiveDate>) -> Vec<Planned> {
    (1..=lookback.max(catch_up))
        .rev()
        .filter_map(|back| {
            let date = day.checked_sub_days(Shift::new(back.into()))?;
            match done.contains(&date) {
                true if back <= lookback => Some(Planned { date, why: Why::Late }),
                false if back <= catch_up => Some(Planned { date, why: Why::Missed }),
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lookback: u32, catch_up: u32, done: &[&str]) -> Vec<(String, Why)> {
        let done = done.iter().map(|day| day.parse().unwrap()).collect();
        let planned = before("2025-11-05".parse().unwrap(), lookback, catch_up, &done);
        planned.into_iter().map(|next| (next.date.to_string(), next.why)).collect()
    }

    #[test]
    fn late_days_have_been_done_and_missed_ones_have_not() {
        let done = ["2025-11-04", "2025-11-02", "2025-10-31"];
        let expected = [
            ("2025-11-01", Why::Missed),
            ("2025-11-02", Why::Late),
            ("2025-11-03", Why::Missed),
            ("2025-11-04", Why::Late),
        ];
        assert_eq!(shown(3, 4, &done), expected.map(|(day, why)| (day.to_owned(), why)));
        assert_eq!(shown(1, 0, &done), [("2025-11-04".to_owned(), Why::Late)]);
        assert_eq!(shown(0, 2, &done), [("2025-11-03".to_owned(), Why::Missed)]);
        assert_eq!(shown(0, 0, &done), []);
    }
}
