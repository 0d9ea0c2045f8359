//! Log lines: each fact is encoded once, and each line is decoded once by the loader.

use crate::drawn::{self, MANY};
use crate::each;
use criterion::Criterion;
use rand::Rng;
use rand::rngs::StdRng;
use textrail::domain::short_code::ShortCodes;
use textrail::event::{Body, Click, Context, Event, Kind, Link, Message, Receipt, TimeSource};
use textrail::load::{Row, decode};

pub fn lines(criterion: &mut Criterion) {
    of_kind(criterion, Kind::Message, message);
    of_kind(criterion, Kind::Receipt, receipt);
    of_kind(criterion, Kind::Click, click);
}

fn of_kind(criterion: &mut Criterion, kind: Kind, event: fn(&mut StdRng) -> Event) {
    let mut chance = drawn::chance();
    let events: Vec<(Event, usize)> = (0..MANY)
        .map(|_| {
            let event = event(&mut chance);
            let bytes = line(&event).len();
            (event, bytes)
        })
        .collect();
    let title = format!("{}, encoded", kind.as_str());
    each(
        criterion,
        ["line", &title],
        &events,
        Some(|(_, bytes)| *bytes),
        |(event, _)| line(event),
    );
    let lines: Vec<String> = events.iter().map(|(event, _)| line(event)).collect();
    let mut row = Row::new(kind);
    let title = format!("{}, decoded", kind.as_str());
    each(
        criterion,
        ["line", &title],
        &lines,
        Some(String::len),
        |line| {
            decode(kind, line.as_bytes(), &mut row).expect("our own line");
        },
    );
}

fn line(event: &Event) -> String {
    event.encode().expect("an event has a line")
}

fn event(chance: &mut StdRng, body: Body) -> Event {
    let message = drawn::time(chance);
    let campaign = chance.random_range(1..=500);
    Event {
        event_id: drawn::id(chance, message),
        occurred_at: message,
        time_source: TimeSource::Gateway,
        recorded_at: message,
        context: Context {
            subscriber_id: Some(drawn::id(chance, message)),
            message_id: Some(drawn::id(chance, message)),
            message_recorded_at: Some(message),
            campaign: Some(format!("campaign-{campaign}")),
            campaign_type: Some(format!("type-{}", campaign % 10)),
            sender: Some("43720".to_owned()),
            country: Some(drawn::one(chance, &["AT", "DE", "CH", "FR"]).to_owned()),
            gateway: Some("kannel".to_owned()),
            test: None,
        },
        body,
    }
}

fn link(chance: &mut StdRng) -> Link {
    let link_id = chance.random_range(1..10_000_000);
    Link {
        link_id,
        code: ShortCodes::new([7; 32], 10)
            .encode(link_id)
            .expect("a code"),
        short_domain: "go.example".to_owned(),
        target_url: format!(
            "https://shop.example/autumn/{link_id}?utm_source=sms&utm_campaign=autumn"
        ),
        expires_at: None,
    }
}

fn message(chance: &mut StdRng) -> Event {
    let links = (0..chance.random_range(1..3))
        .map(|_| link(chance))
        .collect();
    let body = Message {
        outcome: "recorded".to_owned(),
        encoding: "gsm7".to_owned(),
        code_units: chance.random_range(20..300),
        segments: chance.random_range(1..3),
        links,
        ..Message::default()
    };
    event(chance, Body::Message(body))
}

fn receipt(chance: &mut StdRng) -> Event {
    let at = drawn::time(chance);
    let delivered = chance.random_ratio(9, 10);
    let body = Receipt {
        receipt_id: drawn::id(chance, at),
        gateway_message_id: Some(format!("{:x}", chance.random::<u64>())),
        status: (if delivered {
            "delivered"
        } else {
            "undelivered"
        })
        .to_owned(),
        raw_status: (if delivered { "DELIVRD" } else { "UNDELIV" }).to_owned(),
        error_code: (!delivered).then(|| chance.random_range(1..255).to_string()),
        is_final: true,
        ..Receipt::default()
    };
    event(chance, Body::Receipt(body))
}

fn click(chance: &mut StdRng) -> Event {
    let Link {
        link_id,
        code,
        target_url,
        ..
    } = link(chance);
    let version = chance.random_range(100..140);
    let body = Click {
        link_id,
        code,
        target_url,
        verdict: "human".to_owned(),
        ruleset: "agents-1".to_owned(),
        user_agent: Some(format!(
            "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Mobile Safari/537.36"
        )),
        device: Some("smartphone".to_owned()),
        os: Some("Android".to_owned()),
        browser: Some("Chrome".to_owned()),
        ip_prefix: Some(format!("203.0.{}.0/24", chance.random::<u8>())),
        referrer_host: chance.random_bool(0.2).then(|| "m.facebook.com".to_owned()),
        ..Click::default()
    };
    event(chance, Body::Click(body))
}
