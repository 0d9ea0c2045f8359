//! The neutral dialect: our own JSON, one object or an array of them, for gateways without an
//! adapter. The same items are taken by `POST /v1/receipts` and `POST /v1/inbound`.

use super::{Acknowledgement, Dialect, FieldFault, Inbound, Items, Receipt, Refusal, Webhook};
use crate::gateways::secret;
use actix_web::http::header::AUTHORIZATION;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::{Url, form_urlencoded};
use uuid::Uuid;

mod inbound;
mod receipt;

pub use inbound::InboundItem;
pub use receipt::ReceiptItem;

/// The most items in one call.
pub const ITEM_LIMIT: usize = 10_000;

/// Its webhooks prove themselves by the secret as a bearer token, or as a `secret` parameter.
pub(super) struct Neutral;

impl Dialect for Neutral {
    fn name(&self) -> &'static str {
        "neutral"
    }

    fn verify(&self, webhook: &Webhook<'_>, secret: Option<&str>) -> Result<(), Refusal> {
        let Some(secret) = secret else { return Ok(()) };
        let in_query = parameter(webhook, "secret");
        let bearer = webhook
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let proven = secret::matches(bearer, secret)
            || secret::matches(in_query.as_deref().map(str::as_bytes), secret);
        proven.then_some(()).ok_or(Refusal::Unverified(
            "the bearer token or query parameter secret is wrong or missing",
        ))
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let of_url = parameter(webhook, "message_id");
        let read = |raw: &RawValue| {
            let mut item: ReceiptItem = read_item(raw)?;
            item.message_id = item.message_id.or_else(|| of_url.clone());
            item.check(webhook.arrived_at)
        };
        Ok(split(webhook.body)?.into_iter().map(read).collect())
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let read = |raw: &RawValue| read_item::<InboundItem>(raw)?.check(webhook.arrived_at);
        Ok(split(webhook.body)?.into_iter().map(read).collect())
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            status: 200,
            content_type: "application/json",
            body: "{}",
        }
    }

    fn receipt_url(&self, mut endpoint: Url, message_id: Uuid, secret: Option<&str>) -> String {
        endpoint
            .query_pairs_mut()
            .append_pair("message_id", &message_id.to_string());
        if let Some(secret) = secret {
            endpoint.query_pairs_mut().append_pair("secret", secret);
        }
        endpoint.into()
    }
}

fn parameter(webhook: &Webhook<'_>, name: &str) -> Option<String> {
    form_urlencoded::parse(webhook.query().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The items of a body: an array's, or the one that the body is.
pub fn split(body: &[u8]) -> Result<Vec<&RawValue>, Refusal> {
    let malformed = |error: serde_json::Error| Refusal::Malformed(error.to_string());
    let whole: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
    if !whole.get().starts_with('[') {
        return Ok(vec![whole]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(whole.get()).map_err(malformed)?;
    match items.len() {
        0 => Err(Refusal::Malformed(
            "the array must hold at least one item".to_owned(),
        )),
        1..=ITEM_LIMIT => Ok(items),
        _ => Err(Refusal::TooMany { limit: ITEM_LIMIT }),
    }
}

/// Whether a body is one item and no array of them.
pub fn is_one(body: &[u8]) -> bool {
    body.trim_ascii_start().first() != Some(&b'[')
}

/// Reads one item, telling which field is at fault.
pub fn read_item<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Vec<FieldFault>> {
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        vec![FieldFault::of_json(&path, error.inner())]
    })
}

#[cfg(test)]
mod tests;
