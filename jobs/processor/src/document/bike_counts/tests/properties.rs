//! Properties of the bike counters that hold for any input.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_bytes_give_a_document_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300), json in any::<bool>()) {
        let paris = Paris::on(DAY);
        let file = if json {
            snapshot("a.json", "2025-11-06T01:00:00Z", bytes)
        } else {
            let mut text = b"id_compteur;sum_counts;date\n".to_vec();
            text.extend(bytes);
            RawFile { key: "batch/comptage-velo.csv".to_owned(), bytes: text.into(), collected: None }
        };
        let _ = paris.read(&[file]);
    }

    #[test]
    fn any_fields_give_a_document_or_an_error_and_rows_add_up(
        rows in proptest::collection::vec(("[12]?", "-?[0-9.,e]{0,4}|x", "2025-11-0[456]T[0-2][0-9]:00:00(Z|\\+01:00|)"), 1..60)
    ) {
        let mut text = "id_compteur;sum_counts;date\n".to_owned();
        for (id, count, date) in &rows {
            text.push_str(&format!("{id};{count};{date}\n"));
        }
        let paris = Paris::on(DAY);
        if let SourceResult::Document(draft) = paris.read(&[export("comptage-velo.csv", &text)]) {
            let quality = draft.quality;
            prop_assert_eq!(quality.rows_read, rows.len() as u64);
            prop_assert_eq!(quality.rows_of_day, quality.cells + quality.duplicates + quality.conflicts);
        }
    }
}
