//! Shapes, lines, damage.

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["results", "records", "features"];

fn read(text: &str) -> Result<Vec<(u64, &str)>, Shape> {
    let answer = Answer::split(text.as_bytes(), &NAMES)?;
    Ok(answer.elements().map(|element| (element.line, std::str::from_utf8(element.raw).unwrap())).collect())
}

#[test]
fn snapshot_of_any_shape_is_split_into_records_with_lines() {
    assert_eq!(
        read("\u{feff}{\n \"n\": [1, {\"results\": []}],\n \"results\" : [ {\"a\": \"]}\\\"\"}\n,\n{\"b\":[1]} ]}"),
        Ok(vec![(3, "{\"a\": \"]}\\\"\"}"), (5, "{\"b\":[1]}")])
    );
    assert_eq!(read("[{\"a\":1},2]"), Ok(vec![(1, "{\"a\":1}"), (1, "2")]));
    assert_eq!(read("{\"a\":1}\n\n{\"a\":\n{\"b\":2}\n"), Ok(vec![(1, "{\"a\":1}"), (3, "{\"a\":"), (4, "{\"b\":2}")]));
    assert_eq!(read("\n{\"a\":1}"), Ok(vec![(2, "{\"a\":1}")]));
    assert_eq!(read("{\"results\":[]}"), Ok(vec![]));
}

#[test]
fn pages_are_opened_wherever_they_are() {
    let [one, two] = [r#"{"total_count":3,"results":[{"a":1},{"a":2}]}"#, r#"{"results":[{"a":3}],"total_count":4}"#];
    let records = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"];
    for (text, lines, shape) in [
        (format!("[{one},\n{two}]"), [1, 1, 2], Shape::ListOfPages),
        (format!("{one}\n{two}\n"), [1, 1, 2], Shape::PagePerLine),
        (format!("{one}{two}"), [1, 1, 1], Shape::RunTogether),
        (format!("{one},{two}"), [1, 1, 1], Shape::RunTogether),
        (format!("{one}\n{two}{{\"results\":[]}}"), [1, 1, 2], Shape::RunTogether),
    ] {
        let answer = Answer::split(text.as_bytes(), &NAMES).unwrap();
        let found: Vec<_> = answer.elements().map(|element| (element.line, element.raw)).collect();
        let expected: Vec<_> = lines.into_iter().zip(records.map(str::as_bytes)).collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!(answer.shape, shape, "{text}");
        let totals: Vec<_> = answer.pages.iter().filter_map(|page| page.entry::<u64>("total_count")).collect();
        assert_eq!(totals, [3, 4], "{text}");
    }
}

#[test]
fn objects_run_together_are_split_on_one_line_and_on_several() {
    assert_eq!(read("{\"a\":1}{\"a\":2}"), Ok(vec![(1, "{\"a\":1}"), (1, "{\"a\":2}")]));
    assert_eq!(read("{\n\"a\":1\n}\n{\n\"a\":2}"), Ok(vec![(1, "{\n\"a\":1\n}"), (4, "{\n\"a\":2}")]));
    assert_eq!(read("{\"a\":\"}{\"}\n7"), Ok(vec![(1, "{\"a\":\"}{\"}"), (2, "7")]));
    // The last one is cut short: it is rejected alone, as on a line of its own.
    assert_eq!(read("{\"a\":1}{\"a\":2}{\"a\""), Ok(vec![(1, "{\"a\":1}"), (1, "{\"a\":2}"), (1, "{\"a\"")]));
}

#[test]
fn name_of_the_list_inside_a_record_does_not_make_it_a_page() {
    let text = r#"[{"results":3,"a":"records"},{"b":{"results":[1]}}]"#;
    assert_eq!(read(text).map(|found| found.len()), Ok(2));
    assert_eq!(Answer::split(text.as_bytes(), &NAMES).map(|answer| answer.shape), Ok(Shape::List));
}

#[test]
fn unusable_snapshot_resembles_a_shape() {
    for (text, shape) in [
        ("", Shape::Empty),
        ("\u{feff}", Shape::Empty),
        ("  \n", Shape::Empty),
        ("12", Shape::Other),
        ("<html>", Shape::Other),
        ("[{\"a\":1},\n{\"a\":1}\n", Shape::BrokenList),
        ("[{\"results\":[1]},", Shape::BrokenListOfPages),
        ("{\"results\":[{\"a\":1}", Shape::BrokenPage),
        ("{\"type\":\"FeatureCollection\",\"features\":[", Shape::BrokenFeatureCollection),
        ("{\n\"a\":", Shape::BrokenObject),
    ] {
        assert_eq!(read(text), Err(shape), "{text}");
    }
    let collection = br#"{"type":"FeatureCollection","features":[{"type":"Feature"}]}"#;
    assert_eq!(Answer::split(collection, &NAMES).map(|answer| answer.shape), Ok(Shape::FeatureCollection));
}

fn record() -> impl Strategy<Value = String> {
    r#"\{"[a-c]": ?("[\]\[{}, ]{0,4}"|0|[1-9][0-9]{0,2}|\[[0-9]?\]|null)\}"#
}

proptest! {
    #[test]
    fn splitter_terminates_on_any_bytes(bytes in proptest::collection::vec(prop_oneof![
        Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b','), Just(b':'), Just(b'1'), Just(b'\n'), any::<u8>()
    ], 0..60)) {
        let _ = Answer::split(&bytes, &["1"]);
    }

    #[test]
    fn same_records_are_found_in_every_shape(records in proptest::collection::vec(record(), 2..7), size in 1..4_usize) {
        let pages: Vec<_> = records.chunks(size).map(|page| format!("{{\"results\":[{}]}}", page.join(","))).collect();
        let mut texts = vec![
            format!("[{}]", records.join(",")), records.join("\n"), records.concat(),
            format!("{{\"records\":[{}]}}", records.join(",")), format!("[{}]", pages.join(",")),
        ];
        texts.extend([pages.join("\n"), pages.concat()]);
        for text in texts {
            let found = read(&text).map(|found| found.iter().map(|(_, raw)| (*raw).to_owned()).collect::<Vec<_>>());
            prop_assert_eq!(found, Ok(records.clone()), "{}", text);
        }
    }
}
