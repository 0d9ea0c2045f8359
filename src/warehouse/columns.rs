//! The columns of each kind in DuckDB, from the one table of fields.

use crate::event::{
    Kind,
    fields::{self, Field, FieldType},
};
use arrow::datatypes::{DataType, Field as ArrowField, Fields, Schema, SchemaRef, TimeUnit};
use std::{collections::HashMap, path::Path, sync::Arc};

/// Rows that are put into columns before they go into a staged file, at most.
pub const ROWS_AT_ONCE: usize = 2048;

/// The fact tables that hold a kind's lines as they are. Messages have a table of their own shape.
pub const FACT_TABLES: [(&str, Kind); 7] = [
    ("submissions", Kind::Submission),
    ("receipts", Kind::Receipt),
    ("parked_receipts", Kind::Receipt),
    ("matches", Kind::Match),
    ("clicks", Kind::Click),
    ("inbound", Kind::Inbound),
    ("opt_outs", Kind::OptOut),
];

/// The table in which an event of a kind is known by its id, and the column of that id. Messages are
/// known by the table `messages`: their own, or, in a rebuild, that of their lines.
pub fn known_by(kind: Kind, messages: &str) -> (&str, &'static str) {
    match kind {
        Kind::Message if messages == "messages" => (messages, "message_id"),
        Kind::Message => (messages, "event_id"),
        Kind::Submission => ("submissions", "event_id"),
        // A receipt is in one of two tables; see `all_receipts.sql`.
        Kind::Receipt => ("all_receipts", "event_id"),
        Kind::Match => ("matches", "event_id"),
        Kind::Click => ("clicks", "event_id"),
        Kind::Inbound => ("inbound", "event_id"),
        Kind::OptOut => ("opt_outs", "event_id"),
    }
}

/// DuckDB's type of a field.
pub fn sql_type(field_type: FieldType) -> String {
    match field_type {
        FieldType::Text => "VARCHAR".to_owned(),
        FieldType::Uuid => "UUID".to_owned(),
        // Never TIMESTAMP: it drops an offset without a word.
        FieldType::Timestamp => "TIMESTAMPTZ".to_owned(),
        FieldType::Integer => "BIGINT".to_owned(),
        FieldType::Boolean => "BOOLEAN".to_owned(),
        FieldType::TextList => "VARCHAR[]".to_owned(),
        FieldType::Links => {
            let members = list(fields::LINK, |field| {
                format!("\"{}\" {}", field.name, sql_type(field.field_type))
            });
            format!("STRUCT({members})[]")
        }
    }
}

/// `{event_id: 'UUID', …}`: the `columns` of `read_json`.
pub fn read_json_columns(kind: Kind) -> String {
    let columns = list(fields::fields(kind), |field| {
        format!("\"{}\": '{}'", field.name, sql_type(field.field_type))
    });
    format!("{{{columns}}}")
}

/// The lines of staged files of a kind as DuckDB reads them: its columns, the `file` (by its place among these) and
/// the `line` in it.
pub fn staged_lines(kind: Kind, files: &[&Path]) -> String {
    let all = fields::fields(kind);
    if files.is_empty() {
        let none = list(all, |field| {
            format!("NULL::{} AS \"{}\"", sql_type(field.field_type), field.name)
        });
        return format!("SELECT {none}, 0 AS file, 0 AS line WHERE false");
    }
    let paths: Vec<_> = files
        .iter()
        .map(|path| format!("'{}'", escaped(path)))
        .collect();
    format!(
        "SELECT {}, file_index AS file, file_row_number AS line \
         FROM read_parquet([{}], hive_partitioning = false)",
        names(kind),
        paths.join(", ")
    )
}

/// The columns of a staged file of a kind.
pub fn arrow_schema(kind: Kind) -> SchemaRef {
    Arc::new(Schema::new(arrow_fields(fields::fields(kind))))
}

/// Fields as Arrow's. What a line must have was checked when it was read, so each may be null here.
pub fn arrow_fields(fields: &[Field]) -> Fields {
    let column = |field: &Field| {
        let column = ArrowField::new(field.name, arrow_type(field.field_type), true);
        match field.field_type {
            FieldType::Uuid => column.with_metadata(uuid_extension()),
            _ => column,
        }
    };
    fields.iter().map(column).collect()
}

fn arrow_type(field_type: FieldType) -> DataType {
    match field_type {
        FieldType::Text => DataType::Utf8,
        FieldType::Uuid => DataType::FixedSizeBinary(16),
        FieldType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        FieldType::Integer => DataType::Int64,
        FieldType::Boolean => DataType::Boolean,
        FieldType::TextList => DataType::new_list(DataType::Utf8, true),
        FieldType::Links => DataType::new_list(DataType::Struct(arrow_fields(fields::LINK)), true),
    }
}

/// What tells a UUID from any other sixteen bytes: Arrow's canonical extension type.
fn uuid_extension() -> HashMap<String, String> {
    HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())])
}

/// `"event_id" UUID NOT NULL, …`: the columns of a table.
pub fn definitions(kind: Kind) -> String {
    list(fields::fields(kind), |field| {
        let not_null = if field.required { " NOT NULL" } else { "" };
        format!(
            "\"{}\" {}{not_null}",
            field.name,
            sql_type(field.field_type)
        )
    })
}

/// `"event_id", …`: the columns in order.
pub fn names(kind: Kind) -> String {
    list(fields::fields(kind), |field| format!("\"{}\"", field.name))
}

/// A path in which no character is a pattern or ends a literal.
pub fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for character in path.to_string_lossy().chars() {
        match character {
            '\'' => text.push_str("''"),
            '*' | '?' | '[' => text.extend(['[', character, ']']),
            other => text.push(other),
        }
    }
    text
}

fn list(fields: &[Field], one: impl Fn(&Field) -> String) -> String {
    fields.iter().map(one).collect::<Vec<_>>().join(", ")
}
