//! How every connection of this binary to PostgreSQL is opened.

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult, PgConnection};
use std::time::Duration;
use url::Url;

/// Where the ledger is, and the bounds under which it is used.
#[derive(Clone)]
pub struct ConnectionSettings {
    /// A libpq connection URL or key/value string. May hold a password, so it is never logged.
    pub url: String,
    /// A statement that takes longer is cancelled.
    pub statement_timeout: Duration,
    /// A statement that waits longer for a lock is cancelled.
    pub lock_timeout: Duration,
}

impl ConnectionSettings {
    /// The defaults for a ledger at `url`: statements 30 s, locks 5 s.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
        }
    }

    /// Opens a connection; `application_name` is what the operator sees in `pg_stat_activity`.
    ///
    /// # Errors
    /// If PostgreSQL cannot be reached, lets nobody in, or does not take the bounds.
    pub fn open(&self, application_name: &str) -> ConnectionResult<PgConnection> {
        let mut conn = PgConnection::establish(&with_network_timeouts(&self.url))?;
        self.prepare(&mut conn, application_name)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }

    /// Sets the bounds on an open connection. "Recorded" means durable, whatever the server's default
    /// for commits is; a stricter one is kept. A statement must see what was committed before it, not
    /// before its transaction: locks are taken first and rows read by the next statement. A session
    /// that sits in an open transaction holds locks and old row versions, so it is ended after a minute.
    ///
    /// Whole tables are not read while there is an index: a plan that was prepared when a partition was
    /// empty would go on reading all of it until PostgreSQL analyses it, a minute and tens of thousands
    /// of rows later. Nor is a prepared statement planned anew at each call, which took as long as running
    /// it: statements name the bounds of what they touch, and partitions are passed over as they run.
    fn prepare(&self, conn: &mut PgConnection, application_name: &str) -> diesel::QueryResult<()> {
        conn.batch_execute(&format!(
            "SET application_name = '{application_name}';
             SET timezone = 'UTC';
             SET default_transaction_isolation = 'read committed';
             SET statement_timeout = {};
             SET lock_timeout = {};
             SET enable_seqscan = off;
             SET plan_cache_mode = force_generic_plan;
             SET idle_in_transaction_session_timeout = 60000;
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
        ))
    }
}

impl std::fmt::Debug for ConnectionSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ConnectionSettings")
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// Adds libpq's network bounds where the operator did not choose them: without these, a server that
/// vanished without a word holds its clients for many minutes.
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>
fn with_network_timeouts(url: &str) -> String {
    const DEFAULTS: [(&str, &str); 3] = [
        ("connect_timeout", "5"),
        ("keepalives_idle", "10"),
        ("tcp_user_timeout", "15000"),
    ];
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned(); // a key/value string: the operator chose every parameter
    };
    let chosen: Vec<String> = parsed
        .query_pairs()
        .map(|(key, _)| key.into_owned())
        .collect();
    for (key, value) in DEFAULTS {
        if !chosen.iter().any(|name| name == key) {
            parsed.query_pairs_mut().append_pair(key, value);
        }
    }
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_bounds_are_added_where_none_were_chosen() {
        assert_eq!(
            with_network_timeouts("postgres://a:b@host/db?connect_timeout=1"),
            "postgres://a:b@host/db?connect_timeout=1&keepalives_idle=10&tcp_user_timeout=15000"
        );
        assert_eq!(
            with_network_timeouts("host=/run dbname=x"),
            "host=/run dbname=x"
        );
    }

    #[test]
    fn the_url_is_not_shown() {
        let settings = ConnectionSettings::new("postgres://a:secret@host/db");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
