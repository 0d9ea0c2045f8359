//! AWS End User Messaging SMS, over SNS to HTTPS ("Example event data", "Two-way SMS message
//! payload"; SNS, "Verifying the signatures of Amazon SNS messages").
//!
//! Two topics, each with an HTTPS subscription, raw message delivery off: the topic of the
//! configuration set's event destination to our `…/receipts`, the topic of the numbers' two-way SMS to
//! our `…/inbound`. A subscription is confirmed by itself. One topic for both would send each event to
//! the wrong URL as well, where it is refused.
//!
//! Events carry the `Context` of the send: `message_id` in it, with our id of the message, matches
//! them without `POST /v1/submissions`.

use super::dialect::UrlId;
use super::{
    Acknowledgement, Dialect, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample, Webhook,
};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt};
use std::sync::Arc;
use url::Url;
use uuid::Uuid;

mod certificates;
mod envelope;
mod event;
mod fetch;
mod topics;

use certificates::Certificates;
use envelope::{Envelope, Type};
use fetch::{Fetch, Https};
use topics::Topics;

/// `messageStatus`, which is the event's type without `TEXT_`.
const STATUSES: [(&str, Status); 16] = [
    ("DELIVERED", Status::Delivered),
    ("QUEUED", Status::Queued),
    ("PENDING", Status::Queued),
    ("SENT", Status::Sent),
    // The carrier has it. Where no more is to be expected, AWS says that this is final.
    ("SUCCESSFUL", Status::Sent),
    (SUCCESSFUL_FINAL, Status::Delivered),
    ("UNREACHABLE", Status::Undelivered),
    ("CARRIER_UNREACHABLE", Status::Undelivered),
    ("INVALID", Status::Rejected),
    ("INVALID_MESSAGE", Status::Rejected),
    ("BLOCKED", Status::Rejected),
    ("CARRIER_BLOCKED", Status::Rejected),
    ("SPAM", Status::Rejected),
    ("PROTECT_BLOCKED", Status::Rejected),
    ("TTL_EXPIRED", Status::Expired),
    (UNKNOWN, Status::Unknown),
];

/// `SUCCESSFUL` with `isFinal`. A word of its own: else a final event would look like a repetition of
/// the one that was not.
const SUCCESSFUL_FINAL: &str = "SUCCESSFUL final";
/// What AWS says by itself after 72 hours without news.
const UNKNOWN: &str = "UNKNOWN";

/// AWS has no codes: the status is the reason ("Event types for SMS, MMS, and voice").
const ERRORS: [(&str, Meaning); 9] = [
    ("UNREACHABLE", Meaning::temporary(ErrorClass::Unreachable)),
    (
        "CARRIER_UNREACHABLE",
        Meaning::temporary(ErrorClass::Unreachable),
    ),
    ("INVALID", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("INVALID_MESSAGE", Meaning::permanent(ErrorClass::Other)),
    ("BLOCKED", Meaning::permanent(ErrorClass::Filtered)),
    ("CARRIER_BLOCKED", Meaning::permanent(ErrorClass::Filtered)),
    ("SPAM", Meaning::permanent(ErrorClass::Filtered)),
    ("PROTECT_BLOCKED", Meaning::permanent(ErrorClass::Account)),
    ("TTL_EXPIRED", Meaning::temporary(ErrorClass::Expired)),
];

/// AWS's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "aws",
    provider: "AWS End User Messaging",
    secret: "nothing: SNS signs with certificates of its own; `topics` says whose events are taken",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let topics = Topics::new(&settings.topics)?;
        Ok(Box::new(Aws::new(topics, Arc::new(Https::new()?))))
    },
};

struct Aws {
    topics: Topics,
    certificates: Certificates,
    fetch: Arc<dyn Fetch>,
}

impl Aws {
    fn new(topics: Topics, fetch: Arc<dyn Fetch>) -> Self {
        Self {
            topics,
            certificates: Certificates::new(Arc::clone(&fetch)),
            fetch,
        }
    }

    /// What can be told before any certificate is asked for: whoever does not know a topic of ours
    /// cannot make us fetch anything.
    fn envelope(&self, webhook: &Webhook<'_>) -> Result<(Envelope, Url), Refusal> {
        let envelope = Envelope::parse(webhook)?;
        self.topics.hold(&envelope.topic_arn)?;
        envelope.hold_time(webhook.arrived_at)?;
        let host = topics::host(&envelope.topic_arn).unwrap_or_default();
        let certificate = certificates::url(&envelope.signing_cert_url, &host)?;
        Ok((envelope, certificate))
    }

    async fn confirm(&self, envelope: &Envelope) -> Result<(), Refusal> {
        let url = envelope.subscribe_url.as_deref().unwrap_or_default();
        let host = topics::host(&envelope.topic_arn).unwrap_or_default();
        let url = certificates::sns_url(url, &host).ok_or_else(|| {
            Refusal::Malformed("SubscribeURL is not one of SNS in the topic's region".to_owned())
        })?;
        let answer = self.fetch.get(&url).await;
        answer.map_err(|error| {
            Refusal::Unavailable(format!("the subscription could not be confirmed: {error}"))
        })?;
        tracing::info!(topic = envelope.topic_arn, "confirmed a subscription");
        Ok(())
    }
}

impl Dialect for Aws {
    fn prepare<'a>(&'a self, webhook: &'a Webhook<'_>) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            let (_, certificate) = self.envelope(webhook)?;
            self.certificates
                .fetch(&certificate, webhook.arrived_at)
                .await
        }
        .boxed()
    }

    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let (envelope, certificate) = self.envelope(webhook)?;
        let certificate = self.certificates.known(&certificate)?;
        certificate.verify(&envelope, webhook.arrived_at)
    }

    fn greet<'a>(
        &'a self,
        webhook: &'a Webhook<'_>,
    ) -> BoxFuture<'a, Result<Option<Acknowledgement>, Refusal>> {
        async move {
            let envelope = Envelope::parse(webhook)?;
            match envelope.kind {
                Type::Notification => return Ok(None),
                Type::SubscriptionConfirmation => self.confirm(&envelope).await?,
                // Its SubscribeURL would subscribe again, against the operator's will.
                Type::UnsubscribeConfirmation => {
                    tracing::warn!(topic = envelope.topic_arn, "a subscription was ended");
                }
            }
            Ok(Some(Acknowledgement::EMPTY))
        }
        .boxed()
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let envelope = Envelope::parse(webhook)?;
        Ok(match envelope.kind {
            Type::Notification => event::receipts(&envelope, webhook.arrived_at),
            _ => Vec::new(),
        })
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let envelope = Envelope::parse(webhook)?;
        Ok(match envelope.kind {
            Type::Notification => vec![event::inbound(&envelope, webhook.arrived_at)],
            _ => Vec::new(),
        })
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// The endpoint of the subscription. It is one for all messages; a message's own id travels in the
    /// send's `Context`.
    fn receipt_url(&self, endpoint: Url, _message_id: Uuid) -> String {
        endpoint.into()
    }

    /// One topic's URL is for all messages, and SNS sends the same signed envelope to every subscriber.
    fn url_id(&self) -> UrlId {
        UrlId::Ignored
    }

    /// Only SNS has the key that signs.
    fn sample(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Option<Sample> {
        None
    }
}

#[cfg(test)]
mod tests;
