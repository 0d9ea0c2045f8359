//! Windows that are read before their load begins.

use super::scene::{Scene, Sent, found, parked};
use crate::warehouse::{LoadReport, StagedWindow, Warehouse as _, WarehouseError};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::fs;

/// As many windows in the lake, staged and not loaded: each a message and its click, and a click of
/// the first window's message, the same in all.
async fn staged(windows: i64) -> (Scene, Vec<StagedWindow>) {
    let scene = Scene::new();
    let first = Sent::new("2026-11-23T05:01:00Z");
    let again = first.click(9, "human");
    let mut staged = Vec::new();
    for number in 1..=windows {
        let message = if number == 1 {
            first.clone()
        } else {
            Sent::new("2026-11-23T05:02:00Z")
        };
        let events = [message.message(1), message.click(3, "human"), again.clone()];
        scene.lake.window(number, &events);
        staged.push(scene.staged(number).await);
    }
    (scene, staged)
}

/// Nobody loads them any more.
fn lose(windows: &[StagedWindow]) {
    for file in windows.iter().flat_map(|window| &window.files) {
        fs::remove_file(&file.path).unwrap();
    }
}

/// A load, and whether it read its lines itself.
fn load(scene: &Scene, windows: &[StagedWindow]) -> (LoadReport, bool) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let load = || scene.warehouse.load(windows).unwrap();
    let report = metrics::with_local_recorder(&recorder, load);
    let told = recorder.handle().render();
    assert!(told.contains("step=\"commit\""), "{told}");
    (report, told.contains("step=\"read\""))
}

/// A load of lines that were read ahead.
fn load_what_was_read(scene: &Scene, windows: &[StagedWindow]) -> LoadReport {
    let (report, reads) = load(scene, windows);
    assert!(!reads, "it read them again");
    report
}

fn counts(report: &LoadReport) -> (usize, u64, u64) {
    (
        report.windows.len(),
        report.rows.iter().sum(),
        report.duplicates,
    )
}

#[tokio::test]
async fn a_load_takes_what_was_read_ahead() {
    let (scene, windows) = staged(4).await;
    let (plain, same) = staged(4).await;
    scene.warehouse.load(&windows[..2]).unwrap();
    // One after the other: each takes the place of the writer's connection.
    for window in windows[2..].chunks(1) {
        scene.warehouse.read_ahead(window).unwrap();
        let report = load_what_was_read(&scene, window);
        assert_eq!(counts(&report), (1, 2, 1));
    }
    // The same as without.
    for same in [&same[..2], &same[2..3], &same[3..]] {
        plain.warehouse.load(same).unwrap();
    }
    for scene in [&scene, &plain] {
        assert_eq!(scene.number("SELECT count(*) FROM clicks"), 5);
        assert_eq!(scene.report().await.clicks, 5);
        assert_eq!(scene.warehouse.progress().unwrap().unwrap().id.number, 4);
    }
}

/// What its lines change was put together when they were read; what else the load settles comes to it.
#[tokio::test]
async fn what_waited_for_lines_that_are_read_ahead_is_settled_by_their_load() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    let receipt = message.receipt(6, "delivered");
    let early = [message.click(60, "human"), parked(&receipt)];
    scene.tell(1, &early).await;
    let late = [
        message.message(1),
        message.click(70, "bot"),
        found(&message, &receipt),
    ];
    scene.lake.window(2, &late);
    let window = [scene.staged(2).await];
    scene.warehouse.read_ahead(&window).unwrap();
    load_what_was_read(&scene, &window);
    let report = scene.report().await;
    assert_eq!(
        (
            report.messages,
            report.delivered,
            report.clicks,
            report.unique_clicks
        ),
        (1, 1, 2, 1)
    );
    let waiting =
        "SELECT (SELECT count(*) FROM orphan_events) + (SELECT count(*) FROM parked_receipts)";
    assert_eq!(scene.number(waiting), 0);
}

#[tokio::test]
async fn a_load_of_other_windows_reads_its_own() {
    let (scene, windows) = staged(3).await;
    scene.warehouse.read_ahead(&windows[1..]).unwrap();
    let report = scene.warehouse.load(&windows[..2]).unwrap();
    assert_eq!(counts(&report), (2, 5, 1));
    // What was read for another load takes no room any more.
    lose(&windows[2..]);
    scene.warehouse.load(&windows[1..]).unwrap_err();
    assert_eq!(scene.number("SELECT count(*) FROM loaded_windows"), 2);
    assert_eq!(scene.number("SELECT count(*) FROM clicks"), 3);
}

#[tokio::test]
async fn of_what_is_read_ahead_the_last_stands() {
    let (scene, windows) = staged(2).await;
    for window in windows.chunks(1) {
        scene.warehouse.read_ahead(window).unwrap();
    }
    load_what_was_read(&scene, &windows[1..]);
    let (_, reads) = load(&scene, &windows[..1]);
    assert!(reads, "what was read of it gave way");
    assert_eq!(scene.report().await.clicks, 3);
}

#[tokio::test]
async fn windows_that_were_loaded_meanwhile_are_not_loaded_twice() {
    let (scene, windows) = staged(3).await;
    scene.warehouse.load(&windows[1..2]).unwrap();
    scene.warehouse.read_ahead(&windows).unwrap();
    let report = scene.warehouse.load(&windows).unwrap();
    assert_eq!(counts(&report), (2, 4, 2));
    scene.warehouse.read_ahead(&windows).unwrap();
    let report = scene.warehouse.load(&windows).unwrap();
    assert_eq!(report, LoadReport::default());
    let noted = "SELECT (sum(lines) - sum(loaded) - sum(duplicates))::BIGINT FROM loaded_files";
    assert_eq!(scene.number(noted), 0);
    assert_eq!(scene.report().await.clicks, 4);
}

#[tokio::test]
async fn what_cannot_be_read_ahead_is_for_its_load_to_tell() {
    let (scene, mut windows) = staged(2).await;
    let file = &mut windows[1].files[0];
    file.good_lines += 1;
    let key = file.key.clone();
    scene.warehouse.read_ahead(&windows).unwrap_err();
    let error = scene.warehouse.load(&windows).unwrap_err();
    let WarehouseError::RowCount { key: of, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(of, key);
    assert_eq!(scene.number("SELECT count(*) FROM loaded_windows"), 0);
    // The other one stands apart.
    scene.warehouse.load(&windows[..1]).unwrap();
    windows[1].files[0].good_lines -= 1;
    scene.warehouse.load(&windows[1..]).unwrap();
    assert_eq!(scene.report().await.clicks, 3);
}

/// After a rollback what the writer has read is of no use to the load that tries again.
#[tokio::test]
async fn a_load_that_failed_is_tried_again_with_lines_that_it_reads() {
    let (scene, windows) = staged(2).await;
    scene.warehouse.read_ahead(&windows).unwrap();
    scene
        .warehouse
        .execute("ALTER TABLE progress RENAME TO mislaid");
    scene.warehouse.load(&windows).unwrap_err();
    scene
        .warehouse
        .execute("ALTER TABLE mislaid RENAME TO progress");
    assert_eq!(scene.number("SELECT count(*) FROM clicks"), 0);
    for window in windows.chunks(1) {
        scene.warehouse.load(window).unwrap();
    }
    assert_eq!(scene.report().await.clicks, 3);
}

#[tokio::test]
async fn what_was_read_of_a_database_that_is_opened_again_is_read_again() {
    let (scene, windows) = staged(2).await;
    scene.warehouse.load(&windows[..1]).unwrap();
    scene.warehouse.read_ahead(&windows[1..]).unwrap();
    scene
        .warehouse
        .execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
    scene.warehouse.checkpoint(0).unwrap_err();
    scene.warehouse.load(&windows[1..]).unwrap();
    assert_eq!(scene.report().await.clicks, 3);
    scene.warehouse.checkpoint(0).unwrap();
    // And the next is read ahead as ever.
    let message = Sent::new("2026-11-23T05:03:00Z");
    scene.lake.window(3, &[message.message(1)]);
    let next = [scene.staged(3).await];
    scene.warehouse.read_ahead(&next).unwrap();
    assert_eq!(load_what_was_read(&scene, &next).windows.len(), 1);
}
