//! Every local day with a row of the road counts: a first pass over the input that reads only times. The other sources' records do not
//! make a day of their own: where `comptages` is not required, days are named.

use std::collections::BTreeSet;

use chrono::DateTime;
use contract::{NaiveDate, ServiceDay, Source};
use runtime::failure::{Code, Failure};
use runtime::progress::Progress;

use super::{Engine, fatal, roads};
use crate::input::Inventory;
use crate::source::comptages::days_of_chunk;

/// The days, in order.
///
/// # Errors
/// The store's, a file that cannot be the source, and `66` where there is no day at all.
pub(super) async fn present(engine: &Engine) -> Result<Vec<NaiveDate>, Failure> {
    let days = of_roads(engine).await?;
    if engine.config.required.len() > 1 {
        tracing::warn!("`all` means the days of comptages; days that only another required source has are left out");
    }
    if days.is_empty() {
        return Err(Failure::new(
            Code::NoInput,
            "no required source has a row of any day",
            engine.raw.root(),
            "Check the raw location, or name the days",
        ));
    }
    Ok(days.into_iter().collect())
}

async fn of_roads(engine: &Engine) -> Result<BTreeSet<NaiveDate>, Failure> {
    let files = Inventory::take(&engine.raw, engine.now.date_naive()).await?.batch(Source::Comptages);
    let (store, pool, config) = (engine.raw.clone(), engine.pool.clone(), &engine.config);
    let (budget, tz) = (config.memory, config.city.tz);
    let bar = Progress::new(engine.config.log.quiet).bytes("days", files.iter().map(|file| file.size).sum());
    let read = tokio::task::spawn_blocking(move || {
        let mut hours: BTreeSet<i64> = BTreeSet::new();
        for object in &files {
            roads::scan(
                &store,
                object,
                (&pool, &budget),
                &bar,
                |work| work.chunk().map(|(chunk, layout, header)| days_of_chunk(chunk, header, layout, tz)),
                |found| hours.extend(found.into_iter().flatten()),
            )?;
        }
        bar.finish();
        Ok(hours)
    });
    let hours = read.await.map_err(|error| super::bug(&error))?.map_err(fatal)?;
    Ok(hours
        .into_iter()
        .filter_map(|hour| Some(ServiceDay::of(DateTime::from_timestamp(hour, 0)?, engine.config.city.tz).date()))
        .collect())
}
