//! A table as a Parquet file: one row group, every column optional, uncompressed.
//!
//! Uncompressed, because a table of a day has some hundred kilobytes, dictionaries keep repeated text short, and a compressor would add a C
//! library to the reporter. Local times are timestamps without a zone, instants are timestamps in UTC, both in milliseconds.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Utc};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::table::{Column, Table, Values};

/// Renders a table.
///
/// # Errors
/// Only a bug: columns of different lengths.
pub fn render(table: &Table) -> Result<Bytes, ParquetError> {
    let fields = table.columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
    let schema = Type::group_type_builder(table.name).with_fields(fields).build()?;
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties)?;
    let mut group = writer.next_row_group()?;
    for column in &table.columns {
        let mut column_writer =
            group.next_column()?.ok_or_else(|| ParquetError::General(format!("no column {}", column.name)))?;
        write(&mut column_writer, &column.values)?;
        column_writer.close()?;
    }
    group.close()?;
    writer.into_inner().map(Bytes::from)
}

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let timestamp = |is_utc| Some(LogicalType::timestamp(is_utc, TimeUnit::MILLIS));
    let (physical, logical) = match &column.values {
        Values::Text(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        Values::Integer(_) => (PhysicalType::INT64, None),
        Values::Decimal(_) => (PhysicalType::DOUBLE, None),
        Values::Boolean(_) => (PhysicalType::BOOLEAN, None),
        Values::Date(_) => (PhysicalType::INT32, Some(LogicalType::Date)),
        Values::LocalTime(_) => (PhysicalType::INT64, timestamp(false)),
        Values::Instant(_) => (PhysicalType::INT64, timestamp(true)),
    };
    let field = Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()?;
    Ok(Arc::new(field))
}

fn write(writer: &mut SerializedColumnWriter<'_>, values: &Values) -> Result<(), ParquetError> {
    match values {
        Values::Text(values) => put::<ByteArrayType, _>(writer, values, |text| text.as_str().into()),
        Values::Integer(values) => put::<Int64Type, _>(writer, values, |value| *value),
        Values::Decimal(values) => put::<DoubleType, _>(writer, values, |value| *value),
        Values::Boolean(values) => put::<BoolType, _>(writer, values, |value| *value),
        Values::Date(values) => put::<Int32Type, _>(writer, values, days_since_epoch),
        Values::LocalTime(values) => {
            put::<Int64Type, _>(writer, values, |time: &NaiveDateTime| time.and_utc().timestamp_millis())
        }
        Values::Instant(values) => put::<Int64Type, _>(writer, values, DateTime::<Utc>::timestamp_millis),
    }
}

/// Writes the known values, with a level of 1 for each of them and of 0 for each unknown one.
fn put<T: DataType, V>(
    writer: &mut SerializedColumnWriter<'_>,
    values: &[Option<V>],
    stored: impl Fn(&V) -> T::T,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let known: Vec<T::T> = values.iter().flatten().map(stored).collect();
    writer.typed::<T>().write_batch(&known, Some(&levels), None).map(drop)
}

fn days_since_epoch(date: &NaiveDate) -> i32 {
    /// Days from 1 January of year 1 to the Unix epoch.
    const EPOCH: i32 = 719_163;
    date.num_days_from_ce() - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_the_unix_epoch() {
        assert_eq!(days_since_epoch(&"1970-01-01".parse().unwrap()), 0);
        assert_eq!(days_since_epoch(&"2025-11-03".parse().unwrap()), 20_395);
    }
}
