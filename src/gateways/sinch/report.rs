//! Sinch's delivery reports: of one recipient, or of a batch with its recipients by status.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Items, Receipt, Refusal, json, neutral};
use super::{KIND, key};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
struct OfRecipient {
    #[serde(default, deserialize_with = "json::loose")]
    batch_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    recipient: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    code: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    status: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    client_reference: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    operator_status_at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    number_of_message_parts: Option<String>,
    /// Mobile country and network code.
    #[serde(default, deserialize_with = "json::loose")]
    operator: Option<String>,
}

/// Reads a `recipient_delivery_report_sms`. The operator's time is when it happened; `at` is when Sinch
/// heard of it.
pub(super) fn of_recipient(raw: &RawValue, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let report: OfRecipient = json::item(raw)?;
    let times = [report.operator_status_at, report.at];
    let mut times = times.into_iter().flatten();
    let time = times.find_map(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
    let mut receipt = receipt(
        report.batch_id.as_deref(),
        report.recipient.as_deref(),
        report.status.as_deref(),
        report.code,
    )?;
    receipt.message_id = report.client_reference.as_deref().and_then(our_id);
    receipt.gateway_time = fields::spare_time(time.map(|time| time.to_utc()), now);
    receipt.segment_count = fields::spare_segments(report.number_of_message_parts.as_deref());
    receipt.mcc_mnc = fields::spare_mcc_mnc(report.operator.as_deref());
    Ok(receipt)
}

#[derive(Deserialize)]
struct OfBatch {
    #[serde(default, deserialize_with = "json::loose")]
    batch_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    client_reference: Option<String>,
    #[serde(default)]
    statuses: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct OfStatus {
    #[serde(default, deserialize_with = "json::loose")]
    code: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    status: Option<String>,
    /// Absent from a summary.
    #[serde(default)]
    recipients: Option<Vec<json::Plain>>,
}

/// Reads a `delivery_report_sms`: one receipt a recipient, and none from a summary, which only counts.
/// It tells no times.
///
/// # Errors
/// If it names more recipients than a call may hold.
pub(super) fn of_batch(raw: &RawValue) -> Result<Items<Receipt>, Refusal> {
    let report: OfBatch = match json::item(raw) {
        Ok(report) => report,
        Err(faults) => return Ok(vec![Err(faults)]),
    };
    let batch = report.batch_id.as_deref();
    let mut items: Items<Receipt> = report
        .statuses
        .iter()
        .flat_map(|raw| of_status(batch, raw))
        .collect();
    if items.len() > neutral::ITEM_LIMIT {
        let limit = neutral::ITEM_LIMIT;
        return Err(Refusal::TooMany { limit });
    }
    // A reference belongs to the batch, so it names a message only if the batch is one message.
    if let [Ok(receipt)] = items.as_mut_slice() {
        receipt.message_id = report.client_reference.as_deref().and_then(our_id);
    }
    Ok(items)
}

fn of_status(batch: Option<&str>, raw: &RawValue) -> Items<Receipt> {
    let group: OfStatus = match json::item(raw) {
        Ok(group) => group,
        Err(faults) => return vec![Err(faults)],
    };
    let of_one = |json::Plain(recipient): &json::Plain| {
        let refuse = || vec![FieldFault::new("recipients", "must be numbers as texts")];
        let recipient = recipient.as_str().ok_or_else(refuse)?;
        let code = group.code.clone();
        receipt(batch, Some(recipient), group.status.as_deref(), code)
    };
    let recipients = group.recipients.iter().flatten();
    recipients.map(of_one).collect()
}

/// What both kinds of report say of one recipient.
fn receipt(
    batch: Option<&str>,
    recipient: Option<&str>,
    status: Option<&str>,
    code: Option<String>,
) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = key::of_receipt(batch.unwrap_or_default(), recipient.unwrap_or_default());
    let id = keep(&mut faults, id).flatten();
    let raw = keep(
        &mut faults,
        fields::needed_code("status", status.unwrap_or_default()),
    );
    let (Some(raw), true) = (raw, faults.is_empty()) else {
        return Err(faults);
    };
    let status = KIND.status(&raw.to_ascii_lowercase());
    let mut receipt = Receipt {
        gateway_message_id: id,
        ..Receipt::new(status, raw)
    };
    let code = code.and_then(|code| fields::spare(fields::canonical_code("code", &code)));
    KIND.explain(&mut receipt, code.filter(|code| is_error(code)));
    Ok(receipt)
}

/// 0 is success, 400 queued, 401 dispatched.
fn is_error(code: &str) -> bool {
    !matches!(code, "0" | "400" | "401")
}

/// A reference is the sender's own text, which may be our id of the message.
fn our_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok().filter(|id| !id.is_nil())
}
