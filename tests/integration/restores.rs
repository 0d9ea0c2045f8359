//! Clusters are dumped, copied, promoted, and go on with a lake that remembers more, or other things,
//! than they do. Whatever was recorded and not lost with its cluster is in the warehouse, once.

use crate::support::cluster::{Cluster, Sent, copy, run, yard};
use crate::support::pipeline::Pipeline;
use std::collections::BTreeSet;

/// What the warehouse must hold, and that no code of any life was given twice.
struct Told {
    shipped: BTreeSet<String>,
    codes: Vec<String>,
}

impl Told {
    fn new() -> Self {
        Self {
            shipped: BTreeSet::new(),
            codes: Vec::new(),
        }
    }

    /// Recorded, and not to be lost.
    fn kept(&mut self, sent: Vec<Sent>) {
        self.shipped
            .extend(sent.iter().map(|sent| sent.id.to_string()));
        self.lost(sent);
    }

    /// Recorded, and lost with its cluster before it was shipped. Its code was given all the same.
    fn lost(&mut self, sent: Vec<Sent>) {
        self.codes.extend(sent.into_iter().map(|sent| sent.code));
    }

    fn check(&self, pipeline: &Pipeline) {
        let loaded = pipeline.text_column("SELECT message_id::VARCHAR FROM messages");
        let once: BTreeSet<String> = loaded.iter().cloned().collect();
        assert_eq!(loaded.len(), once.len(), "a message is there twice");
        assert_eq!(once, self.shipped);
        let distinct: BTreeSet<&String> = self.codes.iter().collect();
        assert_eq!(distinct.len(), self.codes.len(), "a code was given twice");
        let links = pipeline.text_column("SELECT DISTINCT link_id::VARCHAR FROM links");
        assert_eq!(
            links.len(),
            self.shipped.len(),
            "a link's number was given twice"
        );
    }
}

/// `verify` finds nothing to differ, and these windows in the lake alone.
async fn proven(cluster: &Cluster, pipeline: &Pipeline, only_in_lake: &[&str]) {
    let findings = pipeline.verify(&cluster.url()).await;
    assert!(findings.differences.is_empty(), "{findings:#?}");
    assert_eq!(findings.proven, findings.windows, "{findings:#?}");
    let found: Vec<String> = findings
        .only_in_lake
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, only_in_lake);
}

fn epoch(cluster: &Cluster) -> (i32, String) {
    let row = cluster.client().query_one(
        "SELECT epoch, reason FROM epochs ORDER BY epoch DESC LIMIT 1",
        &[],
    );
    let row = row.unwrap();
    (row.get(0), row.get(1))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn with_ledger(home: std::path::PathBuf) -> Cluster {
    blocking(move || Cluster::with_ledger(&home)).await
}

async fn start(home: std::path::PathBuf) -> Cluster {
    blocking(move || Cluster::start(&home)).await
}

async fn stop(mut cluster: Cluster) {
    blocking(move || cluster.stop()).await;
}

async fn check_epoch(cluster: Cluster, expected: (i32, &'static str)) -> Cluster {
    blocking(move || {
        let (number, reason) = epoch(&cluster);
        assert_eq!((number, reason.as_str()), expected);
        cluster
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_goes_on_in_another_cluster() {
    let yard = yard();
    let mut told = Told::new();
    let first = with_ledger(yard.path().join("first")).await;
    let pipeline = Pipeline::start(&first.url()).await;
    told.kept(first.send(5).await);
    pipeline.roll().await;
    // Recorded, and in no window yet.
    told.kept(first.send(3).await);
    let dump = yard.path().join("dump").to_string_lossy().into_owned();
    run(
        "pg_dump",
        &["--format=custom", "--file", &dump, "--dbname", &first.url()],
    );
    stop(first).await;

    let second = start(yard.path().join("second")).await;
    run(
        "pg_restore",
        &["--exit-on-error", "--dbname", &second.url(), &dump],
    );
    // Before any shipper has looked.
    told.kept(second.send(4).await);
    pipeline.move_to(&second.url()).await;
    pipeline.roll().await;
    told.check(&pipeline);
    told.kept(second.send(2).await);
    pipeline.roll().await;
    told.check(&pipeline);
    proven(&second, &pipeline, &[]).await;
    check_epoch(second, (2, "system_identifier")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_finds_the_lake_ahead_of_it() {
    let yard = yard();
    let (home, kept) = (yard.path().join("home"), yard.path().join("kept"));
    let mut told = Told::new();
    let cluster = with_ledger(home.clone()).await;
    let pipeline = Pipeline::start(&cluster.url()).await;
    told.kept(cluster.send(3).await);
    pipeline.roll().await;
    told.kept(cluster.send(2).await);
    stop(cluster).await;
    copy(&home, &kept);

    // What the copy will not know: some of it is in the lake.
    let lost = start(home.clone()).await;
    pipeline.move_to(&lost.url()).await;
    for _ in 0..3 {
        told.kept(lost.send(2).await);
        pipeline.roll().await;
    }
    told.lost(lost.send(4).await);
    stop(lost).await;
    std::fs::remove_dir_all(&home).unwrap();
    copy(&kept, &home);

    let cluster = start(home).await;
    pipeline.move_to(&cluster.url()).await;
    pipeline.roll().await;
    told.check(&pipeline);
    told.kept(cluster.send(6).await);
    pipeline.roll().await;
    told.check(&pipeline);
    let cluster = check_epoch(cluster, (2, "lake_ahead")).await;
    // The rest of the copy was shipped in both lives; its two messages are known.
    let files = pipeline.text_column("SELECT sum(duplicates)::VARCHAR FROM loaded_files");
    assert_eq!(files, ["2"]);
    proven(&cluster, &pipeline, &["1-2", "1-3", "1-4"]).await;
    stop(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_that_lost_commits_goes_on() {
    let yard = yard();
    let (home, replica) = (yard.path().join("primary"), yard.path().join("replica"));
    let mut told = Told::new();
    let primary = with_ledger(home.clone()).await;
    let pipeline = Pipeline::start(&primary.url()).await;
    told.kept(primary.send(3).await);
    pipeline.roll().await;
    told.kept(primary.send(2).await);
    back_up(&primary, &replica);
    // The replica hears nothing of this; the lake does.
    told.kept(primary.send(2).await);
    pipeline.roll().await;
    told.lost(primary.send(2).await);
    stop(primary).await;

    let replica = start(replica).await;
    pipeline.move_to(&replica.url()).await;
    let refused = pipeline.try_ship().await.unwrap_err().to_string();
    assert!(refused.contains("standby"), "{refused}");
    let replica = blocking(move || {
        replica
            .client()
            .query_one("SELECT pg_promote()", &[])
            .unwrap();
        replica
    })
    .await;
    // A server is quicker than the shipper: its codes must not be those that were lost.
    told.kept(replica.send(4).await);
    pipeline.roll().await;
    told.check(&pipeline);
    told.kept(replica.send(3).await);
    pipeline.roll().await;
    told.check(&pipeline);
    proven(&replica, &pipeline, &["1-2"]).await;
    check_epoch(replica, (2, "timeline")).await;
}

/// Makes a replica: its files, with a name and a password of their own.
fn back_up(primary: &Cluster, replica: &std::path::Path) {
    copy(primary.home(), replica);
    let files = replica.join("cluster");
    std::fs::remove_dir_all(&files).unwrap();
    let target = files.to_string_lossy().into_owned();
    let how = [
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--wal-method=stream",
    ];
    let source = ["--dbname", &primary.url(), "--pgdata", &target];
    run("pg_basebackup", &[&how[..], &source[..]].concat());
    let reference = format!("--reference={}", replica.to_string_lossy());
    run("chown", &["-R", &reference, &target]);
}
