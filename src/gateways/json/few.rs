//! Items of a list that may hold so many.

use serde::Deserializer;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The items of a list as they stand, and one more than `MOST` if it holds more: those behind it are read,
/// not kept. A body of 32 MiB may hold 16 million items. For
/// `#[serde(borrow, deserialize_with = "json::few::<_, MOST>")]`.
///
/// # Errors
/// When it is no list, or broken JSON.
pub fn few<'de, D: Deserializer<'de>, const MOST: usize>(
    deserializer: D,
) -> Result<Vec<&'de RawValue>, D::Error> {
    deserializer.deserialize_seq(Few::<MOST>)
}

struct Few<const MOST: usize>;

impl<'de, const MOST: usize> Visitor<'de> for Few<MOST> {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() <= MOST {
            let Some(item) = items.next_element()? else {
                return Ok(kept);
            };
            kept.push(item);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<Vec<&str>> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let items = few::<_, 2>(&mut reader)?;
        reader.end()?;
        Ok(items.into_iter().map(RawValue::get).collect())
    }

    #[test]
    fn one_more_than_the_most_is_kept_and_all_is_read() {
        assert_eq!(read("[]").unwrap(), Vec::<&str>::new());
        assert_eq!(read(r#"[1, {"a": 2}]"#).unwrap(), ["1", r#"{"a": 2}"#]);
        assert_eq!(read("[1,2,3,4]").unwrap(), ["1", "2", "3"]);
        assert!(read("[1,2,3,4,]").is_err());
        assert!(read("{}").is_err());
    }
}
