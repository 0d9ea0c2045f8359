//! Something is away, for long: everything is recorded as ever, and when it is back the backlog is
//! worked off without hands. The short forms; `scripts/outages` has the long ones.

use crate::support::deployment::{Deployment, PATIENCE, Service, shows};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, call, new_message};
use crate::support::proxy::{Proxy, Way};

/// Some messages, and how often they are told; each time into another window.
async fn record_for_seconds(deployment: &Deployment, seconds: i64) -> i64 {
    let before = deployment.ledger.count("messages");
    for second in 1..=seconds {
        let messages = (0..50).map(|_| new_message(ALICE, "https://a.example"));
        let recorded = deployment.ledger.recorder.send(call(messages.collect()));
        recorded.await.unwrap();
        let sealed = format!("windows WHERE number >= {second}");
        eventually("a window is sealed", PATIENCE, async || {
            (deployment.ledger.count(&sealed) > 0).then_some(())
        })
        .await;
    }
    deployment.ledger.count("messages") - before
}

/// Every line of the lake is in the warehouse once, and every event of the ledger in the lake.
async fn assert_nothing_lost(deployment: &Deployment, loader: &Service) {
    let ledger = &deployment.ledger;
    let lines = "(SELECT FROM window_files CROSS JOIN generate_series(1, row_count)) AS lines";
    assert_eq!(ledger.count("outbox"), ledger.count(lines));
    shows(loader, ledger.count("messages")).await;
    let loaded = loader
        .metric("textrail_load_rows_total{kind=\"message\"}")
        .await;
    assert_eq!(loaded, ledger.count("messages") as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_comes_back_and_the_backlog_is_drained() {
    let deployment = Deployment::start().await;
    let proxy = Proxy::before(&deployment.s3());
    let through_proxy = [("AWS_ENDPOINT_URL", proxy.url(&deployment.s3()))];
    let ship = deployment
        .start_service("ship", "ship", &through_proxy)
        .await;
    let load = deployment
        .start_service("load", "load", &through_proxy)
        .await;
    record_for_seconds(&deployment, 1).await;
    shows(&load, 50).await;

    proxy.set(Way::Cut);
    let sealed = deployment.ledger.count("windows");
    record_for_seconds(&deployment, sealed + 3).await;
    let failures = "textrail_ship_failures_total{reason=\"lake\"}";
    eventually(
        "the shipper tells that the lake is away",
        PATIENCE,
        async || (ship.metric(failures).await > 0.0).then_some(()),
    )
    .await;
    assert!(ship.metric("textrail_ship_backlog_windows").await > 1.0);
    proxy.set(Way::Open);

    shows(&load, deployment.ledger.count("messages")).await;
    assert_nothing_lost(&deployment, &load).await;
    eventually("the backlog is gone", PATIENCE, async || {
        (ship.metric("textrail_ship_backlog_windows").await <= 1.0).then_some(())
    })
    .await;
}

/// The disk is full for a while: as far as DuckDB can tell, since no file of its process may grow
/// beyond some bytes.
#[tokio::test(flavor = "multi_thread")]
async fn the_warehouses_disk_is_full_and_then_is_not() {
    let deployment = Deployment::start().await;
    let _ship = deployment.start_service("ship", "ship", &[]).await;
    let load = deployment.start_service("load", "load", &[]).await;
    record_for_seconds(&deployment, 1).await;
    shows(&load, 50).await;

    let warehouse = deployment.folder().join("warehouse");
    let log = warehouse.join("generation-0001.duckdb.wal");
    let bytes = std::fs::metadata(log).unwrap().len();
    load.limit_files(&bytes.to_string());
    record_for_seconds(&deployment, 5).await;
    eventually(
        "the loader tells that it cannot load",
        PATIENCE,
        async || load.log().contains("File too large").then_some(()),
    )
    .await;
    // Reports are there meanwhile, as they were.
    shows(&load, 50).await;
    load.limit_files("unlimited");

    shows(&load, deployment.ledger.count("messages")).await;
    assert_nothing_lost(&deployment, &load).await;
}
