//! One batch to its end: written, repeated, bisected, or refused.

use super::super::connection::ConnectionSettings;
use super::super::facts::RecordError;
use super::super::gate::Gate;
use super::super::link_numbers;
use super::lane::{Entry, Work};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection, ConnectionError, PgConnection, QueryResult, RunQueryDsl};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a batch may wait for PostgreSQL to come back, or be repeated and bisected, before its
/// callers hear "later".
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between attempts to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// How often a transaction that lost a race is repeated before it is bisected.
const REPETITIONS: u32 = 3;

/// One thread's connection and work.
pub(super) struct Writer<W> {
    lane: &'static str,
    settings: ConnectionSettings,
    work: W,
    conn: Option<PgConnection>,
    gate: Option<Arc<Gate>>,
}

impl<W: Work> Writer<W> {
    pub(super) fn new(
        lane: &'static str,
        settings: ConnectionSettings,
        work: W,
        gate: Option<Arc<Gate>>,
    ) -> Self {
        Self {
            gate,
            lane,
            settings,
            work,
            conn: None,
        }
    }

    /// The connection, opened if need be; none if PostgreSQL stays away until the deadline, or is away
    /// and the facts can go to the spool.
    fn connection(&mut self, deadline: Instant) -> Option<&mut PgConnection> {
        while self.conn.is_none() {
            match self
                .settings
                .open(&format!("textrail-record-{}", self.lane))
                .and_then(|mut conn| {
                    link_numbers::guard(&mut conn)
                        .map_err(ConnectionError::CouldntSetupConfiguration)?;
                    Ok(conn)
                }) {
                Ok(conn) => self.conn = Some(conn),
                Err(error) => {
                    metrics::counter!("textrail_recorder_connect_failures_total").increment(1);
                    if self.report_away(&error.to_string()) {
                        return None;
                    }
                    if Instant::now() >= deadline {
                        tracing::error!(lane = self.lane, %error, "the ledger cannot be reached");
                        return None;
                    }
                    std::thread::sleep(RECONNECT_PAUSE);
                }
            }
        }
        self.conn.as_mut()
    }

    /// Tells everyone that PostgreSQL is away; true if the facts in hand are for the spool.
    fn report_away(&self, why: &str) -> bool {
        let Some(gate) = &self.gate else {
            return false;
        };
        gate.report_away(why);
        W::SPOOLED
    }

    /// Whether subscribers' messages must be recorded before this.
    fn waits_for_replies(&self) -> bool {
        W::AFTER_REPLIES
            && self
                .gate
                .as_ref()
                .is_some_and(|gate| gate.takes_sends().is_err())
    }

    /// Whether the connection survived the error that it just reported.
    fn still_connected(&mut self) -> bool {
        let alive = self
            .conn
            .as_mut()
            .is_some_and(|conn| diesel::sql_query("SELECT 1").execute(conn).is_ok());
        if !alive {
            self.conn = None;
        }
        alive
    }
}

/// Writes the entries and answers every one of them.
pub(super) fn write<W: Work>(writer: &mut Writer<W>, entries: Vec<Entry<W>>) {
    let started = Instant::now();
    let lane = writer.lane;
    let (mut items, callers): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .map(|entry| (entry.item, (entry.reply, entry.room)))
        .unzip();
    let rows: usize = items.iter().map(W::rows).sum();
    let results = write_items(writer, &mut items, started + PATIENCE);
    metrics::histogram!("textrail_commit_batch_rows", "lane" => lane).record(rows as f64);
    metrics::histogram!("textrail_commit_duration_seconds", "lane" => lane)
        .record(started.elapsed().as_secs_f64());
    for ((reply, room), result) in callers.into_iter().zip(results) {
        // First: who hears the answer may hand in the next call at once.
        drop(room);
        // A caller that has gone has no use for the answer; what it asked for is recorded.
        drop(reply.send(result));
    }
}

/// One result an item. A transaction that lost a race is repeated whole; one whose outcome is
/// unknown because the connection broke is repeated on a new connection, where the ids drawn before
/// the first attempt keep anything from being written twice; one that PostgreSQL refuses is
/// bisected, so that one bad row cannot hurt its neighbours.
pub(super) fn write_items<W: Work>(
    writer: &mut Writer<W>,
    items: &mut [W::Item],
    deadline: Instant,
) -> Vec<Result<W::Reply, RecordError>> {
    let mut repetitions = 0;
    loop {
        let work = writer.work.clone();
        if writer.waits_for_replies() {
            if Instant::now() >= deadline {
                return later::<W>(items);
            }
            std::thread::sleep(RECONNECT_PAUSE);
            continue;
        }
        let Some(conn) = writer.connection(deadline) else {
            return items.iter().map(|_| Err(RecordError::Away)).collect();
        };
        let error = match work.write(conn, items) {
            Ok(results) => {
                fail::fail_point!("recorder.commit.after");
                return results;
            }
            Err(error) => error,
        };
        metrics::counter!("textrail_commit_failures_total", "lane" => writer.lane).increment(1);
        // After a failover the address may lead to a standby for a while: another connection, then.
        let on_standby = matches!(
            error,
            Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)
        );
        if on_standby {
            writer.conn = None;
            if writer.report_away("this server takes no writes: a standby") {
                return items.iter().map(|_| Err(RecordError::Away)).collect();
            }
            std::thread::sleep(RECONNECT_PAUSE);
        }
        let connected = !on_standby && writer.still_connected();
        if Instant::now() >= deadline {
            tracing::error!(lane = writer.lane, %error, "the ledger is away or too slow");
            return later::<W>(items);
        }
        if !connected {
            continue;
        }
        repetitions += 1;
        if repetitions <= REPETITIONS && may_pass_next_time(&error) {
            continue;
        }
        return refuse_or_bisect(writer, items, error, deadline);
    }
}

/// Serialization failures and deadlocks pass when repeated. Diesel does not hand out SQLSTATEs, so
/// that a deadlock (40P01) is among the unknown kinds with lock and statement timeouts: all of them
/// are worth another attempt.
fn may_pass_next_time(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(
            DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::Unknown,
            _
        )
    )
}

/// Runs a transaction, with the places at which the torture interrupts it.
pub(super) fn transaction<T>(
    conn: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    fail::fail_point!("recorder.begin.before");
    conn.transaction(|conn| {
        fail::fail_point!("recorder.begin.after");
        let done = work(conn)?;
        fail::fail_point!("recorder.commit.before");
        Ok(done)
    })
}

fn later<W: Work>(items: &[W::Item]) -> Vec<Result<W::Reply, RecordError>> {
    items
        .iter()
        .map(|_| Err(RecordError::Unavailable))
        .collect()
}

fn refuse_or_bisect<W: Work>(
    writer: &mut Writer<W>,
    items: &mut [W::Item],
    error: Error,
    deadline: Instant,
) -> Vec<Result<W::Reply, RecordError>> {
    if items.len() == 1 {
        tracing::error!(lane = writer.lane, %error, "the ledger refused a call");
        // A lock that somebody holds, a full disk: nothing that the caller could mend.
        return if may_pass_next_time(&error) {
            later::<W>(items)
        } else {
            vec![Err(RecordError::Refused(error.into()))]
        };
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    let mut results = write_items(writer, left, deadline);
    results.extend(write_items(writer, right, deadline));
    results
}
