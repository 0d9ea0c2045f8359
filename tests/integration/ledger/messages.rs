//! Sends, links and clicks.

use crate::support::ledger::*;
use diesel::prelude::*;
use std::sync::Arc;
use textrail::domain::click;
use textrail::domain::short_code::ShortCodes;
use textrail::ledger::campaigns::Campaign;
use textrail::ledger::facts::NewClick;
use textrail::ledger::links;
use uuid::Uuid;

#[tokio::test]
async fn a_message_its_links_and_its_event_are_recorded_together() {
    let ledger = TestLedger::start();
    let message = new_message(
        ALICE,
        "Look: https://shop.example/a?x=1, and http://b.example.",
    );
    let id = message.id;

    let reply = ledger.recorder.send(call(vec![message])).await.unwrap();

    let journey = ledger.journey(id);
    let codes: Vec<&str> = journey.links.iter().map(|link| link.0.as_str()).collect();
    let body = format!(
        "Look: https://go.example/{}, and https://go.example/{}.",
        codes[0], codes[1]
    );
    assert_eq!(journey.body, body);
    assert_eq!(reply.answer.body, format!("recorded {body}"));
    assert_eq!(journey.links[0].2, "https://shop.example/a?x=1");
    assert_eq!(journey.status, "recorded");

    let lines = ledger.lines("message");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["event_id"], id.to_string());
    assert_eq!(lines[0]["campaign_type"], "promotion");
    assert_eq!(lines[0]["country"], "AT");
    assert_eq!(lines[0]["links"][1]["target_url"], "http://b.example/");
    assert_eq!(lines[0]["links"][1]["short_domain"], "go.example");
    let text = lines[0].to_string();
    assert!(
        !text.contains(ALICE) && !text.contains("Look"),
        "no personal data: {text}"
    );
}

#[tokio::test]
async fn a_batch_is_one_transaction_and_an_unknown_campaign_hurts_no_neighbour() {
    let ledger = TestLedger::start();
    let mut messages: Vec<_> = (0..300)
        .map(|_| new_message(BOB, "https://a.example"))
        .collect();
    messages[7].campaign = "nowhere".to_owned();

    let reply = ledger.recorder.send(call(messages)).await.unwrap();

    let outcomes: Vec<&str> = reply.answer.body.lines().collect();
    assert_eq!(outcomes.len(), 300);
    assert_eq!(outcomes[7], "unknown campaign");
    assert_eq!(
        outcomes
            .iter()
            .filter(|line| line.starts_with("recorded"))
            .count(),
        299
    );
    assert_eq!(ledger.lines("message").len(), 299);
}

#[tokio::test]
async fn new_links_are_in_memory_as_the_ledger_has_them() {
    let ledger = TestLedger::start();
    ledger.put_campaign(&Campaign {
        name: "expiring".to_owned(),
        campaign_type: "service".to_owned(),
        title: "Expiring".to_owned(),
        short_domain: Some("s.example".to_owned()),
        link_expires_after_seconds: Some(60),
        fallback_url: Some("https://shop.example/over".to_owned()),
    });
    let mut messages = vec![
        new_message(ALICE, "https://a.example/?x=1 and http://b.example"),
        new_message(BOB, "https://c.example"),
        new_message(BOB, "https://d.example"),
    ];
    messages[1].campaign = "expiring".to_owned();
    messages[1].gateway = None;
    messages[2].campaign = "nowhere".to_owned();
    ledger.recorder.send(call(messages)).await.unwrap();

    let known = ledger.recorder.known_links();
    assert_eq!(known.len(), 3);
    let stored = links::find_all(&mut ledger.database.connect(), &numbers(&ledger)).unwrap();
    assert_eq!(stored.len(), 3);
    for link in stored {
        assert_eq!(known.get(&link.code), Some(link));
    }
}

#[tokio::test]
async fn links_that_are_not_in_the_ledger_are_not_in_memory() {
    let ledger = TestLedger::start();
    ledger.execute("ALTER TABLE messages ADD CONSTRAINT no CHECK (body NOT LIKE 'No%')");
    let refused = new_message(ALICE, "No https://a.example");
    assert!(ledger.recorder.send(call(vec![refused])).await.is_err());
    assert!(ledger.recorder.known_links().is_empty());
}

/// The numbers of all links.
fn numbers(ledger: &TestLedger) -> Vec<i64> {
    use textrail::ledger::schema::links;
    links::table
        .select(links::number)
        .load(&mut ledger.database.connect())
        .unwrap()
}

#[tokio::test]
async fn a_refused_message_leaves_no_number_behind() {
    let ledger = TestLedger::start();
    let mut message = new_message(ALICE, "https://a.example");
    message.campaign = "nowhere".to_owned();
    ledger.recorder.send(call(vec![message])).await.unwrap();
    assert_eq!(ledger.count("subscribers"), 0);
    assert_eq!(ledger.count("links"), 0);
}

#[tokio::test]
async fn the_same_message_written_again_changes_nothing() {
    // What a retry after an unknown commit does: the same ids come again.
    let ledger = TestLedger::start();
    let message = new_message(ALICE, "https://a.example");
    ledger
        .recorder
        .send(call(vec![message.clone()]))
        .await
        .unwrap();
    let before = ledger.journey(message.id);

    ledger.recorder.send(call(vec![message])).await.unwrap();

    assert_eq!(ledger.lines("message").len(), 1);
    assert_eq!(ledger.journey(before.id), before);
}

#[tokio::test]
async fn a_campaigns_domain_expiry_and_fallback_go_into_its_links() {
    let ledger = TestLedger::start();
    ledger.put_campaign(&Campaign {
        name: CAMPAIGN.to_owned(),
        campaign_type: "reminder".to_owned(),
        title: "Spring".to_owned(),
        short_domain: Some("s.example".to_owned()),
        link_expires_after_seconds: Some(60),
        fallback_url: Some("https://shop.example/late".to_owned()),
    });
    let message = new_message(ALICE, "https://a.example");
    let id = message.id;
    ledger.recorder.send(call(vec![message])).await.unwrap();

    let journey = ledger.journey(id);
    assert_eq!(
        journey.body,
        format!("https://s.example/{}", journey.links[0].0)
    );
    assert_eq!(journey.campaign_type, "reminder");
    let number = codes().decode(&journey.links[0].0).unwrap();
    let link = links::find_all(&mut ledger.database.connect(), &[number])
        .unwrap()
        .remove(0);
    assert_eq!(
        link.fallback_url.as_deref(),
        Some("https://shop.example/late")
    );
    assert_eq!(
        link.expires_at.unwrap() - journey.recorded_at,
        chrono::TimeDelta::seconds(60)
    );
    assert_eq!(link.context.message_id, Some(id));
}

#[tokio::test]
async fn a_click_is_recorded_once_however_often_it_is_written() {
    let ledger = TestLedger::start();
    let message = new_message(ALICE, "https://a.example");
    let id = message.id;
    ledger.recorder.send(call(vec![message])).await.unwrap();
    let number = codes().decode(&ledger.journey(id).links[0].0).unwrap();
    let link = links::find_all(&mut ledger.database.connect(), &[number])
        .unwrap()
        .remove(0);
    let click = NewClick {
        id: Uuid::now_v7(),
        link: Arc::new(link),
        judgement: click::judge(&click::Visit::default()),
        ip: Some("192.0.2.77".parse().unwrap()),
        user_agent: None,
        referrer_host: None,
    };

    for _ in 0..2 {
        ledger.recorder.click(click.clone()).await.unwrap();
    }

    let lines = ledger.lines("click");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message_id"], id.to_string());
    assert_eq!(lines[0]["ip_prefix"], "192.0.2.0/24");
    assert!(lines[0].get("ip").is_none());
    assert_eq!(ledger.journey(id).steps.len(), 1);
}

fn codes() -> ShortCodes {
    ShortCodes::new([7; 32], 10)
}
