//! What every dialect answers.

use crate::domain::opt_out::Intent;
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
use actix_web::http::header::HeaderMap;
use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

/// One webhook call, as it arrived. Signatures are checked over the raw query and the raw body.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query as they arrived, percent-encoding and all.
    pub path_and_query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body's raw bytes.
    pub body: &'a [u8],
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
}

impl Webhook<'_> {
    /// The query's raw text; empty if there is none.
    pub fn query(&self) -> &str {
        self.path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query)
    }
}

/// Why a webhook was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not prove that it comes from this gateway.
    #[error("the webhook does not carry this gateway's proof: {0}")]
    Unverified(&'static str),
    /// It is not what this gateway sends at all.
    #[error("the webhook cannot be read: {0}")]
    Malformed(String),
    /// More items than one call may hold.
    #[error("a call holds at most {limit} items")]
    TooMany {
        /// The most items taken.
        limit: usize,
    },
}

/// A field of an item that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldFault {
    /// The field, in the gateway's words.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldFault {
    /// A fault of a field.
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self {
            field: field.into(),
            message: message.to_string(),
        }
    }

    /// The fault that serde found at a path. It tells of missing and of unknown fields by their
    /// names in backticks, at the path of the object that they are (not) in.
    pub fn of_json(path: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The position within one item of many would mislead.
        let message = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(head, _)| head);
        let named = ["missing field `", "unknown field `"]
            .into_iter()
            .find_map(|head| message.strip_prefix(head)?.split('`').next());
        match (path, named) {
            ("." | "", None) => Self::new(".", message),
            ("." | "", Some(name)) => Self::new(name, message),
            (path, None) => Self::new(path, message),
            // The name of an unknown field already ends the path.
            (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
                Self::new(path, message)
            }
            (path, Some(name)) => Self::new(format!("{path}.{name}"), message),
        }
    }
}

/// What a webhook held, item by item: one that cannot be read never fails the others.
pub type Items<T> = Vec<Result<T, Vec<FieldFault>>>;

/// A delivery receipt as a dialect reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Our id, if the callback URL carried it.
    pub message_id: Option<Uuid>,
    /// The gateway's id for the message, in canonical form.
    pub gateway_message_id: Option<String>,
    /// The gateway's id for this notification.
    pub gateway_event_id: Option<String>,
    /// In our words; [`Status::Unknown`] for words not known here.
    pub status: Status,
    /// In the gateway's words.
    pub raw_status: String,
    /// The gateway's own code.
    pub error_code: Option<String>,
    /// Our class of it.
    pub error_class: Option<ErrorClass>,
    /// False if trying again could help.
    pub permanent: Option<bool>,
    /// The gateway's own guess after long silence.
    pub synthetic: bool,
    /// Who confirmed a delivery.
    pub delivery_level: Option<DeliveryLevel>,
    /// The segment it is about, from 1.
    pub segment_number: Option<u16>,
    /// Of how many.
    pub segment_count: Option<u16>,
    /// When, by the gateway's clock.
    pub gateway_time: Option<DateTime<Utc>>,
    /// What it cost: a decimal number.
    pub price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Mobile country and network code.
    pub mcc_mnc: Option<String>,
}

impl Receipt {
    /// A receipt of which nothing is known but its status.
    pub fn new(status: Status, raw_status: String) -> Self {
        Self {
            message_id: None,
            gateway_message_id: None,
            gateway_event_id: None,
            status,
            raw_status,
            error_code: None,
            error_class: None,
            permanent: None,
            synthetic: false,
            delivery_level: None,
            segment_number: None,
            segment_count: None,
            gateway_time: None,
            price: None,
            currency: None,
            mcc_mnc: None,
        }
    }
}

/// A subscriber's message as a dialect reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// The gateway's id for it, in canonical form.
    pub gateway_message_id: Option<String>,
    /// From whom.
    pub from: PhoneNumber,
    /// The platform's number that it was sent to.
    pub to: Sender,
    /// The text.
    pub body: String,
    /// Segments it came in.
    pub segments: Option<u16>,
    /// When, by the gateway's clock.
    pub received_at: Option<DateTime<Utc>>,
    /// The gateway's own verdict on STOP, START and HELP.
    pub gateway_intent: Option<Intent>,
}

/// What a gateway takes for yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

/// The wire format of one provider.
pub trait Dialect: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// Whether the webhook comes from the gateway that shares `secret` with us. Without a secret
    /// there is nothing to check.
    fn verify(&self, webhook: &Webhook<'_>, secret: Option<&str>) -> Result<(), Refusal>;

    /// The delivery receipts in a webhook.
    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal>;

    /// The subscribers' messages in a webhook.
    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal>;

    /// What to answer once everything is durable.
    fn acknowledgement(&self) -> Acknowledgement;

    /// What a campaign tool gives the gateway as the callback of one message. `endpoint` is this
    /// gateway's `…/receipts` URL.
    fn receipt_url(&self, endpoint: Url, message_id: Uuid, secret: Option<&str>) -> String;
}
