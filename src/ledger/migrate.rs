//! The schema's migrations, built into the binary.

use anyhow::{Context, anyhow};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Any fixed number: two migrating processes wait for each other on it.
const MIGRATION_LOCK: i64 = 0x7465_7874_7261_696c;

/// Applies what is pending and returns the names of what was applied.
///
/// A migration that cannot get a lock within five seconds gives up: waiting longer would make every
/// query behind it wait as well.
///
/// # Errors
/// If the ledger cannot be asked, or a migration fails; the ones before it stay applied.
pub fn run(conn: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    conn.batch_execute(&format!(
        "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK});
         SET lock_timeout = '5s';"
    ))
    .context("another process is migrating, or the ledger is not reachable")?;
    let applied = conn
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect())
        .map_err(|error| {
            anyhow!(error).context("a migration failed; the ones before it are applied")
        });
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK});"))
        .context("the connection broke after migrating")?;
    applied
}
