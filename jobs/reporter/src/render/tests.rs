//! Holds the dictionary of `docs/documents.md` to the columns of the tables and of the CSV report, in both directions.

use runtime::lang::Lang;

use super::csv as csv_report;
use super::tables::table::{Column, Values};
use crate::sample::SampleDay;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/documents.md")).unwrap()
}

/// The cells of the rows of the first table after `heading`, without its header.
fn rows<'p>(page: &'p str, heading: &str) -> Vec<Vec<&'p str>> {
    let (_, after) = page.split_once(heading).unwrap_or_else(|| panic!("no {heading:?}"));
    let lines = after.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    lines
        .map_while(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect()
}

/// The names in backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn documented_type(column: &Column) -> &'static str {
    match column.values {
        Values::Text(_) => "text",
        Values::Integer(_) => "integer",
        Values::Decimal(_) => "number",
        Values::Boolean(_) => "boolean",
        Values::Date(_) => "date",
        Values::LocalTime(_) | Values::Instant(_) => "time",
    }
}

#[test]
fn dictionary_has_a_line_for_every_column_of_the_tables_and_no_other() {
    let page = page();
    let shared: Vec<(&str, &str)> = rows(&page, "Columns that several tables have:")
        .iter()
        .flat_map(|row| names(row[0]).map(|name| (name, row[1])).collect::<Vec<_>>())
        .collect();
    let tables = SampleDay::full().tables();
    for table in &tables {
        // `<name>_utc` is explained with `<name>`.
        let columns = table.columns.iter().filter(|column| !column.name.ends_with("_utc"));
        let columns = columns.map(|column| (column.name.as_str(), documented_type(column)));
        let own: Vec<_> = columns.filter(|column| !shared.contains(column)).collect();
        let rows = rows(&page, &format!("\n### `{}`\n", table.name));
        let explained: Vec<_> = rows.iter().map(|row| (names(row[0]).next().unwrap(), row[1])).collect();
        assert_eq!(explained, own, "{}", table.name);
    }
    for (name, _) in shared {
        let used = tables.iter().filter(|table| table.columns.iter().any(|column| column.name == name)).count();
        assert!(used > 1, "{name} is a column of {used} tables");
    }
    let (_, tidy) = page.split_once("\n## Tidy tables\n").unwrap();
    let headings = tidy.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("### `"));
    let headings: Vec<_> = headings.map(|heading| heading.trim_end_matches('`')).collect();
    assert_eq!(headings, tables.iter().map(|table| table.name).collect::<Vec<_>>());
}

/// Section and name of every column of the CSV report, and of each of its first rows, whose section is empty.
fn csv_columns(lang: Lang) -> Vec<(String, String)> {
    let body = csv_report::render(&SampleDay::full().report_after(None, lang)).unwrap();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap();
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(lang.pick(b';', b',')).has_headers(false).flexible(true);
    let records: Vec<_> = reader.from_reader(body).into_records().map(Result::unwrap).collect();
    let sections: Vec<_> = records.chunk_by(|_, next| !next[0].starts_with("# ")).collect();
    let first_rows = sections[0].iter().skip(1).map(|row| (String::new(), row[0].to_owned()));
    let columns = sections[1..].iter().flat_map(|records| {
        records[1].iter().map(|column| (records[0][0].trim_start_matches("# ").to_owned(), column.to_owned()))
    });
    first_rows.chain(columns).collect()
}

#[test]
fn dictionary_has_a_line_for_every_column_of_the_csv_report_and_no_other() {
    let page = page();
    let mut section = "";
    let mut explained = Vec::new();
    for row in rows(&page, "\n### Columns of the CSV report\n") {
        section = if row[0].is_empty() { section } else { row[0] };
        explained.push(format!("{section}: {}", row[1]));
    }
    let both = |fr: &str, en: &str| if fr == en { format!("`{fr}`") } else { format!("`{fr}` ({en})") };
    let [french, english] = [Lang::Fr, Lang::En].map(csv_columns);
    let columns: Vec<_> = french
        .iter()
        .zip(&english)
        .map(|((fr_section, fr), (en_section, en))| {
            let section = if fr_section.is_empty() { "first rows".to_owned() } else { both(fr_section, en_section) };
            format!("{section}: {}", both(fr, en))
        })
        .collect();
    assert_eq!(explained, columns);
}
