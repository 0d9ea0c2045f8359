//! What callers hand to the recorder: facts in parsed form, each with the id drawn for it before
//! the first attempt.

use crate::domain::click::Judgement;
use crate::domain::opt_out::Scope;
use crate::domain::part::Part;
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
use crate::event::Context;
use crate::ledger::requests::KeptRequest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// One message to record.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// UUIDv7; becomes the message's id and its event's.
    pub id: Uuid,
    /// To whom.
    pub to: PhoneNumber,
    /// From whom.
    pub from: Sender,
    /// The text as the caller wrote it, links not yet shortened.
    pub body: String,
    /// The campaign's name.
    pub campaign: String,
    /// The gateway it is meant for.
    pub gateway: Option<String>,
    /// The caller's own name for it.
    pub client_reference: Option<String>,
    /// Whether its URLs become short ones.
    pub shorten_urls: bool,
    /// Whether it is a test.
    pub test: bool,
}

/// A call that records messages: one, or up to 10,000 as one transaction.
pub struct SendCall {
    /// The API key that asks.
    pub api_key_id: Uuid,
    /// The caller's `Idempotency-Key`, with the SHA-256 of the call.
    pub idempotency: Option<Idempotency>,
    /// The valid messages of the call.
    pub messages: Vec<NewMessage>,
    /// Writes the answer from the outcomes, one a message and in order. Called inside the
    /// transaction, since the answer is stored with it; again if the transaction is repeated.
    pub answer: WriteAnswer,
}

/// Writes the answer to a [`SendCall`].
pub type WriteAnswer = Arc<dyn Fn(&[SendOutcome]) -> StoredAnswer + Send + Sync>;

/// A caller's key and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// The header's value.
    pub key: String,
    /// SHA-256 over the call and its payload.
    pub payload_hash: [u8; 32],
}

/// An answer as it is stored and given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// What a [`SendCall`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendReply {
    /// The answer.
    pub answer: StoredAnswer,
    /// Whether it was given before.
    pub replayed: bool,
}

/// What became of one message.
#[derive(Clone, Debug)]
pub enum SendOutcome {
    /// Recorded.
    Recorded(RecordedMessage),
    /// The recipient is opted out; recorded as suppressed.
    Suppressed {
        /// Its id.
        id: Uuid,
    },
    /// No such campaign; not recorded.
    UnknownCampaign,
}

/// A recorded message as the caller needs it.
#[derive(Clone, Debug)]
pub struct RecordedMessage {
    /// Its id.
    pub id: Uuid,
    /// To whom.
    pub to: PhoneNumber,
    /// From whom.
    pub from: Sender,
    /// The rendered body.
    pub body: String,
    /// Its links, in order.
    pub links: Vec<RecordedLink>,
    /// Encoding and segments of the rendered body.
    pub segmentation: crate::domain::sms::Segmentation,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// A link of a recorded message.
#[derive(Clone, Debug)]
pub struct RecordedLink {
    /// The short code.
    pub code: String,
    /// The whole short URL.
    pub short_url: String,
    /// Where it leads.
    pub target_url: String,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The queue is full, or PostgreSQL did not say in time whether it recorded this: try again after
    /// a while.
    #[error("the ledger is not available")]
    Unavailable,
    /// PostgreSQL cannot be reached. Whether an attempt before that was recorded is unknown.
    #[error("the ledger cannot be reached")]
    Away,
    /// Nothing was tried, so nothing was recorded: try again after a while.
    #[error("not taken: {0}")]
    NotTaken(NotTaken),
    /// This `Idempotency-Key` was used for another payload.
    #[error("the idempotency key was used for another payload")]
    IdempotencyMismatch,
    /// The first call with this `Idempotency-Key` has not ended.
    #[error("the first call with this idempotency key is still in flight")]
    IdempotencyInFlight,
    /// PostgreSQL refused the data of this call alone. A gap in our parsing.
    #[error("the ledger refused the data")]
    Refused(#[source] anyhow::Error),
}

/// Why a fact was not even tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// PostgreSQL is known to be away.
    #[error("the ledger is away")]
    LedgerAway,
    /// The ledger is back, but subscribers' messages that came meanwhile are not in it yet, and one
    /// may be a STOP.
    #[error("replies that came while the ledger was away are being recorded first")]
    RepliesFirst,
    /// The ledger is back, but does not take a subscriber's message that came meanwhile, and may be a
    /// STOP: somebody holds a row locked that it needs.
    #[error(
        "a subscriber's reply, maybe a STOP, cannot be recorded yet since somebody holds a row locked \
         in PostgreSQL; sends wait for it"
    )]
    ReplyStuck,
    /// PostgreSQL is away, and the spool is full or cannot be written.
    #[error("the ledger is away, and the spool does not take more")]
    SpoolFull,
}

/// How a message was handed to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionOutcome {
    /// The gateway took it.
    Accepted,
    /// The gateway refused it: its status is `rejected`.
    Refused,
    /// The caller called it back before it left.
    Canceled,
}

/// One hand-over.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// UUIDv7, the event's.
    pub id: Uuid,
    /// What was handed over.
    pub message_id: Uuid,
    /// To whom.
    pub gateway: String,
    /// The gateway's id, in canonical form.
    pub gateway_message_id: Option<String>,
    /// What came of it.
    pub outcome: SubmissionOutcome,
    /// The gateway's own code.
    pub error_code: Option<String>,
    /// Our class of it, if the gateway's codes are known here.
    pub error_class: Option<ErrorClass>,
    /// When, by the caller's clock.
    pub submitted_at: Option<DateTime<Utc>>,
}

/// What became of one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionReply {
    /// Recorded.
    Recorded,
    /// The same was recorded before.
    Duplicate,
    /// No such message.
    UnknownMessage,
}

/// What a gateway told in one call.
#[derive(Clone, Debug)]
pub struct GatewayCall<T> {
    /// The call as it arrived, to be kept; none if calls are not kept.
    pub request: Option<KeptRequest>,
    /// What could be read of it, each with its place among the call's items, from 0.
    pub facts: Vec<(usize, T)>,
}

/// One delivery receipt, as a dialect parsed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewReceipt {
    /// UUIDv7, the event's.
    pub id: Uuid,
    /// The gateway.
    pub gateway: String,
    /// Our id, if the callback URL carried it.
    pub message_id: Option<Uuid>,
    /// The gateway's id for the message, in canonical form.
    pub gateway_message_id: Option<String>,
    /// The gateway's id for this notification.
    pub gateway_event_id: Option<String>,
    /// In our words.
    pub status: Status,
    /// In the gateway's words.
    pub raw_status: String,
    /// The gateway's own code.
    pub error_code: Option<String>,
    /// Our class of it.
    pub error_class: Option<ErrorClass>,
    /// False if trying again could help.
    pub permanent: Option<bool>,
    /// The gateway's own guess after long silence.
    pub synthetic: bool,
    /// Who confirmed a delivery.
    pub delivery_level: Option<DeliveryLevel>,
    /// The segment it is about, from 1.
    pub segment_number: Option<u16>,
    /// Of how many.
    pub segment_count: Option<u16>,
    /// When, by the gateway's clock.
    pub gateway_time: Option<DateTime<Utc>>,
    /// What it cost.
    pub price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Mobile country and network code.
    pub mcc_mnc: Option<String>,
}

/// What became of one receipt. Each is an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptReply {
    /// Recorded with its message.
    Recorded,
    /// Recorded; its message is not yet known.
    Parked,
    /// The same was recorded before.
    Duplicate,
    /// PostgreSQL is away: kept on this server's disk, and recorded once it is back. Whether it is
    /// new, and what it is about, is not known yet.
    Spooled,
    /// Recorded in place of what the same receipt was read as before. Of a replay alone.
    Corrected,
    /// The same, where that had opted the recipient out, and no longer would. What it opted out stays so:
    /// whether it was the subscriber's wish is for a person to say.
    CorrectedOptOut,
}

/// One message from a subscriber.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewInbound {
    /// UUIDv7, the event's.
    pub id: Uuid,
    /// The gateway.
    pub gateway: String,
    /// The gateway's id for it.
    pub gateway_message_id: Option<String>,
    /// From whom.
    pub from: PhoneNumber,
    /// The platform's number that it was sent to.
    pub to: Sender,
    /// The text.
    pub body: String,
    /// Segments it came in.
    pub segments: Option<u16>,
    /// When, by the gateway's clock.
    pub received_at: Option<DateTime<Utc>>,
    /// Which part of a longer text it is, where the gateway hands in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The gateway's own verdict on STOP, START and HELP, which counts before ours.
    pub gateway_intent: Option<crate::domain::opt_out::Intent>,
}

/// What became of one inbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundReply {
    /// Whether the same was recorded before; not known, and false, if it was spooled.
    pub duplicate: bool,
    /// PostgreSQL is away: kept on this server's disk, and recorded once it is back.
    pub spooled: bool,
    /// What its text asks for; none of a part that waits for the others of its text.
    pub intent: crate::domain::opt_out::Intent,
    /// The message it answers.
    pub message_id: Option<Uuid>,
}

/// One visit to a short URL.
#[derive(Clone, Debug)]
pub struct NewClick {
    /// UUIDv7, the event's.
    pub id: Uuid,
    /// The link, as [`super::links::find_all`] gave it.
    pub link: Arc<LinkTarget>,
    /// Person or machine.
    pub judgement: Judgement,
    /// The visitor's address.
    pub ip: Option<IpAddr>,
    /// The browser's own words.
    pub user_agent: Option<String>,
    /// The referring page's host.
    pub referrer_host: Option<String>,
}

/// A link with all that a click's event needs.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkTarget {
    /// The link's number.
    pub number: i64,
    /// Its code.
    pub code: String,
    /// Where it leads.
    pub target_url: String,
    /// Where it leads once expired.
    pub fallback_url: Option<String>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its message, with `message_id` and `message_recorded_at` always set.
    pub context: Context,
}

/// A wish over the API.
#[derive(Clone, Debug)]
pub struct NewOptOut {
    /// UUIDv7, the event's.
    pub id: Uuid,
    /// Whose wish.
    pub number: PhoneNumber,
    /// About whose messages.
    pub scope: Scope,
    /// True: no more messages. False: messages again.
    pub opted_out: bool,
    /// Why, in words.
    pub reason: Option<String>,
    /// The API key's id.
    pub actor: String,
}

/// A person's verdict on an inbound message.
#[derive(Clone, Debug)]
pub struct NewVerdict {
    /// UUIDv7; becomes the event's, if a wish follows.
    pub id: Uuid,
    /// The inbound message.
    pub inbound_id: Uuid,
    /// What it asks for.
    pub intent: crate::domain::opt_out::Intent,
    /// Why, in words.
    pub reason: Option<String>,
    /// The API key's id.
    pub actor: String,
}

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictReply {
    /// It is noted, and stands until somebody decides otherwise.
    Recorded,
    /// The same verdict, for the same reason, stands already.
    Unchanged,
    /// No such inbound message.
    UnknownInbound,
}
