//! Short URLs.

use crate::support::app::{Answer, TestApp};
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::json;

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

async fn app_with_link(campaign: serde_json::Value) -> (TestApp, String) {
    let app = TestApp::start().await;
    app.put("v1/campaigns/sale", campaign).await;
    let body = json!({"to": ALICE, "from": "SHOP", "campaign": "sale",
                      "body": "https://shop.example/a?b=%20c"});
    let sent = app.post("v1/messages", body).await.json();
    let code = sent["links"][0]["code"].as_str().unwrap().to_owned();
    (app, code)
}

async fn visit(app: &TestApp, method: Method, path: &str, agent: &str) -> Answer {
    let request = app.bare(method, path).header("User-Agent", agent);
    Answer::of(
        request
            .header("X-Forwarded-For", "203.0.113.9")
            .send()
            .await,
    )
    .await
}

#[tokio::test]
async fn a_click_is_recorded_and_led_to_the_target() {
    let (app, code) = app_with_link(json!({"type": "promotion", "name": "Sale"})).await;
    // Phones glue punctuation to the end of a URL.
    for path in [code.clone(), format!("{code}."), format!("{code}/")] {
        let answer = visit(&app, Method::GET, &path, IPHONE).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{answer:?}");
        assert_eq!(
            answer.header("location"),
            Some("https://shop.example/a?b=%20c")
        );
        assert!(answer.header("cache-control").unwrap().contains("no-store"));
    }
    let bot = visit(&app, Method::GET, &code, "facebookexternalhit/1.1").await;
    assert_eq!(bot.status, StatusCode::FOUND);
    let head = visit(&app, Method::HEAD, &code, IPHONE).await;
    assert_eq!(head.status, StatusCode::FOUND);

    let clicks = app.ledger.lines("click");
    let verdicts: Vec<_> = clicks
        .iter()
        .map(|line| line["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["human", "human", "human", "bot"],
        "HEAD records nothing"
    );
    assert_eq!(clicks[0]["ip_prefix"], "203.0.113.0/24");
    assert_eq!(clicks[0]["os"], "iPhone");
    assert_eq!(clicks[0]["campaign_type"], "promotion");
}

#[tokio::test]
async fn what_is_no_link_is_a_small_page() {
    let (app, code) = app_with_link(json!({"type": "promotion", "name": "Sale"})).await;
    let mut wrong = code.clone().into_bytes();
    wrong[0] = if wrong[0] == b'a' { b'b' } else { b'a' };
    for path in [
        String::from_utf8(wrong).unwrap(),
        "favicon.ico".to_owned(),
        "x".repeat(300),
    ] {
        let answer = visit(&app, Method::GET, &path, IPHONE).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
    assert!(app.ledger.lines("click").is_empty());
}

#[tokio::test]
async fn an_expired_link_is_gone_or_leads_to_the_fallback() {
    let campaign = json!({"type": "promotion", "name": "Sale", "link_expires_after": "1s"});
    let mut with_fallback = campaign.clone();
    with_fallback["fallback_url"] = json!("https://shop.example/late");
    for (campaign, status) in [
        (campaign, StatusCode::GONE),
        (with_fallback, StatusCode::FOUND),
    ] {
        let (app, code) = app_with_link(campaign).await;
        app.ledger
            .execute("SELECT pg_sleep_until(max(expires_at) + interval '10 ms') FROM links");
        let answer = visit(&app, Method::GET, &code, IPHONE).await;
        assert_eq!(answer.status, status);
        if status == StatusCode::FOUND {
            assert_eq!(answer.header("location"), Some("https://shop.example/late"));
        }
        assert!(app.ledger.lines("click").is_empty());
    }
}
