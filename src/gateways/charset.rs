//! Texts as SMSCs hand them in: bytes, with a word or a number for what they are.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, WINDOWS_1252};
use std::borrow::Cow;

/// Names that say nothing of the order of bytes. On the web they are little-endian; in an SMS the first
/// byte is the high one (3GPP TS 23.038, 6.2.3).
const WIDE: [&str; 5] = ["ucs-2", "ucs2", "utf-16", "iso-10646-ucs-2", "unicode"];

/// A text in the charset of such a name (WHATWG Encoding), or else in UTF-8. What is neither is read as
/// Windows-1252, in which every byte is a character: an odd letter in a subscriber's text is better than
/// no text.
pub(super) fn decode_named<'a>(bytes: &'a [u8], name: &str) -> Cow<'a, str> {
    let is_wide = WIDE.iter().any(|wide| wide.eq_ignore_ascii_case(name));
    let encoding = match is_wide {
        true => Some(UTF_16BE),
        false => Encoding::for_label(name.as_bytes()),
    };
    decode(bytes, encoding.unwrap_or(UTF_8))
}

/// A text in UCS-2, or as above if it cannot be that.
pub(super) fn decode_ucs2(bytes: &[u8]) -> Cow<'_, str> {
    decode(bytes, UTF_16BE)
}

fn decode<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0)
}
