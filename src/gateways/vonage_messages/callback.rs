//! A callback of the Messages API, as far as it is read. No field of another form than expected fails
//! the others.

use super::super::json::{loose, spare};
use serde::Deserialize;

/// A status, or an inbound message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Callback {
    #[serde(deserialize_with = "loose")]
    pub(super) message_uuid: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) timestamp: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) client_ref: Option<String>,
    #[serde(deserialize_with = "spare")]
    pub(super) error: Option<Failure>,
    #[serde(deserialize_with = "spare")]
    pub(super) usage: Option<Usage>,
    #[serde(deserialize_with = "spare")]
    pub(super) destination: Option<Destination>,
    #[serde(deserialize_with = "loose")]
    pub(super) from: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) to: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) message_type: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "spare")]
    pub(super) sms: Option<Sms>,
}

/// Why a message failed (RFC 9457, with a number as its type's last part and as its title).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Failure {
    #[serde(rename = "type", deserialize_with = "loose")]
    kind: Option<String>,
    #[serde(deserialize_with = "loose")]
    title: Option<String>,
}

impl Failure {
    /// `1240` of `https://developer.vonage.com/api-errors/messages#1240`, or else the title.
    pub(super) fn code(&self) -> Option<&str> {
        let last = self.kind.as_deref().unwrap_or_default();
        let last = last.rsplit(['/', '#']).find(|part| !part.is_empty());
        last.or(self.title.as_deref())
    }
}

/// What it cost.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    #[serde(deserialize_with = "loose")]
    pub(super) price: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub(super) currency: Option<String>,
}

/// Where it went.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Destination {
    #[serde(deserialize_with = "loose")]
    pub(super) network_code: Option<String>,
}

/// What only texts have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sms {
    #[serde(deserialize_with = "loose")]
    pub(super) num_messages: Option<String>,
}
