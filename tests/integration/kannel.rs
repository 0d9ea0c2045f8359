//! The whole pipeline on a real SMS gateway's traffic: from a send to the report.

use crate::support::app::{KANNEL_SECRET, TestApp};
use crate::support::eventually::eventually;
use crate::support::kannel::{Inbound, Kannel, Outbound};
use anyhow::Result;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const MESSAGES: usize = 200;
const VISITED: usize = 50;
const REPLIES: usize = 20;
const SENDER: &str = "12345";
const OPT_OUTS: [&str; 3] = ["STOP", "Stop. Thank you", "unsubscribe"];
const BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
const PATIENCE: Duration = Duration::from_secs(60);

/// A message as the API gave it back.
#[derive(Clone, Debug, serde::Deserialize)]
struct Recorded {
    id: String,
    to: String,
    body: String,
    links: Vec<Link>,
    receipt_url: String,
}

#[derive(Clone, Debug, serde::Deserialize)]
struct Link {
    short_url: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_messages_go_through_a_real_gateway() -> Result<()> {
    let app = TestApp::start().await;
    let mut kannel = Kannel::start(&inbound_url(&app)).await?;

    let messages = record(&app).await?;
    for message in &messages {
        hand_over(&app, &kannel, message).await?;
    }
    visit(&app, &messages).await?;
    reply(&mut kannel, &messages).await?;

    let row = eventually("the report shows all of it", PATIENCE, async || {
        app.roll().await;
        let row = the_row(&app).await;
        (row["delivered"] == MESSAGES && row["replies"] == REPLIES).then_some(row)
    })
    .await;
    assert_eq!(row["messages"], MESSAGES);
    assert_eq!(row["submitted"], MESSAGES);
    assert_eq!(row["clicks"], VISITED);
    assert_eq!(row["human_clicks"], VISITED);
    assert_eq!(row["unique_clicks"], VISITED);
    assert_eq!(row["opt_outs"], OPT_OUTS.len());
    assert_eq!(row["suppressed"], 0);

    a_further_message_is_suppressed(&app, &messages[0]).await?;
    the_lines_are_what_the_schema_says(&app).await;
    Ok(())
}

/// What Kannel calls for each text of a subscriber.
fn inbound_url(app: &TestApp) -> String {
    let base = app.url();
    format!(
        "{base}/v1/gateways/kannel/inbound?secret={KANNEL_SECRET}&from=%p&to=%P&text=%b&id=%I&ts=%T&smsc=%i&charset=%C&coding=%c&udh=%u"
    )
}

/// Records the messages of one campaign, as a batch. Every tenth needs UCS-2.
async fn record(app: &TestApp) -> Result<Vec<Recorded>> {
    let campaign = format!("{}/v1/campaigns/autumn", app.url());
    let request = app.client().put(campaign);
    let body = json!({ "type": "promotion", "name": "Autumn" });
    request.json(&body).send().await?.error_for_status()?;

    let messages: Vec<Value> = (0..MESSAGES).map(message).collect();
    let request = app
        .client()
        .post(format!("{}/v1/messages/batch", app.url()));
    let answer = request
        .json(&json!({ "messages": messages }))
        .send()
        .await?;
    let mut answer: Value = answer.error_for_status()?.json().await?;
    let recorded: Vec<Recorded> = serde_json::from_value(answer["results"].take())?;
    assert_eq!(recorded.len(), MESSAGES);
    Ok(recorded)
}

fn message(index: usize) -> Value {
    let words = if index.is_multiple_of(10) {
        "🍂 Sale"
    } else {
        "Sale"
    };
    json!({
        "to": format!("+43664{index:06}"),
        "from": SENDER,
        "body": format!("{words}! 30% off: https://shop.example/sale?p={index}. STOP to opt out"),
        "campaign": "autumn",
        "gateway": "kannel",
    })
}

/// Submits a rendered body to the gateway with the message's own receipt URL, and tells so.
async fn hand_over(app: &TestApp, kannel: &Kannel, message: &Recorded) -> Result<()> {
    let outbound = Outbound {
        to: &message.to,
        from: SENDER,
        text: &message.body,
        dlr_url: &message.receipt_url,
    };
    kannel.send(outbound).await?;
    let submission =
        json!({ "message_id": message.id, "gateway": "kannel", "outcome": "accepted" });
    let request = app.client().post(format!("{}/v1/submissions", app.url()));
    request.json(&submission).send().await?.error_for_status()?;
    Ok(())
}

/// Opens the link of each of the first messages, as their recipients do.
async fn visit(app: &TestApp, messages: &[Recorded]) -> Result<()> {
    let browser = reqwest::Client::builder()
        .user_agent(BROWSER)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    for (index, message) in messages.iter().take(VISITED).enumerate() {
        let short_url = &message.links[0].short_url;
        assert!(message.body.contains(short_url.as_str()));
        assert!(short_url.starts_with(&app.url()));
        let answer = browser.get(short_url).send().await?;
        assert_eq!(answer.status(), StatusCode::FOUND);
        let target = format!("https://shop.example/sale?p={index}");
        assert_eq!(answer.headers()["location"], target.as_str());
    }
    Ok(())
}

/// Lets the first recipients write back; the first few opt out.
async fn reply(kannel: &mut Kannel, messages: &[Recorded]) -> Result<()> {
    let texts: Vec<Inbound<'_>> = messages
        .iter()
        .take(REPLIES)
        .enumerate()
        .map(|(index, message)| Inbound {
            from: &message.to,
            to: SENDER,
            text: OPT_OUTS
                .get(index)
                .copied()
                .unwrap_or("Thanks, 100% & more?"),
        })
        .collect();
    kannel.inbound(&texts).await
}

/// The one row of the report by campaign.
async fn the_row(app: &TestApp) -> Value {
    let report = serde_json::to_value(app.report("campaign").await).expect("a report is JSON");
    let rows = report["rows"].as_array().expect("a report has rows");
    let row = rows.iter().find(|row| row["campaign"] == "autumn");
    row.cloned().unwrap_or_default()
}

async fn a_further_message_is_suppressed(app: &TestApp, opted_out: &Recorded) -> Result<()> {
    let again = json!({
        "to": opted_out.to,
        "from": SENDER,
        "body": "Last chance!",
        "campaign": "autumn",
    });
    let request = app.client().post(format!("{}/v1/messages", app.url()));
    let answer = request.json(&again).send().await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await?;
    assert_eq!(problem["type"], "/problems/recipient-opted-out");

    app.roll().await;
    let row = the_row(app).await;
    assert_eq!(
        (&row["messages"], &row["suppressed"]),
        (&json!(MESSAGES), &json!(1))
    );
    Ok(())
}

/// Every line in the lake against `docs/log-line.schema.json`; each kind but `match` has come.
async fn the_lines_are_what_the_schema_says(app: &TestApp) {
    let schema: Value = serde_json::from_str(include_str!("../../docs/log-line.schema.json"))
        .expect("the schema is JSON");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is a schema");
    let mut kinds = BTreeSet::new();
    for (kind, line) in app.lake_lines().await {
        let value: Value = serde_json::from_str(&line).expect("a line is JSON");
        assert_eq!(value["kind"], kind.as_str());
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}\n{line}");
        kinds.insert(kind);
    }
    let expected = [
        "click",
        "inbound",
        "message",
        "opt_out",
        "receipt",
        "submission",
    ];
    assert!(
        expected.iter().all(|kind| kinds.contains(*kind)),
        "{kinds:?}"
    );
}
