//! The numbers of reports, on data small enough to count by hand.

use super::{
    lake::at,
    scene::{Scene, Sent, found, parked},
};
use crate::report::{
    ErrorsReport, LocalReports, MessagesReport, MessagesRow, ReportQuery, Reports,
};
use chrono::TimeDelta;

fn query(start: &str, end: &str, tz: &str, group_by: &str) -> ReportQuery {
    let now = at("2026-11-23T06:00:00Z");
    ReportQuery::parse(Some(start), Some(end), Some(tz), Some(group_by), now).unwrap()
}

/// As it is before what loads appended is folded, and after.
async fn messages(scene: &Scene, query: &ReportQuery) -> MessagesReport {
    let reports = LocalReports::new(scene.warehouse.clone());
    let before = reports.messages(query).await.unwrap();
    scene.fold();
    let after = reports.messages(query).await.unwrap();
    assert_eq!(before, after);
    after
}

/// The same report twice: with percentiles, and without.
async fn with_and_without(scene: &Scene, query: ReportQuery) -> [MessagesReport; 2] {
    let with = messages(scene, &query).await;
    let percentiles = false;
    let query = ReportQuery {
        percentiles,
        ..query
    };
    [with, messages(scene, &query).await]
}

/// The same.
async fn errors(scene: &Scene, query: &ReportQuery) -> ErrorsReport {
    let reports = LocalReports::new(scene.warehouse.clone());
    let before = reports.errors(query).await.unwrap();
    scene.fold();
    let after = reports.errors(query).await.unwrap();
    assert_eq!(before, after);
    after
}

#[tokio::test]
async fn nothing_is_null_and_zero() {
    let scene = Scene::new();
    assert_eq!(scene.report().await, MessagesRow::default());
    let grouped = query("2026-11-23", "2026-11-24", "UTC", "campaign");
    let report = messages(&scene, &grouped).await;
    assert_eq!((report.rows.len(), report.head.data_through), (0, None));
}

#[tokio::test]
async fn a_small_campaign_counted_by_hand() {
    let scene = Scene::new();
    let [first, second, third, fourth] = [(); 4].map(|()| Sent::new("2026-11-23T05:01:00Z"));
    let other = Sent::new("2026-11-23T05:20:00Z").campaign(Some("winter"));
    let test = Sent::new("2026-11-23T05:01:00Z").test();
    scene
        .tell(
            1,
            &[
                first.message(1),
                second.message(1),
                third.message(0),
                fourth.suppressed(),
                other.message(1),
                test.message(1),
                first.submission(1, "accepted"),
                second.submission(1, "accepted"),
                third.submission(1, "refused"),
                test.receipt(3, "delivered"),
                test.click(9, "human"),
                test.inbound(9, "none"),
                first.receipt(6, "delivered"),
                second.receipt(6, "delivered"),
                first.click(20, "human"),
                first.click(30, "human"),
                first.click(8, "bot"),
                second.click(8, "bot"),
                second.inbound(40, "stop"),
                second.opt_out(40, "opt_out"),
                second.opt_out(80, "opt_in"),
            ],
        )
        .await;
    let grouped = query("2026-11-23", "2026-11-24", "UTC", "campaign,gateway");
    insta::assert_json_snapshot!(messages(&scene, &grouped).await.rows);
    let failures = errors(&scene, &grouped).await.rows;
    assert_eq!(failures.len(), 1);
    assert_eq!(
        (failures[0].status.as_str(), failures[0].messages),
        ("rejected", 1)
    );
}

/// In a zone half an hour from UTC, too, whose hours begin in the middle of ours; and on the night on which
/// Vienna has two o'clock twice.
#[tokio::test]
async fn rows_of_one_hour_stand_together_whichever_quarter_they_are_of() {
    let scene = Scene::new();
    let of = |at: &str, campaign: &str| Sent::new(at).campaign(Some(campaign));
    let sent = [
        of("2026-11-23T05:50:00Z", "a"),
        of("2026-11-23T05:01:00Z", "b"),
        of("2026-11-23T06:01:00Z", "a"),
        of("2026-10-25T01:10:00Z", "a"),
        of("2026-10-25T00:40:00Z", "a"),
    ];
    let mut events: Vec<_> = sent.iter().map(|sent| sent.message(0)).collect();
    let failed = |sent: &Sent, code: &str| {
        sent.receipt_with(5, "failed", |receipt| {
            receipt.error_code = Some(code.to_owned());
        })
    };
    let more = Sent::new("2026-11-23T05:20:00Z").campaign(Some("a"));
    let again = Sent::new("2026-11-23T05:20:00Z").campaign(Some("a"));
    events.extend([more.message(0), again.message(0)]);
    events.extend([
        failed(&sent[1], "1"),
        failed(&more, "2"),
        failed(&again, "2"),
    ]);
    scene.tell(1, &events).await;

    let hours = async |tz, start, end| {
        let query = query(start, end, tz, "hour,campaign");
        let rows = messages(&scene, &query).await.rows;
        let shown = rows.iter().map(|row| {
            let campaign = row.group.campaign.clone().flatten().unwrap_or_default();
            format!("{} {campaign}", row.group.hour.clone().unwrap_or_default())
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        hours("UTC", "2026-11-23", "2026-11-24").await,
        [
            "2026-11-23T05:00:00+00:00 a",
            "2026-11-23T05:00:00+00:00 b",
            "2026-11-23T06:00:00+00:00 a"
        ]
    );
    assert_eq!(
        hours("Asia/Kolkata", "2026-11-23", "2026-11-24").await,
        [
            "2026-11-23T10:00:00+05:30 a",
            "2026-11-23T10:00:00+05:30 b",
            "2026-11-23T11:00:00+05:30 a"
        ]
    );
    assert_eq!(
        hours("Europe/Vienna", "2026-10-25", "2026-10-26").await,
        ["2026-10-25T02:00:00+02:00 a", "2026-10-25T02:00:00+01:00 a"]
    );
    // Most messages first within the hour, although the others were earlier.
    let failures = errors(&scene, &query("2026-11-23", "2026-11-24", "UTC", "hour")).await;
    let counts: Vec<_> = failures.rows.iter().map(|row| row.messages).collect();
    assert_eq!(counts, [2, 1]);
}

#[tokio::test]
async fn a_parked_receipt_counts_when_its_match_comes() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    let receipt = message.receipt(5, "delivered");
    scene.tell(1, &[message.message(0), parked(&receipt)]).await;
    assert_eq!(scene.report().await.delivered, 0);
    assert_eq!(scene.number("SELECT count(*) FROM parked_receipts"), 1);
    scene.tell(2, &[found(&message, &receipt)]).await;
    assert_eq!(scene.report().await.delivered, 1);
    assert_eq!(scene.number("SELECT count(*) FROM parked_receipts"), 0);
    assert_eq!(
        scene.number("SELECT count(*) FROM receipts WHERE campaign = 'autumn'"),
        1
    );
}

#[tokio::test]
async fn a_late_click_restates_the_day_of_its_message() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-20T05:01:00Z");
    scene
        .tell(1, &[message.message(1), message.receipt(2, "delivered")])
        .await;
    scene.tell(2, &[message.click(3 * 86_400, "human")]).await;
    let day = query("2026-11-20", "2026-11-21", "UTC", "day");
    let rows = messages(&scene, &day).await.rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].group.day.as_deref(), Some("2026-11-20"));
    assert_eq!(rows[0].click_through_rate, Some(1.0));
}

#[tokio::test]
async fn a_gateway_that_only_the_submission_names_is_the_messages() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z").gateway(None);
    scene.tell(1, &[message.message(0)]).await;
    let mut submission = message.submission(1, "accepted");
    submission.context.gateway = Some("sms1".to_owned());
    scene.tell(2, &[submission]).await;
    let by_gateway = query("2026-11-23", "2026-11-24", "UTC", "gateway");
    let rows = messages(&scene, &by_gateway).await.rows;
    assert_eq!(rows.len(), 1, "the bucket without a gateway is gone");
    assert_eq!(rows[0].group.gateway, Some(Some("sms1".to_owned())));
}

/// Reports add up days, hours and quarters of hours, whatever their range is made of.
#[tokio::test]
async fn every_range_has_its_messages_and_what_came_of_them() {
    let scene = Scene::new();
    let begin = at("2026-11-20T00:00:00Z");
    let time = |quarter: i64| begin + TimeDelta::minutes(15 * quarter);
    let sent: Vec<_> = (0..3 * 96)
        .map(|quarter| Sent::new(&(time(quarter) + TimeDelta::minutes(7)).to_rfc3339()))
        .collect();
    // Each comes with its quarter's number of clicks, half of them in a later window.
    let first: Vec<_> = sent.iter().map(|sent| sent.message(1)).collect();
    scene.tell(1, &first).await;
    for (window, half) in [(2, 0), (3, 1)] {
        let clicks = sent.iter().zip(0..).flat_map(|(sent, quarter)| {
            let ours = (0..quarter % 7).filter(move |number| number % 2 == half);
            ours.map(|number| sent.click(60 + number, "human"))
        });
        scene.tell(window, &clicks.collect::<Vec<_>>()).await;
    }
    for (from, to) in [
        (0, 288),
        (1, 287),
        (95, 97),
        (96, 192),
        (90, 91),
        (3, 100),
        (100, 288),
    ] {
        let clicks: i64 = (from..to).map(|quarter| quarter % 7).sum();
        let clicked = (from..to).map(|quarter| i64::from(quarter % 7 > 0)).sum();
        let right = (to - from, clicks, clicked);
        for tz in ["UTC", "Europe/Vienna", "Asia/Kolkata", "Asia/Kathmandu"] {
            for group_by in ["", "campaign", "day", "hour", "day,hour"] {
                let (from, to) = (time(from).to_rfc3339(), time(to).to_rfc3339());
                let rows = messages(&scene, &query(&from, &to, tz, group_by))
                    .await
                    .rows;
                let sum = |value: fn(&MessagesRow) -> i64| rows.iter().map(value).sum::<i64>();
                let told = (
                    sum(|row| row.messages),
                    sum(|row| row.clicks),
                    sum(|row| row.unique_clicks),
                );
                assert_eq!(told, right, "{from} {to} {tz} {group_by}");
                let timed = rows.iter().any(|row| row.seconds_to_click_p50.is_some());
                assert_eq!(timed, clicked > 0, "{from} {to} {tz} {group_by}");
            }
        }
    }
}

/// As after an upgrade, and after a loader of the version before, which knows no days: reports read the
/// buckets of this version from the first one on.
#[tokio::test]
async fn buckets_that_others_counted_are_counted_anew_at_the_start() {
    for others in [
        "UPDATE error_stats SET messages = 77; UPDATE buckets_counted SET rules = 'older'",
        "UPDATE message_stats SET delivered = 1, undelivered = 0",
        "DELETE FROM daily_stats",
    ] {
        let scene = Scene::new();
        let [first, second] = ["2026-11-20T05:01:00Z", "2026-11-23T23:59:00Z"].map(Sent::new);
        let events = [
            first.message(1),
            second.message(1),
            first.receipt(6, "delivered"),
            second.receipt(9, "undelivered"),
            second.click(20, "human"),
        ];
        scene.tell(1, &events).await;
        let counted = scene.state();
        scene.warehouse.execute(others);
        assert_eq!(scene.restarted().state(), counted, "{others}");
    }
}

#[tokio::test]
async fn days_and_hours_are_those_of_the_zone() {
    let scene = Scene::new();
    // Clocks in Vienna go back on 2026-10-25 at 01:00 UTC: 02:30 comes twice.
    let times = [
        "2026-10-24T21:59:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T22:59:00Z",
        "2026-10-25T23:00:00Z",
    ];
    let events: Vec<_> = times.map(|time| Sent::new(time).message(0)).into();
    scene.tell(1, &events).await;
    let days = query("2026-10-24", "2026-10-27", "Europe/Vienna", "day");
    let rows = messages(&scene, &days).await.rows;
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.group.day.as_deref(), row.messages))
        .collect();
    assert_eq!(
        counts,
        [
            (Some("2026-10-24"), 1),
            (Some("2026-10-25"), 4),
            (Some("2026-10-26"), 1)
        ]
    );

    let hours = query(
        "2026-10-25T00:00:00Z",
        "2026-10-25T02:00:00Z",
        "Europe/Vienna",
        "hour",
    );
    let rows = messages(&scene, &hours).await.rows;
    let hours: Vec<_> = rows.iter().map(|row| row.group.hour.as_deref()).collect();
    assert_eq!(
        hours,
        [
            Some("2026-10-25T02:00:00+02:00"),
            Some("2026-10-25T02:00:00+01:00")
        ]
    );

    let kathmandu = query("2026-10-24", "2026-10-27", "Asia/Kathmandu", "day,hour");
    let rows = messages(&scene, &kathmandu).await.rows;
    assert_eq!(rows[0].group.day.as_deref(), Some("2026-10-25"));
    assert_eq!(
        rows[0].group.hour.as_deref(),
        Some("2026-10-25T03:00:00+05:45")
    );
}

#[tokio::test]
async fn percentiles_are_of_each_group_and_measure_and_a_report_without_them_is_the_same_but_for_them()
 {
    let scene = Scene::new();
    let [quick, slow, later] =
        ["05:01", "05:16", "06:01"].map(|time| Sent::new(&format!("2026-11-23T{time}:00Z")));
    scene
        .tell(
            1,
            &[
                quick.message(1),
                slow.message(1),
                later.message(1),
                quick.receipt(2, "delivered"),
                slow.receipt(40, "delivered"),
                quick.click(10, "human"),
                slow.click(90, "human"),
                later.click(200, "human"),
            ],
        )
        .await;
    let by_hour = query("2026-11-23", "2026-11-24", "Europe/Vienna", "hour");
    let [with, without] = with_and_without(&scene, by_hour).await;
    assert_eq!((with.percentiles, without.percentiles), (true, false));
    let percentiles = |row: &MessagesRow| {
        let deliver = (row.seconds_to_deliver_p50, row.seconds_to_deliver_p95);
        (deliver, row.seconds_to_click_p50, row.seconds_to_click_p95)
    };
    // Two messages lie in two slots: the median is where the first ends, the other a tenth below the
    // end of the second, on its own scale.
    let first = ((Some(2.83), Some(43.71)), Some(11.31), Some(87.43));
    let second = ((None, None), Some(215.27), Some(251.6));
    let found: Vec<_> = with.rows.iter().map(percentiles).collect();
    assert_eq!(found, [first, second]);
    let mut bare = with.rows;
    for row in &mut bare {
        row.seconds_to_deliver_p50 = None;
        row.seconds_to_deliver_p95 = None;
        row.seconds_to_click_p50 = None;
        row.seconds_to_click_p95 = None;
    }
    assert_eq!((without.rows, without.head), (bare, with.head));
}
