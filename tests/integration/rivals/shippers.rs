//! Two shippers.

use super::{all_is_shipped, assert_each_event_once, frozen, objects};
use crate::support::deployment::{Deployment, PATIENCE};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, BOB};
use crate::support::proxy::{Proxy, Way};
use reqwest::StatusCode;

const LEADS: &str = "pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND application_name = 'textrail ship'
        AND datname = current_database()";
const SESSIONS: &str = "pg_stat_activity
    WHERE application_name = 'textrail ship' AND datname = current_database()";

/// The active one stops in the middle of a window's first put, with its connection and so its lock
/// alive.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_shipper_is_taken_over_and_changes_nothing_when_it_wakes() {
    let deployment = Deployment::start().await;
    let ledger = &deployment.ledger;
    let proxy = Proxy::before(&deployment.s3());
    let through_proxy = [("AWS_ENDPOINT_URL", proxy.url(&deployment.s3()))];
    let mut first = deployment
        .start_service("ship", "first", &through_proxy)
        .await;
    eventually("the first one leads", PATIENCE, async || {
        (ledger.count(LEADS) == 1).then_some(())
    })
    .await;
    let mut second = deployment.start_service("ship", "second", &[]).await;

    ledger.message(ALICE).await;
    all_is_shipped(&deployment).await;
    assert_eq!(second.metric("textrail_ship_takeovers_total").await, 0.0);
    proxy.set(Way::Silent);
    ledger.message(BOB).await;
    eventually("it puts something", PATIENCE, async || {
        proxy.holds().then_some(())
    })
    .await;
    first.signal("STOP");
    proxy.set(Way::Open);

    all_is_shipped(&deployment).await;
    assert_eq!(second.metric("textrail_ship_takeovers_total").await, 1.0);
    tokio::time::sleep(frozen()).await;
    ledger.message(ALICE).await;
    all_is_shipped(&deployment).await;
    let before = objects(&deployment).await;
    assert_each_event_once(&deployment, &before);

    first.signal("CONT");
    first.answers(StatusCode::OK).await;
    eventually("it asks the ledger again", PATIENCE, async || {
        (ledger.count(SESSIONS) == 2).then_some(())
    })
    .await;
    ledger.message(ALICE).await;
    all_is_shipped(&deployment).await;
    assert!(first.stop().await.success());
    assert!(second.stop().await.success());
    let after = objects(&deployment).await;
    assert_each_event_once(&deployment, &after);
    for (key, body) in &before {
        assert!(after[key] == *body, "{key} has changed");
    }
    let twice = "(SELECT event_id FROM outbox GROUP BY event_id HAVING count(*) > 1) AS twice";
    assert_eq!(ledger.count(twice), 0);
}
