//! One line, checked against the table of fields before the warehouse sees it.
//!
//! DuckDB's strict JSON reader is not strict enough to trust: it takes `"1"` for 1, 1.6 as 2, null
//! lines and missing keys, and what it refuses it refuses with the whole file. Checked here, whether
//! a line is loaded depends on that line alone, and the reason names the field.

use crate::event::{
    Kind, SCHEMA_VERSION,
    fields::{self, Field, FieldType},
};
use chrono::DateTime;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, collections::HashMap, fmt};
use uuid::Uuid;

/// Checks lines of one kind.
#[derive(Debug)]
pub(super) struct LineCheck {
    kind: Kind,
    line: Table,
    link: Table,
}

impl LineCheck {
    /// A check for lines of this kind.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            line: Table::new(fields::fields(kind)),
            link: Table::new(fields::LINK),
        }
    }

    /// How many of the line's keys are not known here (written by a newer version, which may add
    /// optional ones), or what is wrong with it.
    pub(super) fn check(&self, line: &[u8]) -> Result<u64, String> {
        let text = std::str::from_utf8(line).map_err(|error| format!("not UTF-8: {error}"))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let object = Object {
            check: self,
            table: &self.line,
        };
        let seen = object
            .deserialize(&mut json)
            .map_err(|error| error.to_string())?;
        json.end().map_err(|error| error.to_string())?;
        self.check_message(&seen)?;
        Ok(seen.unknown)
    }

    /// A fact about a message says when that was recorded: it is found by its hour.
    fn check_message(&self, seen: &Seen) -> Result<(), String> {
        let has = |name| {
            self.line
                .places
                .get(name)
                .is_some_and(|place| seen.keys & (1 << place.0) != 0)
        };
        if self.kind == Kind::Match && !has("message_id") {
            return Err("message_id: missing".to_owned());
        }
        if self.kind != Kind::Message && has("message_id") && !has("message_recorded_at") {
            return Err("message_recorded_at: missing beside message_id".to_owned());
        }
        Ok(())
    }
}

/// Fields by name, with their places in the bit sets below.
#[derive(Debug)]
struct Table {
    places: HashMap<&'static str, (u32, &'static Field)>,
    required: u64,
}

impl Table {
    fn new(fields: &'static [Field]) -> Self {
        let mut required = 0;
        let places = (0..).zip(fields).map(|(place, field)| {
            required |= u64::from(field.required) << place;
            (field.name, (place, field))
        });
        Self {
            places: places.collect(),
            required,
        }
    }
}

/// What stood in an object: a bit for each known key with a value, and the number of other keys.
struct Seen {
    keys: u64,
    unknown: u64,
}

/// An object of known fields: a line, or a link in it.
struct Object<'a> {
    check: &'a LineCheck,
    table: &'a Table,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Seen;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let mut seen = Seen {
            keys: 0,
            unknown: 0,
        };
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let Some((place, field)) = self.table.places.get(key.as_ref()) else {
                map.next_value::<IgnoredAny>()?;
                seen.unknown += 1;
                continue;
            };
            let value = Value {
                check: self.check,
                field,
            };
            let has_value = map.next_value_seed(value)?;
            if seen.keys & (1 << place) != 0 {
                return Err(Error::custom(format!("{key}: stands twice")));
            }
            seen.keys |= u64::from(has_value) << place;
        }
        let missing = self.table.required & !seen.keys;
        let mut places = self.table.places.values();
        match places.find(|(place, _)| *place == missing.trailing_zeros()) {
            Some((_, field)) => Err(Error::custom(format!("{}: missing", field.name))),
            None => Ok(seen),
        }
    }
}

/// A field's value; true unless it is null.
struct Value<'a> {
    check: &'a LineCheck,
    field: &'static Field,
}

impl Value<'_> {
    fn refuse<E: Error>(&self, what: impl fmt::Display) -> E {
        E::custom(format!("{}: {what}", self.field.name))
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        if text.contains('\0') {
            return Err("holds a NUL".to_owned());
        }
        match self.field.field_type {
            FieldType::Text if self.field.name == "kind" && text != self.check.kind.as_str() => {
                Err(format!("`{text}` in a file of {}", self.check.kind))
            }
            FieldType::Text if self.field.values.is_empty() => Ok(()),
            FieldType::Text if self.field.values.contains(&text) => Ok(()),
            FieldType::Text => Err(format!("`{text}` is not a value of this version")),
            FieldType::Uuid if text.len() == 36 && Uuid::try_parse(text).is_ok() => Ok(()),
            FieldType::Uuid => Err("is not a UUID".to_owned()),
            FieldType::Timestamp if is_time(text) => Ok(()),
            FieldType::Timestamp => {
                Err("is not an RFC 3339 time with microseconds and Z".to_owned())
            }
            _ => Err("is text".to_owned()),
        }
    }
}

/// `2026-11-23T05:00:01.250000Z` and nothing looser: DuckDB would round nanoseconds and refuse a
/// leap second, which chrono takes.
fn is_time(text: &str) -> bool {
    text.len() == 27
        && text.ends_with('Z')
        && text.get(17..19) != Some("60")
        && DateTime::parse_from_rfc3339(text).is_ok()
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {:?}",
            self.field.name, self.field.field_type
        )
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        match self.field.field_type {
            FieldType::Boolean => Ok(true),
            _ => Err(self.refuse("is a truth value")),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
        match self.field.field_type {
            FieldType::Integer => self.check_version(number),
            _ => Err(self.refuse("is a number")),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(self.refuse("is too large")),
        }
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Err(self.refuse("is not a whole number"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        match self.check_text(text) {
            Ok(()) => Ok(true),
            Err(what) => Err(self.refuse(what)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        match self.field.field_type {
            FieldType::TextList => {
                while let Some(text) = list.next_element::<Cow<'de, str>>()? {
                    if text.contains('\0') {
                        return Err(self.refuse("holds a NUL"));
                    }
                }
            }
            FieldType::Links => while list.next_element_seed(self.link())?.is_some() {},
            _ => return Err(self.refuse("is a list")),
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<bool, A::Error> {
        Err(self.refuse("is an object"))
    }
}

impl<'a> Value<'a> {
    fn link(&self) -> Object<'a> {
        Object {
            check: self.check,
            table: &self.check.link,
        }
    }

    /// A line of a newer version may mean something else by the same keys.
    fn check_version<E: Error>(&self, number: i64) -> Result<bool, E> {
        if self.field.name == "schema_version" && !(1..=i64::from(SCHEMA_VERSION)).contains(&number)
        {
            return Err(self.refuse(format!("{number} is not a version that is known here")));
        }
        Ok(true)
    }
}
