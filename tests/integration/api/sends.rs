//! Campaigns, messages, batches and their idempotency keys.

use crate::support::app::{Answer, TestApp};
use crate::support::ledger::{ALICE, BOB};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    app
}

fn message(to: &str) -> Value {
    json!({"to": to, "from": "SHOP", "campaign": "sale", "gateway": "kannel",
           "body": "Sale! https://shop.example/a?b=1"})
}

#[tokio::test]
async fn a_send_answers_with_the_rendered_body_and_the_callback_url() {
    let app = app().await;
    let answer = app.post("v1/messages", message(ALICE)).await;

    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let sent = answer.json();
    let short_url = sent["links"][0]["short_url"].as_str().unwrap();
    assert!(short_url.starts_with(&app.url()), "{short_url}");
    assert_eq!(sent["body"], format!("Sale! {short_url}"));
    assert_eq!(sent["links"][0]["target_url"], "https://shop.example/a?b=1");
    assert_eq!(sent["status"], "recorded");
    assert_eq!(sent["encoding"], "gsm7");
    let receipt_url = sent["receipt_url"].as_str().unwrap();
    let id = sent["id"].as_str().unwrap();
    assert!(
        receipt_url.contains(&format!("message_id={id}")),
        "{receipt_url}"
    );
    assert!(
        receipt_url.contains("status=%d"),
        "Kannel expands its escapes: {receipt_url}"
    );
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_again() {
    let app = app().await;
    let post = |body: Value| {
        let request = app
            .request(Method::POST, "v1/messages")
            .header("Idempotency-Key", "k-1");
        async move { Answer::of(request.json(&body).send().await).await }
    };
    let first = post(message(ALICE)).await;
    let second = post(message(ALICE)).await;
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));

    let other = post(message(BOB)).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        other.json()["type"]
            .as_str()
            .unwrap()
            .contains("idempotency"),
        "{other:?}"
    );
    assert_eq!(app.ledger.lines("message").len(), 1);
}

#[tokio::test]
async fn an_opted_out_recipient_is_refused_and_the_attempt_recorded() {
    let app = app().await;
    let wish = app
        .put(
            "v1/opt-outs/SHOP",
            json!({"number": ALICE, "reason": "by phone"}),
        )
        .await;
    assert!(wish.status.is_success(), "{wish:?}");

    let refused = app.post("v1/messages", message(ALICE)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["type"], "/problems/recipient-opted-out");
    let preview = app.post("v1/messages/preview", message(ALICE)).await;
    assert_eq!(preview.json()["suppressed"], true);

    let lines = app.ledger.lines("message");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["outcome"], "suppressed");
    assert!(lines[0].get("links").is_none(), "nobody will see its links");
    let standing = app.get("v1/opt-outs").await.json();
    assert_eq!(standing["opt_outs"][0]["number"], ALICE);
    assert_eq!(standing["opt_outs"][0]["reason"], "by phone");
}

#[tokio::test]
async fn a_batch_tells_of_every_item_in_order() {
    let app = app().await;
    app.put("v1/opt-outs/*", json!({"number": BOB})).await;
    let mut unknown = message(ALICE);
    unknown["campaign"] = json!("nowhere");
    let mut wrong = message("12");
    wrong["surprise"] = json!(true);
    let items = json!({"messages": [message(ALICE), message(BOB), unknown, wrong, 7]});

    let answer = app.post("v1/messages/batch", items).await;

    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let answer = answer.json();
    let statuses: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        statuses,
        ["recorded", "suppressed", "invalid", "invalid", "invalid"]
    );
    assert_eq!(answer["results"][2]["errors"][0]["field"], "campaign");
    assert_eq!(app.ledger.lines("message").len(), 2);
}

#[tokio::test]
async fn ten_thousand_messages_are_one_call_and_one_more_is_too_many() {
    let app = app().await;
    let batch = |count: usize| json!({"messages": vec![message(ALICE); count]});
    let taken = app.post("v1/messages/batch", batch(10_000)).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert_eq!(taken.json()["results"].as_array().unwrap().len(), 10_000);
    let refused = app.post("v1/messages/batch", batch(10_001)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.ledger.lines("message").len(), 10_000);
}
