//! What is around every webhook of Telnyx's: `{"data": {"event_type": …, "payload": …}}`.

use super::super::{Refusal, json};
use crate::domain::route::Route;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One event; the payload is still raw, so that what is wrong in it is the item's fault.
pub(super) struct Event<'a> {
    /// `message.sent`, `message.finalized`, `message.received`, …, in lower case.
    pub(super) kind: String,
    /// Of this event; a repetition has the same.
    pub(super) id: Option<String>,
    /// RFC 3339.
    pub(super) occurred_at: Option<String>,
    pub(super) payload: &'a RawValue,
}

impl<'a> Event<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Call<'a> {
            #[serde(borrow)]
            data: Data<'a>,
        }
        #[derive(Deserialize)]
        struct Data<'a> {
            event_type: String,
            #[serde(default, deserialize_with = "json::loose")]
            id: Option<String>,
            #[serde(default, deserialize_with = "json::loose")]
            occurred_at: Option<String>,
            #[serde(borrow)]
            payload: &'a RawValue,
        }
        let data = json::document::<Call<'_>>(body)?.data;
        Ok(Self {
            kind: data.event_type.trim().to_ascii_lowercase(),
            id: data.id,
            occurred_at: data.occurred_at,
            payload: data.payload,
        })
    }

    /// What it is about; none if it is not about a message.
    pub(super) fn route(&self) -> Option<Route> {
        match self.kind.as_str() {
            "message.sent" | "message.finalized" => Some(Route::Receipts),
            "message.received" => Some(Route::Inbound),
            _ => None,
        }
    }
}
