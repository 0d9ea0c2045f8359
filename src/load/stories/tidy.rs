//! What the loader does for the warehouse once no window waits, beside folding.

use super::scene::{Scene, Sent};
use std::fs;

/// Bytes that were committed and are not in the warehouse's file.
fn log_bytes(scene: &Scene) -> u64 {
    let log = scene.folder().join("generation-0001.duckdb.wal");
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn a_log_that_has_grown_is_written_into_the_file_once_no_window_waits() {
    let long = Scene::fresh(|settings| settings.checkpoint_bytes = 1);
    let short = Scene::fresh(|settings| settings.checkpoint_bytes = 1 << 30);
    let message = Sent::new("2026-11-23T05:01:00Z");
    let windows = [
        vec![message.message(1)],
        vec![message.receipt(4, "delivered"), message.click(9, "human")],
    ];
    for (number, events) in (1..).zip(&windows) {
        for scene in [&long, &short] {
            scene.tell(number, events).await;
        }
        assert_eq!(log_bytes(&long), 0);
        assert_ne!(log_bytes(&short), 0);
        assert_eq!(long.whole_report().await, short.whole_report().await);
    }
    let report = long.whole_report().await;
    for scene in [long.restarted(), short.restarted()] {
        assert_eq!(scene.whole_report().await, report);
    }
}

/// As a full disk would have it.
#[tokio::test]
async fn a_log_that_cannot_be_written_costs_no_window_and_is_written_later() {
    let scene = Scene::fresh(|settings| settings.checkpoint_bytes = 1);
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.tell(1, &[message.message(1)]).await;
    scene
        .warehouse
        .execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
    let told = scene.tell(2, &[message.click(9, "human")]).await;
    assert_eq!((told.windows.len(), told.rows), (1, 1));
    assert_ne!(log_bytes(&scene), 0);
    assert_eq!(scene.report().await.clicks, 1);
    assert!(scene.tick().await.windows.is_empty());
    assert_eq!(log_bytes(&scene), 0);
    assert_eq!(scene.report().await.clicks, 1);
}
