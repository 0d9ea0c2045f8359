//! What loads append to the buckets of the reports, and how it gets into them.

use super::scene::{Scene, Sent};
use crate::{
    event::Event,
    report::{ErrorsReport, LocalReports, ReportQuery, Reports},
};

/// A message of this quarter, one of another day, and what becomes of them, window by window.
fn story() -> Vec<Vec<Event>> {
    let here = Sent::new("2026-11-23T05:01:00Z");
    let there = Sent::new("2026-11-20T23:59:00Z").gateway(None);
    let mut submission = there.submission(1, "accepted");
    submission.context.gateway = Some("sms1".to_owned());
    vec![
        vec![
            here.message(1),
            there.message(1),
            here.receipt(4, "undelivered"),
        ],
        // Into another bucket.
        vec![submission, there.receipt(9, "delivered")],
        // Out of what went wrong, and out of a slot.
        vec![here.receipt(4, "delivered"), here.click(60, "human")],
        vec![there.click(90_000, "human"), here.click(61, "bot")],
    ]
}

async fn errors(scene: &Scene) -> ErrorsReport {
    let now = "2026-11-23T06:00:00Z".parse().unwrap();
    let query = ReportQuery::parse(
        Some("2026-11-01"),
        Some("2026-12-01"),
        None,
        Some("gateway"),
        now,
    );
    let reports = LocalReports::new(scene.warehouse.clone());
    reports.errors(&query.unwrap()).await.unwrap()
}

fn waiting(scene: &Scene) -> i64 {
    scene.number(
        "SELECT (SELECT count(*) FROM bucket_changes) + (SELECT count(*) FROM error_changes) \
         + (SELECT count(*) FROM message_changes)",
    )
}

#[tokio::test]
async fn reports_say_the_same_whenever_it_is_folded() {
    let (never, now_and_then, each_time) =
        (Scene::new(), Scene::folded_from(4), Scene::folded_from(1));
    let story = story();
    let mut seen = Vec::new();
    for (number, events) in (1..).zip(&story) {
        for scene in [&never, &now_and_then, &each_time] {
            scene.tell(number, events).await;
        }
        let report = never.whole_report().await.rows;
        assert_eq!(now_and_then.whole_report().await.rows, report);
        assert_eq!(each_time.whole_report().await.rows, report);
        assert_eq!(errors(&each_time).await.rows, errors(&never).await.rows);
        seen.push((waiting(&now_and_then), waiting(&each_time)));
    }
    // What happens to messages that are there changes a bucket, or two, and the message; what goes wrong and
    // what no longer does is one row more.
    assert_eq!(seen, [(3, 0), (0, 0), (3, 0), (0, 0)]);
    assert!(waiting(&never) > 6);
    assert_eq!(never.state(), each_time.state());
    assert_eq!(never.state(), now_and_then.state());
    assert_eq!(never.number("SELECT count(*) FROM message_stats"), 2);
}

#[tokio::test]
async fn a_loader_that_begins_folds_what_the_last_one_left() {
    let scene = Scene::folded_from(1_000);
    for (number, events) in (1..).zip(story()) {
        scene.tell(number, &events).await;
    }
    let (report, left) = (scene.whole_report().await, waiting(&scene));
    assert!(left > 0);
    // Nothing is new, and nothing is counted anew.
    let again = scene.restarted();
    assert_eq!(waiting(&again), left);
    assert_eq!(again.whole_report().await, report);
    again.fold();
    assert_eq!((waiting(&again), again.whole_report().await), (0, report));
}
