//! The loader as it runs: woken, stopped, and asked for a copy of the lake.

use super::{
    lake::{MemoryLake, at, boundary},
    scene::{Scene, Sent},
};
use crate::{
    load::download::{Downloaded, download},
    warehouse::{Warehouse, lake_sql},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Waits, by turns with the loader, until it has come to a window.
async fn reached(scene: &Scene, number: i64) {
    let come = async {
        let at = |progress: crate::warehouse::Progress| progress.id.number;
        while scene.warehouse.progress().unwrap().map(at) != Some(number) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), come)
        .await
        .unwrap();
}

#[tokio::test]
async fn it_loads_when_woken_and_stops_when_told() {
    let mut scene = Scene::new();
    scene.loader.settings.sweep_interval = Duration::from_hours(1);
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.lake.window(1, &[message.message(1)]);
    let (wake, shutdown) = (Arc::new(Notify::new()), CancellationToken::new());
    let loader = scene.loader.clone();
    let running = tokio::spawn(loader.run(wake.clone(), shutdown.clone()));
    reached(&scene, 1).await;
    scene.lake.window(2, &[message.click(5, "human")]);
    wake.notify_one();
    reached(&scene, 2).await;
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn some_days_of_the_lake_are_copied_for_sql() {
    let lake = MemoryLake::default();
    let message = Sent::new("2026-11-23T05:01:00Z");
    lake.window(1, &[message.message(1), message.click(5, "human")]);
    let next_day = 288;
    lake.window(next_day, &[message.click(90_000, "human")]);
    let folder = tempfile::tempdir().unwrap();
    let day = boundary(1).date_naive();
    let mut told = Downloaded::default();
    let source = download(&lake, day..=day, folder.path(), 1 << 20, |done| told = done)
        .await
        .unwrap();
    assert_eq!((told.objects, told.of), (2, 2));
    let result = lake_sql::query(&source, "SELECT count(*) FROM clicks").unwrap();
    assert_eq!(result.rows[0][0].as_deref(), Some("1"));

    let day = at("2026-11-24T00:00:00Z").date_naive();
    let error = download(&lake, day..=day, folder.path(), 10, |_| {}).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("more than 10 bytes")
    );
}
