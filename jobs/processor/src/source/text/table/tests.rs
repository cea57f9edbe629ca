//! Headers, lines, bad rows and bad files.

use proptest::prelude::*;

use super::*;

const COLUMNS: [Column; 3] = [
    Column::required(&["Identifiant", "id"]),
    Column::required(&["Débit horaire", "q"]),
    Column::optional(&["Remarque", "note"]),
];

/// Line and fields, or line and reason.
type Item = Result<(u64, Option<String>, Option<String>, Option<String>), (u64, Reason)>;

fn read(text: &[u8]) -> Vec<Item> {
    let table = Table::open("f.csv", text, &COLUMNS).unwrap();
    let field = |row: &Row<'_>, at| row.get(at).map(str::to_owned);
    table
        .rows()
        .map(|row| match row {
            Ok(row) => Ok((row.line, field(&row, 0), field(&row, 1), field(&row, 2))),
            Err(bad) => Err((bad.line, bad.reason)),
        })
        .collect()
}

fn row(line: u64, id: &str, q: &str) -> Item {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok((line, some(id), some(q), None))
}

#[test]
fn table_accepts_both_headers_any_separator_any_order_bom_and_crlf() {
    for text in [
        "\u{feff}Identifiant;Débit horaire\r\n7;1,5\r\n",
        "id,q\n7,\"1,5\"\n",
        "DEBIT HORAIRE;IDENTIFIANT;Autre\n1,5;7;x",
        "\n\nid;q\n7; 1,5 \n",
    ] {
        let rows = read(text.as_bytes());
        assert_eq!(rows.len(), 1, "{text}");
        let (_, id, q, _) = rows.into_iter().next().unwrap().unwrap();
        assert_eq!((id.as_deref(), q.as_deref()), (Some("7"), Some("1,5")), "{text}");
    }
}

#[test]
fn line_numbers_are_physical_and_blank_lines_are_skipped() {
    let rows = read(b"id;q;note\n1;2;\"a\nb \"\"c\"\"\"\n\r\n3;4;\n");
    assert_eq!(
        rows,
        [Ok((2, Some("1".to_owned()), Some("2".to_owned()), Some("a\nb \"c\"".to_owned()))), row(5, "3", "4"),]
    );
}

#[test]
fn row_with_wrong_field_count_is_rejected_alone() {
    let rows = read(b"id;q\n1\n2;3\n4;5;6\n");
    assert_eq!(rows, [Err((2, Reason::ColumnCount)), row(3, "2", "3"), Err((4, Reason::ColumnCount))]);
}

#[test]
fn unclosed_quote_costs_one_row() {
    let rows = read(b"id;q;note\n1;2;\"open\n3;4;\n5;6;\n");
    assert_eq!(rows, [Err((2, Reason::UnclosedQuote)), row(3, "3", "4"), row(4, "5", "6")]);
}

#[test]
fn quote_inside_a_field_is_an_ordinary_character() {
    let rows = read(b"id;q\n1\";2\n3;4\n");
    assert_eq!(rows, [row(2, "1\"", "2"), row(3, "3", "4")]);
}

#[test]
fn record_over_1_mib_is_rejected_and_reading_resumes_on_the_next_line() {
    let mut text = b"id;q;note\n1;2;\"long\n3;4;\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', LONGEST_RECORD + 10));
    text.extend(b"\n5;6;\n");
    let rows = read(&text);
    assert_eq!(
        rows,
        [Err((2, Reason::RecordTooLong)), row(3, "3", "4"), Err((4, Reason::RecordTooLong)), row(5, "5", "6")]
    );
}

#[test]
fn invalid_utf8_rejects_the_row_and_above_1_percent_the_file() {
    let mut text = b"id;q\n\xff;1\n".to_vec();
    text.extend(b"1;2\n".repeat(99));
    let rows = read(&text);
    assert_eq!(rows.len(), 100);
    assert_eq!(rows[0], Err((2, Reason::InvalidUtf8)));
    let error = Table::open("f.csv", b"id;q\n\xff;1\n1;2\n", &COLUMNS).unwrap_err();
    assert_eq!(error.to_string(), "f.csv: 1 of 2 rows are not valid UTF-8; export the file as UTF-8");
}

#[test]
fn file_of_another_source_is_refused_with_its_key() {
    for (text, part) in [
        (&b""[..], "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"a;b\n1;2\n", "missing column Identifiant, D\u{e9}bit horaire"),
        (b"id;d\xe9bit\n1;2\n", "header is not valid UTF-8"),
        (b"\"id;q\n1;2\n", "no header"),
    ] {
        let error = Table::open("batch/x.csv", text, &COLUMNS).unwrap_err();
        assert_eq!(error.key, "batch/x.csv");
        assert!(error.reason.contains(part), "{}", error.reason);
    }
}

#[test]
fn number_accepts_comma_or_point_and_rejects_words() {
    assert_eq!(number(" 12,5 "), Some(12.5));
    assert_eq!(number("-3.0"), Some(-3.0));
    for wrong in ["", "nan", "inf", "1,2,3", "1 000", "1e999"] {
        assert_eq!(number(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_increasing_lines(tail in proptest::collection::vec(prop_oneof![
        Just(b'"'), Just(b';'), Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>()
    ], 0..200)) {
        let mut text = b"id;q\n".to_vec();
        text.extend(&tail);
        if let Ok(table) = Table::open("f", &text, &COLUMNS) {
            let mut last = 1;
            for row in table.rows() {
                let line = match &row { Ok(row) => row.line, Err(bad) => bad.line };
                prop_assert!(line > last);
                last = line;
                // Its fields are those of its bytes alone: the reader stands where the row begins.
                if let Ok(row) = &row {
                    let mut alone = StringRecord::new();
                    reader(row.raw(), table.separator).read_record(&mut alone).unwrap();
                    let field = |at| alone.get(at).map(str::trim).filter(|field: &&str| !field.is_empty());
                    prop_assert_eq!((row.get(0), row.get(1)), (field(0), field(1)));
                }
            }
        }
    }

    #[test]
    fn table_reads_back_output_of_a_csv_writer(rows in proptest::collection::vec(("[a;\"\n, é]{0,6}", "[a;\"\n, é]{0,6}"), 1..20)) {
        let mut writer = csv::WriterBuilder::new().delimiter(b';').quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["id", "q"]).unwrap();
        for (id, q) in &rows {
            writer.write_record([id, q]).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let expected: Vec<_> = rows.iter().map(|(id, q)| (some(id), some(q))).collect();
        let found: Vec<_> = read(&text).into_iter().map(|row| row.map(|(_, id, q, _)| (id, q)).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }
}
