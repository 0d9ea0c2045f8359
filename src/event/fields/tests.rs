//! The table held against what the structs write.

use super::{Field, LINK, fields};
use crate::event::{
    Body, Click, Context, Event, Inbound, Kind, Link, Match, Message, OptOut, Receipt, Submission,
    TimeSource,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

fn time() -> DateTime<Utc> {
    "2026-11-23T05:01:00.25Z".parse().unwrap()
}

fn some<T: From<&'static str>>() -> Option<T> {
    Some(T::from("x"))
}

fn id() -> Option<Uuid> {
    Some(Uuid::now_v7())
}

/// A line of each kind with every field that it can have, and one with as few as it can.
fn lines(kind: Kind) -> [Map<String, Value>; 2] {
    let whole = Context {
        subscriber_id: id(),
        message_id: id(),
        message_recorded_at: Some(time()),
        campaign: some(),
        campaign_type: some(),
        sender: some(),
        country: some(),
        gateway: some(),
        test: Some(true),
    };
    [(whole, full(kind)), (Context::default(), bare(kind))].map(|(context, body)| {
        let event = Event {
            event_id: Uuid::now_v7(),
            occurred_at: time(),
            time_source: TimeSource::Server,
            recorded_at: time(),
            context,
            body,
        };
        serde_json::from_str(&event.encode().unwrap()).unwrap()
    })
}

fn full(kind: Kind) -> Body {
    match kind {
        Kind::Message => Body::Message(full_message()),
        Kind::Submission => Body::Submission(Submission {
            gateway_message_id: some(),
            outcome: "accepted".to_owned(),
            error_code: some(),
            error_class: some(),
            segments: Some(1),
            price: some(),
            currency: some(),
        }),
        Kind::Receipt => Body::Receipt(full_receipt()),
        Kind::Match => bare(kind),
        Kind::Click => Body::Click(full_click()),
        Kind::Inbound => Body::Inbound(Inbound {
            gateway_message_id: some(),
            segments: Some(1),
            intent_reason: some(),
            from_number: some(),
            body: some(),
            ..Inbound::default()
        }),
        Kind::OptOut => Body::OptOut(OptOut {
            source_event_id: id(),
            reason: some(),
            actor: some(),
            ..OptOut::default()
        }),
    }
}

fn full_message() -> Message {
    Message {
        client_reference: some(),
        suppression_reason: some(),
        api_key_id: id(),
        links: vec![Link {
            link_id: 1,
            code: "x".to_owned(),
            short_domain: "x".to_owned(),
            target_url: "x".to_owned(),
            expires_at: Some(time()),
        }],
        to_number: some(),
        body: some(),
        ..Message::default()
    }
}

fn full_receipt() -> Receipt {
    Receipt {
        gateway_message_id: some(),
        gateway_event_id: some(),
        error_code: some(),
        error_class: some(),
        permanent: Some(true),
        delivery_level: some(),
        segment_number: Some(1),
        segment_count: Some(2),
        price: some(),
        currency: some(),
        mcc_mnc: some(),
        corrects: Some(Uuid::nil()),
        ..Receipt::default()
    }
}

fn full_click() -> Click {
    Click {
        verdict_reasons: vec!["x".to_owned()],
        user_agent: some(),
        device: some(),
        os: some(),
        browser: some(),
        ip_prefix: some(),
        referrer_host: some(),
        ip: some(),
        ..Click::default()
    }
}

fn bare(kind: Kind) -> Body {
    match kind {
        Kind::Message => Body::Message(Message::default()),
        Kind::Submission => Body::Submission(Submission::default()),
        Kind::Receipt => Body::Receipt(Receipt::default()),
        Kind::Match => Body::Match(Match {
            receipt_id: Uuid::now_v7(),
        }),
        Kind::Click => Body::Click(Click::default()),
        Kind::Inbound => Body::Inbound(Inbound::default()),
        Kind::OptOut => Body::OptOut(OptOut::default()),
    }
}

fn names<'a>(fields: impl IntoIterator<Item = &'a Field>) -> BTreeSet<&'a str> {
    fields.into_iter().map(|field| field.name).collect()
}

fn keys(line: &Map<String, Value>) -> BTreeSet<&str> {
    line.keys().map(String::as_str).collect()
}

#[test]
fn a_full_line_has_every_field_and_a_bare_one_the_required_ones() {
    for kind in Kind::ALL {
        let [full, bare] = lines(kind);
        assert_eq!(keys(&full), names(fields(kind)), "{kind}");
        let required = fields(kind).iter().filter(|field| field.required);
        assert_eq!(keys(&bare), names(required), "{kind}");
    }
}

#[test]
fn a_link_has_every_field() {
    let [full, _] = lines(Kind::Message);
    let link = full["links"][0].as_object().unwrap();
    assert_eq!(keys(link), names(LINK));
}

#[test]
fn no_name_stands_twice() {
    for kind in Kind::ALL {
        assert_eq!(names(fields(kind)).len(), fields(kind).len(), "{kind}");
    }
}
