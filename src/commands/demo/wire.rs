//! What goes over HTTP, as the API's documents say it; nothing is shared with the server's code, so
//! that a demo is a client like any other.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `PUT /v1/campaigns/{campaign}`.
#[derive(Debug, Serialize)]
pub(super) struct CampaignRequest<'a> {
    pub(super) r#type: &'a str,
    pub(super) name: &'a str,
}

/// `POST /v1/messages`.
#[derive(Debug, Serialize)]
pub(super) struct MessageRequest<'a> {
    pub(super) to: &'a str,
    pub(super) from: &'a str,
    pub(super) body: &'a str,
    pub(super) campaign: &'a str,
    pub(super) gateway: &'a str,
    pub(super) client_reference: &'a str,
}

/// `POST /v1/messages/batch`.
#[derive(Debug, Serialize)]
pub(super) struct BatchRequest<'a> {
    pub(super) messages: Vec<MessageRequest<'a>>,
}

/// Answer of the calls that take many items.
#[derive(Debug, Deserialize)]
pub(super) struct Results<T> {
    pub(super) results: Vec<T>,
}

/// What became of one message of a batch.
#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum SendResult {
    /// Recorded.
    Recorded(Recorded),
    /// The recipient is opted out.
    Suppressed,
    /// Refused.
    Invalid {
        /// The fields at fault.
        errors: Vec<FieldError>,
    },
}

/// A recorded message.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Recorded {
    pub(super) id: Uuid,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) links: Vec<Link>,
}

/// A link of a recorded message.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Link {
    pub(super) code: String,
}

/// One item of `POST /v1/submissions`.
#[derive(Debug, Serialize)]
pub(super) struct SubmissionRequest<'a> {
    pub(super) message_id: Uuid,
    pub(super) gateway: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gateway_message_id: Option<&'a str>,
    pub(super) outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_code: Option<&'a str>,
}

/// One item of `POST /v1/receipts`.
#[derive(Debug, Serialize)]
pub(super) struct ReceiptRequest<'a> {
    pub(super) gateway: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gateway_message_id: Option<&'a str>,
    pub(super) status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permanent: Option<bool>,
    pub(super) synthetic: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery_level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) segment_number: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) segment_count: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) occurred_at: Option<DateTime<Utc>>,
}

/// One item of `POST /v1/inbound`.
#[derive(Debug, Serialize)]
pub(super) struct InboundRequest<'a> {
    pub(super) gateway: &'a str,
    pub(super) gateway_message_id: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) body: &'a str,
}

/// What became of one submission, receipt or inbound.
#[derive(Debug, Deserialize)]
pub(super) struct ItemResult {
    pub(super) status: String,
    #[serde(default)]
    pub(super) errors: Vec<FieldError>,
}

/// A field that was refused.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FieldError {
    pub(super) field: String,
    pub(super) message: String,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.field, self.message)
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    pub(super) r#type: String,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) errors: Vec<FieldError>,
}
