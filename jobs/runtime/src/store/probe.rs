//! Proves that a store honours the conditions of writes: without them two runs at once could publish a mixture.

use bytes::Bytes;

use super::{Condition, Store, StoreError, Version};
use crate::failure::{Code, Failure};

/// Sends two writes to an existing object whose conditions do not hold. The object keeps its content in any case.
///
/// # Errors
/// The store executes one of them, or answers with an error other than that the condition does not hold.
pub async fn prove_conditions(store: &dyn Store, key: &str, body: &Bytes) -> Result<(), Failure> {
    let conditions =
        [("If-None-Match", Condition::Absent), ("If-Match", Condition::Matches(Version("another-version".to_owned())))];
    for (name, condition) in conditions {
        match store.put(key, body.clone(), condition).await {
            Err(StoreError::Changed { .. }) => {}
            Ok(_) => {
                return Err(Failure::new(
                    Code::Usage,
                    format!("the store ignores the condition of a write: it executed one whose {name} did not hold"),
                    store.address(key),
                    "Use a server with conditional writes, such as S3, MinIO or Ceph Squid: without them two runs at once can overwrite \
                     each other's day",
                ));
            }
            Err(error) => return Err(error.failure()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{LocalStore, MemoryStore};

    #[tokio::test]
    async fn memory_and_folder_honour_conditions() {
        let body = Bytes::from_static(b"x");
        let folder = tempfile::tempdir().unwrap();
        let stores: [&dyn Store; 2] = [&MemoryStore::new(), &LocalStore::open(folder.path()).unwrap()];
        for store in stores {
            store.put("a", body.clone(), Condition::Always).await.unwrap();
            prove_conditions(store, "a", &body).await.unwrap();
        }
    }
}
