//! For any input, nothing panics and the counts add up.

use proptest::prelude::*;

use super::*;

/// JSON that resembles a snapshot, with arbitrary values.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "(2024|9999|0000)[01][0-9][0-3][0-9]T[0-2][0-9][0-5]000Z?".prop_map(Value::from),
        prop_oneof![Just("a"), Just("title"), Just("line"), Just("Metro"), Just("<p>&#8203;&amp;")]
            .prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "disruptions",
        "lines",
        "id",
        "applicationPeriods",
        "application_periods",
        "begin",
        "end",
        "lastUpdate",
        "messages",
        "text",
        "channel",
        "types",
        "impacted_objects",
        "pt_object",
        "line",
        "code",
        "commercial_mode",
        "name",
        "pagination",
        "total_result",
        "items_per_page",
        "start_page",
        "severity",
        "effect",
        "title",
        "lastUpdatedDate",
        "context",
        "current_datetime",
        "mode",
        "impactedObjects",
        "disruptionIds",
        "type",
        "tags",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

fn survives(bodies: Vec<Vec<u8>>, date: &str) -> Result<(), TestCaseError> {
    let files: Vec<_> =
        bodies.into_iter().zip(0..).map(|(body, n)| file(&format!("{n}.json"), "20240502T120000", body)).collect();
    if let SourceResult::Document(draft) = measured(date, &files) {
        let quality = &draft.quality;
        prop_assert_eq!(quality.rows_of_day, quality.cells + quality.duplicates + quality.conflicts);
        prop_assert_eq!(draft.body.running_by_hour.len(), 24);
        serde_json::to_vec(&draft.body).map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        survives(bodies, "2024-05-02")?;
    }

    #[test]
    fn arbitrary_json_never_panics(lists in prop::collection::vec((prop::collection::vec(anything(), 0..5), anything()), 1..4)) {
        let bodies = lists.into_iter().map(|(disruptions, lines)| json!({"disruptions": disruptions, "lines": lines}).to_string().into_bytes());
        survives(bodies.collect(), "2024-03-31")?;
    }

    #[test]
    fn arbitrary_text_never_panics(raw in "[<>&;#xa-zA /'\"=0-9é\u{200B}-]{0,60}", any in ".{0,40}") {
        for text in [raw, any] {
            let plain = crate::source::disruptions::text::plain(&text);
            let invisible = plain.contains(['\u{200B}', '\u{FEFF}', '\u{A0}']);
            prop_assert!(!invisible);
            crate::source::disruptions::named::lines(&plain);
        }
    }
}
