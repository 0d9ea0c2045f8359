//! Kannel's own requests, as it sends them.

use crate::support::app::{Answer, KANNEL_SECRET, TestApp};
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::json;

async fn get(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.bare(Method::GET, path).send().await).await
}

#[tokio::test]
async fn kannels_receipts_and_inbounds_are_taken_only_with_its_secret() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "kannel",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();
    // What Kannel makes of our URL.
    let called = |status: &str| {
        sent["receipt_url"]
            .as_str()
            .unwrap()
            .replace("%d", status)
            .replace("%i", "fake")
            .replace("%F", "f-1")
            .replace("%T", "1795410000")
            .replace("%A", "")
    };
    for status in ["8", "1"] {
        let answer = get(&app, &called(status)).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "delivered");

    let forged = called("2").replace(KANNEL_SECRET, "guessed");
    assert_eq!(get(&app, &forged).await.status, StatusCode::UNAUTHORIZED);
    let inbound = "v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=STOP&id=in-1&\
                   ts=1795410001&smsc=fake&charset=UTF-8&coding=0";
    assert_eq!(get(&app, inbound).await.status, StatusCode::UNAUTHORIZED);
    let taken = get(&app, &format!("{inbound}&secret={KANNEL_SECRET}")).await;
    assert!(taken.status.is_success(), "{taken:?}");
    assert_eq!(
        taken.text, "",
        "Kannel would send an answer's text to the subscriber"
    );
    assert_eq!(app.ledger.lines("opt_out").len(), 1);
    assert_eq!(
        get(&app, "v1/gateways/nobody/inbound").await.status,
        StatusCode::NOT_FOUND
    );
}

/// What is kept, as text: all columns of all rows.
fn kept(app: &TestApp) -> Vec<String> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        row: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT concat_ws(' ', route, path_and_query, headers, encode(body, 'escape'), refused) AS row
         FROM webhook_requests ORDER BY id",
    )
    .load(&mut app.ledger.database.connect())
    .unwrap();
    rows.into_iter().map(|row| row.row).collect()
}

#[tokio::test]
async fn calls_are_kept_without_their_secret_and_what_cannot_be_read_is_set_aside() {
    let app = TestApp::start().await;
    let receipts = "v1/gateways/kannel/receipts?";
    let secret = format!("secret={KANNEL_SECRET}");
    let readable = format!("{receipts}{secret}&status=1&fid=f-1&ts=1795410000");
    assert!(get(&app, &readable).await.status.is_success());
    let unreadable = format!("{receipts}{secret}&status=one&fid=f-2");
    let answer = get(&app, &unreadable).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{answer:?}"
    );
    // What does not prove itself is not kept, and neither is a check.
    let forged = format!("{receipts}secret=guessed&status=1&fid=f-3");
    assert_eq!(get(&app, &forged).await.status, StatusCode::UNAUTHORIZED);
    let nobody = uuid::Uuid::nil();
    let check = format!("{receipts}{secret}&status=1&fid=f-4&message_id={nobody}");
    assert!(get(&app, &check).await.status.is_success());
    let check = format!("{receipts}{secret}&status=one&fid=f-4&message_id={nobody}");
    assert_eq!(
        get(&app, &check).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );

    let kept = kept(&app);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(
        kept.iter().all(|row| !row.contains(KANNEL_SECRET)),
        "{kept:?}"
    );
    assert!(
        kept[0].contains("receipts?status=1&fid=f-1&ts=1795410000"),
        "{kept:?}"
    );
    assert!(
        kept[1].contains(r#"[{"index": 0, "faults": [{"field": "status""#),
        "{kept:?}"
    );
}

/// `textrail gateway …` on the app's ledger.
async fn gateway(app: &TestApp, arguments: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_textrail"));
    command
        .arg("gateway")
        .args(arguments)
        .current_dir(folder.path())
        .env("DATABASE_URL", app.ledger.database.url())
        .env_remove("TEXTRAIL_CONFIG")
        .env_remove("TEXTRAIL_DATA")
        .env("TEXTRAIL_GATEWAYS__KANNEL__DIALECT", "kannel")
        .env("TEXTRAIL_GATEWAYS__KANNEL__SECRET", "another by now")
        .env("TEXTRAIL_GATEWAYS__SINCH__DIALECT", "sinch")
        .env("TEXTRAIL_GATEWAYS__SINCH__SECRET", "another by now");
    command.output().await.unwrap()
}

/// What `textrail gateway replay` of the last hour tells.
pub(super) async fn replayed(app: &TestApp, name: &str, more: &[&str]) -> serde_json::Value {
    let arguments = [&["replay", name, "--since", "1h", "--json"], more].concat();
    let output = gateway(app, &arguments).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A mapping of before took 1 for a failure: what it recorded is corrected by today's, once.
#[tokio::test]
async fn the_command_replays_what_an_older_mapping_read() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "kannel",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();
    let secret = format!("secret={KANNEL_SECRET}");
    let url = format!("v1/gateways/kannel/receipts?message_id={id}&status=1&fid=f-1&{secret}");
    assert!(get(&app, &url).await.status.is_success());
    let unreadable = format!("v1/gateways/kannel/receipts?status=one&fid=f-2&{secret}");
    get(&app, &unreadable).await;
    let inbound =
        format!("v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=Hi&{secret}");
    assert!(get(&app, &inbound).await.status.is_success());
    app.ledger.execute("UPDATE receipts SET status = 'failed'");
    app.ledger.execute("UPDATE messages SET status = 'failed'");

    let counts = |done: &serde_json::Value| {
        [
            "calls",
            "recorded",
            "corrected",
            "inbound",
            "unchanged",
            "unreadable",
        ]
        .map(|name| done[name].as_u64().unwrap())
    };
    assert_eq!(
        counts(&replayed(&app, "kannel", &["--dry-run"]).await),
        [3, 0, 1, 0, 1, 1]
    );
    assert_eq!(app.ledger.count("receipts"), 1);
    assert_eq!(
        counts(&replayed(&app, "kannel", &[]).await),
        [3, 0, 1, 0, 1, 1]
    );
    assert_eq!(
        counts(&replayed(&app, "kannel", &[]).await),
        [3, 0, 0, 0, 2, 1]
    );
    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "delivered");
    assert_eq!(app.ledger.count("inbound_messages"), 1);

    let refused = gateway(&app, &["refused", "kannel"]).await;
    let list = String::from_utf8(refused.stdout).unwrap();
    assert!(
        list.contains("kannel receipts") && list.contains("item 0: status: "),
        "{list}"
    );
    let none = gateway(&app, &["refused", "other", "--json"]).await;
    assert_eq!(String::from_utf8(none.stdout).unwrap().trim(), "[]");
    let before = gateway(
        &app,
        &["replay", "kannel", "--since", "1h", "--until", "2h"],
    )
    .await;
    assert_eq!(before.status.code(), Some(1));
}
