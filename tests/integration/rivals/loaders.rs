//! Two loaders on one warehouse.

use super::{all_is_shipped, frozen};
use crate::support::deployment::{Deployment, LOADERS_KEY, PATIENCE, Service};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, BOB};
use crate::support::proxy::{Proxy, Way};
use reqwest::StatusCode;
use serde_json::Value;

/// The messages that a loader's report counts; none while it gives none.
async fn messages(loader: &Service) -> Option<i64> {
    let today = chrono::Utc::now().date_naive();
    let day = chrono::TimeDelta::days(1);
    let range = format!("start={}&end={}", today - day, today + day);
    let url = loader.url(&format!("/v1/reports/messages?{range}"));
    let client = reqwest::Client::new();
    let answer = client.get(url).bearer_auth(LOADERS_KEY).send().await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let report: Value = answer.json().await.ok()?;
    report["rows"][0]["messages"].as_i64()
}

async fn shows(loader: &Service, expected: i64) {
    eventually("the report is complete", PATIENCE, async || {
        (messages(loader).await == Some(expected)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_loader_stands_by_and_takes_over_from_a_dead_one() {
    let deployment = Deployment::start().await;
    let ledger = &deployment.ledger;
    let _ship = deployment.start_service("ship", "ship", &[]).await;
    let proxy = Proxy::before(&deployment.s3());
    let through_proxy = [("AWS_ENDPOINT_URL", proxy.url(&deployment.s3()))];
    let mut first = deployment
        .start_service("load", "first", &through_proxy)
        .await;
    ledger.message(ALICE).await;
    shows(&first, 1).await;

    let mut second = deployment.spawn("load", "second", &[]);
    second.answers(StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(second.metric("textrail_load_standby").await, 1.0);
    assert_eq!(messages(&second).await, None);

    // Frozen in the middle of a look at the lake, the first keeps the warehouse: reports stand still.
    proxy.set(Way::Silent);
    ledger.message(BOB).await;
    all_is_shipped(&deployment).await;
    eventually("it looks at the lake", PATIENCE, async || {
        proxy.holds().then_some(())
    })
    .await;
    first.signal("STOP");
    proxy.set(Way::Open);
    tokio::time::sleep(frozen()).await;
    second.answers(StatusCode::SERVICE_UNAVAILABLE).await;
    first.signal("CONT");
    shows(&first, 2).await;

    // Killed in the same place, it is succeeded.
    proxy.set(Way::Silent);
    ledger.message(ALICE).await;
    all_is_shipped(&deployment).await;
    eventually("it looks at the lake", PATIENCE, async || {
        proxy.holds().then_some(())
    })
    .await;
    first.kill();
    second.answers(StatusCode::OK).await;
    shows(&second, 3).await;
    assert_eq!(second.metric("textrail_load_standby").await, 0.0);
    assert_eq!(second.log().matches("standing by").count(), 1, "told once");

    // And stands by in its turn; told to stop, it does.
    let mut third = deployment.spawn("load", "third", &[]);
    third.answers(StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(third.stop().await.success());
    assert!(second.stop().await.success());
}
