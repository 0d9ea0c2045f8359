//! Lines that cannot be loaded are put aside, each with its number, and the rest is loaded.

use super::*;
use crate::warehouse::BadLine;

#[tokio::test]
async fn bad_lines_are_quarantined_and_the_rest_is_loaded() {
    let world = World::new();
    let good = || line(Kind::Click);
    let wrong = |from: &str, to: &str| good().replacen(from, to, 1);
    let lines = vec![
        good(),
        "not JSON".to_owned(),
        String::new(),
        good(),
        wrong("\"link_id\":7", "\"link_id\":\"7\""),
        wrong("\"link_id\":7", "\"link_id\":7.5"),
        wrong("\"link_id\":7,", ""),
        wrong("human", "hu\\u0000man"),
        wrong("human", "hu\0man"),
        line(Kind::Inbound),
        wrong("\"schema_version\":1", "\"schema_version\":9"),
        wrong("05:00:00.000000Z", "05:00:00"),
        format!("{{\"later\":\"{}\"}}", "x".repeat(2 << 20)),
        wrong("\"link_id\":7", "\"link_id\":7,\"later\":[1]"),
    ];
    let kept = [&lines[0], &lines[3], &lines[13]].map(Clone::clone);
    world.ship_lines(id(1), &[(Kind::Click, lines)]);

    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.rows, report.quarantined), (3, 11));
    assert_eq!(world.warehouse.events(id(1)), events_of(&kept));
    let bad = world.warehouse.bad_lines(id(1));
    let numbers: Vec<_> = bad.iter().map(|bad| bad.line_number).collect();
    assert_eq!(numbers, [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    for (bad, says) in bad.iter().zip([
        "expected",
        "EOF",
        "whole number",
        "whole number",
        "missing field `link_id`",
        "NUL",
        "control character",
        "another kind",
        "schema_version 9",
        "offset",
        "longer",
    ]) {
        assert!(bad.reason.contains(says), "{}: {says}", bad.reason);
        assert!(!bad.line.contains('\0') && bad.line.len() <= 64 << 10);
    }
    assert_eq!(in_lake(&world), bad);
}

/// The lines of the quarantine file, without their file's name, which is checked.
fn in_lake(world: &World) -> Vec<BadLine> {
    let objects = world.lake.objects();
    let body = &objects["_quarantine/0001-0000000001/click-0000.ndjson"];
    let text = std::str::from_utf8(body).unwrap();
    let entries = text.lines().map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(objects.contains_key(entry["file"].as_str().unwrap()));
        serde_json::from_value(entry).unwrap()
    });
    entries.collect()
}

#[test]
fn broken_utf8_is_kept_as_far_as_it_is_text() {
    let bad = quarantine::bad_line(1, "why", b"a\xffb\0");
    assert_eq!(bad.line, "a\u{fffd}b\u{fffd}");
}

#[tokio::test]
async fn a_file_of_bad_lines_alone_is_loaded_as_nothing() {
    let world = World::new();
    world.ship_lines(id(1), &[(Kind::OptOut, vec!["{}".to_owned(); 3])]);
    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.windows.len(), report.quarantined), (1, 3));
}

#[tokio::test]
async fn what_stands_in_quarantine_is_left_as_it_is() {
    let world = World::new();
    let key = "_quarantine/0001-0000000001/click-0000.ndjson";
    world.lake.overwrite(key, Bytes::from_static(b"before"));
    world.ship_lines(id(1), &[(Kind::Click, vec!["{}".to_owned()])]);
    assert_eq!(world.loader().tick().await.unwrap().quarantined, 1);
    assert_eq!(world.lake.objects()[key], "before");
}
