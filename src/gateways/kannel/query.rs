//! Kannel's query strings: values are bytes, in the charset that another value names.

use percent_encoding::percent_decode;
use std::borrow::Cow;

/// A query string's values, percent-decoded to bytes.
pub(super) struct Query(Vec<(String, Vec<u8>)>);

impl Query {
    /// Reads a raw query. Any text is a query; a name without a value has an empty one.
    pub(super) fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                String::from_utf8_lossy(&unescape(name)).into_owned(),
                unescape(value),
            )
        });
        Self(pairs.collect())
    }

    /// A value's bytes; the first, if it came twice.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }

    /// A value as UTF-8, what is none of it replaced.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.bytes(name).map(String::from_utf8_lossy)
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .bytes()
        .map(|byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}
