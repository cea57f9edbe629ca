//! The days of a run: its own and, on a scheduled night, earlier days whose inputs may have changed (lookback) and days without a manifest
//! (catch up).

use std::collections::BTreeSet;

use chrono::Days as Shift;
use contract::{NaiveDate, keys};
use runtime::day::DayChoice;
use runtime::failure::Failure;
use runtime::store::StoreError;

use super::engine::Engine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Requested.
    Own,
    /// Lookback: a scheduled night rechecks a published day for late data.
    Late,
    /// Catch up: a scheduled night processes a day without a manifest.
    Missed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) date: NaiveDate,
    pub(crate) why: Why,
}

impl Planned {
    pub(crate) fn own(date: NaiveDate) -> Self {
        Self { date, why: Why::Own }
    }
}

/// The days in order; `None` if only the input tells which days there are (`all`).
///
/// # Errors
/// Those of the store.
pub(crate) async fn days(engine: &Engine, choice: &DayChoice) -> Result<Option<Vec<Planned>>, Failure> {
    let Some(own) = choice.days.list() else { return Ok(None) };
    let mut planned = match choice.scheduled_day() {
        Some(day) => earlier(engine, day).await?,
        None => Vec::new(),
    };
    planned.extend(own.into_iter().map(Planned::own));
    Ok(Some(planned))
}

/// The days before the own day of a scheduled night.
async fn earlier(engine: &Engine, day: NaiveDate) -> Result<Vec<Planned>, Failure> {
    let (lookback, catch_up) = (engine.config.lookback, engine.config.catch_up);
    if lookback == 0 && catch_up == 0 {
        return Ok(Vec::new());
    }
    let done = match engine.metrics.list(keys::MANIFEST_PREFIX).await {
        Ok(objects) => objects.iter().filter_map(|object| keys::manifest_day(&object.key)).collect(),
        // A dry run into a missing bucket: nothing has been published.
        Err(StoreError::NoSuchRoot { .. }) if engine.config.dry_run => BTreeSet::new(),
        Err(error) => return Err(error.failure()),
    };
    let planned = before(day, lookback, catch_up, &done);
    let dates = |why: Why| {
        let days: Vec<String> =
            planned.iter().filter(|next| next.why == why).map(|next| next.date.to_string()).collect();
        days.join(",")
    };
    tracing::info!(day = %day, late = dates(Why::Late), missed = dates(Why::Missed), "earlier days of this scheduled run");
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
    fn late_days_have_a_manifest_and_missed_days_have_none() {
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
