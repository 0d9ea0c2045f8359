//! A line's JSON becomes its values: strict, and in one pass over its bytes.
//!
//! DuckDB's own reader takes `"1"` for 1 and `1.6` for 2, forgives missing keys, and tells of an error
//! only by about where it stood; so every line is held against [`event::fields`](crate::event::fields)
//! here, and the warehouse gets typed columns instead of text to parse once more.

use super::row::{Held, NO_LINK, Row, Span, Value, Values};
use crate::event::{
    Kind, SCHEMA_VERSION,
    fields::{Field, FieldType, LINK, fields},
};
use chrono::{DateTime, Timelike as _};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;
use uuid::Uuid;

/// Checks a line of a file of `kind`, without its line break, and forgets it; returns how many of its
/// keys this version does not know.
///
/// # Errors
/// See [`decode`].
pub(super) fn check(kind: Kind, line: &[u8]) -> Result<u64, String> {
    let mut row = Row::new(kind);
    decode(kind, line, &mut row)?;
    Ok(row.held.unknown)
}

/// Reads a line of a file of `kind`, without its line break, into a row. A key that this version does
/// not know is counted and is no fault: a new optional field keeps the version.
///
/// # Errors
/// What is wrong with the line, in words; the row is of no use then.
pub fn decode(kind: Kind, line: &[u8], row: &mut Row) -> Result<(), String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("not UTF-8 after {} bytes", error.valid_up_to()))?;
    row.clear();
    let object = Object {
        fields: fields(kind),
        kind,
        values: &mut row.values,
        held: &mut row.held,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    object
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| error.to_string())
}

/// An object of these fields: the line itself, or one of its links (which only messages have).
struct Object<'a> {
    fields: &'static [Field],
    kind: Kind,
    values: &'a mut Values,
    held: &'a mut Held,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        while let Some(place) = map.next_key_seed(Key {
            fields: self.fields,
            next,
        })? {
            let Some(place) = place else {
                self.held.unknown += 1;
                map.next_value_seed(Anything)?;
                continue;
            };
            let field = &self.fields[place];
            if self.values[place].is_some() {
                return Err(Error::duplicate_field(field.name));
            }
            next = place + 1;
            let value = map.next_value_seed(OfField {
                field,
                kind: self.kind,
                held: self.held,
            })?;
            self.values[place] = Some(value);
        }
        let has = |(place, _): &(usize, &Field)| self.values[*place].is_some();
        let mut fields = self.fields.iter().enumerate();
        match fields.find(|field| field.1.required && !has(field)) {
            Some((_, field)) => Err(Error::missing_field(field.name)),
            None => self.names_its_message(|name| {
                let mut fields = self.fields.iter().enumerate();
                fields.any(|field| field.1.name == name && has(&field))
            }),
        }
    }
}

impl Object<'_> {
    /// What the table cannot say of a line: a match is nothing without its message, and a fact about
    /// a message has its place in the reports by the message's time. (A message is its own.)
    fn names_its_message<E: Error>(&self, has: impl Fn(&str) -> bool) -> Result<(), E> {
        let own = self.kind == Kind::Message;
        if self.kind == Kind::Match && !has("message_id") {
            Err(E::missing_field("message_id"))
        } else if !own && has("message_id") && !has("message_recorded_at") {
            Err(E::missing_field("message_recorded_at"))
        } else {
            Ok(())
        }
    }
}

/// A key: the place of its field, if it is a known one.
struct Key {
    fields: &'static [Field],
    /// Where to look first: lines are written in the order of the table.
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        let (before, after) = self.fields.split_at(self.next);
        let known = |field: &Field| field.name == name;
        let place = after
            .iter()
            .position(known)
            .map(|place| place + self.next)
            .or_else(|| before.iter().position(known));
        if place.is_none() {
            no_nul(name)?;
        }
        Ok(place)
    }
}

/// The value of a known field.
struct OfField<'a> {
    field: &'static Field,
    kind: Kind,
    held: &'a mut Held,
}

impl<'de> DeserializeSeed<'de> for OfField<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OfField<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.field.field_type {
            FieldType::Text => "a string",
            FieldType::Uuid => "a hyphenated UUID",
            FieldType::Timestamp => "a time in RFC 3339 with its offset",
            FieldType::Integer => "a whole number below 2^63",
            FieldType::Boolean => "true or false",
            FieldType::TextList => "an array of strings",
            FieldType::Links => "an array of objects",
        };
        write!(formatter, "`{}` to be {form}", self.field.name)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        no_nul(text)?;
        let value = match self.field.field_type {
            FieldType::Text => {
                self.allowed(text)?;
                Some(Value::Text(self.held.hold(text)))
            }
            FieldType::Uuid => uuid(text).map(Value::Uuid),
            FieldType::Timestamp => time(text).map(Value::Time),
            _ => None,
        };
        value.ok_or_else(|| E::invalid_type(Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        if self.field.field_type != FieldType::Integer {
            return Err(E::invalid_type(Unexpected::Signed(number), &self));
        }
        let known = 1..=i64::from(SCHEMA_VERSION);
        if self.field.name == "schema_version" && !known.contains(&number) {
            return Err(E::custom(format_args!(
                "schema_version {number} is none of 1 to {SCHEMA_VERSION}"
            )));
        }
        Ok(Value::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        if self.field.field_type == FieldType::Boolean {
            Ok(Value::Boolean(value))
        } else {
            Err(E::invalid_type(Unexpected::Bool(value), &self))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let value = match self.field.field_type {
            FieldType::TextList => {
                let start = self.held.list_texts_held();
                while items.next_element_seed(Text(self.held))?.is_some() {}
                let end = self.held.list_texts_held();
                (start < end).then_some(Value::TextList(Span { start, end }))
            }
            FieldType::Links => {
                let start = self.held.links_held();
                while self.link(&mut items)? {}
                let end = self.held.links_held();
                (start < end).then_some(Value::Links(Span { start, end }))
            }
            _ => return Err(Error::invalid_type(Unexpected::Seq, &self)),
        };
        // An empty list is an absent key: `links` that is there means a message with links.
        value.ok_or_else(|| Error::invalid_length(0, &self))
    }
}

impl OfField<'_> {
    /// Reads a link; false at the end of the list.
    fn link<'de, A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        let mut link = NO_LINK;
        let read = items.next_element_seed(Object {
            fields: LINK,
            kind: self.kind,
            values: &mut link,
            held: self.held,
        })?;
        if read.is_some() {
            self.held.hold_link(link);
        }
        Ok(read.is_some())
    }

    /// Whether a text field may have this value, and a `kind` this file.
    fn allowed<E: Error>(&self, text: &str) -> Result<(), E> {
        if self.field.name == "kind" && text != self.kind.as_str() {
            return Err(E::custom(format_args!(
                "a line of another kind in a file of `{}`",
                self.kind
            )));
        }
        let values = self.field.values;
        if values.is_empty() || values.contains(&text) {
            Ok(())
        } else {
            Err(E::unknown_variant(text, values))
        }
    }
}

/// An element of a list of strings.
struct Text<'a>(&'a mut Held);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)?;
        self.0.hold_in_list(text);
        Ok(())
    }
}

/// The value of an unknown key. Walked rather than skipped: a skipped string is not decoded, and a line with a
/// broken escape in one is JSON to no other reader of the lake: DuckDB refuses the whole file for it.
struct Anything;

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry_seed(Self, Self)?.is_some() {}
        Ok(())
    }
}

/// NUL stands in no text of ours: neither PostgreSQL nor a C string can hold it.
fn no_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        Err(E::custom("a string holds NUL"))
    } else {
        Ok(())
    }
}

/// `Uuid` alone would take the braced, the URN and the bare form too.
fn uuid(text: &str) -> Option<Uuid> {
    let hyphenated = text.len() == 36;
    hyphenated.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// Microseconds since 1970. Chrono alone would take a leap second, small letters and a space, which
/// are in no line of ours.
fn time(text: &str) -> Option<i64> {
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    (time.nanosecond() < 1_000_000_000).then(|| time.timestamp_micros())
}

#[cfg(test)]
mod tests;
