//! What is wrong stays out, loudly, and nothing else does.

use super::{
    lake::boundary,
    scene::{Scene, Sent},
};
use crate::{event::Kind, lake::keys, warehouse::Warehouse};

/// Changes a good line's text.
fn spoiled(from: &str, to: &str) -> Vec<u8> {
    let message = Sent::new("2026-11-23T05:01:00Z");
    let line = message.message(1).encode().unwrap();
    assert!(line.contains(from), "{line}");
    line.replace(from, to).into_bytes()
}

#[tokio::test]
async fn each_bad_line_is_quarantined_with_its_reason() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"{\"kind\":".to_vec(), "EOF while parsing"),
        (b"".to_vec(), "EOF while parsing"),
        (b"null".to_vec(), "invalid type: null"),
        (b"[]".to_vec(), "expected an object"),
        (
            spoiled("\"segments\":1", "\"segments\":\"1\""),
            "segments: is text",
        ),
        (
            spoiled("\"segments\":1", "\"segments\":1.6"),
            "segments: is not a whole number",
        ),
        (
            spoiled("\"segments\":1", "\"segments\":99999999999999999999"),
            "segments: is not a whole number",
        ),
        (
            spoiled("\"segments\":1", "\"segments\":true"),
            "segments: is a truth value",
        ),
        (spoiled("autumn", "au\\u0000tumn"), "campaign: holds a NUL"),
        (
            spoiled("\"kind\":\"message\"", "\"kind\":\"click\""),
            "kind: `click` in a file of message",
        ),
        (
            spoiled("\"schema_version\":1", "\"schema_version\":2"),
            "schema_version: 2",
        ),
        (
            spoiled("\"outcome\":\"recorded\"", "\"outcome\":\"lost\""),
            "outcome: `lost`",
        ),
        (spoiled("\"outcome\":\"recorded\",", ""), "outcome: missing"),
        (
            spoiled("\"outcome\":\"recorded\"", "\"outcome\":null"),
            "outcome: missing",
        ),
        (spoiled("\"code\":\"abc\",", ""), "code: missing"),
        (
            spoiled("00.000000Z", "00.000000+02:00"),
            "is not an RFC 3339 time",
        ),
        (
            spoiled("\"event_id\":\"0", "\"event_id\":\"x"),
            "event_id: is not a UUID",
        ),
        (
            spoiled("{\"schema", "{\"country\":\"DE\",\"schema"),
            "country: stands twice",
        ),
        (b"{\"country\":\"\xff\"}".to_vec(), "not UTF-8"),
    ];
    let scene = Scene::new();
    let good = Sent::new("2026-11-23T05:01:00Z")
        .message(0)
        .encode()
        .unwrap();
    let mut lines: Vec<_> = cases
        .iter()
        .map(|(line, _)| (Kind::Message, line.clone()))
        .collect();
    lines.push((Kind::Message, good.into_bytes()));
    scene.lake.window_of_lines(1, lines);
    let report = scene.tick().await;

    assert_eq!(report.loaded.windows.len(), 1);
    assert_eq!(report.loaded.quarantined, cases.len() as u64);
    assert_eq!(
        scene.number("SELECT count(*) FROM messages"),
        1,
        "the good line is in"
    );
    let rows = scene.rows("SELECT line_number, reason FROM quarantined_lines ORDER BY line_number");
    for ((number, row), (line, reason)) in (1..).zip(&rows).zip(&cases) {
        assert_eq!(row[0].integer(), Some(number));
        let found = row[1].text().unwrap();
        assert!(
            found.contains(reason),
            "{found}: {}",
            String::from_utf8_lossy(line)
        );
    }
    assert_eq!(
        scene.lake.keys(keys::QUARANTINE),
        ["_quarantine/0001-0000000001/message-0000.ndjson"]
    );
    assert_eq!(
        scene.warehouse.counts().unwrap().quarantined_lines,
        cases.len() as u64
    );
}

#[tokio::test]
async fn a_fact_about_a_message_says_when_it_was_recorded() {
    let scene = Scene::new();
    let mut click = Sent::new("2026-11-23T05:01:00Z").click(3, "human");
    click.context.message_recorded_at = None;
    let report = scene.tell(1, &[click]).await;
    assert_eq!(report.loaded.quarantined, 1);
}

#[tokio::test]
async fn keys_of_a_newer_version_are_passed_over() {
    let scene = Scene::new();
    let line = spoiled("{\"schema", "{\"carrier\":{\"deep\":[1]},\"schema");
    scene.lake.window_of_lines(1, vec![(Kind::Message, line)]);
    assert_eq!(scene.tick().await.loaded.rows[0], 1);
}

#[tokio::test]
async fn an_altered_file_stops_its_window_and_no_other() {
    let scene = Scene::new();
    let message = Sent::new("2026-11-23T05:01:00Z");
    scene.lake.window(1, &[message.message(0)]);
    scene.lake.window(2, &[message.submission(1, "accepted")]);
    scene.lake.window(3, &[message.receipt(2, "sent")]);
    let key = keys::log_file("submission", boundary(2), 1, 2, 0);
    let object = scene.lake.remove(&key).unwrap();

    let report = scene.tick().await;
    assert_eq!(
        (report.loaded.windows.len(), report.failed.len()),
        (2, 1),
        "missing"
    );
    let mut altered = object.to_vec();
    altered[20] ^= 1;
    scene.lake.replace(&key, altered.into());
    assert_eq!(scene.tick().await.failed.len(), 1, "altered");
    assert_eq!(
        scene.warehouse.progress().unwrap().unwrap().boundary,
        boundary(1)
    );

    scene.lake.replace(&key, object);
    assert_eq!(scene.tick().await.loaded.windows.len(), 1, "mended");
    assert_eq!(
        scene.warehouse.progress().unwrap().unwrap().boundary,
        boundary(3)
    );
}
