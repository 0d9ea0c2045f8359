//! The log line: the contract between ledger, lake and warehouse.
//!
//! Every recorded fact becomes one line of JSON, encoded once, when it is recorded, as the very
//! text that will stand in the log file. `docs/log-format.md` lists every field with its type, unit
//! and example; `docs/log-line.schema.json` is the same as a JSON Schema, and the tests hold real
//! files against it.
//!
//! The rules of the format: one flat object a line (but for a message's `links`), keys in
//! `lower_snake_case`, times in RFC 3339 with microseconds and `Z`, an absent value is an absent
//! key. A new optional field keeps [`SCHEMA_VERSION`]; anything else raises it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(test)]
mod documents;
pub mod fields;
mod kind;
mod time;
pub use kind::Kind;
pub use time::format_time;

/// The version that lines written by this binary carry.
pub const SCHEMA_VERSION: u32 = 1;

/// Who said when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// The gateway reported the time.
    Gateway,
    /// The gateway reported none: the time is when this server heard of it.
    Server,
}

/// What a fact belongs to, where that is known. The same six values stand on the message's own line
/// and on every later line about it, so that no reader of the lake needs a join for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The person, by the random id that stands for their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriber_id: Option<Uuid>,
    /// The message that the fact is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Uuid>,
    /// When that message was recorded: its place in every report.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "time::optional",
        default
    )]
    pub message_recorded_at: Option<DateTime<Utc>>,
    /// The campaign's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The campaign's type when the message was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_type: Option<String>,
    /// The platform's side: the number, short code or name that messages are sent from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The subscriber's country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The gateway that the message was meant for or the fact came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// True for a test message, which never counts in a report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
}

/// One line: what every kind carries, and the kind's own fields.
#[derive(Clone, Debug)]
pub struct Event {
    /// UUIDv7, drawn before the first attempt to record the fact.
    pub event_id: Uuid,
    /// When it happened, by [`Event::time_source`].
    pub occurred_at: DateTime<Utc>,
    /// Whose clock `occurred_at` is.
    pub time_source: TimeSource,
    /// When this server recorded it.
    pub recorded_at: DateTime<Utc>,
    /// What it belongs to.
    pub context: Context,
    /// The kind and its own fields.
    pub body: Body,
}

/// The kinds of event with their own fields.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// A send was recorded, or suppressed.
    Message(Message),
    /// A message was handed to a gateway, or refused by it.
    Submission(Submission),
    /// A gateway reported on a message.
    Receipt(Receipt),
    /// A parked receipt found its message.
    Match(Match),
    /// A short URL was visited.
    Click(Click),
    /// A subscriber wrote.
    Inbound(Inbound),
    /// A subscriber's standing wish changed.
    OptOut(OptOut),
}

/// `message`: one outbound SMS and its unique links. Its `event_id` is the message's id.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Message {
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_reference: Option<String>,
    /// `recorded` or `suppressed`.
    pub outcome: String,
    /// Why it was suppressed: `opted_out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppression_reason: Option<String>,
    /// `gsm7` or `ucs2`, of the rendered body.
    pub encoding: String,
    /// Septets or UTF-16 units of the rendered body.
    pub code_units: u32,
    /// SMS segments that the rendered body takes.
    pub segments: u32,
    /// The API key that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Uuid>,
    /// The unique URLs in the body. The one nested field: a message and its URLs are one fact.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The recipient's number, only where the operator chose to have personal data in the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_number: Option<String>,
    /// The rendered body, on the same condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// One unique URL of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// The link's number.
    pub link_id: i64,
    /// The short code that stands for it.
    pub code: String,
    /// Host of the short URL.
    pub short_domain: String,
    /// Where it leads.
    pub target_url: String,
    /// From when on it no longer leads there.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "time::optional"
    )]
    pub expires_at: Option<DateTime<Utc>>,
}

/// `submission`: a message was handed to a gateway, or refused by it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Submission {
    /// The gateway's id for the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_message_id: Option<String>,
    /// `accepted`, `refused` or `canceled`.
    pub outcome: String,
    /// The gateway's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// What the code means, in our classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
    /// Segments that the gateway counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    /// What it cost, as the gateway wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// ISO 4217 code of `price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// `receipt`: one delivery receipt. Its `event_id` is the receipt's id.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Receipt {
    /// The receipt's id, which a later `match` names.
    pub receipt_id: Uuid,
    /// The gateway's id for the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_message_id: Option<String>,
    /// The gateway's id for this notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_event_id: Option<String>,
    /// The status in our words.
    pub status: String,
    /// The status in the gateway's words.
    pub raw_status: String,
    /// The gateway's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// What the code means, in our classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
    /// False if trying again could help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permanent: Option<bool>,
    /// Whether no better news is to be expected.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Whether the gateway guessed it after long silence.
    pub synthetic: bool,
    /// `carrier` or `handset`: who confirmed a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_level: Option<String>,
    /// Which segment it is about, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_number: Option<u32>,
    /// Of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_count: Option<u32>,
    /// What it cost, as the gateway wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// ISO 4217 code of `price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Mobile country and network code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc_mnc: Option<String>,
    /// The receipt that this one replaces, which counts no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Uuid>,
}

/// `match`: a parked receipt found its message, which stands in the line's context.
#[derive(Clone, Debug, Serialize)]
pub struct Match {
    /// The receipt that was parked.
    pub receipt_id: Uuid,
}

/// `click`: one visit to a short URL.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Click {
    /// The link's number.
    pub link_id: i64,
    /// The short code that was visited.
    pub code: String,
    /// Where it led.
    pub target_url: String,
    /// `human`, `bot` or `suspect`.
    pub verdict: String,
    /// The rules that spoke, in a fixed order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdict_reasons: Vec<String>,
    /// The rule set that decided.
    pub ruleset: String,
    /// The browser's own words, cut at 512 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `smartphone`, `pc`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The address's network: /24 of an IPv4, /48 of an IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_prefix: Option<String>,
    /// Host of the referring page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer_host: Option<String>,
    /// The whole address, only where the operator chose to have personal data in the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
}

/// `inbound`: one message from a subscriber. Its `event_id` is the inbound's id.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Inbound {
    /// The inbound's id.
    pub inbound_id: Uuid,
    /// The gateway's id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_message_id: Option<String>,
    /// Segments it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    /// Whether all its parts came.
    pub complete: bool,
    /// `stop`, `start`, `help`, `possible_stop` or `none`.
    pub intent: String,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent_reason: Option<String>,
    /// The rule set that decided.
    pub ruleset: String,
    /// The subscriber's number, only where the operator chose to have personal data in the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_number: Option<String>,
    /// The text, on the same condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// `opt_out`: a subscriber's standing wish changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OptOut {
    /// `opt_out` or `opt_in`.
    pub action: String,
    /// `sender` (the context names it) or `all`.
    pub scope: String,
    /// `keyword`, `gateway` or `api`.
    pub source: String,
    /// The inbound, receipt or submission that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_event_id: Option<Uuid>,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who: an API key's id, a gateway's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// From when on it holds.
    #[serde(serialize_with = "time::exact")]
    pub effective_at: DateTime<Utc>,
}

impl Body {
    /// The kind of these fields.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Message(_) => Kind::Message,
            Self::Submission(_) => Kind::Submission,
            Self::Receipt(_) => Kind::Receipt,
            Self::Match(_) => Kind::Match,
            Self::Click(_) => Kind::Click,
            Self::Inbound(_) => Kind::Inbound,
            Self::OptOut(_) => Kind::OptOut,
        }
    }
}

/// How a line stands in the file; borrowed, so that encoding copies nothing but text.
#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    kind: Kind,
    event_id: Uuid,
    #[serde(serialize_with = "time::exact")]
    occurred_at: DateTime<Utc>,
    time_source: TimeSource,
    #[serde(serialize_with = "time::exact")]
    recorded_at: DateTime<Utc>,
    #[serde(flatten)]
    context: &'a Context,
    #[serde(flatten)]
    body: &'a Body,
}

impl Event {
    /// The line as it will stand in the log file, without its newline.
    ///
    /// JSON escapes every control character, so the text holds no line break; NUL never reaches an
    /// event because parsed text refuses it (PostgreSQL's `text` cannot hold it).
    ///
    /// # Errors
    /// Never with the fields of today: all of them can stand in JSON.
    pub fn encode(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Line {
            schema_version: SCHEMA_VERSION,
            kind: self.body.kind(),
            event_id: self.event_id,
            occurred_at: self.occurred_at,
            time_source: self.time_source,
            recorded_at: self.recorded_at,
            context: &self.context,
            body: &self.body,
        })
    }
}
