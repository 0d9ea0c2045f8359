//! A message as a caller asks for it.

use crate::domain::phone::{PhoneNumber, Sender};
use crate::gateways::json::Plain;
use crate::http::input::{self, Faults};
use crate::http::problem::{ApiError, FieldError};
use crate::ledger::facts::{Idempotency, NewMessage};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// One message to record.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MessageRequest {
    /// The recipient, in international form.
    #[schema(min_length = 3, max_length = 32, example = "+436601234567")]
    to: String,
    /// The sender: a number, a short code of 3 to 8 digits, or a name of at most 11 characters.
    #[schema(min_length = 1, max_length = 32, example = "SHOP")]
    from: String,
    /// The text. Each http or https URL in it becomes a short URL; it may hold 20 at most.
    #[schema(
        min_length = 1,
        max_length = 4000,
        pattern = r"\S",
        example = "Hello! https://shop.example/sale?c=7 ends today."
    )]
    body: String,
    /// The campaign's name.
    #[schema(min_length = 1, max_length = 100, example = "spring-2026")]
    campaign: String,
    /// The gateway that it will be handed to.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]+$", example = "kannel")]
    gateway: Option<String>,
    /// The caller's own name for it.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    client_reference: Option<String>,
    /// False leaves URLs as they are.
    #[serde(default = "yes")]
    #[schema(default = true)]
    shorten_urls: bool,
    /// A test message never counts in a report.
    #[serde(default)]
    test: bool,
}

fn yes() -> bool {
    true
}

impl MessageRequest {
    /// Checks every field, and draws the message's id.
    pub(super) fn check(self) -> Result<NewMessage, Vec<FieldError>> {
        let mut faults = Faults::default();
        let to = faults.keep("to", PhoneNumber::parse(&self.to));
        let from = faults.keep("from", Sender::parse(&self.from));
        faults.text("body", &self.body, input::BODY_LIMIT);
        if self.shorten_urls {
            faults.keep("body", few_urls(&self.body));
        }
        faults.keep("campaign", input::campaign_name(&self.campaign));
        if let Some(gateway) = &self.gateway {
            faults.keep("gateway", input::gateway_name(gateway));
        }
        let reference = self.client_reference.as_deref();
        faults.optional_text("client_reference", reference, input::TEXT_LIMIT);
        let (to, from) = faults.finish(to.zip(from))?;
        Ok(NewMessage {
            id: Uuid::now_v7(),
            to,
            from,
            body: self.body,
            campaign: self.campaign,
            gateway: self.gateway,
            client_reference: self.client_reference,
            shorten_urls: self.shorten_urls,
            test: self.test,
        })
    }
}

/// Counts what every URL has, and looks for none: that takes too long for thousands of texts on this
/// thread.
fn few_urls(body: &str) -> Result<(), &'static str> {
    let most = body.matches("://").nth(input::LINKS_LIMIT).is_none();
    most.then_some(())
        .ok_or("must hold at most 20 URLs unless shorten_urls is false")
}

/// The caller's idempotency key with the SHA-256 of the call (`POST /v1/messages`) and its payload.
/// Objects are hashed with their keys in order: a client that encodes the same payload anew may
/// order them otherwise.
pub(super) fn idempotency(
    key: Option<String>,
    call: &str,
    body: &[u8],
) -> Result<Option<Idempotency>, ApiError> {
    let Some(key) = key else {
        return Ok(None);
    };
    let Plain(mut payload) = crate::http::body::parse(body)?;
    payload.sort_all_objects();
    let hash = Sha256::new()
        .chain_update(call)
        .chain_update([0])
        .chain_update(payload.to_string());
    Ok(Some(Idempotency {
        key,
        payload_hash: hash.finalize().into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(body: &str) -> [u8; 32] {
        let key = Some("k".to_owned());
        let idempotency = idempotency(key, "POST /v1/messages", body.as_bytes());
        idempotency.unwrap().unwrap().payload_hash
    }

    #[test]
    fn a_message_holds_twenty_urls() {
        let urls = "http://a ".repeat(input::LINKS_LIMIT);
        assert!(few_urls(&urls).is_ok());
        assert!(few_urls(&(urls + "https://b")).is_err());
    }

    #[test]
    fn texts_within_texts_are_no_depth() {
        let nested = crate::gateways::json::nested(200);
        let key = Some("k".to_owned());
        assert!(idempotency(key, "POST /v1/messages", nested.as_bytes()).is_ok());
    }

    #[test]
    fn the_payload_counts_and_not_its_layout() {
        assert_eq!(
            hash(r#"{"a":1,"b":[{"c":2,"d":3}]}"#),
            hash("{\"b\": [{\"d\":3,\"c\":2}], \"a\":1}")
        );
        assert_ne!(hash(r#"{"a":1}"#), hash(r#"{"a":2}"#));
        assert_ne!(hash("[1,2]"), hash("[2,1]"));
    }
}
