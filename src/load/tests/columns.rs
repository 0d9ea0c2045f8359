//! What is staged is what DuckDB itself would have read in the lines: its reader is the judge.

use super::super::{columns::RowsFile, decode::decode, row::Row};
use crate::{
    event::{
        Kind,
        fields::{Field, FieldType, LINK, fields},
    },
    warehouse::columns::{ROWS_AT_ONCE, escaped, names, read_json_columns, staged_lines},
};
use duckdb::Connection;
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use std::fs;

/// A value of a field, as its line has it.
fn value(field: &Field) -> BoxedStrategy<Value> {
    let text = || any::<String>().prop_map(|text| text.replace('\0', ""));
    match field.field_type {
        FieldType::Text if !field.values.is_empty() => proptest::sample::select(field.values)
            .prop_map(Value::from)
            .boxed(),
        FieldType::Text => text().prop_map(Value::from).boxed(),
        FieldType::Uuid => any::<u128>()
            .prop_map(|id| json!(uuid::Uuid::from_u128(id)))
            .boxed(),
        FieldType::Timestamp => (0..4_000_000_000_000_000_i64, -12..14_i32)
            .prop_map(time)
            .boxed(),
        FieldType::Integer => prop_oneof![
            any::<u8>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from)
        ]
        .boxed(),
        FieldType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        FieldType::TextList => vec(text(), 1..4).prop_map(Value::from).boxed(),
        FieldType::Links => vec(object(LINK), 1..4).prop_map(Value::from).boxed(),
    }
}

/// A time in some zone.
fn time((micros, hours): (i64, i32)) -> Value {
    let zone = chrono::FixedOffset::east_opt(hours * 3600).unwrap();
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
    json!(time.with_timezone(&zone).to_rfc3339())
}

/// An object of these fields, without some that need not be there.
fn object(fields: &'static [Field]) -> BoxedStrategy<Value> {
    let one = |field: &'static Field| {
        let named = value(field).prop_map(|value| Some((field.name.to_owned(), value)));
        if field.required {
            named.boxed()
        } else {
            prop_oneof![Just(None), named].boxed()
        }
    };
    let all: Vec<_> = fields.iter().map(one).collect();
    all.prop_map(|all| Value::from(all.into_iter().flatten().collect::<Map<_, _>>()))
        .boxed()
}

/// A line of a kind.
fn line(kind: Kind) -> impl Strategy<Value = String> {
    object(fields(kind)).prop_map(move |mut line| {
        line["kind"] = json!(kind.as_str());
        line["schema_version"] = json!(1);
        // Whatever is told of a message, it tells when that was recorded.
        line["message_recorded_at"] = json!("2026-11-23T05:00:00.000000Z");
        if kind == Kind::Match {
            line["message_id"] = line["event_id"].clone();
        }
        line.to_string()
    })
}

fn lines() -> impl Strategy<Value = (Kind, Vec<String>)> {
    proptest::sample::select(Kind::ALL.as_slice())
        .prop_flat_map(|kind| (Just(kind), vec(line(kind), 0..30)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_are_what_the_engine_reads_in_the_lines((kind, lines) in lines()) {
        // As they are, and so many that there are several batches.
        for times in [1, if lines.is_empty() { 1 } else { ROWS_AT_ONCE / lines.len() + 1 }] {
            let lines: Vec<_> = lines.iter().cycle().take(lines.len() * times).cloned().collect();
            let (rows, differing) = differing(kind, &lines);
            prop_assert_eq!((rows, differing), (lines.len(), 0));
        }
    }
}

/// How many rows come of these lines, and how many of them DuckDB reads otherwise.
fn differing(kind: Kind, lines: &[String]) -> (usize, usize) {
    // A folder whose name would be a column's, and ends a literal.
    let root = tempfile::tempdir().unwrap();
    let folder = tempfile::Builder::new()
        .prefix("country='")
        .tempdir_in(root.path())
        .unwrap();
    let (staged, text) = (folder.path().join("staged"), folder.path().join("text"));
    let mut file = RowsFile::create(&staged, kind).unwrap();
    let mut row = Row::new(kind);
    for line in lines {
        decode(kind, line.as_bytes(), &mut row).unwrap();
        file.add(&row).unwrap();
    }
    file.finish().unwrap();
    fs::write(&text, lines.join("\n")).unwrap();

    let connection = Connection::open_in_memory().unwrap();
    let names = names(kind);
    let table = format!("({})", staged_lines(kind, &[&staged]));
    let judge = if lines.is_empty() {
        format!("(SELECT {names} FROM {table} LIMIT 0)")
    } else {
        format!(
            "(SELECT {names} FROM read_json('{}', columns = {}, format = 'newline_delimited', \
             hive_partitioning = false))",
            escaped(&text),
            read_json_columns(kind)
        )
    };
    let count =
        |sql: String| -> usize { connection.query_row(&sql, [], |row| row.get(0)).unwrap() };
    let ours = format!("(SELECT {names} FROM {table})");
    let differing = count(format!("SELECT count(*) FROM ({ours} EXCEPT ALL {judge})"))
        + count(format!("SELECT count(*) FROM ({judge} EXCEPT ALL {ours})"));
    (count(format!("SELECT count(*) FROM {table}")), differing)
}
