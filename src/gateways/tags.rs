//! Tags beside our ids in callback URLs.
//!
//! Some providers sign the body alone: whoever saw one such call could send it again to the URL of another
//! message. There our id counts only with its tag, an HMAC-SHA-256 cut to 128 bits (RFC 2104, 5).
//!
//! The key is derived from the one of the ledger's short codes, not from the gateway's secret: Telnyx's
//! is a public key, and a URL that was handed out must still count when the secret was replaced since.

use super::mac::{self, Hash};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use uuid::Uuid;

/// The parameter of a callback URL that holds the tag.
pub(super) const PARAMETER: &str = "message_tag";
/// Bytes of a tag.
const LENGTH: usize = 16;
/// Keeps this key apart from whatever else comes of the ledger's. The number is for a later form.
const LABEL: &[u8] = b"textrail message_tag 1";

/// What makes tags, and knows its own.
#[derive(Clone)]
pub struct UrlTags {
    key: Vec<u8>,
}

impl UrlTags {
    /// Takes the ledger's own key, that of its short codes.
    pub fn new(ledger_key: &[u8; 32]) -> Self {
        Self {
            key: mac::hmac(Hash::Sha256, ledger_key, &[LABEL]),
        }
    }

    /// The tag of a message's URL at a gateway: 22 characters that need no escape.
    pub(super) fn tag(&self, gateway: &str, message_id: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(gateway, message_id))
    }

    /// Whether a tag is that message's, in constant time.
    pub(super) fn fits(&self, gateway: &str, message_id: Uuid, tag: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(tag).unwrap_or_default();
        mac::equal(&self.bytes(gateway, message_id), &given)
    }

    fn bytes(&self, gateway: &str, message_id: Uuid) -> Vec<u8> {
        // A gateway's name holds no NUL.
        let parts = [gateway.as_bytes(), b"\0", message_id.as_bytes()];
        let mut hash = mac::hmac(Hash::Sha256, &self.key, &parts);
        hash.truncate(LENGTH);
        hash
    }
}

impl fmt::Debug for UrlTags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UrlTags(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: Uuid = Uuid::from_u128(0x0193_9f2a_0000_7000_8000_0000_0000_0001);

    /// By Python's `hmac` and `base64`.
    #[test]
    fn a_tag_stays_as_it_is_since_urls_live_longer_than_servers() {
        let tags = UrlTags::new(&[7; 32]);
        assert_eq!(tags.tag("main", ID), "ycgBWfwbwxet_G4csaEv8g");
        assert!(tags.fits("main", ID, &tags.tag("main", ID)));
        assert!(!format!("{tags:?}").contains('7'));
    }

    #[test]
    fn a_tag_is_of_one_message_at_one_gateway_under_one_key() {
        let tags = UrlTags::new(&[7; 32]);
        let tag = tags.tag("main", ID);
        assert!(!tags.fits("main", Uuid::nil(), &tag));
        assert!(!tags.fits("other", ID, &tag));
        assert!(!UrlTags::new(&[8; 32]).fits("main", ID, &tag));
        for wrong in ["", &tag[..21], &format!("{tag}A"), &format!("{tag}=")] {
            assert!(!tags.fits("main", ID, wrong), "{wrong}");
        }
        for place in 0..tag.len() {
            let mut bytes = tag.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert!(!tags.fits("main", ID, &altered), "{altered}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_tag_by_chance(text in "\\PC{0,30}") {
            prop_assert!(!UrlTags::new(&[7; 32]).fits("main", ID, &text));
        }
    }
}
