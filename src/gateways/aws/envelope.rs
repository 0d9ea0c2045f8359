//! What SNS wraps around everything it posts (SNS, "Parsing message formats").

use super::super::{Refusal, Webhook, json};
use actix_web::http::header::HeaderName;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// How old a call may be, and how far ahead of our clock.
///
/// SNS signs the time of the publication, and a redelivery carries it again. It tries an HTTPS endpoint
/// for up to an hour (the limit of a delivery policy), and what AWS delivers by its own policies for
/// 23 days; to refuse any of these would lose its fact for good, while a second copy does no harm: the
/// ledger knows receipts for ever, and inbound messages for 30 days. So the window is wider than
/// any redelivery, and narrower than that memory.
pub(super) const WINDOW: TimeDelta = TimeDelta::days(24);
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Set by SNS on a raw delivery.
const RAW: HeaderName = HeaderName::from_static("x-amz-sns-rawdelivery");

/// What a call of SNS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Type {
    SubscriptionConfirmation,
    Notification,
    UnsubscribeConfirmation,
}

impl Type {
    fn as_str(self) -> &'static str {
        match self {
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::Notification => "Notification",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope {
    #[serde(rename = "Type")]
    pub(super) kind: Type,
    pub(super) message_id: String,
    pub(super) topic_arn: String,
    pub(super) message: String,
    #[serde(default)]
    subject: Option<String>,
    pub(super) timestamp: String,
    pub(super) signature_version: String,
    pub(super) signature: String,
    #[serde(rename = "SigningCertURL")]
    pub(super) signing_cert_url: String,
    #[serde(default, rename = "SubscribeURL")]
    pub(super) subscribe_url: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

impl Envelope {
    /// Reads a body. What cannot be verified is refused like what fails to.
    pub(super) fn parse(webhook: &Webhook<'_>) -> Result<Self, Refusal> {
        if webhook.headers.contains_key(RAW) {
            return Err(Refusal::Unverified(
                "raw message delivery is on, and SNS does not sign that: switch it off for this \
                 subscription",
            ));
        }
        json::document(webhook.body).map_err(|_| {
            Refusal::Unverified(
                "the body is no SNS message; is raw message delivery off for this subscription?",
            )
        })
    }

    /// When SNS made it.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(self.timestamp.trim()).ok()?;
        Some(time.to_utc())
    }

    /// Holds its time to the window.
    pub(super) fn hold_time(&self, arrived_at: DateTime<Utc>) -> Result<(), Refusal> {
        let time = self
            .time()
            .ok_or(Refusal::Unverified("the Timestamp is no RFC 3339 time"))?;
        let age = arrived_at.signed_duration_since(time);
        if age > WINDOW || age < -AHEAD {
            return Err(Refusal::Unverified(
                "the Timestamp is more than 24 days ago, or more than an hour ahead",
            ));
        }
        Ok(())
    }

    /// What is signed: names and values, each on a line of its own, in the order of the names.
    pub(super) fn signed_text(&self) -> String {
        let of_subscription = |value| match self.kind {
            Type::Notification => None,
            Type::SubscriptionConfirmation | Type::UnsubscribeConfirmation => value,
        };
        let subject = match self.kind {
            Type::Notification => self.subject.as_deref(),
            Type::SubscriptionConfirmation | Type::UnsubscribeConfirmation => None,
        };
        let fields = [
            ("Message", Some(self.message.as_str())),
            ("MessageId", Some(self.message_id.as_str())),
            ("Subject", subject),
            (
                "SubscribeURL",
                of_subscription(self.subscribe_url.as_deref()),
            ),
            ("Timestamp", Some(self.timestamp.as_str())),
            ("Token", of_subscription(self.token.as_deref())),
            ("TopicArn", Some(self.topic_arn.as_str())),
            ("Type", Some(self.kind.as_str())),
        ];
        let mut text = String::new();
        for (name, value) in fields {
            let Some(value) = value else { continue };
            for line in [name, value] {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}
