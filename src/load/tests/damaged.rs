//! Files that their writer put damaged: what is whole of them is loaded, the rest is accounted for.

use super::*;
use crate::load::stage::{Wanted, stage};

fn clicks(count: usize) -> Vec<String> {
    (0..count).map(|_| line(Kind::Click)).collect()
}

/// Half of the object.
fn cut(mut object: Vec<u8>) -> Vec<u8> {
    object.truncate(object.len() / 2);
    object
}

/// Another byte in the middle of the object.
fn flip(mut object: Vec<u8>) -> Vec<u8> {
    let middle = object.len() / 2;
    object[middle] ^= 0x55;
    object
}

#[tokio::test]
async fn of_a_file_that_was_cut_off_the_whole_lines_are_loaded_and_the_others_accounted_for() {
    let world = World::new();
    let lines = clicks(500);
    world.ship_damaged(1, &lines, cut);
    world.ship(2, 1);
    let report = world.loader().tick().await.unwrap();
    assert_eq!(report.windows, ids([1, 2]));
    let loaded = world.warehouse.events(id(1));
    assert!(loaded.len() > 100 && loaded.len() < 400, "{}", loaded.len());
    assert_eq!(loaded, events_of(&lines[..loaded.len()]));
    let bad = world.warehouse.bad_lines(id(1));
    let [bad] = bad.as_slice() else {
        panic!("{bad:?}")
    };
    assert_eq!(bad.line_number, loaded.len() as u64 + 1);
    assert_eq!(bad.lines, (lines.len() - loaded.len()) as u64);
    assert_eq!(report.quarantined, bad.lines);
    assert!(bad.reason.contains("cut off"), "{}", bad.reason);
    let next = &lines[loaded.len()];
    assert!(
        next.starts_with(&bad.line) && bad.line != *next,
        "{}",
        bad.line
    );
    let key = "_quarantine/0001-0000000001/click-0000.ndjson";
    let entry: serde_json::Value = serde_json::from_slice(&world.lake.objects()[key]).unwrap();
    assert_eq!(entry["lines"], bad.lines);
}

#[tokio::test]
async fn a_bad_sum_of_gzips_own_around_a_text_that_is_whole_costs_nothing() {
    let missing = |mut object: Vec<u8>| {
        object.truncate(object.len() - 8);
        object
    };
    let wrong = |mut object: Vec<u8>| {
        let sum = object.len() - 8;
        object[sum] ^= 1;
        object
    };
    let world = World::new();
    world.ship_damaged(1, &clicks(50), missing);
    world.ship_damaged(2, &clicks(50), wrong);
    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.rows, report.quarantined), (100, 0));
}

#[tokio::test]
async fn no_line_of_a_damaged_file_is_trusted() {
    let not_gzip = |_| b"not gzip at all".to_vec();
    let world = World::new();
    world.ship_damaged(1, &clicks(500), flip);
    world.ship_damaged(2, &clicks(3), not_gzip);
    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.windows, report.rows), (ids([1, 2]), 0));
    assert_eq!(report.quarantined, 503);
    for (number, lines) in [(1, 500), (2, 3)] {
        let bad = world.warehouse.bad_lines(id(number));
        assert_eq!((bad.len(), bad[0].line_number, bad[0].lines), (1, 1, lines));
        assert!(world.warehouse.events(id(number)).is_empty());
    }
}

/// Whatever byte of the file is at fault, each line of the manifest is either as it was written or in
/// quarantine; or the window stops.
#[test]
fn damage_anywhere_never_loads_a_line_that_was_not_written() {
    let lake = MemoryStore::default();
    let lines = clicks(20);
    let manifest = manifest(&lake, id(1), &[(Kind::Click, lines.clone())]);
    let whole = lake.objects()[&manifest.files[0].key].to_vec();
    let staging = tempfile::tempdir().unwrap();
    let path = staging.path().join("staged");
    for place in 0..whole.len() {
        for damage in [0x01, 0x80, 0] {
            let mut object = whole.clone();
            match damage {
                0 => object.truncate(place),
                bits => object[place] ^= bits,
            }
            let mut file = manifest.files[0].clone();
            file.object_sha256 = hex::encode(Sha256::digest(&object));
            let Ok(staged) = stage(&object, &file, Kind::Click, path.clone(), Wanted::default())
            else {
                continue;
            };
            let bad: u64 = staged.bad_lines.iter().map(|bad| bad.lines).sum();
            assert_eq!(staged.good_lines + bad, 20, "{place}");
            let loaded = staged_events(&path);
            assert_eq!(loaded.len() as u64, staged.good_lines);
            if damage == 0 {
                assert_eq!(loaded, events_of(&lines[..loaded.len()]), "cut at {place}");
            } else {
                let all = loaded == events_of(&lines);
                assert!(loaded.is_empty() || all, "bit of byte {place}");
            }
        }
    }
}
