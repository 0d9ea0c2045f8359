//! An event of each kind with every field filled, and one with only what is always there.
//!
//! The filled ones name every field and take nothing from `Default`: a new field does not compile
//! until it has an example here.

use crate::event::{
    Body, Click, Context, Event, Inbound, Kind, Link, Match, Message, OptOut, Receipt, Submission,
    TimeSource,
};
use chrono::{DateTime, Utc};
use uuid::{Uuid, uuid};

const EVENT: Uuid = uuid!("019ab0f1-2b3c-7d4e-8f60-718293a4b5c6");
const MESSAGE: Uuid = uuid!("019ab0e4-6c1d-7c3a-9b57-0f4e2a6d1c55");
const SUBSCRIBER: Uuid = uuid!("7d0d0f0e-41c5-4f0f-8c3b-3c9f0f1f7d11");
const API_KEY: Uuid = uuid!("019ab0d0-1111-7aaa-8bbb-222233334444");

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time of this file")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A message is its own event.
fn event_id(kind: Kind) -> Uuid {
    if kind == Kind::Message {
        MESSAGE
    } else {
        EVENT
    }
}

/// An event with every field.
pub(super) fn filled(kind: Kind) -> Event {
    Event {
        event_id: event_id(kind),
        // Whole seconds and milliseconds are written with six digits too.
        occurred_at: at("2026-11-23T05:00:01Z"),
        time_source: TimeSource::Gateway,
        recorded_at: at("2026-11-23T05:00:01.250Z"),
        context: Context {
            subscriber_id: Some(SUBSCRIBER),
            message_id: Some(MESSAGE),
            message_recorded_at: Some(at("2026-11-23T04:58:00.123456Z")),
            campaign: some("autumn-sale"),
            campaign_type: some("promotion"),
            sender: some("+436641234567"),
            country: some("AT"),
            gateway: some("kannel"),
            test: Some(true),
        },
        body: body(kind),
    }
}

/// An event with nothing but what every line of its kind has.
pub(super) fn bare(kind: Kind) -> Event {
    Event {
        event_id: event_id(kind),
        occurred_at: at("2026-11-23T05:00:01Z"),
        time_source: TimeSource::Server,
        recorded_at: at("2026-11-23T05:00:01.250Z"),
        context: Context::default(),
        body: bare_body(kind),
    }
}

fn body(kind: Kind) -> Body {
    match kind {
        Kind::Message => Body::Message(message()),
        Kind::Submission => Body::Submission(submission()),
        Kind::Receipt => Body::Receipt(receipt()),
        Kind::Match => Body::Match(Match { receipt_id: EVENT }),
        Kind::Click => Body::Click(click()),
        Kind::Inbound => Body::Inbound(inbound()),
        Kind::OptOut => Body::OptOut(opt_out()),
    }
}

fn message() -> Message {
    Message {
        client_reference: some("order-7781"),
        outcome: "suppressed".to_owned(),
        suppression_reason: some("opted_out"),
        encoding: "gsm7".to_owned(),
        code_units: 34,
        segments: 1,
        api_key_id: Some(API_KEY),
        links: vec![Link {
            link_id: 42,
            code: "b7Xk29QmTa".to_owned(),
            short_domain: "t.example".to_owned(),
            target_url: "https://shop.example/sale?a=1&b=2".to_owned(),
            expires_at: Some(at("2026-12-23T05:00:00Z")),
        }],
        to_number: some("+436601234567"),
        body: some("Sale! https://t.example/b7Xk29QmTa"),
    }
}

fn submission() -> Submission {
    Submission {
        gateway_message_id: some("4f1c2a"),
        outcome: "refused".to_owned(),
        error_code: some("21610"),
        error_class: some("opted_out"),
        segments: Some(1),
        price: some("0.0075"),
        currency: some("EUR"),
    }
}

fn receipt() -> Receipt {
    Receipt {
        receipt_id: EVENT,
        gateway_message_id: some("4f1c2a"),
        gateway_event_id: some("evt-9"),
        status: "undelivered".to_owned(),
        raw_status: "UNDELIV".to_owned(),
        error_code: some("30003"),
        error_class: some("unreachable"),
        permanent: Some(false),
        is_final: true,
        synthetic: false,
        delivery_level: some("handset"),
        segment_number: Some(1),
        segment_count: Some(2),
        price: some("0.0075"),
        currency: some("EUR"),
        mcc_mnc: some("23201"),
        corrects: Some(API_KEY),
    }
}

fn click() -> Click {
    Click {
        link_id: 42,
        code: "b7Xk29QmTa".to_owned(),
        target_url: "https://shop.example/sale?a=1&b=2".to_owned(),
        verdict: "bot".to_owned(),
        verdict_reasons: vec!["agent_list".to_owned(), "prefetch".to_owned()],
        ruleset: "agents-1".to_owned(),
        user_agent: some(
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ),
        device: some("crawler"),
        os: some("UNKNOWN"),
        browser: some("Googlebot"),
        ip_prefix: some("203.0.113.0/24"),
        referrer_host: some("mail.example"),
        ip: some("203.0.113.7"),
    }
}

fn inbound() -> Inbound {
    Inbound {
        inbound_id: EVENT,
        gateway_message_id: some("mo-17"),
        segments: Some(1),
        complete: true,
        intent: "stop".to_owned(),
        intent_reason: some("whole_message"),
        ruleset: "words-2".to_owned(),
        from_number: some("+436601234567"),
        body: some("STOP"),
    }
}

fn opt_out() -> OptOut {
    OptOut {
        action: "opt_out".to_owned(),
        scope: "sender".to_owned(),
        source: "keyword".to_owned(),
        source_event_id: Some(EVENT),
        reason: some("asked by phone"),
        actor: some("kannel"),
        effective_at: at("2026-11-23T05:10:00Z"),
    }
}

fn bare_body(kind: Kind) -> Body {
    match kind {
        Kind::Message => Body::Message(Message {
            outcome: "recorded".to_owned(),
            encoding: "ucs2".to_owned(),
            code_units: 12,
            segments: 1,
            ..Message::default()
        }),
        Kind::Submission => Body::Submission(Submission {
            outcome: "accepted".to_owned(),
            ..Submission::default()
        }),
        Kind::Receipt => Body::Receipt(Receipt {
            status: "sent".to_owned(),
            raw_status: "8".to_owned(),
            ..Receipt::default()
        }),
        Kind::Match => Body::Match(Match { receipt_id: EVENT }),
        Kind::Click => Body::Click(Click {
            verdict: "human".to_owned(),
            ..Click::default()
        }),
        Kind::Inbound => Body::Inbound(Inbound {
            intent: "none".to_owned(),
            ..Inbound::default()
        }),
        Kind::OptOut => Body::OptOut(OptOut {
            action: "opt_in".to_owned(),
            scope: "all".to_owned(),
            source: "api".to_owned(),
            ..OptOut::default()
        }),
    }
}
