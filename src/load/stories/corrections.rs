//! Receipts that were read again: what a correction replaces counts no longer, whichever comes first.

use super::{
    reprocess,
    scene::{MESSAGES_NOW, Scene, Sent, correction, found, parked},
};
use crate::{event::Event, warehouse::Warehouse as _};
use uuid::Uuid;

/// All orders of the numbers below four.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = Vec::new();
    for number in 0..24_usize {
        let (mut left, mut rest, mut order) = (vec![0, 1, 2, 3], number, Vec::new());
        for weight in [6, 2, 1, 1] {
            order.push(left.remove(rest / weight));
            rest %= weight;
        }
        orders.push(order);
    }
    orders
}

/// One message: the original said delivered, it was read again as undelivered, and something came
/// later that weighs less.
fn story(sent: &Sent) -> [Event; 4] {
    let original = sent.receipt(5, "delivered");
    let corrected = correction(sent, &original, 5, "undelivered");
    [
        sent.message(1),
        original,
        corrected,
        sent.receipt(60, "sent"),
    ]
}

#[tokio::test]
async fn a_corrected_receipt_does_not_count_in_whatever_order_the_windows_load() {
    let scene = Scene::new();
    let sents: Vec<Sent> = orders()
        .iter()
        .map(|_| Sent::new("2026-11-23T05:01:00Z"))
        .collect();
    let stories: Vec<[Event; 4]> = sents.iter().map(story).collect();
    for (number, step) in (1..).zip(0..4) {
        let events = orders()
            .iter()
            .zip(&stories)
            .map(|(order, story)| story[order[step]].clone())
            .collect::<Vec<_>>();
        scene.tell(number, &events).await;
    }
    for (sent, order) in sents.iter().zip(orders()) {
        assert_eq!(scene.status(sent), "undelivered", "{order:?}");
    }
    let row = scene.report().await;
    assert_eq!((row.messages, row.undelivered, row.delivered), (24, 24, 0));
    let delivered = format!("SELECT count(delivered_at) FROM {MESSAGES_NOW}");
    assert_eq!(scene.number(&delivered), 0);
    assert_eq!(
        scene.number("SELECT count(*) FROM receipts"),
        3 * 24,
        "what was corrected stays as a fact"
    );
}

#[tokio::test]
async fn a_mapping_that_comes_back_is_the_last_word() {
    let scene = Scene::new();
    let sent = Sent::new("2026-11-23T05:01:00Z");
    let first = sent.receipt(5, "delivered");
    let second = correction(&sent, &first, 5, "failed");
    let third = correction(&sent, &second, 5, "delivered");
    scene.tell(1, &[third, sent.message(1)]).await;
    assert_eq!(scene.status(&sent), "delivered");
    scene.tell(2, &[second]).await;
    assert_eq!(scene.status(&sent), "delivered");
    scene.tell(3, &[first]).await;
    assert_eq!(scene.status(&sent), "delivered");
    // Its latency is the third's, and it counts as delivered and clicked.
    scene.tell(4, &[sent.click(30, "human")]).await;
    let row = scene.report().await;
    assert_eq!((row.delivered, row.failed, row.clicks), (1, 0, 1));
}

#[tokio::test]
async fn a_correction_of_one_segment_leaves_the_others() {
    let scene = Scene::new();
    let sent = Sent::new("2026-11-23T05:01:00Z");
    let of = |number, status| {
        sent.receipt_with(5, status, |receipt| receipt.segment_number = Some(number))
    };
    let (one, two) = (of(1, "delivered"), of(2, "undelivered"));
    let mut corrected = correction(&sent, &two, 5, "delivered");
    if let crate::event::Body::Receipt(receipt) = &mut corrected.body {
        receipt.segment_number = Some(2);
    }
    scene.tell(1, &[sent.message(0), one, two]).await;
    assert_eq!(scene.status(&sent), "undelivered");
    scene.tell(2, &[corrected]).await;
    assert_eq!(scene.status(&sent), "delivered");
}

#[tokio::test]
async fn a_rebuilt_warehouse_passes_over_corrected_receipts_too() {
    let scene = Scene::new();
    let sents: Vec<Sent> = (0..3).map(|_| Sent::new("2026-11-23T05:01:00Z")).collect();
    for (number, sent) in (1..).zip(&sents) {
        let mut events = story(sent).to_vec();
        events.rotate_left(usize::try_from(number).unwrap());
        scene.tell(number, &events).await;
    }
    let loaded = scene.state();
    reprocess::run(&scene, |_| {}).await.unwrap();
    scene.tick().await;
    assert_eq!(scene.warehouse.generation(), "generation-0002");
    assert_eq!(scene.state(), loaded);
    for sent in &sents {
        assert_eq!(scene.status(sent), "undelivered");
    }
}

/// The same receipt by two ways: with its message, and parked until a match names it. The ledger took the
/// second one for a repetition, so that a correction is of both.
#[tokio::test]
async fn a_parked_receipt_that_repeats_a_corrected_one_falls_with_it() {
    let scene = Scene::new();
    let sents: Vec<Sent> = (0..10).map(|_| Sent::new("2026-11-23T05:01:00Z")).collect();
    let stories: Vec<Vec<Event>> = sents
        .iter()
        .enumerate()
        .map(|(place, sent)| {
            let original = sent.receipt_with(5, "delivered", |receipt| {
                receipt.gateway_message_id = Some("g-1".to_owned());
            });
            let mut repeated = parked(&original);
            repeated.event_id = Uuid::now_v7();
            if let crate::event::Body::Receipt(receipt) = &mut repeated.body {
                receipt.receipt_id = repeated.event_id;
            }
            let mut story = vec![
                sent.message(0),
                found(sent, &repeated),
                repeated,
                correction(sent, &original, 5, "undelivered"),
                original,
            ];
            story.rotate_left(place % 5);
            if place >= 5 {
                story.reverse();
            }
            story
        })
        .collect();
    for (number, step) in (1..).zip(0..5) {
        let events: Vec<Event> = stories.iter().map(|story| story[step].clone()).collect();
        scene.tell(number, &events).await;
    }
    for (place, sent) in sents.iter().enumerate() {
        assert_eq!(scene.status(sent), "undelivered", "order {place}");
    }
    let delivered = format!("SELECT count(delivered_at) FROM {MESSAGES_NOW}");
    assert_eq!(scene.number(&delivered), 0);
    let loaded = scene.state();
    reprocess::run(&scene, |_| {}).await.unwrap();
    scene.tick().await;
    assert_eq!(scene.state(), loaded);

    // What the gateway told another time is another receipt.
    let later = sents[0].receipt_with(6, "delivered", |receipt| {
        receipt.gateway_message_id = Some("g-1".to_owned());
    });
    scene.tell(6, &[later]).await;
    assert_eq!(
        scene.status(&sents[0]),
        "undelivered",
        "the first final stands"
    );
    let sent_again = correction(&sents[0], &stories[0][3], 7, "sent");
    scene.tell(7, &[sent_again]).await;
    assert_eq!(
        scene.status(&sents[0]),
        "delivered",
        "it is what counts now"
    );
}
