//! A receipt in the neutral dialect.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Receipt};
use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// One delivery receipt. `message_id` or `gateway_message_id` is needed, so that its message can be
/// found, now or once it is submitted.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct ReceiptItem {
    /// The gateway that reports. Needed in `POST /v1/receipts`, where no URL names it.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]+$")]
    pub gateway: Option<String>,
    /// Our id of the message.
    #[schema(format = "uuid")]
    pub message_id: Option<String>,
    /// The gateway's id of the message; compared without regard to case.
    #[schema(max_length = 255)]
    pub gateway_message_id: Option<String>,
    /// The gateway's id of this notification.
    #[schema(max_length = 255)]
    pub gateway_event_id: Option<String>,
    /// `accepted`, `queued`, `sent`, `unknown`, `delivered`, `undelivered`, `failed`, `rejected`,
    /// `expired` or `canceled`. Any other word is kept as `raw_status` and counts as `unknown`.
    #[schema(max_length = 64)]
    pub status: String,
    /// The status in the gateway's words; `status` unless given.
    #[schema(max_length = 64)]
    pub raw_status: Option<String>,
    /// The gateway's own code.
    #[schema(max_length = 64)]
    pub error_code: Option<String>,
    /// `unreachable`, `invalid_number`, `landline`, `filtered`, `opted_out`, `expired`, `account`
    /// or `other`.
    pub error_class: Option<String>,
    /// False if trying again could help.
    pub permanent: Option<bool>,
    /// Whether the gateway guessed it after long silence.
    #[serde(default)]
    pub synthetic: bool,
    /// `carrier` or `handset`: who confirmed a delivery.
    pub delivery_level: Option<String>,
    /// The segment it is about, from 1; absent = the whole message.
    #[schema(minimum = 1, maximum = 255)]
    pub segment_number: Option<u16>,
    /// Of how many.
    #[schema(minimum = 1, maximum = 255)]
    pub segment_count: Option<u16>,
    /// When, by the gateway's clock: RFC 3339, from 2000 to a day ahead.
    #[schema(format = "date-time")]
    pub occurred_at: Option<String>,
    /// What it cost: a decimal number as text.
    #[schema(pattern = r"^-?\d{1,12}(\.\d{1,8})?$")]
    pub price: Option<String>,
    /// ISO 4217 code of `price`.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// Mobile country and network code, 5 or 6 digits.
    #[schema(pattern = r"^\d{5,6}$")]
    pub mcc_mnc: Option<String>,
    /// Fields of other names.
    #[serde(flatten)]
    #[schema(ignore)]
    pub rest: BTreeMap<String, IgnoredAny>,
}

impl ReceiptItem {
    /// Checks every field; all that is wrong is told at once. One of the ids has to be there.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub fn check(self, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
        let mut faults = Vec::new();
        if self.message_id.is_none() && self.gateway_message_id.is_none() {
            faults.push(FieldFault::new(
                "message_id",
                "must be given, or else gateway_message_id",
            ));
        }
        match self.read(now) {
            Ok(receipt) if faults.is_empty() => Ok(receipt),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// The same, for a webhook, whose URL may carry the id.
    pub(super) fn read(self, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut receipt = self.status(&mut faults);
        self.ids(&mut receipt, &mut faults);
        self.error(&mut receipt, &mut faults);
        self.segment(&mut receipt, &mut faults);
        self.cost(&mut receipt, &mut faults);
        receipt.synthetic = self.synthetic;
        receipt.delivery_level = self.delivery_level.as_deref().and_then(|text| {
            keep(
                &mut faults,
                word(
                    "delivery_level",
                    text,
                    DeliveryLevel::parse,
                    "carrier or handset",
                ),
            )
        });
        receipt.gateway_time = self
            .occurred_at
            .as_deref()
            .and_then(|text| keep(&mut faults, fields::time("occurred_at", text, now)));
        if faults.is_empty() {
            Ok(receipt)
        } else {
            Err(faults)
        }
    }

    fn status(&self, faults: &mut Vec<FieldFault>) -> Receipt {
        let said = keep(faults, fields::canonical_code("status", &self.status)).flatten();
        if said.is_none() && faults.is_empty() {
            faults.push(FieldFault::new("status", "must not be empty"));
        }
        let said = said.unwrap_or_default();
        let status = Status::parse(&said.to_lowercase())
            .filter(|status| *status != Status::Recorded)
            .unwrap_or(Status::Unknown);
        let raw = self.raw_status.as_deref().unwrap_or_default();
        let raw = keep(faults, fields::canonical_code("raw_status", raw)).flatten();
        Receipt::new(status, raw.unwrap_or(said))
    }

    fn ids(&self, receipt: &mut Receipt, faults: &mut Vec<FieldFault>) {
        receipt.message_id = self.message_id.as_deref().and_then(|text| {
            let id = Uuid::try_parse(text.trim())
                .map_err(|_| FieldFault::new("message_id", "must be a message's id, a UUID"));
            keep(faults, id)
        });
        let mut id = |field, text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            keep(faults, fields::canonical_id(field, text)).flatten()
        };
        receipt.gateway_message_id = id("gateway_message_id", &self.gateway_message_id);
        receipt.gateway_event_id = id("gateway_event_id", &self.gateway_event_id);
    }

    fn error(&self, receipt: &mut Receipt, faults: &mut Vec<FieldFault>) {
        let code = self.error_code.as_deref().unwrap_or_default();
        receipt.error_code = keep(faults, fields::canonical_code("error_code", code)).flatten();
        receipt.error_class = self.error_class.as_deref().and_then(|text| {
            let known = "unreachable, invalid_number, landline, filtered, opted_out, expired, \
                         account or other";
            keep(faults, word("error_class", text, ErrorClass::parse, known))
        });
        receipt.permanent = self.permanent;
    }

    fn segment(&self, receipt: &mut Receipt, faults: &mut Vec<FieldFault>) {
        let most = self.segment_count.unwrap_or(255).min(255);
        if self
            .segment_count
            .is_some_and(|count| !(1..=255).contains(&count))
        {
            faults.push(FieldFault::new(
                "segment_count",
                "must be between 1 and 255",
            ));
        } else if self
            .segment_number
            .is_some_and(|number| !(1..=most).contains(&number))
        {
            let message = format!("must be between 1 and {most}");
            faults.push(FieldFault::new("segment_number", message));
        }
        receipt.segment_number = self.segment_number;
        receipt.segment_count = self.segment_count;
    }

    fn cost(&self, receipt: &mut Receipt, faults: &mut Vec<FieldFault>) {
        receipt.price = self
            .price
            .as_deref()
            .and_then(|text| keep(faults, fields::decimal("price", text)));
        let currency = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        let network =
            |text: &str| matches!(text.len(), 5 | 6) && text.bytes().all(|b| b.is_ascii_digit());
        receipt.currency.clone_from(&self.currency);
        receipt.mcc_mnc.clone_from(&self.mcc_mnc);
        if self.currency.as_deref().is_some_and(|text| !currency(text)) {
            faults.push(FieldFault::new(
                "currency",
                "must be an ISO 4217 code such as EUR",
            ));
        }
        if self.mcc_mnc.as_deref().is_some_and(|text| !network(text)) {
            faults.push(FieldFault::new("mcc_mnc", "must be 5 or 6 digits"));
        }
    }
}

fn word<T>(
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &str,
) -> Result<T, FieldFault> {
    parse(text).ok_or_else(|| FieldFault::new(field, format!("must be {known}")))
}
