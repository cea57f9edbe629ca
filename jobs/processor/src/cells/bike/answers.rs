//! Whether the API's answers hold as many records as they announce.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::ServiceDay;

use crate::source::bike_counts::ParsedFile;
use crate::source::bike_counts::parsed::Records;

/// The API pages no further: a larger total is that of the data set.
const PAGED: u64 = 10_000;

/// The answers that a day depends on, judged by hour of collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    /// `None` if every answer is complete.
    pub(crate) incomplete: Option<IncompleteAnswers>,
    /// The largest total that is that of the data set.
    pub(crate) of_data_set: Option<u64>,
    /// Whether a complete answer was collected after the end of the day.
    pub(crate) complete_after: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IncompleteAnswers {
    /// Number of hours of collection.
    pub(crate) hours: u64,
    /// The hour that lacks most: its folder, the records that it has, those that it announces.
    pub(crate) worst: (String, u64, u64),
}

pub(super) fn answers(files: &[(&ParsedFile, &Records)], day: ServiceDay) -> Answers {
    let mut hours: BTreeMap<DateTime<Utc>, Vec<(&str, &Records)>> = BTreeMap::new();
    for (file, records) in files {
        if let Some(collected) = file.collected {
            hours.entry(collected).or_default().push((file.key(), records));
        }
    }
    let mut answers = Answers::default();
    for (collected, files) in hours {
        let announced = files.iter().filter_map(|(_, records)| records.announced).max();
        answers.of_data_set = answers.of_data_set.max(announced.filter(|total| *total > PAGED));
        let lacking = announced.filter(|total| *total <= PAGED).map(|total| (held(&files), total));
        match lacking.filter(|(held, total)| held < total) {
            None => answers.complete_after |= collected > day.end(),
            Some((held, total)) => {
                let first = files.first().map_or("", |(key, _)| *key);
                let folder = first.rsplit_once('/').map_or(first, |(folder, _)| folder);
                let hours = answers.incomplete.as_ref().map_or(0, |before| before.hours) + 1;
                let worst = match answers.incomplete.take() {
                    Some(before) if before.worst.2 - before.worst.1 >= total - held => before.worst,
                    _ => (folder.to_owned(), held, total),
                };
                answers.incomplete = Some(IncompleteAnswers { hours, worst });
            }
        }
    }
    answers
}

/// The records of an hour's files with the rejected ones. A record that several files have counts once, one that a file repeats as often as there.
fn held(files: &[(&str, &Records)]) -> u64 {
    if let [(_, records)] = files {
        return records.rows;
    }
    let rejected: u64 = files.iter().flat_map(|(_, records)| records.rejected.counts()).map(|(_, n)| n).sum();
    let mut known: HashMap<(i64, Option<&Arc<str>>), u64> = HashMap::new();
    for (_, records) in files {
        let mut here: HashMap<_, u64> = HashMap::new();
        for entry in records.all() {
            *here.entry((entry.hour, records.counters.get(entry.counter as usize))).or_default() += 1;
        }
        for (record, times) in here {
            let most = known.entry(record).or_default();
            *most = times.max(*most);
        }
    }
    known.into_values().sum::<u64>() + rejected
}
