//! What a dialect reads out of a webhook.

use super::FieldFault;
use crate::domain::opt_out::Intent;
pub use crate::domain::part::Part;
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
use chrono::{DateTime, Utc};
use uuid::Uuid;

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
    /// Which part of a longer text it is, where the gateway hands in parts.
    pub part: Option<Part>,
    /// The gateway's own verdict on STOP, START and HELP.
    pub gateway_intent: Option<Intent>,
}
