//! A shipper dies between any two steps, and another resumes.

use super::*;

/// A sealed window of several files, and its objects as an undisturbed shipper makes them.
async fn sealed() -> (World, std::collections::BTreeMap<String, Bytes>) {
    let mut world = World::new().await;
    world.record(Kind::Click, 12).await;
    world.record(Kind::Message, 3).await;
    let mut shipper = world.shipper();
    shipper.tick(world.next_mark()).await.unwrap();
    world.gone(shipper).await;
    let objects = world.lake.objects();
    (world, objects)
}

/// Forgets that anything was shipped, there and here.
async fn forget(world: &mut World) {
    world
        .sql("DELETE FROM window_files; DELETE FROM shipped_windows")
        .await;
    world.lake = Arc::default();
}

#[tokio::test]
async fn killed_at_any_put_the_next_one_makes_the_same_objects() {
    let (mut world, expected) = sealed().await;
    for fault in [Fault::BeforeStoring, Fault::AfterStoring] {
        for fail_at in 0..i64::try_from(expected.len()).unwrap() {
            forget(&mut world).await;
            let dying = FaultyStore::new(world.lake.clone(), fail_at, fault);
            let died = world.shipper_to(Arc::new(dying)).ship_next().await;
            assert!(matches!(died, Err(ShipError::Lake(_))), "{died:?}");
            assert_eq!(
                world.number("SELECT count(*) FROM shipped_windows").await,
                0
            );
            // A loader believes a manifest: it stands only behind all of its files.
            for file in world.manifests().iter().flat_map(|one| &one.files) {
                assert!(world.lake.objects().contains_key(&file.key), "{}", file.key);
            }

            let resumed = world.shipper().ship_next().await.unwrap().unwrap();
            assert_eq!(resumed.rows, 15);
            assert!(
                world.lake.objects() == expected,
                "{fault:?} at put {fail_at}"
            );
            assert_eq!(world.number("SELECT count(*) FROM window_files").await, 4);
        }
    }
}

#[tokio::test]
async fn killed_before_the_verification_it_is_verified_later() {
    let (mut world, expected) = sealed().await;
    world
        .sql("UPDATE shipped_windows SET verified_at = NULL")
        .await;
    let report = world.shipper().tick(world.next_mark()).await.unwrap();
    assert_eq!(report.shipped[0].rows, 0);
    assert!(world.lake.objects() == expected);
    let unverified = "SELECT count(*) FROM shipped_windows WHERE verified_at IS NULL";
    assert_eq!(world.number(unverified).await, 0);
}

#[tokio::test]
async fn another_gzip_is_the_same_content() {
    let (mut world, expected) = sealed().await;
    forget(&mut world).await;
    let stored = Packing {
        level: 0,
        ..Packing::default()
    };
    let dying = FaultyStore::new(world.lake.clone(), 2, Fault::AfterStoring);
    let mut first = world.shipper_packing(Arc::new(dying), stored);
    first.ship_next().await.unwrap_err();

    world.shipper().ship_next().await.unwrap().unwrap();
    assert!(world.lake.objects() != expected);
    // The manifest tells of the objects that stand.
    for file in &world.manifests()[0].files {
        let object = &world.lake.objects()[&file.key];
        assert_eq!(file.object_bytes, object.len() as u64);
        let sha256 = <sha2::Sha256 as sha2::Digest>::digest(object);
        assert_eq!(file.object_sha256, hex::encode(sha256));
    }
}

#[tokio::test]
async fn files_that_waited_on_disk_are_the_same() {
    let (mut world, expected) = sealed().await;
    forget(&mut world).await;
    let disk = Packing {
        memory_bytes: 0,
        ..Packing::default()
    };
    let mut shipper = world.shipper_packing(world.lake.clone(), disk);
    shipper.ship_next().await.unwrap().unwrap();
    assert!(world.lake.objects() == expected);
}
