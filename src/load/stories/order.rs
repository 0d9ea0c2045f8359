//! The same facts give the same rows, in whatever windows, order and repetition they come.

use super::{
    lake::{MemoryLake, boundary},
    scene::{Scene, Sent, correction, found, parked},
};
use crate::{domain::window::WindowId, event::Event, warehouse::Warehouse};
use std::sync::Arc;

/// Five windows of a small story: a parked receipt, a late click, a reply, an opt-out, a segmented
/// text, a message without a gateway, receipts that are corrected, one of them parked.
fn story() -> Vec<Vec<Event>> {
    let first = Sent::new("2026-11-23T05:01:00Z");
    let second = Sent::new("2026-11-23T05:02:00Z").campaign(None);
    let third = Sent::new("2026-11-23T05:16:00Z").gateway(None);
    let early = second.receipt(4, "delivered");
    let fourth = Sent::new("2026-11-23T05:17:00Z");
    let wrong = fourth.receipt(5, "delivered");
    let right = correction(&fourth, &wrong, 6, "undelivered");
    let fifth = Sent::new("2026-11-23T05:18:00Z");
    let lost = fifth.receipt(5, "undelivered");
    let regained = correction(&fifth, &lost, 5, "delivered");
    let segment = |number, status| {
        third.receipt_with(9, status, |receipt| receipt.segment_number = Some(number))
    };
    let mut from_sms = third.submission(1, "accepted");
    from_sms.context.gateway = Some("sms1".to_owned());
    vec![
        vec![
            first.message(1),
            second.message(0),
            parked(&early),
            wrong,
            parked(&regained),
        ],
        vec![
            first.submission(1, "accepted"),
            first.receipt(3, "delivered"),
            found(&second, &early),
            fourth.receipt(4, "sent"),
            found(&fifth, &regained),
        ],
        vec![
            third.message(0),
            from_sms,
            segment(1, "delivered"),
            right,
            parked(&lost),
        ],
        vec![
            segment(2, "undelivered"),
            first.inbound(50, "stop"),
            fourth.message(0),
            found(&fifth, &lost),
        ],
        vec![
            first.click(90_000, "human"),
            first.opt_out(50, "opt_out"),
            fifth.message(1),
        ],
    ]
}

/// All orders of the numbers 1 to 5.
fn orders() -> Vec<[i64; 5]> {
    let mut orders = Vec::new();
    for number in 0..120_usize {
        let (mut left, mut rest) = (vec![1, 2, 3, 4, 5], number);
        orders.push([24, 6, 2, 1, 1].map(|weight| {
            let place = rest / weight;
            rest %= weight;
            left.remove(place)
        }));
    }
    orders
}

/// In one warehouse, told apart by their senders: a copy of the story for each order in which what
/// happens to it can come.
#[tokio::test]
async fn every_order_of_what_happens_gives_the_same_rows() {
    let orders = orders();
    let copies: Vec<_> = (0..orders.len())
        .map(|copy| of_sender(story(), &format!("{copy:03}")))
        .collect();
    let scene = Scene::new();
    for (number, step) in (1..).zip(0..5) {
        let parts = orders.iter().zip(&copies).flat_map(|(order, copy)| {
            let place = usize::try_from(order[step] - 1).unwrap();
            copy[place].iter().cloned()
        });
        scene.tell(number, &parts.collect::<Vec<_>>()).await;
    }
    scene.fold();
    for (table, ids) in [
        ("messages", "message_id, subscriber_id, bucket_key"),
        ("message_stats", "bucket_key"),
        ("hourly_stats", "bucket_key"),
        ("daily_stats", "bucket_key"),
        ("error_stats", "bucket_key"),
    ] {
        let states = scene.rows(&format!(
            "SELECT rows, list(sender ORDER BY sender)::VARCHAR
             FROM (SELECT sender, list(line ORDER BY line)::VARCHAR AS rows
                   FROM (SELECT sender,
                                concat_ws(' ', *COLUMNS(* EXCLUDE ({ids}, sender))) AS line
                         FROM {table})
                   GROUP BY sender)
             GROUP BY rows"
        ));
        assert_eq!(states.len(), 1, "{table}: {states:?}");
    }
    assert_eq!(scene.number("SELECT count(*) FROM orphan_events"), 0);
    assert_eq!(scene.number("SELECT count(*) FROM parked_receipts"), 0);
}

fn of_sender(mut story: Vec<Vec<Event>>, sender: &str) -> Vec<Vec<Event>> {
    for event in story.iter_mut().flatten() {
        let known = &mut event.context.sender;
        *known = known.take().map(|_| sender.to_owned());
    }
    story
}

#[tokio::test]
async fn any_order_of_windows_gives_the_same_tables() {
    let story = story();
    let in_order = Scene::new();
    for (number, events) in (1..).zip(&story) {
        in_order.tell(number, events).await;
    }
    let expected = in_order.state();
    // All 120 hold; each takes the better part of a second.
    for order in orders().into_iter().step_by(29) {
        let scene = Scene::new();
        for (step, number) in order.into_iter().enumerate() {
            let place = usize::try_from(number - 1).unwrap();
            let report = scene.tell(number, &story[place]).await;
            assert_eq!(report.windows.len(), 1);
            // A window that is there comes again, as from a loader that woke up late.
            let again = scene.staged(order[step / 2]).await;
            let report = scene.warehouse.load(&[again]).unwrap();
            assert!(report.windows.is_empty());
        }
        assert_eq!(scene.state(), expected, "order {order:?}");
        assert_eq!(scene.number("SELECT count(*) FROM orphan_events"), 0);
        assert_eq!(scene.number("SELECT count(*) FROM parked_receipts"), 0);
    }
}

#[tokio::test]
async fn catching_up_in_one_transaction_gives_the_same_tables() {
    let lake = Arc::new(MemoryLake::default());
    for (number, events) in (1..).zip(&story()) {
        lake.window(number, events);
    }
    let at_once = Scene::on(lake.clone(), 64);
    at_once.tick().await;
    let one_by_one = Scene::on(lake, 1);
    let report = one_by_one.tick().await;
    assert_eq!(report.windows.len(), 5);
    assert_eq!(at_once.state(), one_by_one.state());
}

#[tokio::test]
async fn a_window_again_changes_nothing() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene
        .tell(1, &[message.message(1), message.click(3, "human")])
        .await;
    let before = scene.state();
    let again = scene.tick().await;
    assert!(again.windows.is_empty());
    assert_eq!(scene.state(), before);
}

#[tokio::test]
async fn an_event_in_two_windows_counts_once() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    let events = [
        message.message(1),
        message.click(3, "human"),
        message.receipt(2, "sent"),
    ];
    scene.tell(1, &events).await;
    let before = scene.state();
    let report = scene.tell(2, &events).await;
    assert_eq!(report.duplicates, 3);
    assert_eq!(scene.state(), before);
    let balance =
        "SELECT count(*) FROM loaded_files WHERE lines <> loaded + duplicates + quarantined";
    assert_eq!(scene.number(balance), 0);
}

#[tokio::test]
async fn an_event_twice_in_one_transaction_counts_once() {
    let message = Sent::new("2026-11-23T05:01:00Z");
    let click = message.click(3, "human");
    let lake = Arc::new(MemoryLake::default());
    lake.window(1, &[message.message(1), click.clone(), click.clone()]);
    lake.window(2, &[message.message(1), click]);
    let scene = Scene::on(lake, 64);
    let report = scene.tick().await;
    assert_eq!(report.duplicates, 3);
    assert_eq!(scene.report().await.clicks, 1);
}

#[tokio::test]
async fn progress_stops_at_a_gap_and_passes_it_when_filled() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.tell(1, &[message.message(0)]).await;
    scene.tell(3, &[message.submission(1, "accepted")]).await;
    let progress = scene.warehouse.progress().unwrap().unwrap();
    assert_eq!(progress.boundary, boundary(1));
    assert_eq!(scene.warehouse.counts().unwrap().windows_ahead, 1);
    scene.tell(2, &[message.receipt(2, "sent")]).await;
    let progress = scene.warehouse.progress().unwrap().unwrap();
    assert_eq!(
        progress.id,
        WindowId {
            epoch: 1,
            number: 3
        }
    );
}

#[tokio::test]
async fn events_wait_for_their_message() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene
        .tell(
            2,
            &[message.receipt(2, "delivered"), message.click(9, "human")],
        )
        .await;
    assert_eq!(scene.warehouse.counts().unwrap().orphan_events, 2);
    assert_eq!(scene.report().await.messages, 0);
    scene.tell(1, &[message.message(1)]).await;
    assert_eq!(scene.warehouse.counts().unwrap().orphan_events, 0);
    let row = scene.report().await;
    assert_eq!((row.delivered, row.clicks), (1, 1));
}

#[tokio::test]
async fn a_load_that_fails_before_its_commit_leaves_nothing() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.tell(1, &[message.message(1)]).await;
    let before = scene.state();
    // The last statement before the commit writes here.
    scene
        .warehouse
        .execute("ALTER TABLE progress RENAME TO mislaid");
    scene.lake.window(
        2,
        &[message.receipt(2, "delivered"), message.click(9, "human")],
    );
    let failed = scene.loader.lock().await.tick().await;
    assert!(failed.is_err(), "the progress cannot be read");
    let window = scene.staged(2).await;
    assert!(scene.warehouse.load(&[window]).is_err());
    scene
        .warehouse
        .execute("ALTER TABLE mislaid RENAME TO progress");

    assert_eq!(scene.state(), before);
    assert_eq!(scene.number("SELECT count(*) FROM clicks"), 0);
    assert_eq!(scene.number("SELECT count(*) FROM loaded_windows"), 1);
    assert_eq!(scene.tick().await.windows.len(), 1);
    assert_eq!(scene.report().await.clicks, 1);
}

/// What a full disk does to a checkpoint.
#[tokio::test]
async fn a_checkpoint_that_fails_costs_nothing() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.tell(1, &[message.message(1)]).await;
    let before = scene.state();
    scene
        .warehouse
        .execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
    scene.warehouse.checkpoint(0).unwrap_err();
    // DuckDB has given the database up: it is opened again by whoever comes first.
    assert_eq!(scene.state(), before);
    scene.tell(2, &[message.click(9, "human")]).await;
    assert_eq!(scene.report().await.clicks, 1);
    scene
        .warehouse
        .execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
    scene.warehouse.checkpoint(0).unwrap_err();
    scene.tell(3, &[message.click(10, "human")]).await;
    assert_eq!(scene.report().await.clicks, 2);
    scene.warehouse.checkpoint(0).unwrap();
}

#[tokio::test]
async fn a_generation_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let lake = Arc::new(MemoryLake::default());
    let message = Sent::new("2026-11-23T05:01:00Z");
    lake.window(1, &[message.message(1)]);
    for expected in [1, 0] {
        let scene = Scene::at(lake.clone(), directory.path());
        assert_eq!(scene.tick().await.windows.len(), expected);
        assert_eq!(scene.warehouse.generation(), "generation-0001");
        scene.warehouse.checkpoint(0).unwrap();
    }
}
