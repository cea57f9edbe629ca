use runtime::store::MemoryStore;

use super::*;
use crate::sample::SampleDay;

fn day() -> NaiveDate {
    SampleDay::DATE.parse().unwrap()
}

fn published(day: &SampleDay) -> MemoryStore {
    let store = MemoryStore::new();
    day.publish_to(&store);
    store
}

async fn collected(store: &MemoryStore) -> Result<Collected, Failure> {
    let manifest = manifest(store, day()).await?.unwrap();
    documents(store, &manifest).await
}

fn key_of(day: &SampleDay, source: Source) -> String {
    day.manifest().documents.into_iter().find(|entry| entry.source == source).unwrap().key.unwrap()
}

/// Publishes the full day, with one document changed and its SHA-256 updated.
fn published_with(source: Source, change: impl Fn(serde_json::Value) -> serde_json::Value) -> MemoryStore {
    let day = SampleDay::full();
    let store = published(&day);
    let mut manifest = day.manifest();
    let body = change(serde_json::from_slice(&day.body(source).unwrap()).unwrap()).to_string();
    let entry = manifest.documents.iter_mut().find(|entry| entry.source == source).unwrap();
    entry.sha256 = Some(sha256_hex(body.as_bytes()));
    store.insert(entry.key.clone().unwrap(), body);
    store.insert(keys::manifest(manifest.date), serde_json::to_vec(&manifest).unwrap());
    store
}

#[tokio::test]
async fn full_day_is_read_as_it_was_written() {
    let collected = collected(&published(&SampleDay::full())).await.unwrap();
    assert_eq!(collected.unusable, []);
    for source in Source::ALL {
        assert_eq!(collected.sources[&source].status, EntryStatus::Ok);
    }
    let bytes = |documents: &Documents| serde_json::to_vec(documents.disruptions.as_ref().unwrap()).unwrap();
    assert_eq!(bytes(&collected.documents), bytes(&SampleDay::full().documents));
    assert_eq!(collected.documents.headers().count(), 7);
    assert!(collected.bytes > 1000);
}

#[tokio::test]
async fn missing_manifest_is_not_an_error() {
    assert_eq!(manifest(&MemoryStore::new(), day()).await, Ok(None));
}

#[tokio::test]
async fn document_with_another_digest_costs_only_its_source() {
    let sample = SampleDay::full();
    let key = key_of(&sample, Source::Weather);
    let store = published(&sample);
    store.insert(key.clone(), "{}");
    let collected = collected(&store).await.unwrap();
    assert_eq!(collected.unusable, [Source::Weather]);
    let status = &collected.sources[&Source::Weather];
    assert_eq!(status.status, EntryStatus::Error);
    assert!(status.reason.as_deref().unwrap().starts_with(&format!("empreinte_differente : {key} (attendue ")));
    assert!(!collected.documents.has(Source::Weather) && collected.documents.has(Source::RoadCounts));
}

#[tokio::test]
async fn missing_or_invalid_document_has_a_reason() {
    let store = published(&SampleDay::full());
    store.delete(&key_of(&SampleDay::full(), Source::BikeCounts)).await.unwrap();
    let collected_without = collected(&store).await.unwrap();
    assert!(
        collected_without.sources[&Source::BikeCounts]
            .reason
            .as_deref()
            .unwrap()
            .starts_with("document_introuvable : objets/")
    );

    type Change = fn(serde_json::Value) -> serde_json::Value;
    let with = |key: &str, value: serde_json::Value| {
        let key = key.to_owned();
        published_with(Source::Worksites, move |mut document| {
            document[key.as_str()] = value.clone();
            document
        })
    };
    let bodyless: Change = |_| serde_json::json!({ "schema_version": "1.0" });
    for (store, reason) in [
        (with("schema_version", "2.0".into()), "version_inconnue : 2.0 (lue ici : 1.1)"),
        (with("date", "2025-11-02".into()), "autre_document : chantiers du 2025-11-02"),
        (with("source", "bikes".into()), "autre_document : bikes du 2025-11-03"),
        (published_with(Source::Worksites, bodyless), "document_illisible : missing field"),
    ] {
        let collected = collected(&store).await.unwrap();
        let found = collected.sources[&Source::Worksites].reason.clone().unwrap();
        assert!(found.starts_with(reason), "{found}");
    }
}

#[tokio::test]
async fn minor_version_with_a_new_key_is_read() {
    let store = published_with(Source::Worksites, |mut document| {
        document["schema_version"] = "1.7".into();
        document["nouveaute"] = 1.into();
        document
    });
    assert_eq!(collected(&store).await.unwrap().unusable, []);
}

#[tokio::test]
async fn status_and_reason_of_the_manifest_are_kept() {
    let sample = SampleDay::full()
        .without(Source::BikeCounts, "aucune_ligne_du_jour")
        .retaining(Source::Weather, "fichier_illisible");
    let collected = collected(&published(&sample)).await.unwrap();
    assert_eq!(collected.unusable, []);
    assert_eq!(collected.sources[&Source::BikeCounts].status, EntryStatus::Absent);
    assert_eq!(collected.sources[&Source::BikeCounts].reason.as_deref(), Some("aucune_ligne_du_jour"));
    assert_eq!(collected.sources[&Source::Weather].status, EntryStatus::Retained);
    assert!(collected.documents.has(Source::Weather));
}

#[tokio::test]
async fn day_without_any_source_fails_with_no_input() {
    let sample =
        Source::RAW.into_iter().fold(SampleDay::full(), |day, source| day.failing(source, "fichier_illisible"));
    let store = published(&sample);
    let collected = collected(&store).await.unwrap();
    let failure = require_document(&store, &sample.manifest(), &collected).unwrap_err();
    assert_eq!(failure.code, Code::NoInput);
    assert!(failure.what.contains("comptages fichier_illisible"), "{failure}");
}

#[tokio::test]
async fn invalid_manifest_fails_with_bad_data_and_the_cause() {
    let mut other = SampleDay::full().manifest();
    other.date = "2025-11-02".parse().unwrap();
    for (body, part) in [
        ("{".to_owned(), "the manifest is not valid (EOF"),
        (r#"{"schema_version":"2.1"}"#.to_owned(), "has schema version 2.1, but this reporter reads 1.1"),
        (r#"{"schema_version":"1.0"}"#.to_owned(), "missing field"),
        (serde_json::to_string(&other).unwrap(), "for another day, 2025-11-02"),
    ] {
        let store = MemoryStore::new();
        store.insert(keys::manifest(day()), body);
        let failure = manifest(&store, day()).await.unwrap_err();
        assert_eq!(failure.code, Code::Data);
        assert!(failure.what.contains(part) && failure.key.ends_with("manifest_2025-11-03.json"), "{failure}");
    }
}

#[tokio::test]
async fn key_outside_the_store_is_not_followed() {
    let day = SampleDay::full();
    let store = published(&day);
    let mut manifest = day.manifest();
    manifest.documents[0].key = Some("../secret.json".into());
    let collected = documents(&store, &manifest).await.unwrap();
    assert!(
        collected.sources[&Source::RoadCounts]
            .reason
            .as_deref()
            .unwrap()
            .starts_with("document_illisible : ../secret.json")
    );
}
