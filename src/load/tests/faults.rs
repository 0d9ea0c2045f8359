//! What stops a window, and that it stops no other.

use super::*;
use crate::lake::faulty::{Fault, FaultyStore};

/// Ships windows 1 to 3, has `spoil` its way with the second, and expects the reason why that one
/// is stopped, and that it is loaded once it is whole again.
async fn stops_only_its_window(reason: &str, spoil: impl Fn(&World, Manifest)) {
    let world = World::new();
    for number in 1..=3 {
        world.ship(number, 2);
    }
    let whole = world.lake.objects();
    let second = keys::manifest(start() + TimeDelta::minutes(10), 1, 2);
    spoil(&world, serde_json::from_slice(&whole[&second]).unwrap());

    let mut loader = world.careful_loader();
    for windows in [ids([1, 3]), ids([])] {
        let report = loader.tick().await.unwrap();
        assert_eq!(report.windows, windows);
        assert_eq!(reasons(&report), [reason]);
        assert_eq!(report.stopped[0].manifest_key, second);
    }
    for (key, body) in whole {
        world.lake.overwrite(&key, body);
    }
    assert_eq!(loader.tick().await.unwrap().windows, [id(2)]);
}

/// A manifest that tells of another object than stood there.
fn replace_object(world: &World, mut manifest: Manifest, object: Vec<u8>) {
    manifest.files[0].object_sha256 = hex::encode(Sha256::digest(&object));
    world
        .lake
        .overwrite(&manifest.files[0].key, Bytes::from(object));
    world.put_manifest(&manifest);
}

/// Another loader, or a generation that was switched to, has it; it lies so far back that nothing announces it again.
#[tokio::test]
async fn a_stopped_window_that_another_loaded_stands_still_no_longer() {
    let world = World::new();
    let whole = world.ship(1, 2);
    let key = &whole.files[0].key;
    let object = world.lake.objects()[key].clone();
    world.lake.overwrite(key, Bytes::from_static(b"other"));
    // Days later.
    let mut last = world.ship(1000, 2);
    last.first_window = 2;
    world.put_manifest(&last);
    let mut loader = world.careful_loader();
    assert_eq!(loader.tick().await.unwrap().windows, [id(1000)]);
    assert_eq!(loader.stopped().len(), 1);

    world.lake.overwrite(key, object);
    assert_eq!(
        world.careful_loader().tick().await.unwrap().windows,
        [id(1)]
    );
    loader.tick().await.unwrap();
    assert_eq!(loader.stopped().len(), 0);
}

#[tokio::test]
async fn an_altered_object() {
    stops_only_its_window("checksum", |world, manifest| {
        let body = Bytes::from(gzip(b"other\n"));
        world.lake.overwrite(&manifest.files[0].key, body);
    })
    .await;
}

#[tokio::test]
async fn an_altered_text() {
    stops_only_its_window("checksum", |world, manifest| {
        replace_object(world, manifest, gzip(b"{}\n{}\n"));
    })
    .await;
}

#[tokio::test]
async fn an_object_that_was_cut_off_after_it_was_put() {
    stops_only_its_window("checksum", |world, manifest| {
        let key = &manifest.files[0].key;
        let object = world.lake.objects()[key].clone();
        world.lake.overwrite(key, object.slice(..object.len() - 8));
    })
    .await;
}

#[tokio::test]
async fn a_correction_that_is_none() {
    let key = "_quarantine/0001-0000000002/click-0000.corrected/0000000001.json";
    stops_only_its_window("correction", |world, manifest| {
        let mut manifest = manifest;
        let bad = gzip(b"{}\n");
        let file = &mut manifest.files[0];
        file.rows = 1;
        file.text_sha256 = hex::encode(Sha256::digest(b"{}\n"));
        replace_object(world, manifest, bad);
        world.lake.overwrite(key, Bytes::from_static(b"no JSON"));
    })
    .await;
}

#[tokio::test]
async fn a_missing_object() {
    stops_only_its_window("missing", |world, mut manifest| {
        manifest.files[0].key.push('x');
        world.put_manifest(&manifest);
    })
    .await;
}

#[tokio::test]
async fn another_number_of_lines() {
    stops_only_its_window("row_count", |world, mut manifest| {
        manifest.files[0].rows += 1;
        world.put_manifest(&manifest);
    })
    .await;
}

#[tokio::test]
async fn a_manifest_that_is_none_or_anothers_or_too_new() {
    let key = keys::manifest(start() + TimeDelta::minutes(10), 1, 2);
    stops_only_its_window("manifest", |world, _| {
        world.lake.overwrite(&key, Bytes::from_static(b"{"));
    })
    .await;
    type Change = fn(&mut Manifest);
    let changes: [Change; 3] = [
        |manifest| manifest.epoch = 2,
        |manifest| manifest.manifest_version += 1,
        |manifest| manifest.files[0].kind = "else".to_owned(),
    ];
    for change in changes {
        stops_only_its_window("manifest", |world, mut manifest| {
            change(&mut manifest);
            let body = serde_json::to_vec(&manifest).unwrap();
            world.lake.overwrite(&key, body.into());
        })
        .await;
    }
}

#[tokio::test]
async fn a_stopped_window_waits_for_the_look_back() {
    let world = World::new();
    let mut manifest = world.ship(1, 1);
    manifest.files[0].rows = 7;
    world.put_manifest(&manifest);
    let mut loader = world.loader();
    assert_eq!(reasons(&loader.tick().await.unwrap()), ["row_count"]);
    assert!(reasons(&loader.tick().await.unwrap()).is_empty());
    assert_eq!(
        reasons(&world.loader().tick().await.unwrap()),
        ["row_count"]
    );
}

#[tokio::test]
async fn a_window_that_the_warehouse_refuses_stops_no_other() {
    for row_count in [false, true] {
        let world = World::new();
        for number in 1..=3 {
            world.ship(number, 1);
        }
        world.warehouse.state().refused.insert(id(2));
        world.warehouse.state().row_count = row_count;
        let mut loader = world.careful_loader();
        let report = loader.tick().await.unwrap();
        assert_eq!(report.windows, ids([1, 3]));
        assert_eq!(reasons(&report), ["warehouse"]);
        world.warehouse.state().refused.clear();
        assert_eq!(loader.tick().await.unwrap().windows, [id(2)]);
    }
}

#[tokio::test]
async fn a_failed_load_leaves_nothing_and_is_tried_again() {
    let world = World::new();
    for number in 1..=2 {
        world.ship(number, 1);
    }
    world.warehouse.state().broken = true;
    // It looks back once only: what failed is tried again all the same.
    let mut loader = world.loader();
    for _ in 0..2 {
        let failed = loader.tick().await.unwrap_err();
        assert!(matches!(failed, LoadError::Warehouse(_)), "{failed:?}");
        assert!(world.warehouse.ids().is_empty());
        assert_eq!(world.staging.path().read_dir().unwrap().count(), 0);
    }
    world.warehouse.state().broken = false;
    assert_eq!(loader.tick().await.unwrap().windows, ids([1, 2]));
}

#[tokio::test]
async fn a_window_that_failed_stands_behind_the_others() {
    let world = World::new();
    world.ship(1, 1);
    world.warehouse.state().refused.insert(id(1));
    let one_at_once = LoadSettings {
        windows_at_once: 1,
        ..world.settings()
    };
    let mut loader = world.loader_with(one_at_once);
    loader.tick().await.unwrap_err();
    world.ship(2, 1);
    loader.tick().await.unwrap_err();
    assert_eq!(world.warehouse.ids(), [id(2)]);
}

#[tokio::test]
async fn a_lake_that_goes_away_stops_the_load_until_it_is_back() {
    let world = World::new();
    world.ship_lines(id(1), &[(Kind::Click, vec!["{}".to_owned()])]);
    world.ship(2, 1);
    // It dies at its first put: the first window's quarantine.
    let dying = FaultyStore::new(world.lake.clone(), 0, Fault::BeforeStoring);
    let mut loader = Loader::new(Arc::new(dying), world.warehouse.clone(), world.settings());
    let report = loader.tick().await.unwrap();
    assert_eq!(reasons(&report), ["lake", "lake"]);
    let failed = loader.tick().await.unwrap_err();
    assert!(matches!(failed, LoadError::Announce(_)), "{failed:?}");
    assert!(world.warehouse.ids().is_empty());
    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.windows, report.quarantined), (ids([1, 2]), 1));
}

#[tokio::test]
async fn a_window_of_two_manifests_is_loaded_once_and_the_other_is_told_of() {
    for loaded_before in [true, false] {
        let world = World::new();
        let first = world.ship(1, 2);
        let mut loader = world.careful_loader();
        if loaded_before {
            assert_eq!(loader.tick().await.unwrap().windows, ids([1]));
        }
        // Another ledger's, a day later.
        let mut other = first.clone();
        other.sealed_at += TimeDelta::days(1);
        world.put_manifest(&other);
        world.ship(2, 1);
        let report = loader.tick().await.unwrap();
        assert_eq!(report.windows.last(), Some(&id(2)));
        assert_eq!(reasons(&report), ["twice"]);
        assert_eq!(report.stopped[0].manifest_key, key_of(&other));
        // Nor is it forgotten.
        assert_eq!(reasons(&loader.tick().await.unwrap()), ["twice"]);
    }
}
