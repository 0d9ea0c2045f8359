//! Transactions that stay open delay nobody but themselves: a writer here, a writer in another
//! database of the cluster, a reader that keeps its snapshot, a prepared transaction.

use crate::support::cluster::{Cluster, yard};
use crate::support::pipeline::Pipeline;
use postgres::{Client, NoTls};

const HELD: &str = "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
    SELECT max(epoch), 'ID', 7, now(), '{\"kind\":\"opt_out\",\"held\":\"ID\"}' FROM epochs";
const WRITER: &str = "00000000-0000-7000-8000-000000000001";
const PREPARED: &str = "00000000-0000-7000-8000-000000000002";

fn open(url: &str, statements: &str) -> Client {
    let mut client = Client::connect(url, NoTls).unwrap();
    client.batch_execute(statements).unwrap();
    client
}

fn dead_tuples(client: &mut Client) -> i64 {
    client
        .batch_execute("SELECT pg_stat_force_next_flush()")
        .unwrap();
    let dead = "SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables
        WHERE relname ~ '^outbox_[0-9]$'";
    client.query_one(dead, &[]).unwrap().get(0)
}

/// How often an event is in the lake.
async fn times(pipeline: &Pipeline, what: &str) -> usize {
    let lines = pipeline.lake_lines().await;
    lines.iter().filter(|(_, line)| line.contains(what)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn held_transactions_delay_only_themselves() {
    let yard = yard();
    let home = yard.path().join("postgres");
    let cluster = tokio::task::spawn_blocking(move || {
        let mut cluster = Cluster::with_ledger(&home);
        cluster.configure("max_prepared_transactions = 4");
        cluster
            .client()
            .batch_execute("CREATE DATABASE elsewhere")
            .unwrap();
        cluster
    });
    let cluster = cluster.await.unwrap();
    let url = cluster.url();
    let pipeline = Pipeline::start(&url).await;

    let elsewhere = url
        .replace("/textrail", "/elsewhere")
        .replacen("//elsewhere", "//textrail", 1);
    let held = tokio::task::spawn_blocking(move || {
        let prepare = format!(
            "BEGIN; {}; PREPARE TRANSACTION 'forgotten'",
            HELD.replace("ID", PREPARED)
        );
        drop(open(&url, &prepare));
        [
            open(&url, &format!("BEGIN; {}", HELD.replace("ID", WRITER))),
            open(
                &elsewhere,
                "BEGIN; CREATE TABLE t AS SELECT pg_current_xact_id()",
            ),
            open(
                &url,
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM outbox",
            ),
        ]
    });
    let mut held = held.await.unwrap();

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

    let cluster = tokio::task::spawn_blocking(move || {
        held[0].batch_execute("COMMIT").unwrap();
        let mut client = cluster.client();
        client.batch_execute("COMMIT PREPARED 'forgotten'").unwrap();
        assert_eq!(dead_tuples(&mut client), 0);
        drop(held);
        cluster
    });
    let cluster = cluster.await.unwrap();
    let before = pipeline.lake_lines().await.len();
    for _ in 0..2 {
        pipeline.ship().await;
    }
    // Alone, once.
    assert_eq!(pipeline.lake_lines().await.len(), before + 2);
    for event in [WRITER, PREPARED] {
        assert_eq!(times(&pipeline, &format!("\"held\":\"{event}\"")).await, 1);
    }
    drop(cluster);
}
