//! Idempotency keys: the first call with a key is recorded and its answer stored in the same
//! transaction; a later one gets that answer.

use super::super::super::facts::{RecordError, SendReply, StoredAnswer};
use super::super::super::statement::prepared;
use super::super::fingerprint::fingerprint;
use super::super::now;
use super::PendingSend;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What a call's key stands for.
#[derive(Debug)]
pub(super) enum Claim {
    /// Nothing yet (or the call has no key): record it.
    Fresh,
    /// An answer: give it again.
    Answered(StoredAnswer),
    /// Another payload: refuse.
    Mismatch,
    /// A transaction that has not ended: refuse for now.
    InFlight,
    /// The same key as an earlier call of this very transaction: share its answer.
    Twin,
}

impl Claim {
    /// The reply, made by `record` where the call is to be recorded. A twin's is filled in by
    /// [`share`].
    pub(super) fn into_reply(
        self,
        record: impl FnOnce() -> SendReply,
    ) -> Result<SendReply, RecordError> {
        match self {
            Self::Fresh => Ok(record()),
            Self::Answered(answer) => Ok(SendReply {
                answer,
                replayed: true,
            }),
            Self::Mismatch => Err(RecordError::IdempotencyMismatch),
            Self::InFlight | Self::Twin => Err(RecordError::IdempotencyInFlight),
        }
    }
}

/// A key in the ledger: whose, and which.
type Key<'a> = (Uuid, &'a str);

fn key(item: &PendingSend) -> Option<Key<'_>> {
    item.call
        .idempotency
        .as_ref()
        .map(|given| (item.call.api_key_id, given.key.as_str()))
}

/// Says of each call what its key stands for, and locks the fresh ones until the transaction ends.
///
/// The lock is an advisory one that is tried, never waited for: a caller that posts twice at once
/// hears 409 from another server at once, rather than after the other's commit.
pub(super) fn claim(conn: &mut PgConnection, items: &[PendingSend]) -> QueryResult<Vec<Claim>> {
    let mut keys: Vec<Key<'_>> = items.iter().filter_map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(items.iter().map(|_| Claim::Fresh).collect());
    }
    let locked = lock(conn, &keys)?;
    // A statement of its own, after the locks: its snapshot sees what their last holders committed.
    let stored = find(conn, &keys)?;
    let mut seen = HashSet::new();
    Ok(items
        .iter()
        .map(|item| {
            let (Some(key), Some(given)) = (key(item), &item.call.idempotency) else {
                return Claim::Fresh;
            };
            match stored.get(&(key.0, key.1.to_owned())) {
                Some((hash, _)) if *hash != given.payload_hash => Claim::Mismatch,
                Some((_, answer)) => Claim::Answered(answer.clone()),
                None if !locked.contains(&key) => Claim::InFlight,
                None if !seen.insert(key) => Claim::Twin,
                None => Claim::Fresh,
            }
        })
        .collect())
}

fn lock<'a>(conn: &mut PgConnection, keys: &[Key<'a>]) -> QueryResult<HashSet<Key<'a>>> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }
    let numbers: Vec<i64> = keys.iter().map(lock_number).collect();
    let locked: Vec<Locked> = prepared(include_str!("../sql/try_locks.sql"))
        .bind::<Array<BigInt>, _>(numbers)
        .load(conn)?;
    Ok(keys
        .iter()
        .zip(locked)
        .filter(|(_, row)| row.locked)
        .map(|(key, _)| *key)
        .collect())
}

fn lock_number((api_key_id, key): &Key<'_>) -> i64 {
    let (high, low) = fingerprint(&[Some(&api_key_id.to_string()), Some(key)]).as_u64_pair();
    i64::from_ne_bytes((high ^ low).to_ne_bytes())
}

type Stored = HashMap<(Uuid, String), (Vec<u8>, StoredAnswer)>;

fn find(conn: &mut PgConnection, keys: &[Key<'_>]) -> QueryResult<Stored> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        api_key_id: Uuid,
        #[diesel(sql_type = Text)]
        key: String,
        #[diesel(sql_type = Binary)]
        payload_hash: Vec<u8>,
        #[diesel(sql_type = SmallInt)]
        status: i16,
        #[diesel(sql_type = Text)]
        body: String,
    }
    let (api_keys, names): (Vec<Uuid>, Vec<&str>) = keys.iter().copied().unzip();
    let rows: Vec<Row> = prepared(include_str!("../sql/find_idempotency_keys.sql"))
        .bind::<Array<SqlUuid>, _>(api_keys)
        .bind::<Array<Text>, _>(names)
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let status = u16::try_from(row.status).unwrap_or(500);
            let answer = StoredAnswer {
                status,
                body: row.body,
            };
            ((row.api_key_id, row.key), (row.payload_hash, answer))
        })
        .collect())
}

/// Stores the fresh answers. A call none of whose messages has a campaign recorded nothing: its
/// answer is not kept, so that the same call passes once the campaign is put.
pub(super) fn store(
    conn: &mut PgConnection,
    items: &[PendingSend],
    replies: &[Result<SendReply, RecordError>],
) -> QueryResult<()> {
    let mut api_keys: Vec<Uuid> = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    let mut hashes: Vec<&[u8]> = Vec::new();
    let mut statuses: Vec<i16> = Vec::new();
    let mut bodies: Vec<&str> = Vec::new();
    let recorded = |item: &PendingSend| item.rendered.iter().flatten().any(Option::is_some);
    for (item, reply) in items.iter().zip(replies).filter(|(item, _)| recorded(item)) {
        let (
            Some(given),
            Ok(SendReply {
                answer,
                replayed: false,
            }),
        ) = (&item.call.idempotency, reply)
        else {
            continue;
        };
        api_keys.push(item.call.api_key_id);
        keys.push(&given.key);
        hashes.push(&given.payload_hash);
        statuses.push(i16::try_from(answer.status).unwrap_or(500));
        bodies.push(&answer.body);
    }
    if keys.is_empty() {
        return Ok(());
    }
    prepared(include_str!("../sql/store_idempotency_keys.sql"))
        .bind::<Array<SqlUuid>, _>(api_keys)
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<Binary>, _>(hashes)
        .bind::<Array<SmallInt>, _>(statuses)
        .bind::<Array<Text>, _>(bodies)
        .bind::<Timestamptz, DateTime<Utc>>(now())
        .execute(conn)
        .map(|_| ())
}

/// Gives each twin the answer of the call that it repeats, or refuses it if its payload differs.
pub(super) fn share(
    items: &[PendingSend],
    mut replies: Vec<Result<SendReply, RecordError>>,
) -> Vec<Result<SendReply, RecordError>> {
    let mut first: HashMap<Key<'_>, usize> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let Some(key) = key(item) else { continue };
        let earlier = *first.entry(key).or_insert(index);
        if earlier == index || !matches!(replies[index], Err(RecordError::IdempotencyInFlight)) {
            continue;
        }
        // If the first was not recorded here, its transaction elsewhere decides about both.
        let Ok(reply) = &replies[earlier] else {
            continue;
        };
        replies[index] = if items[earlier].call.idempotency == item.call.idempotency {
            Ok(SendReply {
                answer: reply.answer.clone(),
                replayed: true,
            })
        } else {
            Err(RecordError::IdempotencyMismatch)
        };
    }
    replies
}
