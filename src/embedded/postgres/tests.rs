//! These run real servers: PostgreSQL must be installed.

use super::*;
use eventually::eventually;
use std::os::unix::fs::PermissionsExt;
use tokio_util::sync::CancellationToken;

// Shared with the integration tests.
#[path = "../../../tests/integration/support/eventually.rs"]
mod eventually;

/// A directory that PostgreSQL's user can enter, too.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn pid(server: &PrivatePostgres) -> u32 {
    let running = cluster::running(&server.binaries, &server.owner, &server.directory);
    running.unwrap().unwrap().pid
}

#[test]
fn rows_survive_a_stop_and_a_start() {
    let root = directory();
    let home = root.path().join("postgres");
    let server = PrivatePostgres::start(&home).unwrap();
    let mut client = postgres::Client::connect(&server.url(), NoTls).unwrap();
    client
        .batch_execute("CREATE TABLE t (n int); INSERT INTO t VALUES (42)")
        .unwrap();
    drop(client);
    server.stop().unwrap();

    let server = PrivatePostgres::start(&home).unwrap();
    let mut client = postgres::Client::connect(&server.url(), NoTls).unwrap();
    let row = client.query_one("SELECT n, pg_encoding_to_char(encoding) FROM t, pg_database WHERE datname = current_database()", &[]).unwrap();
    assert_eq!(
        (row.get::<_, i32>(0), row.get::<_, String>(1)),
        (42, "UTF8".to_owned())
    );
    drop(client);
    server.stop().unwrap();
}

#[test]
fn an_orphan_is_adopted_and_a_wrong_password_is_refused() {
    let root = directory();
    let home = root.path().join("postgres");
    let orphan = PrivatePostgres::start(&home).unwrap();
    let first = pid(&orphan);
    // What a `kill -9` leaves: the server runs, nobody holds it.
    drop(orphan);

    let adopted = PrivatePostgres::start(&home).unwrap();
    assert_eq!(pid(&adopted), first);
    let wrong = adopted.url().replace(&adopted.password, "wrong");
    assert!(postgres::Client::connect(&wrong, NoTls).is_err());
    adopted.stop().unwrap();
}

#[test]
fn a_cluster_of_another_version_is_refused() {
    let root = directory();
    let cluster = root.path().join("postgres/cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let refused = PrivatePostgres::start(&root.path().join("postgres"))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("PostgreSQL 9"), "{refused}");
}

#[test]
fn a_directory_that_nobody_may_enter_is_explained() {
    if !nix::unistd::geteuid().is_root() {
        return; // An ordinary user runs PostgreSQL as itself.
    }
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let refused = PrivatePostgres::start(&root.path().join("postgres"))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains(&format!("chmod o+x {}", root.path().display())),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_started_again_on_its_port() {
    let root = directory();
    let home = root.path().join("postgres");
    let server = tokio::task::spawn_blocking(move || PrivatePostgres::start(&home).unwrap());
    let server = server.await.unwrap();
    let (first, port) = (pid(&server), server.port());
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(server.watch().keep_running(stop.clone()));
    let kill = std::process::Command::new("kill")
        .args(["-s", "KILL", &first.to_string()])
        .status();
    assert!(kill.unwrap().success());
    let again = eventually("the server runs again", PATIENCE, async || {
        let found = cluster::running(&server.binaries, &server.owner, &server.directory);
        let running = found
            .ok()
            .flatten()
            .filter(|running| running.pid != first)?;
        let answers = tokio::task::block_in_place(|| server.connect(NAME).is_ok());
        answers.then_some(running)
    })
    .await;
    assert_eq!(again.port, port);
    stop.cancel();
    keeping.await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || server.stop().unwrap())
        .await
        .unwrap();
}
