//! One delivery report of Infobip's.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Receipt, json};
use super::{ENROUTE, KIND, WAITING, group_of_name};
use crate::domain::status::{DeliveryLevel, Status};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default, deserialize_with = "json::loose")]
    message_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    callback_data: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    status: Named,
    #[serde(default, deserialize_with = "json::spare")]
    error: Named,
    #[serde(default, deserialize_with = "json::spare")]
    price: Price,
    #[serde(default, deserialize_with = "json::loose")]
    sent_at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    done_at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    message_count: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    sms_count: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    mcc_mnc: Option<String>,
}

/// A status or an error.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    #[serde(default, deserialize_with = "json::loose")]
    group_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    group_name: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    name: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    permanent: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    #[serde(default, deserialize_with = "json::loose")]
    price_per_message: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    currency: Option<String>,
}

/// Reads one item of `results`.
pub(super) fn read(raw: &RawValue, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let report: Report = json::item(raw)?;
    let mut faults = Vec::new();
    let id = report.message_id.as_deref().unwrap_or_default();
    let id = keep(&mut faults, fields::canonical_id("messageId", id)).flatten();
    let word = raw_status(&report.status);
    let word = keep(&mut faults, fields::needed_code("status.name", word));
    let (Some(word), true) = (word, faults.is_empty()) else {
        return Err(faults);
    };
    let status = status_of(&report.status);
    let count = report.message_count.or(report.sms_count);
    let time = report.done_at.as_deref().or(report.sent_at.as_deref());
    let mut receipt = Receipt {
        message_id: report.callback_data.as_deref().and_then(our_id),
        gateway_message_id: id,
        gateway_time: fields::spare_time(time.and_then(time_of), now),
        delivery_level: level(status, &word),
        // The operator said nothing before the message ran out, which is the platform's inference.
        synthetic: word.eq_ignore_ascii_case("EXPIRED_DLR_UNKNOWN"),
        // Of how many it was sent; a report is about all of them.
        segment_count: fields::spare_segments(count.as_deref()),
        price: fields::spare_price(report.price.price_per_message.as_deref()),
        currency: fields::spare_currency(report.price.currency.as_deref()),
        mcc_mnc: fields::spare_mcc_mnc(report.mcc_mnc.as_deref()),
        ..Receipt::new(status, word)
    };
    explain(&mut receipt, &report.error);
    Ok(receipt)
}

/// The name, which says most; else the group.
fn raw_status(status: &Named) -> &str {
    let texts = [&status.name, &status.group_name, &status.group_id];
    let mut given = texts.into_iter().flatten().map(String::as_str);
    given
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// By the group: its name, else its number, else what the status' own name begins with, so that names
/// that are not known yet are still read. A name refines its own group only: whatever it says, what
/// expired was not sent.
fn status_of(status: &Named) -> Status {
    let word = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        text.trim().to_ascii_uppercase()
    };
    let name = word(&status.name);
    let group_name = word(&status.group_name);
    let candidates = [
        group_name.as_str(),
        of_number(&word(&status.group_id)),
        group_of_name(&name),
    ];
    let group = candidates
        .into_iter()
        .map(|group| KIND.status(group))
        .find(|status| *status != Status::Unknown);
    match group {
        Some(Status::Queued) if name == ENROUTE || name == WAITING => Status::Sent,
        Some(status) => status,
        None => Status::Unknown,
    }
}

/// The group of such a number ("General status codes"; 0 is `OK` or `ACCEPTED`).
fn of_number(group_id: &str) -> &'static str {
    match group_id {
        "0" => "ACCEPTED",
        "1" => "PENDING",
        "2" => "UNDELIVERABLE",
        "3" => "DELIVERED",
        "4" => "EXPIRED",
        "5" => "REJECTED",
        _ => "",
    }
}

fn level(status: Status, name: &str) -> Option<DeliveryLevel> {
    match name.to_ascii_uppercase().as_str() {
        _ if status != Status::Delivered => None,
        "DELIVERED_TO_HANDSET" => Some(DeliveryLevel::Handset),
        "DELIVERED_TO_OPERATOR" => Some(DeliveryLevel::Carrier),
        _ => None,
    }
}

/// The error by its name, in upper case: Infobip writes `EC_SM_DF_memoryCapacityExceeded` in one place
/// and all in capitals in another. Without an error, a rejection's own name may tell why. Whether it
/// lasts is Infobip's word, where it gives it.
fn explain(receipt: &mut Receipt, error: &Named) {
    let texts = [&error.name, &error.group_name];
    let mut given = texts.into_iter().flatten();
    let named = given.find(|text| !text.trim().is_empty());
    let code = named.and_then(|text| {
        let code = fields::canonical_code("error.name", &text.to_ascii_uppercase());
        fields::spare(code).filter(|code| code != "NO_ERROR" && code != "OK")
    });
    let by_status = receipt.raw_status.to_ascii_uppercase();
    let by_status = KIND.meaning(&by_status).map(|_| by_status);
    let is_error = code.is_some();
    let unknown = code
        .as_deref()
        .is_some_and(|code| KIND.meaning(code).is_none());
    KIND.explain(receipt, code.or(by_status));
    if unknown && let Some(meaning) = error.group_name.as_deref().and_then(|g| KIND.meaning(g)) {
        receipt.error_class = Some(meaning.class);
    }
    if is_error {
        receipt.permanent = error.permanent.or(receipt.permanent);
    }
}

/// `2019-11-09T16:00:00.000+0000`, without the colon that RFC 3339 wants; or with it.
pub(super) fn time_of(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_str(text.trim(), "%Y-%m-%dT%H:%M:%S%.f%#z");
    time.ok().map(|time| time.to_utc())
}

/// `callbackData` is the sender's own text, which may be our id of the message.
fn our_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok().filter(|id| !id.is_nil())
}
