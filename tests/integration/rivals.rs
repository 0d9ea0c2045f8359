//! Many of each: two shippers, two loaders, two servers as processes on one PostgreSQL and one S3. One of
//! them is frozen (SIGSTOP) in the middle of its work for longer than every patience, and wakes up
//! (SIGCONT): nothing that anybody can see has changed by it.
//!
//! `TEXTRAIL_TEST_FROZEN` is for how many seconds; `scripts/outages rivals` makes it minutes, past the timeouts
//! of S3 and PostgreSQL as well.

mod loaders;
mod servers;
mod shippers;

use crate::support::deployment::{Deployment, PATIENCE};
use crate::support::eventually::eventually;
use bytes::Bytes;
use std::collections::{BTreeMap, HashSet};
use std::io::Read as _;
use std::time::Duration;
use textrail::lake::store::list_all;

/// For how long a process is frozen.
fn frozen() -> Duration {
    let seconds = std::env::var("TEXTRAIL_TEST_FROZEN");
    Duration::from_secs(seconds.map_or(2, |seconds| seconds.parse().expect("seconds")))
}

/// Every object of the lake.
async fn objects(deployment: &Deployment) -> BTreeMap<String, Bytes> {
    let lake = deployment.lake().await;
    let mut objects = BTreeMap::new();
    for key in list_all(lake.as_ref(), "", None).await.expect("a listing") {
        let body = lake.get(&key).await.expect("an object");
        objects.insert(key, body);
    }
    objects
}

/// Waits until every event of the outbox is in a verified window.
async fn all_is_shipped(deployment: &Deployment) {
    let waiting = "(SELECT FROM windows LEFT JOIN shipped_windows USING (epoch, number)
                    WHERE number > 0 AND verified_at IS NULL) AS waiting";
    let shipped = "(SELECT FROM window_files CROSS JOIN generate_series(1, row_count)) AS lines";
    eventually("all is shipped and verified", PATIENCE, async || {
        let ledger = &deployment.ledger;
        let all = ledger.count("outbox") == ledger.count(shipped);
        (all && ledger.count(waiting) == 0).then_some(())
    })
    .await;
}

/// Each event of the outbox stands in one line of the lake, and nothing else does.
fn assert_each_event_once(deployment: &Deployment, objects: &BTreeMap<String, Bytes>) {
    let mut ids = HashSet::new();
    for (key, body) in objects.iter().filter(|(key, _)| key.starts_with("events/")) {
        let mut text = String::new();
        let mut gzip = flate2::read::GzDecoder::new(&body[..]);
        gzip.read_to_string(&mut text).expect("gzip");
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert!(ids.insert(line["event_id"].to_string()), "{key}: {line}");
        }
    }
    let recorded = deployment.ledger.count("outbox");
    assert_eq!(i64::try_from(ids.len()), Ok(recorded));
}
