//! A table of typed columns, before it becomes CSV or Parquet.
//!
//! ```text
//! Columns::new(&rows).text("id", …).time("debut", …) ─► Table ─► csv, parquet
//! ```
//!
//! A column has its type also if the table has no row, so that the files of all days have the same schema.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use contract::Stamp;
use contract::number::Fixed;

/// A table: its name and its columns, which have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub values: Values,
}

/// The values of a column; `None` is an unknown value.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Decimal(Vec<Option<f64>>),
    Boolean(Vec<Option<bool>>),
    Date(Vec<Option<NaiveDate>>),
    /// Wall-clock times of the city.
    LocalTime(Vec<Option<NaiveDateTime>>),
    Instant(Vec<Option<DateTime<Utc>>>),
}

impl Values {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Decimal(values) => values.len(),
            Self::Boolean(values) => values.len(),
            Self::Date(values) => values.len(),
            Self::LocalTime(values) => values.len(),
            Self::Instant(values) => values.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }
}

/// Builds the columns of a table from its rows, one function per column.
#[derive(Debug)]
pub struct Columns<'a, R> {
    rows: &'a [R],
    columns: Vec<Column>,
}

impl<'a, R> Columns<'a, R> {
    #[must_use]
    pub fn new(rows: &'a [R]) -> Self {
        Self { rows, columns: Vec::new() }
    }

    #[must_use]
    pub fn table(self, name: &'static str) -> Table {
        Table { name, columns: self.columns }
    }

    #[must_use]
    pub fn text<T: Into<String>>(self, name: &str, value: impl Fn(&'a R) -> Option<T>) -> Self {
        // CSV cannot tell an empty text from none, so there is none in Parquet either.
        let text = |row| value(row).map(Into::into).filter(|text: &String| !text.is_empty());
        let values = self.rows.iter().map(text).collect();
        self.with(name, Values::Text(values))
    }

    #[must_use]
    pub fn integer(self, name: &str, value: impl Fn(&'a R) -> Option<u64>) -> Self {
        let values = self.rows.iter().map(|row| value(row).and_then(|value| i64::try_from(value).ok())).collect();
        self.with(name, Values::Integer(values))
    }

    /// A figure of a document, with its decimals.
    #[must_use]
    pub fn decimal<const DP: usize>(self, name: &str, value: impl Fn(&'a R) -> Option<Fixed<DP>>) -> Self {
        let values = self.rows.iter().map(|row| value(row).map(Fixed::rounded)).collect();
        self.with(name, Values::Decimal(values))
    }

    #[must_use]
    pub fn boolean(self, name: &str, value: impl Fn(&'a R) -> Option<bool>) -> Self {
        let values = self.rows.iter().map(value).collect();
        self.with(name, Values::Boolean(values))
    }

    #[must_use]
    pub fn date(self, name: &str, value: impl Fn(&'a R) -> Option<NaiveDate>) -> Self {
        let values = self.rows.iter().map(value).collect();
        self.with(name, Values::Date(values))
    }

    /// Two columns: the local time, and in `<name>_utc` the instant, which is unambiguous when the clocks change.
    #[must_use]
    pub fn time(self, name: &str, value: impl Fn(&'a R) -> Option<Stamp>) -> Self {
        let stamps: Vec<_> = self.rows.iter().map(value).collect();
        let local = stamps.iter().map(|stamp| stamp.map(|stamp| stamp.local().naive_local())).collect();
        let instants = stamps.iter().map(|stamp| stamp.map(Stamp::instant)).collect();
        self.with(name, Values::LocalTime(local)).with(&format!("{name}_utc"), Values::Instant(instants))
    }

    fn with(mut self, name: &str, values: Values) -> Self {
        self.columns.push(Column { name: name.to_owned(), values });
        self
    }
}
