//! JSON as gateways send it.

use super::{FieldFault, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

mod few;
mod plain;

pub use few::few;
pub use plain::Plain;
#[cfg(test)]
pub(crate) use plain::nested;

/// Reads a whole body as JSON of some shape.
///
/// # Errors
/// [`Refusal::Malformed`] names the place.
pub fn document<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Refusal::Malformed(error.to_string()))?;
    let end = reader.end();
    end.map_err(|error| Refusal::Malformed(error.to_string()))?;
    Ok(value)
}

/// Reads one item, telling which field is at fault.
///
/// # Errors
/// The field, in the gateway's words.
pub fn item<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Vec<FieldFault>> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        vec![FieldFault::of_json(&path, error.inner())]
    })
}

/// A text that gateways also write as a number or a boolean: `"0"`, `0`. For
/// `#[serde(default, deserialize_with = "json::loose")]`; null and absence are none, and so is what
/// is neither (a list, an object): no field that is not needed may fail an item.
///
/// # Errors
/// Never, but for JSON that is broken.
pub fn loose<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Plain::deserialize(deserializer)?.0 {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

/// A part that an item can do without: its default, if it is missing, null or of another shape. For
/// `#[serde(default, deserialize_with = "json::spare")]`.
///
/// # Errors
/// Never, but for JSON that is broken.
pub fn spare<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let Plain(value) = Plain::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_within_texts_are_no_depth() {
        #[derive(Debug, Deserialize)]
        struct Item {
            #[serde(default, deserialize_with = "loose")]
            loose: Option<String>,
            #[serde(default, deserialize_with = "spare")]
            spare: Vec<u8>,
        }
        for field in ["loose", "spare"] {
            let body = format!(r#"{{"{field}":{}}}"#, nested(200));
            let item: Item = document(body.as_bytes()).unwrap();
            assert_eq!((item.loose, item.spare), (None, Vec::new()));
        }
    }
}
