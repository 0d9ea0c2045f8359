//! The http(s) URLs in a body (found by the `linkify` crate), and their replacement by short ones.

use std::ops::Range;
use url::Url;

/// A URL found in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUrl {
    /// Where it stands, in bytes; trailing punctuation is outside.
    pub range: Range<usize>,
    /// What it leads to.
    pub target: Url,
}

/// The http and https URLs of a text, in order.
pub fn find(body: &str) -> Vec<FoundUrl> {
    todo!("{body}")
}

/// The text with each found URL replaced by the short URL at the same index.
pub fn render(body: &str, found: &[FoundUrl], short_urls: &[String]) -> String {
    todo!("{body}{found:?}{short_urls:?}")
}
