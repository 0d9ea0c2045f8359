//! A message as Bird writes it, read by place: any of its fields may be missing or of another form.

use super::super::{FieldFault, Refusal, json::Plain};
use serde_json::Value;

pub(super) struct Message(Value);

impl Message {
    /// The message of an event `{service, event, payload}`, or the message itself.
    pub(super) fn of(Plain(mut document): Plain) -> Result<Self, Refusal> {
        let payload = document.get_mut("payload").map(Value::take);
        match (payload, document) {
            (Some(payload @ Value::Object(_)), _) => Ok(Self(payload)),
            (None, message @ Value::Object(_)) => Ok(Self(message)),
            _ => Err(Refusal::Malformed("must be an object".to_owned())),
        }
    }

    /// A text, or a number as one, at a place (RFC 6901).
    pub(super) fn text(&self, place: &str) -> Option<String> {
        match self.0.pointer(place)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// What the message says. One of another type than text has a caption at most.
    pub(super) fn body(&self) -> String {
        let places = ["/body/text/text", "/body/image/text", "/body/file/text"];
        let mut texts = places.into_iter().filter_map(|place| self.text(place));
        texts.next().unwrap_or_default()
    }

    /// In how many parts it came.
    pub(super) fn parts(&self) -> Option<u16> {
        let parts = self.0.get("parts")?.as_array()?;
        u16::try_from(parts.len())
            .ok()
            .filter(|count| (1..=255).contains(count))
    }

    /// A fault if it goes the other way: a subscription that was given the other URL.
    pub(super) fn must_be(&self, direction: &str) -> Vec<FieldFault> {
        match self.text("/direction") {
            Some(other) if other != direction => vec![FieldFault::new(
                "direction",
                format!(
                    "must be {direction} at this URL; is the subscription's URL the other one?"
                ),
            )],
            _ => Vec::new(),
        }
    }
}
