//! Two loaders on one warehouse.

use super::{all_is_shipped, frozen};
use crate::support::deployment::{Deployment, PATIENCE, messages, shows};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, BOB};
use crate::support::proxy::{Proxy, Way};
use reqwest::StatusCode;

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
