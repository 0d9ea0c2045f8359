//! `BATCH:RECIPIENT`, which names one message of a batch.

use super::super::{FieldFault, fields};

/// The key of a receipt, in canonical form; none without a batch or without a recipient. A batch's id
/// alone never stands in for it: it would match whatever message was submitted under it.
pub(super) fn of_receipt(batch: &str, recipient: &str) -> Result<Option<String>, FieldFault> {
    let Some(batch) = fields::canonical_id("batch_id", batch)? else {
        return Ok(None);
    };
    if recipient.trim().is_empty() {
        return Ok(None);
    }
    let digits = digits(recipient)
        .ok_or_else(|| FieldFault::new("recipient", "must be the number that it was sent to"))?;
    fields::canonical_id("batch_id", &format!("{batch}:{digits}"))
}

/// A submission's id, already canonical, with its recipient as receipts write it. An id without a
/// recipient stays as it is.
pub(super) fn of_submission(canonical: String) -> String {
    let parts = canonical.rsplit_once(':');
    let written = parts.and_then(|(batch, recipient)| {
        let digits = digits(recipient)?;
        Some(format!("{}:{digits}", batch.trim_end()))
    });
    written.unwrap_or(canonical)
}

/// The digits of a number as people and gateways write it: `+43 660…`, `0043660…`, `43660…`.
fn digits(number: &str) -> Option<String> {
    let number = number.trim();
    let bare = number.strip_prefix('+').or(number.strip_prefix("00"));
    let mut digits = String::new();
    for character in bare.unwrap_or(number).chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '-' | '.' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}
