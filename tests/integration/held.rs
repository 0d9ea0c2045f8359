//! Transactions that stay open delay nobody but themselves: a writer here, a writer in another
//! database of the cluster, a reader that keeps its snapshot, a prepared transaction.

use crate::support::cluster::{Cluster, yard};
use crate::support::eventually::eventually;
use crate::support::pipeline::Pipeline;
use postgres::{Client, NoTls};
use std::time::Duration;
use tokio::task::spawn_blocking;

const HELD: &str = "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
    SELECT max(epoch), 'ID', 7, now(), '{\"kind\":\"opt_out\",\"held\":\"ID\"}' FROM epochs";
const WRITER: &str = "00000000-0000-7000-8000-000000000001";
const PREPARED: &str = "00000000-0000-7000-8000-000000000002";
/// PostgreSQL's sessions tell what they did once they are idle, at the latest when they end.
const PATIENCE: Duration = Duration::from_secs(60);

fn open(url: &str, statements: &str) -> Client {
    let mut client = Client::connect(url, NoTls).unwrap();
    client.batch_execute(statements).unwrap();
    client
}

/// The writer, the writer elsewhere, and the reader; the prepared transaction needs no session.
struct Held {
    sessions: [Client; 3],
}

impl Held {
    fn begin(url: &str) -> Self {
        let elsewhere =
            url.replace("/textrail", "/elsewhere")
                .replacen("//elsewhere", "//textrail", 1);
        let writes = |id| format!("BEGIN; {}", HELD.replace("ID", id));
        let prepare = format!("{}; PREPARE TRANSACTION 'forgotten'", writes(PREPARED));
        drop(open(url, &prepare));
        let away = "BEGIN; CREATE TABLE t AS SELECT pg_current_xact_id()";
        let read = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM outbox";
        Self {
            sessions: [
                open(url, &writes(WRITER)),
                open(&elsewhere, away),
                open(url, read),
            ],
        }
    }

    fn commit(mut self, url: &str) {
        self.sessions[0].batch_execute("COMMIT").unwrap();
        drop(open(url, "COMMIT PREPARED 'forgotten'"));
    }
}

async fn cluster_with_two_databases(home: std::path::PathBuf) -> Cluster {
    let made = spawn_blocking(move || {
        let mut cluster = Cluster::with_ledger(&home);
        cluster.configure("max_prepared_transactions = 4");
        let create = "CREATE DATABASE elsewhere";
        cluster.client().batch_execute(create).unwrap();
        cluster
    });
    made.await.unwrap()
}

/// Rows of the outbox that were written, and that are dead, as PostgreSQL has heard so far.
fn written_and_dead(url: &str) -> (i64, i64) {
    let told = "SELECT coalesce(sum(n_tup_ins), 0)::bigint, coalesce(sum(n_dead_tup), 0)::bigint
        FROM pg_stat_user_tables WHERE relname ~ '^outbox_[0-9]$'";
    let row = open(url, "").query_one(told, &[]).unwrap();
    (row.get(0), row.get(1))
}

/// How often an event is in the lake.
async fn times(pipeline: &Pipeline, what: &str) -> usize {
    let lines = pipeline.lake_lines().await;
    lines.iter().filter(|(_, line)| line.contains(what)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn held_transactions_delay_only_themselves() {
    let yard = yard();
    let cluster = cluster_with_two_databases(yard.path().join("postgres")).await;
    let url = cluster.url();
    let pipeline = Pipeline::start(&url).await;
    let begin = url.clone();
    let held = spawn_blocking(move || Held::begin(&begin)).await.unwrap();

    for _ in 0..3 {
        let sent = cluster.send(5).await;
        pipeline.roll().await;
        for sent in sent {
            assert_eq!(times(&pipeline, &sent.id.to_string()).await, 1);
        }
    }
    for event in [WRITER, PREPARED] {
        assert_eq!(times(&pipeline, event).await, 0, "not committed");
    }

    let commit = url.clone();
    let committed = spawn_blocking(move || held.commit(&commit));
    committed.await.unwrap();
    let before = pipeline.lake_lines().await.len();
    for _ in 0..2 {
        pipeline.ship().await;
    }
    // Alone, once.
    assert_eq!(pipeline.lake_lines().await.len(), before + 2);
    for event in [WRITER, PREPARED] {
        assert_eq!(times(&pipeline, &format!("\"held\":\"{event}\"")).await, 1);
    }
    // Every session told what it did: only then does it mean something that no row is dead.
    let dead = eventually("all that was written is told", PATIENCE, async || {
        let url = url.clone();
        let told = spawn_blocking(move || written_and_dead(&url)).await;
        let (written, dead) = told.unwrap();
        (written == 3 * 5 + 2).then_some(dead)
    });
    assert_eq!(dead.await, 0);
    drop(cluster);
}
