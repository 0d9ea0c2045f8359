//! Opt-outs that come by other ways than a STOP.

use crate::support::app::TestApp;
use crate::support::ledger::ALICE;
use diesel::connection::SimpleConnection;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The caller tells the code that the gateway gave; what it means is the dialect's word.
#[tokio::test]
async fn a_send_that_the_gateway_refused_for_an_opt_out_is_the_last_one() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let message = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", message.clone()).await.json();
    let refused = |gateway: &str, code: &str| -> Value {
        json!({"message_id": sent["id"], "gateway": gateway, "outcome": "refused",
               "error_code": code})
    };
    // A name without a dialect says nothing that is known here, and other codes are no opt-outs.
    for (gateway, code) in [("twig", "21610"), ("twilio", "30003")] {
        let told = app.post("v1/submissions", refused(gateway, code)).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
    }
    let other = app.post("v1/messages", message.clone()).await.json();
    let mut last = refused("twilio", "21610");
    last["message_id"] = other["id"].clone();
    assert_eq!(
        app.post("v1/submissions", last).await.status,
        StatusCode::OK
    );

    let next = app.post("v1/messages", message).await;
    assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY, "{next:?}");
    assert!(next.text.contains("recipient-opted-out"), "{next:?}");
    let classes: Vec<Value> = app
        .ledger
        .lines("submission")
        .iter()
        .map(|line| line["error_class"].clone())
        .collect();
    assert_eq!(
        classes,
        [Value::Null, json!("unreachable"), json!("opted_out")]
    );
    let listed = app.get("v1/opt-outs").await.json();
    assert_eq!(listed["opt_outs"][0]["actor"], "twilio");
    assert_eq!(listed["opt_outs"][0]["source"], "gateway");
}

/// Vonage numbers the answers to sends otherwise than receipts: 9 is an account without credit there, and somebody
/// who wants no messages here.
#[tokio::test]
async fn an_account_without_credit_opts_nobody_out() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let message = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", message.clone()).await.json();
    let refused = json!({"message_id": sent["id"], "gateway": "vonage", "outcome": "refused", "error_code": "9"});
    let told = app.post("v1/submissions", refused).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    let line = &app.ledger.lines("submission")[0];
    assert_eq!(line["error_class"], "account", "{line}");
    let next = app.post("v1/messages", message).await;
    assert_eq!(next.status, StatusCode::CREATED, "{next:?}");
}

/// A gateway that was too busy is tried again, and then it knows that the recipient has opted out.
#[tokio::test]
async fn a_second_refusal_for_another_reason_is_another_fact() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let message = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", message.clone()).await.json();
    for code in ["20429", "21610", "21610"] {
        let refused = json!({"message_id": sent["id"], "gateway": "twilio", "outcome": "refused", "error_code": code});
        let told = app.post("v1/submissions", refused).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
    }
    assert_eq!(app.ledger.lines("submission").len(), 2);
    let next = app.post("v1/messages", message).await;
    assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY, "{next:?}");
}

/// The numbers of a page, and whether each is opted out.
fn told(page: &Value) -> Vec<(String, bool)> {
    let wishes = page["opt_outs"].as_array().unwrap().iter();
    let told = |wish: &Value| {
        Some((
            wish["number"].as_str()?.to_owned(),
            wish["opted_out"].as_bool()?,
        ))
    };
    wishes.filter_map(told).collect()
}

/// All wishes, read page by page and sorted, and where to read on.
async fn read_all(app: &TestApp) -> (Vec<(String, bool)>, String) {
    let (mut seen, mut next) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("v1/opt-outs?after={next}&limit=2");
        let page = app.get(&path).await.json();
        next = page["next"].as_str().unwrap().to_owned();
        let listed = told(&page);
        if listed.is_empty() {
            seen.sort();
            return (seen, next);
        }
        seen.extend(listed);
    }
}

/// Times are drawn before wishes are written: one that waited in a spool comes with a time that readers are
/// past, and many come with one time.
#[tokio::test]
async fn a_reader_of_the_list_misses_no_change_however_late_it_is_written() {
    let app = TestApp::start().await;
    let number = |n: u32| format!("+43660{n:07}");
    let wish = |n: u32| json!({"number": number(n)});
    for n in 0..5 {
        app.put("v1/opt-outs/SHOP", wish(n)).await;
    }
    // All of them were told of in one call.
    app.ledger
        .execute("UPDATE opt_outs SET changed_at = '2026-11-23T05:00:00Z'");
    let (seen, next) = read_all(&app).await;
    let all: Vec<_> = (0..5).map(|n| (number(n), true)).collect();
    assert_eq!(seen, all);

    // One that another server kept is written now, as recorded days ago; and somebody holds the row of
    // another change.
    app.put("v1/opt-outs/SHOP", wish(9)).await;
    app.ledger.execute(&format!(
        "UPDATE opt_outs SET changed_at = '2026-11-20T05:00:00Z' FROM subscribers
         WHERE subscribers.id = subscriber_id AND number = '{}'",
        number(9)
    ));
    let opted_in = app
        .request(Method::DELETE, "v1/opt-outs/SHOP")
        .json(&wish(1));
    assert_eq!(opted_in.send().await.unwrap().status(), StatusCode::OK);
    let mut holder = app.ledger.database.connect();
    let hold = "BEGIN; SELECT FROM opt_outs WHERE NOT opted_out FOR UPDATE";
    holder.batch_execute(hold).unwrap();
    let page = app.get(&format!("v1/opt-outs?after={next}")).await.json();
    assert_eq!(told(&page), [(number(9), true)]);
    holder.batch_execute("COMMIT").unwrap();
    let next = page["next"].as_str().unwrap();
    let page = app.get(&format!("v1/opt-outs?after={next}")).await.json();
    assert_eq!(told(&page), [(number(1), false)]);
    let next = page["next"].as_str().unwrap();
    let rest = app.get(&format!("v1/opt-outs?after={next}")).await.json();
    assert_eq!(rest, json!({"opt_outs": [], "next": next}));
    assert_eq!(read_all(&app).await.0.len(), 6);

    for bad in ["", "-1", "x", "9999999999999999999"] {
        let refused = app.get(&format!("v1/opt-outs?after={bad}")).await;
        assert_eq!(refused.fields(), ["after"], "{bad}");
    }
}
