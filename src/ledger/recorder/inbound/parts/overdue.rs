//! Texts whose missing parts have not come in time.

use super::super::Inbounds;
use super::{TextKey, rows, text_of};
use crate::ledger::recorder::{commit, now};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use std::collections::HashMap;
use std::time::Duration;

/// The most texts that one look records.
pub(in crate::ledger::recorder) const MOST: u16 = 500;

/// Records the texts of which a part has waited for longer than `after`, with what there is of each.
/// Any number of servers may do so at once. A text that cannot be recorded does not hold up the
/// others; the first error is returned after them.
pub(in crate::ledger::recorder) fn overdue(
    inbounds: &Inbounds,
    conn: &mut PgConnection,
    after: Duration,
) -> QueryResult<usize> {
    let mut recorded = 0;
    let mut failure = None;
    for key in rows::overdue(conn, after.as_secs_f64(), MOST.into())? {
        match commit::transaction(conn, |conn| one(inbounds, conn, &key, after)) {
            Ok(is_new) => recorded += usize::from(is_new),
            Err(error) if is_away(&error) => return Err(error),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(recorded), Err)
}

fn is_away(error: &Error) -> bool {
    let closed = DatabaseErrorKind::ClosedConnection;
    matches!(error, Error::BrokenTransactionManager)
        || matches!(error, Error::DatabaseError(kind, _) if *kind == closed)
}

/// Records one text; false if it is no longer overdue, since another server recorded it, or its last
/// part came.
fn one(
    inbounds: &Inbounds,
    conn: &mut PgConnection,
    key: &TextKey,
    after: Duration,
) -> QueryResult<bool> {
    let mut texts = rows::lock(conn, std::iter::once(key))?;
    let parts = texts.get_mut(key).map(super::Gathering::take);
    let parts = parts.unwrap_or_default();
    let waited = parts.iter().filter_map(|part| part.stored_for);
    if waited.fold(0.0, f64::max) <= after.as_secs_f64() {
        return Ok(false);
    }
    let Some(text) = text_of(&parts, now(), &inbounds.rules) else {
        return Ok(false);
    };
    let leaving: Vec<_> = parts.into_iter().map(|part| (key.clone(), part)).collect();
    rows::remove(conn, &leaving)?;
    let subscribers = HashMap::from([(text.new.from.as_str().to_owned(), key.subscriber_id)]);
    inbounds.record(conn, &[&text], &mut [true], &subscribers)?;
    metrics::counter!("textrail_inbound_incomplete_total").increment(1);
    Ok(true)
}
