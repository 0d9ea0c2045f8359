//! A fresh, migrated database for one test.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::sync::OnceLock;
use url::Url;

/// Dropped with its connections when it goes out of scope.
#[derive(Debug)]
pub struct TestDatabase {
    server: Url,
    name: String,
}

impl TestDatabase {
    /// Copies the migrated template: migrating anew would take a second a test.
    pub fn create() -> Self {
        let server = server();
        let template = template(&server);
        let name = format!("textrail_{}", uuid::Uuid::new_v4().simple());
        execute(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        );
        Self { server, name }
    }

    pub fn url(&self) -> String {
        database_url(&self.server, &self.name)
    }

    pub fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.url()).expect("the test database takes connections")
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
        "TEXTRAIL_TEST_POSTGRES must name a PostgreSQL server; run scripts/with-postgres cargo test",
    );
    Url::parse(&url).expect("TEXTRAIL_TEST_POSTGRES is a URL")
}

fn database_url(server: &Url, name: &str) -> String {
    let mut url = server.clone();
    url.set_path(name);
    url.into()
}

/// The template is made once a process; its name holds the process id, so that two runs on one
/// server do not meet.
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
