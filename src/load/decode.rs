//! Whether a line can be loaded: strict, and in one pass over its bytes.
//!
//! DuckDB's reader takes `"1"` for 1 and `1.6` for 2, forgives missing keys, and tells of an error
//! only by about where it stood; so every line is held against [`event::fields`](crate::event::fields)
//! before it gets there. Nothing is built: a visitor sees each value and forgets it.

use crate::event::{
    Kind, SCHEMA_VERSION,
    fields::{Field, FieldType, LINK, fields},
};
use chrono::{DateTime, Timelike as _};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;
use uuid::Uuid;

/// Checks a line of a file of `kind`, without its line break. Returns how many of its keys this
/// version does not know, which is no fault: a new optional field keeps the version.
///
/// # Errors
/// What is wrong with the line, in words.
pub(super) fn check(kind: Kind, line: &[u8]) -> Result<u64, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("not UTF-8 after {} bytes", error.valid_up_to()))?;
    let mut unknown = 0;
    let object = Object {
        fields: fields(kind),
        kind,
        unknown: &mut unknown,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    object
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| error.to_string())?;
    Ok(unknown)
}

/// An object of these fields: the line itself, or one of its links (which only messages have).
struct Object<'a> {
    fields: &'static [Field],
    kind: Kind,
    unknown: &'a mut u64,
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
        // One bit a field; no kind has more than 40.
        let mut seen = 0_u64;
        let mut next = 0;
        while let Some(place) = map.next_key_seed(Key {
            fields: self.fields,
            next,
        })? {
            let Some(place) = place else {
                *self.unknown += 1;
                map.next_value_seed(Anything)?;
                continue;
            };
            let field = &self.fields[place];
            if seen & (1 << place) != 0 {
                return Err(Error::duplicate_field(field.name));
            }
            seen |= 1 << place;
            next = place + 1;
            map.next_value_seed(Value {
                field,
                kind: self.kind,
                unknown: self.unknown,
            })?;
        }
        let has = |(place, _): &(usize, &Field)| seen & (1 << place) != 0;
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
struct Value<'a> {
    field: &'static Field,
    kind: Kind,
    unknown: &'a mut u64,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

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

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)?;
        let right = match self.field.field_type {
            FieldType::Text => return self.allowed(text),
            FieldType::Uuid => is_uuid(text),
            FieldType::Timestamp => is_time(text),
            _ => false,
        };
        if right {
            Ok(())
        } else {
            Err(E::invalid_type(Unexpected::Str(text), &self))
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        if self.field.field_type != FieldType::Integer {
            return Err(E::invalid_type(Unexpected::Signed(number), &self));
        }
        let known = 1..=i64::from(SCHEMA_VERSION);
        if self.field.name == "schema_version" && !known.contains(&number) {
            return Err(E::custom(format_args!(
                "schema_version {number} is none of 1 to {SCHEMA_VERSION}"
            )));
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        if self.field.field_type == FieldType::Boolean {
            Ok(())
        } else {
            Err(E::invalid_type(Unexpected::Bool(value), &self))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut length = 0;
        loop {
            let item = match self.field.field_type {
                FieldType::TextList => items.next_element_seed(Text)?,
                FieldType::Links => items.next_element_seed(Object {
                    fields: LINK,
                    kind: self.kind,
                    unknown: self.unknown,
                })?,
                _ => return Err(Error::invalid_type(Unexpected::Seq, &self)),
            };
            match item {
                Some(()) => length += 1,
                // An empty list is an absent key: `links` that is there means a message with links.
                None if length == 0 => return Err(Error::invalid_length(0, &self)),
                None => return Ok(()),
            }
        }
    }
}

impl Value<'_> {
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
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)
    }
}

/// The value of an unknown key. Walked rather than skipped: a skipped string is not decoded, and a
/// broken escape in it would reach DuckDB, which refuses the whole file for it.
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
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// Chrono alone would take a leap second, small letters and a space, which DuckDB does not.
fn is_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T')
        && !text.ends_with('z')
        && DateTime::parse_from_rfc3339(text).is_ok_and(|time| time.nanosecond() < 1_000_000_000)
}

#[cfg(test)]
mod tests;
