//! A fresh, migrated database for one test; shared by the crate's own tests and the integration
//! tests.
//!
//! `TEXTRAIL_TEST_POSTGRES` names the server: a superuser's URL.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;
use url::Url;

/// Dropped with its connections when it goes out of scope.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    server: Url,
    name: String,
}

impl TestDatabase {
    /// Copies a migrated template: migrating anew would take a second a test.
    pub(crate) fn create() -> Self {
        let server = server();
        let template = template(&server);
        let name = format!("textrail_test_{}", uuid::Uuid::now_v7().simple());
        execute(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        Self { server, name }
    }

    /// Its `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        database_url(&self.server, &self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        execute(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

fn server() -> Url {
    let url = std::env::var("TEXTRAIL_TEST_POSTGRES").expect(
        "TEXTRAIL_TEST_POSTGRES must name a PostgreSQL server: run `scripts/with-postgres cargo test`",
    );
    Url::parse(&url).expect("TEXTRAIL_TEST_POSTGRES is a URL")
}

fn database_url(server: &Url, name: &str) -> String {
    let mut url = server.clone();
    url.set_path(name);
    url.into()
}

/// Made once a server, whichever process comes first: its name holds a hash of the migrations, and it
/// gets that name when it is whole.
fn template(server: &Url) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("textrail_template_{}", hash_of_migrations());
        let mut conn = connect(server.as_str());
        // Any fixed number; given back when the connection is closed.
        execute_on(&mut conn, "SELECT pg_advisory_lock(4715)");
        let exists = diesel::sql_query(format!(
            "SELECT 1 FROM pg_database WHERE datname = '{name}'"
        ))
        .execute(&mut conn)
        .expect("the test server lists its databases");
        if exists == 0 {
            let unfinished = format!("{name}_unfinished");
            execute_on(
                &mut conn,
                &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"),
            );
            execute_on(&mut conn, &format!("CREATE DATABASE {unfinished}"));
            textrail::ledger::migrate::run(&mut connect(&database_url(server, &unfinished)))
                .expect("the migrations apply");
            execute_on(
                &mut conn,
                &format!("ALTER DATABASE {unfinished} RENAME TO {name}"),
            );
        }
        name
    })
}

fn hash_of_migrations() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let entries = std::fs::read_dir(folder).expect("the migrations are there");
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path().join("up.sql"))
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).expect("a migration can be read"));
    }
    hex::encode(&hash.finalize()[..6])
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the test server takes connections")
}

fn execute(server: &Url, sql: &str) {
    execute_on(&mut connect(server.as_str()), sql);
}

fn execute_on(conn: &mut PgConnection, sql: &str) {
    conn.batch_execute(sql)
        .expect("the test server does as told");
}
