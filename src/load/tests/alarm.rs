//! The loader's half of the proof, as its metrics tell it.

use super::*;
use crate::lake::faulty::{Fault, FaultyStore};
use crate::measured::Read;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

const NINE: Duration = Duration::from_mins(9);
const ELEVEN: Duration = Duration::from_mins(11);

/// A round at an instant; alarm and age after it.
async fn round(read: &Read, loader: &mut Loader, now: Instant) -> (u8, f64) {
    // That it fails may be the story.
    _ = loader.round_at(now, &CancellationToken::new()).await;
    let half = r#"half="lake_warehouse""#;
    (
        read.gauge("textrail_verify_alarm", half),
        read.gauge("textrail_verify_oldest_unproven_age_seconds", half),
    )
}

#[tokio::test]
async fn a_lost_file_is_an_alarm_at_once_until_it_is_found() {
    let (read, now, world) = (Read::here(), Instant::now(), World::new());
    world.ship(1, 2);
    let mut loader = world.careful_loader();
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));

    let lost = world.ship(2, 2).files[0].key.clone();
    let object = world.lake.objects()[&lost].clone();
    world.lake.remove(&lost);
    assert_eq!(round(&read, &mut loader, now).await, (1, 0.0));
    assert_eq!(round(&read, &mut loader, now + NINE).await, (1, 540.0));
    world.lake.overwrite(&lost, object);
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (0, 0.0));
}

#[tokio::test]
async fn a_window_that_waits_is_an_alarm_after_ten_minutes() {
    let (read, now, world) = (Read::here(), Instant::now(), World::new());
    world.ship(1, 2);
    let mut loader = world.careful_loader();
    // The engine refuses all: that may pass, so the window waits.
    world.warehouse.state().refused.insert(id(1));
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));
    assert_eq!(round(&read, &mut loader, now + NINE).await, (0, 540.0));
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (1, 660.0));
    world.warehouse.state().refused.clear();
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (0, 0.0));
}

#[tokio::test]
async fn a_loader_that_cannot_look_does_not_say_that_all_is_well() {
    let (read, now, world) = (Read::here(), Instant::now(), World::new());
    world.ship(1, 2);
    let mut loader = world.careful_loader();
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));
    // It refuses to load, and there is something to load.
    world.ship(2, 2);
    world.warehouse.state().broken = true;
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (1, 660.0));
    world.warehouse.state().broken = false;
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (0, 0.0));

    // Nor does one whose lake is away.
    let away = Arc::new(FaultyStore::new(
        world.lake.clone(),
        -1,
        Fault::BeforeStoring,
    ));
    let mut loader = Loader::new(away, world.warehouse.clone(), world.settings());
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));
    assert_eq!(round(&read, &mut loader, now + ELEVEN).await, (1, 660.0));
}

#[tokio::test]
async fn a_difference_outlives_the_process_that_found_it() {
    let (read, now, world) = (Read::here(), Instant::now(), World::new());
    world.ship(1, 2);
    world.ship(2, 2);
    let mut loader = world.careful_loader();
    assert_eq!(round(&read, &mut loader, now).await, (0, 0.0));
    let lines = |lines| {
        let mut state = world.warehouse.state();
        state.windows.get_mut(&id(1)).unwrap().0.files[0].lines = lines;
    };
    lines(3);
    let mut another = world.careful_loader();
    assert_eq!(round(&read, &mut another, now).await, (1, 0.0));
    let differences = || -> u64 {
        let between = r#"between="lake_warehouse""#;
        read.gauge("textrail_verify_differences", between)
    };
    assert_eq!(differences(), 1);
    lines(2);
    assert_eq!(round(&read, &mut another, now).await, (0, 0.0));
    assert_eq!(differences(), 0);
}
