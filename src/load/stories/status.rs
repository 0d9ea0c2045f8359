//! Statuses in SQL, held against the rule in Rust.

use super::{
    lake::at,
    scene::{MESSAGES_NOW, Scene, Sent},
};
use crate::{
    domain::status::{Evidence, Status, current, of_sort_key, sort_key},
    event::TimeSource,
};
use chrono::TimeDelta;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

#[tokio::test]
async fn the_sort_key_is_the_same_in_sql() {
    let scene = Scene::new();
    let times = [
        None,
        Some(at("2026-11-23T05:00:00.000001Z")),
        Some(at("1969-01-01T00:00:00Z")),
        Some(at("2150-01-01T00:00:00Z")),
    ];
    for status in Status::ALL {
        for synthetic in [false, true] {
            for gateway_time in times {
                let key = sort_key(&Evidence {
                    status,
                    synthetic,
                    gateway_time,
                    segment_number: None,
                });
                let time = gateway_time.map_or("NULL::TIMESTAMPTZ".to_owned(), |time| {
                    format!("TIMESTAMPTZ '{}'", time.to_rfc3339())
                });
                let name = status.as_str();
                let sql = format!("SELECT status_key('{name}', {synthetic}, {time})::BIGINT");
                assert_eq!(scene.number(&sql), key, "{sql}");
                let name = scene.rows(&format!("SELECT status_of_key({key})"));
                assert_eq!(name[0][0].text(), Some(of_sort_key(key).as_str()));
            }
        }
    }
}

/// Two hundred messages with random evidence, spread over windows at random.
#[tokio::test]
async fn statuses_are_those_of_the_rule_in_rust() {
    let mut random = StdRng::seed_from_u64(20_261_123);
    let mut windows = vec![Vec::new(); 4];
    let mut expected = Vec::new();
    for _ in 0..200 {
        let message = Sent::new("2026-11-23T05:01:00Z");
        windows[random.random_range(0..4)].push(message.message(0));
        let mut evidence = Vec::new();
        for _ in 0..random.random_range(0..6) {
            let (event, known) = piece(&mut random, &message);
            windows[random.random_range(0..4)].push(event);
            evidence.push(known);
        }
        expected.push((message, current(evidence)));
    }
    let scene = Scene::new();
    for (number, events) in (1..).zip(&windows) {
        scene.tell(number, events).await;
    }
    for (message, status) in expected {
        assert_eq!(scene.status(&message), status.as_str(), "{}", message.id);
    }
}

fn piece(random: &mut StdRng, message: &Sent) -> (crate::event::Event, Evidence) {
    let seconds = random.random_range(0..4);
    let synthetic = random.random_bool(0.3);
    let segment_number = random.random_bool(0.4).then(|| random.random_range(1..4));
    let (mut event, mut evidence) = if random.random_bool(0.2) {
        let outcomes = [
            ("accepted", Status::Accepted),
            ("refused", Status::Rejected),
            ("canceled", Status::Canceled),
        ];
        let (outcome, status) = *outcomes.choose(random).unwrap();
        (
            message.submission(seconds, outcome),
            evidence(status, false, None),
        )
    } else {
        let status = *Status::ALL[1..].choose(random).unwrap();
        let event = message.receipt_with(seconds, status.as_str(), |receipt| {
            receipt.synthetic = synthetic;
            receipt.segment_number = segment_number.map(i32::unsigned_abs);
        });
        (event, evidence(status, synthetic, segment_number))
    };
    if random.random_bool(0.3) {
        event.time_source = TimeSource::Server;
    } else {
        evidence.gateway_time = Some(message.recorded_at + TimeDelta::seconds(seconds));
    }
    (event, evidence)
}

fn evidence(status: Status, synthetic: bool, segment_number: Option<i32>) -> Evidence {
    Evidence {
        status,
        synthetic,
        gateway_time: None,
        segment_number,
    }
}

#[tokio::test]
async fn a_text_of_two_segments_is_delivered_when_both_are() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    let segment = |number, seconds, status| {
        message.receipt_with(seconds, status, |receipt| {
            receipt.segment_number = Some(number);
        })
    };
    scene
        .tell(
            1,
            &[
                message.message(0),
                message.submission(0, "accepted"),
                segment(1, 4, "delivered"),
                segment(2, 3, "sent"),
            ],
        )
        .await;
    assert_eq!(scene.status(&message), "sent");
    scene.tell(2, &[segment(2, 64, "delivered")]).await;
    assert_eq!(scene.status(&message), "delivered");
    let seconds = "SELECT date_diff('second', message_recorded_at, delivered_at)";
    let seconds = format!("{seconds} FROM {MESSAGES_NOW}");
    assert_eq!(scene.number(&seconds), 64, "the last segment's time");
}

#[tokio::test]
async fn among_equal_failures_the_one_with_a_code_is_kept() {
    for turned in [false, true] {
        let scene = Scene::new();
        let message = Sent::new("2026-11-23T05:01:00Z");
        let bare = message.receipt(5, "undelivered");
        let coded = message.receipt_with(5, "undelivered", |receipt| {
            receipt.error_code = Some("30003".to_owned());
            receipt.error_class = Some("unreachable".to_owned());
        });
        let (first, second) = if turned { (coded, bare) } else { (bare, coded) };
        scene.tell(1, &[message.message(0), first]).await;
        scene.tell(2, &[second]).await;
        scene.fold();
        let rows = scene.rows("SELECT error_code, error_class, messages FROM error_stats");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][0].text(), Some("30003"));
    }
}
