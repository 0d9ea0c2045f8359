//! `docs/log-line.schema.json`: the field table as a JSON Schema (draft 2020-12).

use crate::event::fields::{Field, FieldType, LINK, fields};
use crate::event::{Kind, SCHEMA_VERSION};
use serde_json::{Map, Value, json};

const TIMESTAMP: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$";
const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// The whole schema: a line is one of the kinds, told apart by `kind`.
pub(super) fn render() -> Value {
    let kinds = Kind::ALL.map(|kind| json!({ "$ref": format!("#/$defs/{kind}") }));
    let mut definitions: Map<String, Value> = Kind::ALL
        .into_iter()
        .map(|kind| (kind.as_str().to_owned(), line(kind)))
        .collect();
    definitions.insert(
        "link".to_owned(),
        object(LINK, "One unique URL of a message."),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "textrail log line",
        "description": format!(
            "One line of a log file, as this version writes it (schema_version {SCHEMA_VERSION}). \
             A new optional field keeps the version: a reader passes over keys that it does not know."
        ),
        "oneOf": kinds,
        "$defs": definitions,
    })
}

/// The lines of one kind.
fn line(kind: Kind) -> Value {
    let mut schema = object(fields(kind), &format!("A line of kind `{kind}`."));
    schema["properties"]["kind"] = json!({ "const": kind.as_str() });
    schema["properties"]["schema_version"] = json!({ "const": SCHEMA_VERSION });
    schema
}

fn object(fields: &[Field], description: &str) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), property(field)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(field: &Field) -> Value {
    let mut schema = match field.field_type {
        FieldType::Text => json!({ "type": "string" }),
        FieldType::Uuid => json!({ "type": "string", "format": "uuid", "pattern": UUID }),
        FieldType::Timestamp => {
            json!({ "type": "string", "format": "date-time", "pattern": TIMESTAMP })
        }
        FieldType::Integer => json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::TextList => {
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
        }
        FieldType::Links => {
            json!({ "type": "array", "items": { "$ref": "#/$defs/link" }, "minItems": 1 })
        }
    };
    if !field.values.is_empty() {
        schema["enum"] = json!(field.values);
    }
    schema["description"] = json!(match field.unit {
        Some(unit) => format!("{} Unit: {unit}.", field.doc),
        None => field.doc.to_owned(),
    });
    schema["examples"] = json!([example(field)]);
    schema
}

/// A field's example as JSON.
pub(super) fn example(field: &Field) -> Value {
    match field.field_type {
        FieldType::Text | FieldType::Uuid | FieldType::Timestamp => json!(field.example),
        FieldType::Integer | FieldType::Boolean | FieldType::TextList | FieldType::Links => {
            serde_json::from_str(field.example).expect("an example is JSON")
        }
    }
}
