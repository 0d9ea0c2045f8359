//! The written form of the log line: `docs/log-format.md` and `docs/log-line.schema.json` are
//! rendered from the field table, and these tests hold table, documents and real lines together.
//!
//! `TEXTRAIL_WRITE_DOCS=1 cargo test --lib event::documents` writes the documents anew.

mod examples;
mod markdown;
mod schema;

use super::fields::{LINK, fields};
use super::{Event, Kind};
use crate::domain::{click, opt_out};
use examples::{bare, filled};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn line(event: &Event) -> String {
    event.encode().expect("an event encodes")
}

fn parsed(event: &Event) -> Value {
    serde_json::from_str(&line(event)).expect("a line is JSON")
}

fn validator() -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema::render())
        .expect("the schema is a schema")
}

/// The keys of a line's object in the order in which they are written; a `serde_json` map sorts.
fn written_keys(line: &str) -> Vec<String> {
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, serde::de::IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(line);
    serde::Deserializer::deserialize_map(&mut deserializer, Keys).expect("a line is an object")
}

fn names(kind: Kind, wanted: impl Fn(&super::fields::Field) -> bool) -> Vec<&'static str> {
    let fields = fields(kind).iter().filter(|field| wanted(field));
    fields.map(|field| field.name).collect()
}

/// Compares a document in `docs/` with what the table says, or writes it when asked to.
fn check_document(name: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var_os("TEXTRAIL_WRITE_DOCS").is_some() {
        std::fs::write(&path, rendered).expect("docs/ can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, rendered,
        "docs/{name} is not what src/event/fields.rs says; TEXTRAIL_WRITE_DOCS=1 writes it anew"
    );
}

#[test]
fn log_format_is_what_the_table_says() {
    check_document("log-format.md", &markdown::render());
}

#[test]
fn schema_is_what_the_table_says() {
    let text = serde_json::to_string_pretty(&schema::render()).expect("a schema is JSON");
    check_document("log-line.schema.json", &(text + "\n"));
}

#[test]
fn schema_is_a_valid_schema() {
    assert!(jsonschema::meta::is_valid(&schema::render()));
}

#[test]
fn a_filled_line_has_every_field_in_the_order_of_the_table() {
    for kind in Kind::ALL {
        let keys = written_keys(&line(&filled(kind)));
        assert_eq!(keys, names(kind, |_| true), "{kind}");
    }
}

#[test]
fn a_filled_link_has_every_field_of_a_link() {
    let line = parsed(&filled(Kind::Message));
    let keys: BTreeSet<&str> = line["links"][0]
        .as_object()
        .expect("a link is an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, LINK.iter().map(|field| field.name).collect());
}

#[test]
fn what_is_absent_has_no_key() {
    for kind in Kind::ALL {
        let keys = written_keys(&line(&bare(kind)));
        assert_eq!(keys, names(kind, |field| field.required), "{kind}");
    }
}

#[test]
fn lines_validate_against_the_schema() {
    let validator = validator();
    for kind in Kind::ALL {
        for event in [filled(kind), bare(kind)] {
            let line = parsed(&event);
            let errors: Vec<_> = validator
                .iter_errors(&line)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{kind}: {errors:?}\n{line}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_not_a_line() {
    let validator = validator();
    let wrong: [(&str, Value); 9] = [
        ("recorded_at", json!("2026-11-23T05:00:01Z")), // no microseconds
        ("recorded_at", json!("2026-11-23T05:00:01.250000+01:00")),
        ("event_id", json!("019AB0E4-6C1D-7C3A-9B57-0F4E2A6D1C55")),
        ("schema_version", json!("1")),
        ("kind", json!("visit")),
        ("verdict", json!("cat")),
        ("link_id", json!(1.5)),
        ("campaign", Value::Null), // an absent value is an absent key
        ("colour", json!("blue")),
    ];
    for (key, value) in wrong {
        let mut line = parsed(&filled(Kind::Click));
        line[key] = value;
        assert!(!validator.is_valid(&line), "{key}: {}", line[key]);
    }
    let mut incomplete = parsed(&filled(Kind::Click));
    incomplete
        .as_object_mut()
        .expect("an object")
        .remove("link_id");
    assert!(!validator.is_valid(&incomplete));
}

#[test]
fn every_example_of_the_table_is_valid() {
    let validator = validator();
    for kind in Kind::ALL {
        let line: serde_json::Map<_, _> = fields(kind)
            .iter()
            .map(|field| (field.name.to_owned(), schema::example(field)))
            .chain([("kind".to_owned(), json!(kind.as_str()))])
            .collect();
        let line = Value::Object(line);
        let errors: Vec<_> = validator
            .iter_errors(&line)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{kind}: {errors:?}");
    }
}

/// Who filters by a rule set copies its name from the document.
#[test]
fn the_rule_sets_of_the_examples_are_those_that_decide() {
    for (kind, ruleset) in [
        (Kind::Click, click::RULESET),
        (Kind::Inbound, opt_out::RULESET),
    ] {
        let field = fields(kind).iter().find(|field| field.name == "ruleset");
        assert_eq!(field.map(|field| field.example), Some(ruleset), "{kind}");
        assert_eq!(parsed(&filled(kind))["ruleset"], json!(ruleset), "{kind}");
    }
}

#[test]
fn keys_are_lower_snake_case() {
    let fields = Kind::ALL.into_iter().flat_map(fields).chain(LINK);
    for field in fields {
        let mut characters = field.name.chars();
        assert!(
            characters
                .next()
                .is_some_and(|first| first.is_ascii_lowercase())
        );
        assert!(
            characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            "{}",
            field.name
        );
    }
}

/// The keys are columns: none may need quotes in SQL.
#[test]
fn keys_are_not_reserved_by_duckdb() {
    let connection = duckdb::Connection::open_in_memory().expect("DuckDB opens");
    let mut statement = connection
        .prepare("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
        .expect("DuckDB lists its keywords");
    let reserved: BTreeSet<String> = statement
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .expect("keywords are text");
    assert!(reserved.contains("select"));
    for field in Kind::ALL.into_iter().flat_map(fields).chain(LINK) {
        assert!(!reserved.contains(field.name), "{} is reserved", field.name);
    }
}

#[test]
fn one_line_of_each_kind() {
    for kind in Kind::ALL {
        insta::assert_snapshot!(kind.as_str(), line(&filled(kind)));
    }
}

#[test]
fn a_line_has_no_line_break_whatever_its_texts_hold() {
    let mut event = filled(Kind::Click);
    event.context.campaign = Some("a\nb\r\u{85}\u{2028}\"\\".to_owned());
    let line = line(&event);
    assert!(!line.contains(['\n', '\r']));
    let read: Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(read["campaign"], json!("a\nb\r\u{85}\u{2028}\"\\"));
}
