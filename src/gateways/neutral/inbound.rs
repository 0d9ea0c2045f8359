//! A subscriber's message in the neutral dialect.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Inbound};
use crate::domain::opt_out::Intent;
use crate::domain::phone::{PhoneNumber, Sender};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One message from a subscriber.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct InboundItem {
    /// The gateway where it came in. Needed in `POST /v1/inbound`, where no URL names it.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]+$")]
    pub gateway: Option<String>,
    /// The gateway's id for it: what makes a repetition recognisable.
    #[schema(max_length = 255)]
    pub gateway_message_id: Option<String>,
    /// The subscriber's number, in international form.
    #[schema(max_length = 32, example = "+436601234567")]
    pub from: String,
    /// The platform's number or short code that it was sent to.
    #[schema(max_length = 32, example = "+43720555000")]
    pub to: String,
    /// The text; may be empty.
    #[schema(max_length = 39015)]
    pub body: String,
    /// Segments it came in.
    #[schema(minimum = 1, maximum = 255)]
    pub segments: Option<u16>,
    /// When, by the gateway's clock: RFC 3339, from 2000 to a day ahead.
    #[schema(format = "date-time")]
    pub received_at: Option<String>,
    /// The gateway's own verdict: `stop`, `start` or `help`. It counts before ours.
    pub intent: Option<String>,
    /// Fields of other names.
    #[serde(flatten)]
    #[schema(ignore)]
    pub rest: BTreeMap<String, IgnoredAny>,
}

impl InboundItem {
    /// Checks every field; all that is wrong is told at once.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub fn check(self, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let from = PhoneNumber::parse(&self.from).map_err(|error| FieldFault::new("from", error));
        let from = keep(&mut faults, from);
        let to = Sender::parse(&self.to).map_err(|error| FieldFault::new("to", error));
        let to = keep(&mut faults, to);
        keep(&mut faults, fields::body("body", &self.body));
        let id = self.gateway_message_id.as_deref().unwrap_or_default();
        let id = keep(&mut faults, fields::canonical_id("gateway_message_id", id)).flatten();
        let received_at = self
            .received_at
            .as_deref()
            .and_then(|text| keep(&mut faults, fields::time("received_at", text, now)));
        let intent = self
            .intent
            .as_deref()
            .and_then(|text| keep(&mut faults, intent(text)));
        if self
            .segments
            .is_some_and(|segments| !(1..=255).contains(&segments))
        {
            faults.push(FieldFault::new("segments", "must be between 1 and 255"));
        }
        match (from, to) {
            (Some(from), Some(to)) if faults.is_empty() => Ok(Inbound {
                gateway_message_id: id,
                from,
                to,
                body: self.body,
                segments: self.segments,
                received_at,
                part: None,
                gateway_intent: intent,
            }),
            _ => Err(faults),
        }
    }
}

fn intent(text: &str) -> Result<Intent, FieldFault> {
    match text {
        "stop" => Ok(Intent::Stop),
        "start" => Ok(Intent::Start),
        "help" => Ok(Intent::Help),
        _ => Err(FieldFault::new("intent", "must be stop, start or help")),
    }
}
