//! What a receipt is, and what a mapping makes of it.

use crate::domain::status::{DeliveryLevel, ErrorClass};
use crate::event::format_time;
use crate::ledger::facts::NewReceipt;
use crate::ledger::recorder::fingerprint::fingerprint;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What tells a receipt from others: gateway, canonical id, segment, raw status, error code, gateway
/// time if given.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) gateway: &'a str,
    pub(super) gateway_message_id: Option<&'a str>,
    /// Ours; tells where the gateway gives no id.
    pub(super) message_id: Option<Uuid>,
    pub(super) segment_number: Option<i32>,
    pub(super) raw_status: &'a str,
    pub(super) error_code: Option<&'a str>,
    pub(super) gateway_time: Option<DateTime<Utc>>,
}

impl Identity<'_> {
    pub(super) fn fingerprint(self) -> Uuid {
        let our_id = self.message_id.map(|id| id.to_string());
        let segment = self.segment_number.map(|number| number.to_string());
        let time = self.gateway_time.as_ref().map(format_time);
        fingerprint(&[
            Some(self.gateway),
            self.gateway_message_id.or(our_id.as_deref()),
            segment.as_deref(),
            Some(self.raw_status),
            self.error_code,
            time.as_deref(),
        ])
    }
}

/// What a mapping says of a receipt: all that may be read otherwise another time.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) status: &'a str,
    pub(super) synthetic: bool,
    pub(super) error_class: Option<&'a str>,
    pub(super) permanent: Option<bool>,
    pub(super) delivery_level: Option<&'a str>,
    pub(super) segment_number: Option<i32>,
    pub(super) raw_status: &'a str,
    pub(super) error_code: Option<&'a str>,
    pub(super) gateway_time: Option<DateTime<Utc>>,
}

impl Reading<'_> {
    /// Equal for equal readings. `replaced` is the receipt that a correction replaces: with it, a
    /// reading that comes back after another one is a new correction.
    pub(super) fn fingerprint(self, replaced: Option<Uuid>) -> Uuid {
        let replaced = replaced.map(|id| id.to_string());
        let permanent = self.permanent.map(|permanent| permanent.to_string());
        let segment = self.segment_number.map(|number| number.to_string());
        let time = self.gateway_time.as_ref().map(format_time);
        fingerprint(&[
            replaced.as_deref(),
            Some(self.status),
            Some(&self.synthetic.to_string()),
            self.error_class,
            permanent.as_deref(),
            self.delivery_level,
            segment.as_deref(),
            Some(self.raw_status),
            self.error_code,
            time.as_deref(),
        ])
    }
}

/// The identity of a receipt that a dialect read, as a fingerprint.
pub(super) fn identity_of(receipt: &NewReceipt) -> Uuid {
    Identity {
        gateway: &receipt.gateway,
        gateway_message_id: receipt.gateway_message_id.as_deref(),
        message_id: receipt.message_id,
        segment_number: receipt.segment_number.map(i32::from),
        raw_status: &receipt.raw_status,
        error_code: receipt.error_code.as_deref(),
        gateway_time: receipt.gateway_time,
    }
    .fingerprint()
}

/// What a dialect made of a receipt.
pub(super) fn reading_of(receipt: &NewReceipt) -> Reading<'_> {
    Reading {
        status: receipt.status.as_str(),
        synthetic: receipt.synthetic,
        error_class: receipt.error_class.map(ErrorClass::as_str),
        permanent: receipt.permanent,
        delivery_level: receipt.delivery_level.map(DeliveryLevel::as_str),
        segment_number: receipt.segment_number.map(i32::from),
        raw_status: &receipt.raw_status,
        error_code: receipt.error_code.as_deref(),
        gateway_time: receipt.gateway_time,
    }
}
