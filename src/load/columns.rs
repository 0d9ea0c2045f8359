//! Rows become columns, a batch after the other, in a file that the warehouse takes as it is.

use super::row::{Held, Link, Row, Value};
use crate::{
    event::{
        Kind,
        fields::{self, FieldType, LINK, fields},
    },
    warehouse::columns::{ROWS_AT_ONCE, arrow_fields, arrow_schema},
};
use arrow::{
    array::{
        Array as _, ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, ListArray,
        ListBuilder, RecordBatch, StringBuilder, StructArray, TimestampMicrosecondBuilder,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{Field, SchemaRef},
};
use parquet::{
    arrow::ArrowWriter,
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
};
use std::{
    fs::File,
    io::{self, BufWriter},
    mem,
    path::Path,
    sync::Arc,
};

/// Bytes of texts that make a batch full, whatever the number of its rows: memory does not grow with
/// the length of lines.
const FULL: usize = 8 << 20;
/// The same of encoded values and a group of rows. Several files are in hand at a time.
const FULL_GROUP: usize = 4 << 20;

/// A file of rows of one kind: Parquet, which DuckDB reads where it lies.
pub(super) struct RowsFile {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    text_bytes: usize,
    file: ArrowWriter<BufWriter<File>>,
}

impl RowsFile {
    /// A new one in place of whatever is there.
    pub(super) fn create(path: &Path, kind: Kind) -> io::Result<Self> {
        let schema = arrow_schema(kind);
        let file = BufWriter::new(File::create(path)?);
        Ok(Self {
            columns: columns(fields(kind)),
            file: ArrowWriter::try_new(file, schema.clone(), Some(plain())).map_err(failed)?,
            schema,
            rows: 0,
            text_bytes: 0,
        })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row) -> io::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(&row.values) {
            column.add(*value, &row.held);
        }
        self.rows += 1;
        self.text_bytes += row.text_bytes();
        if self.rows == ROWS_AT_ONCE || self.text_bytes >= FULL {
            self.write()?;
        }
        Ok(())
    }

    /// Writes what is not written yet, and the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write()?;
        self.file.close().map(drop).map_err(failed)
    }

    fn write(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        (self.rows, self.text_bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(io::Error::other)?;
        self.file.write(&batch).map_err(failed)
    }
}

/// Values as they are: the file is read within seconds, a few times at most, and then removed.
fn plain() -> WriterProperties {
    WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_bytes(Some(FULL_GROUP))
        .build()
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        // A disk that is full says so.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn columns(fields: &[fields::Field]) -> Vec<Column> {
    fields.iter().map(Column::of).collect()
}

/// The values of one field.
enum Column {
    Text(StringBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Time(TimestampMicrosecondBuilder),
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    TextList(ListBuilder<StringBuilder>),
    Links(Links),
}

impl Column {
    fn of(field: &fields::Field) -> Self {
        match field.field_type {
            FieldType::Text => Self::Text(StringBuilder::new()),
            FieldType::Uuid => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
            FieldType::Timestamp => {
                Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            FieldType::Integer => Self::Integer(Int64Builder::new()),
            FieldType::Boolean => Self::Boolean(BooleanBuilder::new()),
            FieldType::TextList => Self::TextList(ListBuilder::new(StringBuilder::new())),
            FieldType::Links => Self::Links(Links::new()),
        }
    }

    /// Adds a value; decoding saw to it that it is of this type.
    fn add(&mut self, value: Option<Value>, held: &Held) {
        match (self, value) {
            (column, None) => column.add_null(),
            (Self::Text(texts), Some(Value::Text(span))) => texts.append_value(held.text(span)),
            (Self::Uuid(ids), Some(Value::Uuid(id))) => {
                ids.append_value(id.as_bytes())
                    .expect("a UUID has 16 bytes");
            }
            (Self::Time(times), Some(Value::Time(time))) => times.append_value(time),
            (Self::Integer(numbers), Some(Value::Integer(number))) => numbers.append_value(number),
            (Self::Boolean(flags), Some(Value::Boolean(flag))) => flags.append_value(flag),
            (Self::TextList(lists), Some(Value::TextList(span))) => {
                lists.append_value(held.list_texts(span).map(Some));
            }
            (Self::Links(links), Some(Value::Links(span))) => links.add(held.links(span), held),
            // Rather no load than one that leaves a value out.
            (_, Some(value)) => unreachable!("{value:?} was read for a column of another type"),
        }
    }

    fn add_null(&mut self) {
        match self {
            Self::Text(texts) => texts.append_null(),
            Self::Uuid(ids) => ids.append_null(),
            Self::Time(times) => times.append_null(),
            Self::Integer(numbers) => numbers.append_null(),
            Self::Boolean(flags) => flags.append_null(),
            Self::TextList(lists) => lists.append_null(),
            Self::Links(links) => links.add_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(texts) => Arc::new(texts.finish()),
            Self::Uuid(ids) => Arc::new(ids.finish()),
            Self::Time(times) => Arc::new(times.finish()),
            Self::Integer(numbers) => Arc::new(numbers.finish()),
            Self::Boolean(flags) => Arc::new(flags.finish()),
            Self::TextList(lists) => Arc::new(lists.finish()),
            Self::Links(links) => Arc::new(links.finish()),
        }
    }
}

/// Lists of links: the columns of all links, and how many of them are each row's.
struct Links {
    columns: Vec<Column>,
    lengths: Vec<usize>,
    present: Vec<bool>,
}

impl Links {
    fn new() -> Self {
        Self {
            columns: columns(LINK),
            lengths: Vec::new(),
            present: Vec::new(),
        }
    }

    fn add(&mut self, links: &[Link], held: &Held) {
        for link in links {
            for (column, value) in self.columns.iter_mut().zip(link) {
                column.add(*value, held);
            }
        }
        self.lengths.push(links.len());
        self.present.push(true);
    }

    fn add_null(&mut self) {
        self.lengths.push(0);
        self.present.push(false);
    }

    fn finish(&mut self) -> ListArray {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let links = StructArray::new(arrow_fields(LINK), arrays, None);
        let item = Field::new_list_field(links.data_type().clone(), true);
        let lengths = mem::take(&mut self.lengths);
        let present = NullBuffer::from(mem::take(&mut self.present));
        let offsets = OffsetBuffer::from_lengths(lengths);
        ListArray::new(Arc::new(item), offsets, Arc::new(links), Some(present))
    }
}
