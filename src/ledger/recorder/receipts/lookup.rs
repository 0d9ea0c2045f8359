//! Which message a receipt is about: our id if the callback carried it, else the gateway's.

use super::super::super::statement::prepared;
use super::PendingReceipt;
use crate::event::Context;
use crate::ledger::recorder::fingerprint::fingerprint;
use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How far back a gateway's id is looked for. Carriers keep a message for days at most; the bound
/// lets the look-up pass over the partitions of older messages.
const LOOK_BACK: TimeDelta = TimeDelta::days(45);

/// Locks are taken on this many numbers instead of one an id, so that a large batch does not fill
/// PostgreSQL's lock table.
const LOCK_BUCKETS: u64 = 1024;

/// How an id of ours in a callback is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OurIds {
    /// As a message's, which nearly all are: what is read of the messages when they are locked shows it.
    Believed,
    /// As a message's once it was looked for, by a read of its own.
    LookedFor,
}

/// The message of each receipt, in order, if it is known. That of an id which is believed may not
/// exist.
pub(super) fn message_ids(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
    our_ids: OurIds,
) -> QueryResult<Vec<Option<Uuid>>> {
    let ours = match our_ids {
        OurIds::Believed => None,
        OurIds::LookedFor => Some(existing(conn, receipts)?),
    };
    let is_ours = |id: &Uuid| ours.as_ref().is_none_or(|ours| ours.contains(id));
    let known = |receipt: &PendingReceipt| receipt.new.message_id.filter(is_ours);
    let pairs: BTreeSet<(&str, &str)> = receipts
        .iter()
        .filter(|receipt| known(receipt).is_none())
        .filter_map(|receipt| gateway_id(receipt))
        .collect();
    let by_gateway = by_gateway_id(conn, &pairs)?;
    Ok(receipts
        .iter()
        .map(|receipt| {
            known(receipt).or_else(|| by_gateway.get(&owned(gateway_id(receipt)?)).copied())
        })
        .collect())
}

/// Whether an id that was believed is no message's, and the gateway's id may yet name one.
pub(super) fn was_misled(receipt: &PendingReceipt, messages: &HashMap<Uuid, Context>) -> bool {
    let ours = receipt.new.message_id.as_ref();
    ours.is_some_and(|id| !messages.contains_key(id)) && gateway_id(receipt).is_some()
}

fn gateway_id(receipt: &PendingReceipt) -> Option<(&str, &str)> {
    let id = receipt.new.gateway_message_id.as_deref()?;
    Some((receipt.new.gateway.as_str(), id))
}

fn owned((gateway, id): (&str, &str)) -> (String, String) {
    (gateway.to_owned(), id.to_owned())
}

/// Which of the ids that the callbacks carried are messages of ours.
fn existing(conn: &mut PgConnection, receipts: &[&PendingReceipt]) -> QueryResult<BTreeSet<Uuid>> {
    use crate::ledger::schema::messages;
    let ids: BTreeSet<Uuid> = receipts
        .iter()
        .filter_map(|receipt| receipt.new.message_id)
        .collect();
    let (Some(lowest), Some(highest)) = (ids.first(), ids.last()) else {
        return Ok(ids);
    };
    let found: Vec<Uuid> = messages::table
        .filter(messages::id.eq_any(&ids))
        .filter(messages::id.between(lowest, highest))
        .select(messages::id)
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// Locks gateway ids until the transaction ends. A receipt that looks for its submission and a
/// submission that looks for parked receipts must not pass each other unseen: whoever comes second
/// sees what the first one committed. Always before any message row is locked, and in one order.
pub(in crate::ledger::recorder) fn lock_gateway_ids(
    conn: &mut PgConnection,
    pairs: &BTreeSet<(&str, &str)>,
) -> QueryResult<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    let buckets: BTreeSet<i64> = pairs
        .iter()
        .map(|(gateway, id)| {
            let (high, low) = fingerprint(&[Some(gateway), Some(id)]).as_u64_pair();
            i64::try_from((high ^ low) % LOCK_BUCKETS).unwrap_or_default()
        })
        .collect();
    prepared(include_str!("../sql/lock_gateway_ids.sql"))
        .bind::<Array<BigInt>, _>(buckets.into_iter().collect::<Vec<_>>())
        .execute(conn)
        .map(|_| ())
}

fn by_gateway_id(
    conn: &mut PgConnection,
    pairs: &BTreeSet<(&str, &str)>,
) -> QueryResult<HashMap<(String, String), Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        gateway: String,
        #[diesel(sql_type = Text)]
        gateway_message_id: String,
        #[diesel(sql_type = SqlUuid)]
        message_id: Uuid,
    }
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    lock_gateway_ids(conn, pairs)?;
    let (gateways, ids): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
    let rows: Vec<Row> = prepared(include_str!("../sql/find_submissions.sql"))
        .bind::<Array<Text>, _>(gateways)
        .bind::<Array<Text>, _>(ids)
        .bind::<Timestamptz, _>(Utc::now() - LOOK_BACK)
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.gateway, row.gateway_message_id), row.message_id))
        .collect())
}
