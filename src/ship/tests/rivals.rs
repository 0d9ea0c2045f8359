//! Two shippers, and others who write where only a shipper should.

use super::*;
use std::sync::Mutex;

#[tokio::test]
async fn two_at_once_change_nothing_that_is_visible() {
    let mut world = World::new().await;
    for _ in 0..5 {
        world.record(Kind::Click, 12).await;
        // A lake that is away: sealed, not shipped.
        let away = FaultyStore::new(Arc::default(), 0, Fault::BeforeStoring);
        let mut sealer = world.shipper_to(Arc::new(away));
        sealer.tick(world.next_mark()).await.unwrap_err();
        world.gone(sealer).await;
    }
    let (mut first, mut second) = (world.shipper(), world.shipper());
    let (left, right) = tokio::join!(
        async { while first.ship_next().await.unwrap().is_some() {} },
        async { while second.ship_next().await.unwrap().is_some() {} },
    );
    let ((), ()) = (left, right);
    let rows: Vec<u64> = world.manifests().iter().map(Manifest::rows).collect();
    assert_eq!(rows, [12; 5]);
    let noted = "SELECT sum(row_count)::bigint FROM shipped_windows";
    assert_eq!(world.number(noted).await, 60);
}

#[tokio::test]
async fn one_leads_and_the_other_stands_by() {
    let mut world = World::new().await;
    let (mut first, mut second) = (world.shipper(), world.shipper());
    world.record(Kind::Click, 1).await;
    assert!(!first.tick(world.next_mark()).await.unwrap().standby);
    world.record(Kind::Click, 1).await;
    let report = second.tick(world.next_mark()).await.unwrap();
    assert!(report.standby && report.sealed.is_some() && report.shipped.is_empty());
    // A leader that asks again still leads, and holds one lock.
    assert_eq!(first.tick(world.now).await.unwrap().shipped.len(), 1);
}

/// Lets something happen before its first put.
#[derive(Debug)]
struct Interrupted {
    lake: Arc<MemoryStore>,
    meanwhile: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    go_on: tokio::sync::Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
}

#[async_trait::async_trait]
impl ObjectStore for Interrupted {
    async fn put_if_absent(&self, key: &str, body: Bytes, kind: &str) -> Result<Put, StoreError> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.send(()).unwrap();
            self.go_on.lock().await.take().unwrap().await.unwrap();
        }
        self.lake.put_if_absent(key, body, kind).await
    }

    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        self.lake.get(key).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError> {
        self.lake.list(prefix, start_after).await
    }
}

impl Interrupted {
    /// With what tells that it is at its first put, and what lets it go on.
    fn new(
        lake: &Arc<MemoryStore>,
    ) -> (
        Arc<Self>,
        tokio::sync::oneshot::Receiver<()>,
        tokio::sync::oneshot::Sender<()>,
    ) {
        let (meanwhile, at_first_put) = tokio::sync::oneshot::channel();
        let (resume, go_on) = tokio::sync::oneshot::channel();
        let store = Self {
            lake: lake.clone(),
            meanwhile: Mutex::new(Some(meanwhile)),
            go_on: tokio::sync::Mutex::new(Some(go_on)),
        };
        (Arc::new(store), at_first_put, resume)
    }
}

/// What lies in the lake then is a window of a lost life.
#[tokio::test]
async fn a_window_that_was_sealed_anew_meanwhile_is_not_noted() {
    let mut world = World::new().await;
    world.record(Kind::Click, 2).await;
    let (store, at_first_put, resume) = Interrupted::new(&world.lake);
    let mut shipper = world.shipper_to(store);
    let mark = world.next_mark();
    let shipping = tokio::spawn(async move { shipper.tick(mark).await });
    at_first_put.await.unwrap();
    // The ledger is put back to before the seal, and seals again.
    world
        .sql("UPDATE windows SET sealed_at = sealed_at + INTERVAL '1 second' WHERE number = 1")
        .await;
    resume.send(()).unwrap();

    let stopped = shipping.await.unwrap().unwrap_err();
    assert!(matches!(stopped, ShipError::Ledger(_)), "{stopped:?}");
    let noted = "SELECT count(*) FROM shipped_windows";
    assert_eq!(world.number(noted).await, 0);
}

#[tokio::test]
async fn one_that_woke_up_late_over_a_shipped_window_is_no_mismatch() {
    let mut world = World::new().await;
    world.record(Kind::Click, 2).await;
    // What the late one reads is not the window: as if its rows were reclaimed under its eyes.
    world
        .sql("CREATE TABLE kept AS SELECT * FROM outbox; UPDATE outbox SET line = 'x'")
        .await;
    let (store, at_first_put, resume) = Interrupted::new(&world.lake);
    let mut late = world.shipper_to(store);
    let mark = world.next_mark();
    let late = tokio::spawn(async move { late.tick(mark).await });
    at_first_put.await.unwrap();
    world
        .sql("UPDATE outbox SET line = kept.line FROM kept WHERE outbox.id = kept.id")
        .await;
    world.shipper().ship_next().await.unwrap().unwrap();
    let shipped = world.lake.objects();
    resume.send(()).unwrap();

    late.await.unwrap().unwrap();
    assert!(world.lake.objects() == shipped);
    assert_eq!(
        world
            .number("SELECT sum(row_count)::bigint FROM shipped_windows")
            .await,
        2
    );
}

#[tokio::test]
async fn another_content_under_our_key_stops_the_shipper() {
    let mut world = World::new().await;
    world.record(Kind::Click, 12).await;
    let dying = FaultyStore::new(world.lake.clone(), 1, Fault::BeforeStoring);
    let mut first = world.shipper_to(Arc::new(dying));
    first.tick(world.next_mark()).await.unwrap_err();
    drop(first);
    let (key, _) = world.lake.objects().pop_first().unwrap();
    let other_text = {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        gzip.write_all(b"{}\n").unwrap();
        gzip.finish().unwrap()
    };
    for tampered in [other_text, b"no gzip at all".to_vec()] {
        world.lake.overwrite(&key, tampered.into());
        let stopped = world.shipper().ship_next().await.unwrap_err();
        assert!(
            matches!(&stopped, ShipError::Mismatch { key: named } if *named == key),
            "{stopped:?}"
        );
        assert!(world.manifests().is_empty());
        assert_eq!(
            world.number("SELECT count(*) FROM shipped_windows").await,
            0
        );
    }
}

#[tokio::test]
async fn what_the_lake_lost_is_not_verified() {
    let mut world = World::new().await;
    world.record(Kind::Click, 1).await;
    let mut shipper = world.shipper();
    shipper.tick(world.next_mark()).await.unwrap();
    world.gone(shipper).await;
    world
        .sql("UPDATE shipped_windows SET verified_at = NULL")
        .await;
    let manifest_only = Arc::new(MemoryStore::default());
    for (key, body) in world.lake.objects() {
        if key.starts_with("_manifest/") {
            manifest_only.overwrite(&key, body);
        }
    }
    for lossy in [Arc::default(), manifest_only] {
        let mut shipper = world.shipper_to(lossy);
        let lost = shipper.tick(world.now).await.unwrap_err();
        assert!(
            matches!(lost, ShipError::NotVerified { window: 1, .. }),
            "{lost:?}"
        );
        assert_eq!(shipper.reclaim().await.unwrap(), 0);
        world.gone(shipper).await;
    }
}
