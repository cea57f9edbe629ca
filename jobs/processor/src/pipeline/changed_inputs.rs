//! Detects late data: compares the inputs of this run with those of the documents in the manifest.

use contract::document::Input;
use contract::document::manifest::{EntryStatus, Manifest, ManifestEntry};
use futures::future::try_join_all;
use runtime::failure::Failure;
use runtime::store::{SharedStore, StoreError};
use serde::Deserialize;

use super::day::DayResult;
use crate::draft::SourceResult;

#[derive(Deserialize)]
struct DocumentInputs {
    inputs: Vec<Input>,
}

/// Whether every source has the same inputs (key, size and checksum) as when the day was published.
///
/// # Errors
/// Those of the store. A published document that is missing or unreadable counts as different.
pub(crate) async fn same_inputs(store: &SharedStore, result: &DayResult, manifest: &Manifest) -> Result<bool, Failure> {
    let same = result.written.iter().map(async |(source, written)| {
        let Some(entry) = manifest.documents.iter().find(|entry| entry.source == *source) else {
            return Ok::<_, Failure>(false);
        };
        match written {
            // A reason may name the last day with data, which is irrelevant for this day.
            SourceResult::Absent(_) => Ok(matches!(entry.status, EntryStatus::Absent | EntryStatus::Retained)),
            SourceResult::Failed(_) => Ok(matches!(entry.status, EntryStatus::Error | EntryStatus::Retained)),
            SourceResult::Document(_) if entry.status != EntryStatus::Ok => Ok(false),
            SourceResult::Document(written) if entry.sha256.as_ref() == Some(&written.sha256) => Ok(true),
            SourceResult::Document(written) => {
                let before = published(store, entry).await?;
                let now = serde_json::from_slice::<DocumentInputs>(&written.bytes).ok().map(|document| document.inputs);
                Ok(before.is_some() && before == now)
            }
        }
    });
    Ok(try_join_all(same).await?.into_iter().all(|same| same))
}

/// The inputs of a published document.
async fn published(store: &SharedStore, entry: &ManifestEntry) -> Result<Option<Vec<Input>>, Failure> {
    let Some(key) = &entry.key else { return Ok(None) };
    match store.get(key).await {
        Ok((bytes, _)) => Ok(serde_json::from_slice::<DocumentInputs>(&bytes).ok().map(|document| document.inputs)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.failure()),
    }
}
