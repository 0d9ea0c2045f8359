//! The ledger's half of the proof, as the shipper's metrics tell it.

use super::*;
use crate::ledger::windows::{SealOrder, seal};
use crate::measured::Read;

impl World {
    /// Another mark passes; alarm and age, measured before its seal.
    async fn told(&mut self, read: &Read) -> (u8, f64) {
        self.ship().await;
        let half = r#"half="ledger_lake""#;
        (
            read.gauge("textrail_verify_alarm", half),
            read.gauge("textrail_verify_oldest_unproven_age_seconds", half),
        )
    }

    /// Seals, so many minutes ago, and ships nothing.
    fn seal_ago(&mut self, minutes: i32) {
        let order = SealOrder {
            boundary: self.mark(),
            split_bytes: 1_000,
            format_version: 1,
        };
        let database = &self.database;
        let work = move || seal(&mut database.client(), &order).unwrap().unwrap();
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
        self.sql(&format!(
            "UPDATE windows SET sealed_at = sealed_at - interval '{minutes} minutes'
             WHERE number = (SELECT max(number) FROM windows)"
        ));
    }
}

#[tokio::test]
async fn the_alarm_tells_of_differences_and_of_what_is_late_until_it_is_mended() {
    let read = Read::here();
    let mut world = World::with_two_windows().await;
    assert_eq!(world.told(&read).await, (0, 0.0));

    // A fact without an event; then its event comes.
    let event = click();
    world.fact(&event);
    world.ship().await;
    assert_eq!(world.told(&read).await.0, 1);
    let between = r#"between="fact_event""#;
    assert_eq!(read.gauge::<u8>("textrail_verify_differences", between), 1);
    world.event(&event, &event.encode().unwrap());
    world.ship().await;
    assert_eq!(world.told(&read).await, (0, 0.0));

    // A sealed window that is not shipped yet, and one that ought to be.
    for (minutes, alarm) in [(9, 0), (11, 1)] {
        world.record(&click());
        world.seal_ago(minutes);
        let (told, age) = world.told(&read).await;
        assert_eq!(told, alarm, "{minutes} minutes");
        assert!(age >= f64::from(60 * minutes), "{age}");
        // It was shipped and counted after that.
        assert_eq!(world.told(&read).await, (0, 0.0));
    }
}
