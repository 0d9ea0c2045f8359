//! A fresh, migrated database for one test; shared by the crate's own tests and the integration
//! tests.
//!
//! `TEXTRAIL_TEST_POSTGRES` names the server: a superuser's URL.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
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

/// Made once a process; its name holds the process id, so that two runs on one server do not meet.
fn template(server: &Url) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("textrail_template_{}", std::process::id());
        execute(
            server,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        );
        execute(server, &format!("CREATE DATABASE {name}"));
        let mut conn = PgConnection::establish(&database_url(server, &name))
            .expect("the template database takes connections");
        textrail::ledger::migrate::run(&mut conn).expect("the migrations apply");
        name
    })
}

fn execute(server: &Url, sql: &str) {
    let mut conn = PgConnection::establish(server.as_str()).expect("the test server is up");
    conn.batch_execute(sql)
        .expect("the test server does as told");
}
