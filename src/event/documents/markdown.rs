//! `docs/log-format.md`: the field table for people.

use super::examples::filled;
use super::schema::example;
use crate::event::Kind;
use crate::event::fields::{COMMON, Field, FieldType, LINK, own};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# The log line

*Written from `src/event/fields.rs` by `TEXTRAIL_WRITE_DOCS=1 cargo test --lib event::documents`; the tests compare.*

Every recorded fact is one line of JSON in a gzip file of the lake. [`log-line.schema.json`](log-line.schema.json)
says the same as a JSON Schema.

- UTF-8, one flat object a line, lines end with LF. The one nested field is a message's `links`.
- Keys are `lower_snake_case`, are the warehouse's column names, and need no quotes in SQL.
- Times are RFC 3339 in UTC with microseconds: `2026-11-23T05:00:01.250000Z`.
- An absent value is an absent key; null is never written.
- A new optional field keeps `schema_version`; anything else raises it. A reader passes over keys that it does not know.
- No personal data unless the operator chose it: a person is a random `subscriber_id`. The settings that
  add `to_number`, `from_number`, `body` and `ip` are off.
- What the ledger decided (which message a receipt or a reply belongs to, what is an opt-out, whether a click is
  human) stands in the line, and no reader decides it again.

A message's dimensions (`campaign` to `test`) stand on every later line about it, where they are known, so that
no question about the lake needs a join for them.
";

/// The whole document.
pub(super) fn render() -> String {
    let mut text = INTRODUCTION.to_owned();
    section(&mut text, "Every kind", "Each line carries these.", COMMON);
    for kind in Kind::ALL {
        section(&mut text, &format!("`{kind}`"), about(kind), own(kind));
        if kind == Kind::Message {
            text.push_str("\nThe fields of each element of `links`:\n");
            table(&mut text, LINK);
        }
        let line = filled(kind).encode().expect("an event encodes");
        write!(text, "\n```json\n{line}\n```\n").expect("a string takes text");
    }
    text
}

fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => {
            "One outbound SMS and its unique URLs, recorded or suppressed. Its `event_id` is its `message_id`."
        }
        Kind::Submission => {
            "A message was handed to a gateway, refused by it, or called back before it left."
        }
        Kind::Receipt => {
            "One delivery receipt. Without `message_id` it is parked: its message was not known yet, and a later \
             `match` names it."
        }
        Kind::Match => "A parked receipt found its message, which stands in `message_id`.",
        Kind::Click => "One visit to a short URL.",
        Kind::Inbound => {
            "One message from a subscriber. Its `message_id` is the last message that `sender` sent to that number."
        }
        Kind::OptOut => {
            "A subscriber's standing wish changed. With scope `all` there is no `sender` of the wish; where the line \
             has one, it is the message's."
        }
    }
}

fn section(text: &mut String, title: &str, about: &str, fields: &[Field]) {
    write!(text, "\n## {title}\n\n{about}\n").expect("a string takes text");
    table(text, fields);
}

fn table(text: &mut String, fields: &[Field]) {
    text.push_str(
        "\n| field | type | always | meaning | unit | example |\n|---|---|---|---|---|---|\n",
    );
    for field in fields {
        text.push_str(&row(field));
    }
}

fn row(field: &Field) -> String {
    let values: Vec<String> = field
        .values
        .iter()
        .map(|value| format!("`{value}`"))
        .collect();
    let values = if values.is_empty() {
        String::new()
    } else {
        format!(" One of {}.", values.join(", "))
    };
    format!(
        "| `{}` | {} | {} | {}{values} | {} | `{}` |\n",
        field.name,
        type_name(field.field_type),
        if field.required { "yes" } else { "no" },
        field.doc,
        field.unit.unwrap_or_default(),
        example(field),
    )
}

fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "string",
        FieldType::Uuid => "string, a UUID",
        FieldType::Timestamp => "string, a time",
        FieldType::Integer => "integer",
        FieldType::Boolean => "boolean",
        FieldType::TextList => "array of strings, never empty",
        FieldType::Links => "array of objects, never empty",
    }
}
