//! Every field of every kind of line, in one table: from it come the loader's columns, the warehouse's
//! tables of facts, `docs/log-format.md` and the JSON Schema beside it.
//!
//! The structs of [`crate::event`] write the lines; a test holds them against this table.

use super::Kind;
use std::sync::LazyLock;

/// What a field's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A JSON string.
    Text,
    /// A UUID in its hyphenated form.
    Uuid,
    /// RFC 3339, in UTC, with microseconds.
    Timestamp,
    /// A whole JSON number, below 2^63.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An array of strings, never empty.
    TextList,
    /// A message's links: an array of objects with the fields of [`LINK`], never empty.
    Links,
}

/// One field of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key in the line and its column in the warehouse.
    pub name: &'static str,
    /// What its value is.
    pub field_type: FieldType,
    /// Whether every line of the kind has it.
    pub required: bool,
    /// Unit or form of the value, where it has one.
    pub unit: Option<&'static str>,
    /// The only values it has in this version; empty = any.
    pub values: &'static [&'static str],
    /// A value; texts without their quotes, lists as JSON.
    pub example: &'static str,
    /// What it says.
    pub doc: &'static str,
}

/// The fields of a kind's lines: those that every kind has, then its own, in the order in which
/// they are written.
pub fn fields(kind: Kind) -> &'static [Field] {
    static TABLES: LazyLock<[Vec<Field>; 7]> =
        LazyLock::new(|| Kind::ALL.map(|kind| [COMMON, own(kind)].concat()));
    &TABLES[kind as usize]
}

/// The fields that only this kind has.
pub fn own(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Message => MESSAGE,
        Kind::Submission => SUBMISSION,
        Kind::Receipt => RECEIPT,
        Kind::Match => MATCH,
        Kind::Click => CLICK,
        Kind::Inbound => INBOUND,
        Kind::OptOut => OPT_OUT,
    }
}

const OUTCOMES: &[&str] = &["accepted", "refused", "canceled"];
const STATUSES: &[&str] = &[
    "accepted",
    "queued",
    "sent",
    "unknown",
    "delivered",
    "undelivered",
    "failed",
    "rejected",
    "expired",
    "canceled",
];
const ERROR_CLASSES: &[&str] = &[
    "unreachable",
    "invalid_number",
    "landline",
    "filtered",
    "opted_out",
    "expired",
    "account",
    "other",
];
const INTENTS: &[&str] = &["stop", "start", "help", "possible_stop", "none"];

/// `name: Type, required or optional, [unit], [values], "example", "doc";`
macro_rules! table {
    ($(#[$attribute:meta])* $table:ident: $(
        $name:ident: $type:ident, $need:ident $(, unit $unit:literal)? $(, of $values:expr)?,
        $example:literal, $doc:literal;
    )*) => {
        $(#[$attribute])*
        pub const $table: &[Field] = &[$(Field {
            name: stringify!($name),
            field_type: FieldType::$type,
            required: table!(@need $need),
            unit: table!(@or None $(, Some($unit))?),
            values: table!(@or &[] $(, $values)?),
            example: $example,
            doc: $doc,
        }),*];
    };
    (@need required) => { true };
    (@need optional) => { false };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

table! {
    /// What every kind carries.
    COMMON:
    schema_version: Integer, required, "1", "Version of this format.";
    kind: Text, required, of &["message", "submission", "receipt", "match", "click", "inbound", "opt_out"], "click", "What the line tells of.";
    event_id: Uuid, required, "019ab0e4-6c1d-7c3a-9b57-0f4e2a6d1c55", "UUIDv7 of the fact, drawn before the first attempt to record it. A message's is its `message_id`.";
    occurred_at: Timestamp, required, unit "RFC 3339, UTC, microseconds", "2026-11-23T05:00:01.250000Z", "When it happened, by `time_source`.";
    time_source: Text, required, of &["gateway", "server"], "server", "Whose clock `occurred_at` is: the gateway reported it, or, if it gave none, this server heard of it then.";
    recorded_at: Timestamp, required, unit "RFC 3339, UTC, microseconds", "2026-11-23T05:00:01.312500Z", "When this server recorded it.";
    subscriber_id: Uuid, optional, "7d0d0f0e-41c5-4f0f-8c3b-3c9f0f1f7d11", "The person, by the random id that stands for their number.";
    message_id: Uuid, optional, "019ab0e4-6c1d-7c3a-9b57-0f4e2a6d1c55", "The message that the fact is about; absent while it is not known.";
    message_recorded_at: Timestamp, optional, unit "RFC 3339, UTC, microseconds", "2026-11-23T05:00:01.312500Z", "When that message was recorded: its place in every report.";
    campaign: Text, optional, "autumn-sale", "The campaign's name.";
    campaign_type: Text, optional, "promotion", "The campaign's type when the message was recorded.";
    sender: Text, optional, "+431234567", "The platform's side: the number, short code or name that messages are sent from.";
    country: Text, optional, unit "ISO 3166-1 alpha-2", "AT", "The subscriber's country.";
    gateway: Text, optional, "kannel", "The gateway that the message was meant for or the fact came from.";
    test: Boolean, optional, "true", "True for a test message, which never counts in a report.";
}

table! {
    /// `message`: one outbound SMS and its unique links.
    MESSAGE:
    client_reference: Text, optional, "order-7781", "The caller's own name for it.";
    outcome: Text, required, of &["recorded", "suppressed"], "recorded", "Whether it was recorded to be sent, or held back.";
    suppression_reason: Text, optional, of &["opted_out"], "opted_out", "Why it was held back.";
    encoding: Text, required, of &["gsm7", "ucs2"], "gsm7", "Encoding of the rendered body.";
    code_units: Integer, required, unit "septets (gsm7) or UTF-16 units (ucs2)", "74", "Length of the rendered body.";
    segments: Integer, required, unit "SMS segments", "1", "Segments that the rendered body takes.";
    api_key_id: Uuid, optional, "019ab0d0-1111-7aaa-8bbb-222233334444", "The API key that asked for it.";
    links: Links, optional, r#"[{"link_id":42,"code":"b7Xk29QmTa","short_domain":"t.example","target_url":"https://shop.example/sale","expires_at":"2026-12-23T05:00:01.312500Z"}]"#, "The unique URLs in the body; absent if it has none. The one nested field: a message and its URLs are one fact.";
    to_number: Text, optional, unit "E.164", "+436641234567", "The recipient's number, only where the operator chose to have personal data in the lake.";
    body: Text, optional, "Sale! https://t.example/b7Xk29QmTa", "The rendered body, on the same condition.";
}

table! {
    /// The fields of one element of a message's `links`.
    LINK:
    link_id: Integer, required, "42", "The link's number.";
    code: Text, required, "b7Xk29QmTa", "The short code that stands for it.";
    short_domain: Text, required, "t.example", "Host of the short URL.";
    target_url: Text, required, unit "URL", "https://shop.example/sale", "Where it leads.";
    expires_at: Timestamp, optional, unit "RFC 3339, UTC, microseconds", "2026-12-23T05:00:01.312500Z", "From when on it no longer leads there.";
}

table! {
    /// `submission`: a message was handed to a gateway, or refused by it.
    SUBMISSION:
    gateway_message_id: Text, optional, "4f1c2a", "The gateway's id for the message.";
    outcome: Text, required, of OUTCOMES, "accepted", "What the gateway did with it.";
    error_code: Text, optional, "21610", "The gateway's own code.";
    error_class: Text, optional, of ERROR_CLASSES, "opted_out", "What the code means, in our classes.";
    segments: Integer, optional, unit "SMS segments", "1", "Segments that the gateway counted.";
    price: Text, optional, unit "decimal, in `currency`", "0.0075", "What it cost, as the gateway wrote it.";
    currency: Text, optional, unit "ISO 4217", "EUR", "Currency of `price`.";
}

table! {
    /// `receipt`: one delivery receipt.
    RECEIPT:
    receipt_id: Uuid, required, "019ab0e5-0a2b-7d4e-8f60-718293a4b5c6", "The receipt's id, which a later `match` names.";
    gateway_message_id: Text, optional, "4f1c2a", "The gateway's id for the message.";
    gateway_event_id: Text, optional, "evt-9", "The gateway's id for this notification.";
    status: Text, required, of STATUSES, "delivered", "The status in our words.";
    raw_status: Text, required, "DELIVRD", "The status in the gateway's words.";
    error_code: Text, optional, "000", "The gateway's own code.";
    error_class: Text, optional, of ERROR_CLASSES, "unreachable", "What the code means, in our classes.";
    permanent: Boolean, optional, "false", "False if trying again could help.";
    final: Boolean, required, "true", "Whether no better news is to be expected.";
    synthetic: Boolean, required, "false", "Whether the gateway guessed it after long silence.";
    delivery_level: Text, optional, of &["carrier", "handset"], "handset", "Who confirmed the delivery.";
    segment_number: Integer, optional, unit "from 1", "1", "Which segment it is about; absent = the whole message.";
    segment_count: Integer, optional, unit "SMS segments", "2", "Of how many.";
    price: Text, optional, unit "decimal, in `currency`", "0.0075", "What it cost, as the gateway wrote it.";
    currency: Text, optional, unit "ISO 4217", "EUR", "Currency of `price`.";
    mcc_mnc: Text, optional, unit "E.212 digits", "23201", "Mobile country and network code.";
    corrects: Uuid, optional, "019ab0e5-0a2b-7d4e-8f60-718293a4b5c6", "The `receipt_id` that this receipt replaces: the gateway's call was read again by a corrected mapping. The replaced one is history, and counts no longer for the message's status.";
}

table! {
    /// `match`: a parked receipt found its message, which the common fields name.
    MATCH:
    receipt_id: Uuid, required, "019ab0e5-0a2b-7d4e-8f60-718293a4b5c6", "The receipt that was parked.";
}

table! {
    /// `click`: one visit to a short URL.
    CLICK:
    link_id: Integer, required, "42", "The link's number.";
    code: Text, required, "b7Xk29QmTa", "The short code that was visited.";
    target_url: Text, required, unit "URL", "https://shop.example/sale", "Where it led.";
    verdict: Text, required, of &["human", "bot", "suspect"], "human", "Who clicked, by `ruleset`.";
    verdict_reasons: TextList, optional, r#"["agent_list"]"#, "The rules that spoke, in a fixed order; absent if none did.";
    ruleset: Text, required, "agents-1", "The rule set that decided.";
    user_agent: Text, optional, unit "at most 512 bytes", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "The browser's own words.";
    device: Text, optional, "smartphone", "What kind of device.";
    os: Text, optional, "iPhone", "Operating system.";
    browser: Text, optional, "Safari", "Browser.";
    ip_prefix: Text, optional, unit "CIDR: /24 of an IPv4, /48 of an IPv6", "203.0.113.0/24", "The address's network.";
    referrer_host: Text, optional, "mail.example", "Host of the referring page.";
    ip: Text, optional, "203.0.113.7", "The whole address, only where the operator chose to have personal data in the lake.";
}

table! {
    /// `inbound`: one message from a subscriber.
    INBOUND:
    inbound_id: Uuid, required, "019ab0f1-2b3c-7d4e-8f60-718293a4b5c6", "The inbound's id.";
    gateway_message_id: Text, optional, "mo-17", "The gateway's id for it.";
    segments: Integer, optional, unit "SMS segments", "1", "Segments it came in.";
    complete: Boolean, required, "true", "Whether all its parts came.";
    intent: Text, required, of INTENTS, "stop", "What it asks for, by `ruleset`.";
    intent_reason: Text, optional, "whole_message", "The rule that decided; absent for `none`.";
    ruleset: Text, required, "words-2", "The rule set that decided.";
    from_number: Text, optional, unit "E.164", "+436641234567", "The subscriber's number, only where the operator chose to have personal data in the lake.";
    body: Text, optional, "STOP", "The text, on the same condition.";
}

table! {
    /// `opt_out`: a subscriber's standing wish changed.
    OPT_OUT:
    action: Text, required, of &["opt_out", "opt_in"], "opt_out", "Which way.";
    scope: Text, required, of &["sender", "all"], "sender", "Whose messages it is about: the line's `sender`'s, or anyone's here.";
    source: Text, required, of &["keyword", "gateway", "api"], "keyword", "Where the wish was heard.";
    source_event_id: Uuid, optional, "019ab0f1-2b3c-7d4e-8f60-718293a4b5c6", "The inbound, receipt or submission that said so.";
    reason: Text, optional, "asked by phone", "Why, in words.";
    actor: Text, optional, "kannel", "Who: an API key's id, a gateway's name.";
    effective_at: Timestamp, required, unit "RFC 3339, UTC, microseconds", "2026-11-23T05:10:00.000000Z", "From when on it holds.";
}

#[cfg(test)]
mod tests;
