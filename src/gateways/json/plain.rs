//! Any JSON of a caller's.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Any JSON, as it stands.
///
/// What a caller sent is never read as a [`Value`] itself. With its feature `raw_value`, `serde_json`
/// takes an object whose one key is `$serde_json::private::RawValue` for its own wrapper, and reads the
/// text under it as JSON again, by a fresh limit of depth. Texts within such texts nest as deep as the
/// body is long, and end the process in a stack overflow, which nothing catches. Here such a key is a
/// key as any other, and the reader's limit of depth (128) holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plain(pub Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read).map(Self)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Plain(value))) = entries.next_entry()? {
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// So many texts of JSON, each in the key of `serde_json` of the one before, and each as deep as it lets a
/// text be: a reader that takes the bait is a hundred times as deep.
#[cfg(test)]
pub(crate) fn nested(levels: usize) -> String {
    let (open, shut) = ("[".repeat(120), "]".repeat(120));
    (0..levels).fold(open.clone() + &shut, |inner, _| {
        let text = inner.replace('\\', "\\u005c").replace('"', "\\u0022");
        format!(r#"{open}{{"$serde_json::private::RawValue":"{text}"}}{shut}"#)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_stands(value in any_json()) {
            let text = value.to_string();
            let read: Plain = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.0, serde_json::from_str::<Value>(&text).unwrap());
        }
    }

    #[test]
    fn a_key_of_serde_json_is_a_key() {
        let text = r#"{"$serde_json::private::RawValue":"[1]"}"#;
        let read: Plain = serde_json::from_str(text).unwrap();
        assert_eq!(read.0, json!({"$serde_json::private::RawValue": "[1]"}));
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap(),
            json!([1]),
            "what it is for"
        );
    }

    #[test]
    fn depth_is_limited() {
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(serde_json::from_str::<Plain>(&deep(100)).is_ok());
        assert!(serde_json::from_str::<Plain>(&deep(1_000)).is_err());
    }
}
