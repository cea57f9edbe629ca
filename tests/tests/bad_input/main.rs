//! Bad input, one test for each kind: exit code, message, the other sources published, previous documents kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

mod command_line;
mod stores;

use std::io::{Seek as _, SeekFrom, Write as _};

use acceptance::environment::for_each_store;
use acceptance::{ProgramOutput, PublishedDay, TestEnv, raw};
use bytes::Bytes;
use contract::Source;
use contract::document::manifest::EntryStatus;
use serde_json::Value;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Asserts that `body` at `key` is an error of its source: first without a previous document, then with one, which is kept.
fn assert_source_error(source: Source, key: &str, body: impl Into<Bytes>) {
    let body = body.into();
    let replaced = match source {
        Source::RoadCounts => "batch/comptages-",
        Source::Worksites => "batch/chantiers-",
        Source::RoadNetwork => "batch/referentiel-",
        _ => &format!("api/{source}/"),
    };
    for_each_store(|env| {
        let spoil = || {
            env.remove_raw(replaced);
            env.put_raw(key, body.clone());
            let outcome = env.processor().arg(raw::DAY).run();
            expect_report_of(outcome, source, key);
            PublishedDay::load(env, raw::DAY)
        };
        raw::write(env);
        let new = spoil();
        assert_eq!(new.entry(source).status, EntryStatus::Error, "{:?}", new.entry(source));
        assert!(new.entry(source).reason.as_deref().unwrap().contains(key), "{:?}", new.entry(source));
        for other in Source::ALL.into_iter().filter(|other| *other != source) {
            assert_eq!(new.entry(other).status, EntryStatus::Ok, "{other}: {:?}", new.entry(other));
        }

        env.remove_raw(key);
        raw::write(env);
        env.processor().arg(raw::DAY).succeed();
        let good = PublishedDay::load(env, raw::DAY);
        assert_eq!(good.statuses(), [EntryStatus::Ok; 7]);
        let kept = spoil();
        assert_eq!(kept.entry(source).status, EntryStatus::Retained, "{:?}", kept.entry(source));
        assert!(kept.entry(source).reason.as_deref().unwrap().contains(key), "{:?}", kept.entry(source));
        assert_eq!(kept.bytes[&source], good.bytes[&source], "the previous document changed");
    });
}

/// Asserts that a required source fails the run with 65 and that any other is a warning; both name the key.
fn expect_report_of(outcome: ProgramOutput, source: Source, key: &str) {
    if source == Source::RoadCounts {
        outcome.expect_failure(65, &[key]);
        return;
    }
    let outcome = outcome.expect_exit(0);
    assert!(outcome.has_warning(&[key]), "no warning names {key}\n{}", outcome.transcript());
}

/// Processes [`raw::DAY`] and returns the document of a source.
fn document(env: &TestEnv, source: Source) -> Value {
    env.processor().arg(raw::DAY).succeed();
    PublishedDay::load(env, raw::DAY).document(source)
}

#[test]
fn truncated_gzip_is_a_source_error() {
    let whole = gz(raw::road_counts(raw::DAY).as_bytes());
    assert_source_error(Source::RoadCounts, "batch/comptages-2025.csv.gz", whole[..whole.len() / 2].to_vec());
    let whole = gz(raw::worksites().as_bytes());
    assert_source_error(Source::Worksites, "batch/chantiers-2025-11.csv.gz", whole[..whole.len() - 6].to_vec());
}

#[test]
fn truncated_zstd_is_a_source_error() {
    let whole = zstd::encode_all(raw::road_counts(raw::DAY).as_bytes(), 1).unwrap();
    assert_source_error(Source::RoadCounts, "batch/comptages-2025.csv.zst", whole[..whole.len() / 2].to_vec());
}

#[test]
fn first_bytes_decide_whether_a_file_is_compressed() {
    for_each_store(|env| {
        raw::write(env);
        let expected = document(env, Source::RoadCounts);
        let counts = raw::road_counts(raw::DAY);
        for (name, body) in [("x.csv.gz", counts.clone().into_bytes()), ("x.csv", gz(counts.as_bytes()))] {
            env.remove_raw("batch/comptages-");
            env.put_raw(&format!("batch/comptages-{name}"), body);
            assert_eq!(expected["qualite"], document(env, Source::RoadCounts)["qualite"], "{name}");
        }
    });
}

#[test]
fn compressed_files_give_the_same_document() {
    for_each_store(|env| {
        raw::write(env);
        let plain = document(env, Source::RoadCounts);
        let counts = raw::road_counts(raw::DAY);
        for (suffix, body) in [("gz", gz(counts.as_bytes())), ("zst", zstd::encode_all(counts.as_bytes(), 1).unwrap())]
        {
            env.remove_raw("batch/comptages-");
            env.put_raw(&format!("{}.{suffix}", raw::ROAD_COUNTS), body);
            let packed = document(env, Source::RoadCounts);
            assert_eq!(plain["metrics"], packed["metrics"], "{suffix}");
            assert_eq!(plain["qualite"], packed["qualite"], "{suffix}");
        }
    });
}

#[test]
fn file_without_header_is_a_source_error() {
    let counts = raw::road_counts(raw::DAY);
    let (_, rows) = counts.split_once('\n').unwrap();
    assert_source_error(Source::RoadCounts, raw::ROAD_COUNTS, rows.to_owned());
}

#[test]
fn header_of_another_source_is_a_source_error() {
    assert_source_error(Source::RoadCounts, raw::ROAD_COUNTS, raw::worksites());
    assert_source_error(Source::Worksites, raw::WORKSITES, raw::road_network());
    assert_source_error(Source::RoadNetwork, raw::ROAD_NETWORK, raw::worksites());
}

#[test]
fn one_unreadable_file_of_several_is_a_source_error() {
    for_each_store(|env| {
        raw::write(env);
        env.put_raw("batch/comptages-2026.csv", "nothing; that; is; known\n");
        env.processor().arg(raw::DAY).run().expect_failure(65, &["batch/comptages-2026.csv"]);
        let published = PublishedDay::load(env, raw::DAY);
        assert_eq!(published.entry(Source::RoadCounts).status, EntryStatus::Error);
        assert_eq!(published.entry(Source::BikeCounts).status, EntryStatus::Ok);
    });
}

/// More than 2 MB of road counts, then `last`.
fn long_counts(last: &[u8]) -> Vec<u8> {
    let counts = raw::road_counts(raw::DAY).into_bytes();
    let row = raw::count_row(1, "2025-10-01T00:00:00Z".parse().unwrap(), "1.0", "1.0");
    let mut body = counts;
    while body.len() < 2_000_000 {
        body.extend_from_slice(row.as_bytes());
        body.push(b'\n');
    }
    body.extend_from_slice(last);
    body
}

#[test]
fn row_with_invalid_utf8_is_rejected_with_its_line_number() {
    for_each_store(|env| {
        raw::write(env);
        let row = raw::count_row(1, "2025-11-03T23:00:00Z".parse().unwrap(), "1.0", "1.0");
        let mut bad = row.into_bytes();
        bad[3] = 0xff;
        bad.push(b'\n');
        let body = long_counts(&bad);
        let line = body.iter().filter(|byte| **byte == b'\n').count();
        env.put_raw(raw::ROAD_COUNTS, body);
        let found = document(env, Source::RoadCounts);
        assert_eq!(found["qualite"]["rejets_structure"], serde_json::json!({"utf8_invalide": 1}));
        let example = &found["qualite"]["exemples"][0];
        assert_eq!((&example["fichier"], &example["ligne"]), (&raw::ROAD_COUNTS.into(), &line.into()), "{example}");
        assert_eq!(found["global_metrics"]["total_vehicules_jour"], raw::VEHICLES);
    });
}

#[test]
fn invalid_utf8_in_more_than_one_percent_of_rows_is_a_source_error() {
    let bad = raw::road_counts(raw::DAY).into_bytes();
    let mut rows = 0;
    let spoilt: Vec<u8> = bad
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|row| {
            rows += 1;
            let mut row = row.to_vec();
            if rows % 50 == 0 {
                row[3] = 0xff;
            }
            row
        })
        .collect();
    assert_source_error(Source::RoadCounts, raw::ROAD_COUNTS, spoilt);
}

#[test]
fn invalid_utf8_in_the_header_is_a_source_error() {
    let mut bad = raw::road_counts(raw::DAY).into_bytes();
    bad[10] = 0xff;
    assert_source_error(Source::RoadCounts, raw::ROAD_COUNTS, bad);
}

#[test]
fn truncated_json_is_a_source_error() {
    for (source, key, body) in [
        (Source::BikeCounts, raw::BIKE_COUNTS, raw::bike_counts(raw::DAY)),
        (Source::Disruptions, raw::LATER_DISRUPTIONS, raw::disruptions(false)),
        (Source::Weather, raw::WEATHER, raw::weather(raw::DAY)),
    ] {
        assert_source_error(source, key, body[..body.len() / 2].to_owned());
    }
}

#[test]
fn json_of_another_shape_is_a_source_error() {
    for (source, key) in [
        (Source::BikeCounts, raw::BIKE_COUNTS),
        (Source::Disruptions, raw::LATER_DISRUPTIONS),
        (Source::Weather, raw::WEATHER),
    ] {
        assert_source_error(source, key, r#"{"hello": ["world"], "detail": "Not Found"}"#);
        assert_source_error(source, key, "<html><body>503 Service Unavailable</body></html>");
    }
}

#[test]
fn unreadable_snapshots_next_to_good_ones_are_counted() {
    for_each_store(|env| {
        raw::write(env);
        for (source, name) in
            [(Source::BikeCounts, "bikes"), (Source::Disruptions, "traffic"), (Source::Weather, "weather")]
        {
            env.put_raw(&format!("api/{source}/dt=2025-11-05/hour=06/{name}.json"), "");
            env.put_raw(&format!("api/{source}/dt=2025-11-05/hour=07/{name}.json"), "{\"cut\": ");
            env.put_raw(&format!("api/{source}/dt=2025-11-05/hour=08/{name}.json.gz"), "no gzip");
        }
        env.processor().arg(raw::DAY).succeed();
        let published = PublishedDay::load(env, raw::DAY);
        for source in [Source::BikeCounts, Source::Disruptions, Source::Weather] {
            let found = published.document(source);
            assert_eq!(
                found["qualite"]["rejets_structure"]["instantane_illisible"], 3,
                "{source}: {}",
                found["qualite"]
            );
        }
        assert_eq!(published.document(Source::BikeCounts)["global_metrics"]["total_jour"], raw::BIKES);
        assert_eq!(published.document(Source::Disruptions)["active_disruptions_count"], 2);
    });
}

#[test]
fn line_of_a_gigabyte_is_rejected_within_memory_limit() {
    const GIGABYTE: u64 = 1 << 30;
    const MOST_MEMORY: u64 = 300 << 20;
    let env = TestEnv::in_folder();
    raw::write(&env);
    let good = document(&env, Source::RoadCounts);
    // A sparse file: one line of a gigabyte of zeros between good rows, without disk space.
    let mut file =
        std::fs::OpenOptions::new().write(true).open(env.path(&format!("raw/{}", raw::ROAD_COUNTS))).unwrap();
    file.seek(SeekFrom::End(GIGABYTE.cast_signed())).unwrap();
    let after = raw::count_row(9, "2025-11-04T11:00:00Z".parse().unwrap(), "7.0", "7.0");
    writeln!(file, "\n{after}").unwrap();
    let outcome = env.processor().arg(raw::DAY).succeed();
    let found = PublishedDay::load(&env, raw::DAY).document(Source::RoadCounts);
    assert_eq!(found["qualite"]["rejets_structure"], serde_json::json!({"ligne_trop_longue": 1}));
    assert_eq!(found["global_metrics"]["nombre_troncons"], 5, "the row after the line is not read");
    assert_eq!(found["qualite"]["lignes_lues"].as_u64(), good["qualite"]["lignes_lues"].as_u64().map(|rows| rows + 2));
    assert!(outcome.peak_memory < MOST_MEMORY, "{} MiB of memory", outcome.peak_memory >> 20);
}

#[test]
fn file_of_one_gigabyte_line_is_a_source_error_within_memory_limit() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let file = std::fs::File::create(env.path(&format!("raw/{}", raw::ROAD_COUNTS))).unwrap();
    file.set_len(1 << 30).unwrap();
    let outcome = env.processor().arg(raw::DAY).run().expect_failure(65, &[raw::ROAD_COUNTS]);
    assert!(outcome.peak_memory < 300 << 20, "{} MiB of memory", outcome.peak_memory >> 20);
    assert_eq!(PublishedDay::load(&env, raw::DAY).entry(Source::BikeCounts).status, EntryStatus::Ok);
}

#[test]
fn empty_file_is_a_source_error() {
    assert_source_error(Source::RoadCounts, raw::ROAD_COUNTS, "");
    assert_source_error(Source::Worksites, raw::WORKSITES, "");
    assert_source_error(Source::BikeCounts, raw::BIKE_COUNTS, "");
}

#[test]
fn header_without_rows_is_an_absent_source() {
    for_each_store(|env| {
        raw::write(env);
        env.put_raw(raw::ROAD_COUNTS, format!("{}\n", raw::ROAD_COUNTS_HEADER));
        env.processor().env("CITYFLOW_NOW", "2025-11-05T02:00:00Z").arg(raw::DAY).succeed();
        env.processor()
            .env("CITYFLOW_NOW", "2025-11-09T02:00:00Z")
            .arg(raw::DAY)
            .run()
            .expect_failure(65, &["comptages"]);
        let entry = PublishedDay::load(env, raw::DAY).entry(Source::RoadCounts).clone();
        assert_eq!(entry.status, EntryStatus::Absent);
        assert!(entry.reason.unwrap().contains("aucune_ligne_du_jour"));
    });
}

#[test]
fn missing_file_of_a_required_source_exits_65() {
    for_each_store(|env| {
        raw::write(env);
        env.remove_raw("batch/comptages-");
        env.processor().arg(raw::DAY).run().expect_failure(65, &["comptages"]);
        assert_eq!(PublishedDay::load(env, raw::DAY).entry(Source::BikeCounts).status, EntryStatus::Ok);
        // It is not an error if another source is required instead.
        env.processor().args(["--required", "bikes", raw::DAY]).succeed();
    });
}

#[test]
fn raw_folder_without_inputs_exits_66() {
    for_each_store(|env| {
        env.put("raw/README.txt", "nothing here yet");
        let expected = env.address("raw");
        env.processor().arg(raw::DAY).run().expect_failure(66, &[&expected]);
        assert_eq!(env.list("processed/"), [""; 0]);
    });
}

#[test]
fn missing_zones_file_falls_back_to_the_profile() {
    for_each_store(|env| {
        raw::write(env);
        env.remove_raw("reference/");
        let found = document(env, Source::RoadCounts);
        // The first point is near the Eiffel tower, in the 7th district.
        assert_eq!(found["metrics"][0]["arrondissement"], "75007", "{}", found["metrics"][0]);
        assert!(found["metrics"][0]["zone"].is_string());
    });
}

#[test]
fn zones_are_null_with_a_warning_when_profile_has_none() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    env.remove_raw("reference/");
    let profile = env.scratch_path("profile.json");
    std::fs::write(&profile, r#"{"name": "Ville", "timezone": "Europe/Paris"}"#).unwrap();
    env.processor().arg("--profile").arg(&profile).arg(raw::DAY).succeed();
    let published = PublishedDay::load(&env, raw::DAY);
    assert_eq!(published.statuses(), [EntryStatus::Ok; 7]);
    let found = published.document(Source::RoadCounts);
    let arc = &found["metrics"][0];
    assert!(arc["arrondissement"].is_null() && arc["zone"].is_null(), "{arc}");
    assert!(!found["qualite"]["avertissements"].as_array().unwrap().is_empty());
    assert_eq!(found["zones"], serde_json::json!([]));
}
