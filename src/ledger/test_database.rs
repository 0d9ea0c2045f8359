//! A database of a test's own: made, migrated, dropped at the end.

use diesel::{Connection as _, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use postgres::{Client, NoTls};
use std::sync::atomic::{AtomicU32, Ordering};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// The server's URL: a superuser's, naming a database that exists.
const SERVER: &str = "TEXTRAIL_TEST_POSTGRES";

/// See the module.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Blocks: from an async test, call it through [`TestDatabase::create_from_async`].
    pub(crate) fn create() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var(SERVER)
            .unwrap_or_else(|_| panic!("{SERVER} must name a PostgreSQL server for tests"));
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("textrail_test_{}_{number}", std::process::id());
        on(&server, &format!("CREATE DATABASE {name}"));
        let database = Self { server, name };
        let mut connection = PgConnection::establish(&database.url()).unwrap();
        connection.run_pending_migrations(MIGRATIONS).unwrap();
        database
    }

    pub(crate) async fn create_from_async() -> Self {
        tokio::task::spawn_blocking(Self::create).await.unwrap()
    }

    /// Its `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        let mut url = url::Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    /// A plain connection to it.
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // On a thread of its own: the test may be async, and the client is not.
        let dropping = std::thread::spawn(move || {
            on(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        });
        let dropped = dropping.join();
        // A second panic would hide the test's own.
        assert!(dropped.is_ok() || std::thread::panicking());
    }
}

fn on(server: &str, statement: &str) {
    Client::connect(server, NoTls)
        .unwrap()
        .batch_execute(statement)
        .unwrap();
}
