//! The statements about waiting parts.

use super::super::super::super::statement::prepared;
use super::{TextKey, Texts, WaitingPart};
use crate::domain::opt_out::Intent;
use crate::domain::part::{Gathering, Part};
use crate::domain::phone::{PhoneNumber, Sender};
use crate::ledger::facts::NewInbound;
use crate::ledger::recorder::fingerprint::fingerprint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Double, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Locks are taken on this many numbers instead of one a text, so that a large batch does not fill
/// PostgreSQL's lock table.
const LOCK_BUCKETS: u64 = 1024;

/// Locks these texts until the transaction ends, and then reads what waits of them: a statement that
/// does both would not see what another connection committed meanwhile.
pub(super) fn lock<'a>(
    conn: &mut PgConnection,
    keys: impl Iterator<Item = &'a TextKey>,
) -> QueryResult<Texts> {
    let keys: BTreeSet<&TextKey> = keys.collect();
    let buckets: BTreeSet<i64> = keys.iter().map(|key| bucket(key)).collect();
    prepared(include_str!("../../sql/lock_texts.sql"))
        .bind::<Array<BigInt>, _>(buckets.into_iter().collect::<Vec<_>>())
        .execute(conn)?;
    let keys = Keys::of(keys.into_iter());
    let rows: Vec<Row> = prepared(include_str!("../../sql/waiting_parts.sql"))
        .bind::<Array<Text>, _>(keys.gateways)
        .bind::<Array<SqlUuid>, _>(keys.subscribers)
        .bind::<Array<Text>, _>(keys.senders)
        .bind::<Array<Text>, _>(keys.references)
        .bind::<Array<SmallInt>, _>(keys.totals)
        .load(conn)?;
    let mut texts = Texts::new();
    for row in rows {
        let (key, part) = row.into_part();
        let text = texts
            .entry(key)
            .or_insert_with_key(|key| Gathering::of(key.total));
        text.restore(part.number, part);
    }
    Ok(texts)
}

fn bucket(key: &TextKey) -> i64 {
    let (high, low) = fingerprint(&[
        Some(&key.gateway),
        Some(&key.subscriber_id.to_string()),
        Some(key.sender.as_str()),
        Some(&key.reference),
    ])
    .as_u64_pair();
    i64::try_from((high ^ low) % LOCK_BUCKETS).unwrap_or_default()
}

/// Removes parts whose text is recorded now; those that only just came stand nowhere.
pub(super) fn remove(
    conn: &mut PgConnection,
    leaving: &[(TextKey, WaitingPart)],
) -> QueryResult<()> {
    let stored = || leaving.iter().filter(|(_, part)| part.stored_for.is_some());
    if stored().next().is_none() {
        return Ok(());
    }
    let keys = Keys::of(stored().map(|(key, _)| key));
    let numbers: Vec<i16> = stored().map(|(_, part)| i16::from(part.number)).collect();
    prepared(include_str!("../../sql/remove_parts.sql"))
        .bind::<Array<Text>, _>(keys.gateways)
        .bind::<Array<SqlUuid>, _>(keys.subscribers)
        .bind::<Array<Text>, _>(keys.senders)
        .bind::<Array<Text>, _>(keys.references)
        .bind::<Array<SmallInt>, _>(keys.totals)
        .bind::<Array<SmallInt>, _>(numbers)
        .execute(conn)
        .map(|_| ())
}

/// Stores the parts that only just came and wait.
pub(super) fn put(conn: &mut PgConnection, texts: &Texts) -> QueryResult<()> {
    let new: Vec<(&TextKey, &WaitingPart)> = texts
        .iter()
        .flat_map(|(key, text)| text.waiting().map(move |(_, part)| (key, part)))
        .filter(|(_, part)| part.stored_for.is_none())
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(new.iter().map(|(key, _)| *key));
    prepared(include_str!("../../sql/put_parts.sql"))
        .bind::<Array<Text>, _>(keys.gateways)
        .bind::<Array<SqlUuid>, _>(keys.subscribers)
        .bind::<Array<Text>, _>(keys.senders)
        .bind::<Array<Text>, _>(keys.references)
        .bind::<Array<SmallInt>, _>(keys.totals)
        .bind::<Array<SmallInt>, _>(column(&new, |part| i16::from(part.number)))
        .bind::<Array<SqlUuid>, _>(column(&new, |part| part.new.id))
        .bind::<Array<Nullable<Text>>, _>(column(&new, |part| {
            part.new.gateway_message_id.as_deref()
        }))
        .bind::<Array<Text>, _>(column(&new, |part| part.new.body.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(&new, |part| {
            part.new.gateway_intent.map(Intent::as_str)
        }))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&new, |part| part.new.received_at))
        .bind::<Array<Timestamptz>, _>(column(&new, |part| part.heard_at))
        .execute(conn)
        .map(|_| ())
}

/// The keys of texts of which a part has waited for longer, the oldest first.
pub(super) fn overdue(
    conn: &mut PgConnection,
    seconds: f64,
    limit: i64,
) -> QueryResult<Vec<TextKey>> {
    let rows: Vec<KeyRow> = prepared(include_str!("../../sql/overdue_texts.sql"))
        .bind::<Double, _>(seconds)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(KeyRow::into_key).collect())
}

fn column<'a, T>(
    parts: &[(&TextKey, &'a WaitingPart)],
    value: impl Fn(&'a WaitingPart) -> T,
) -> Vec<T> {
    parts.iter().map(|(_, part)| value(part)).collect()
}

/// Keys as columns.
#[derive(Default)]
struct Keys<'a> {
    gateways: Vec<&'a str>,
    subscribers: Vec<Uuid>,
    senders: Vec<&'a str>,
    references: Vec<&'a str>,
    totals: Vec<i16>,
}

impl<'a> Keys<'a> {
    fn of(keys: impl Iterator<Item = &'a TextKey>) -> Self {
        let mut columns = Self::default();
        for key in keys {
            columns.gateways.push(&key.gateway);
            columns.subscribers.push(key.subscriber_id);
            columns.senders.push(key.sender.as_str());
            columns.references.push(&key.reference);
            columns.totals.push(i16::from(key.total));
        }
        columns
    }
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = SqlUuid)]
    subscriber_id: Uuid,
    #[diesel(sql_type = Text)]
    sender: String,
    #[diesel(sql_type = Text)]
    reference: String,
    #[diesel(sql_type = SmallInt)]
    total: i16,
}

impl KeyRow {
    fn into_key(self) -> TextKey {
        TextKey {
            gateway: self.gateway,
            subscriber_id: self.subscriber_id,
            sender: Sender::stored(self.sender),
            reference: self.reference,
            total: small(self.total),
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    key: KeyRow,
    #[diesel(sql_type = SmallInt)]
    number: i16,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    gateway_message_id: Option<String>,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Nullable<Text>)]
    gateway_intent: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    received_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: DateTime<Utc>,
    #[diesel(sql_type = Double)]
    waited_seconds: f64,
    #[diesel(sql_type = Text)]
    from_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    from_country: Option<String>,
}

impl Row {
    fn into_part(self) -> (TextKey, WaitingPart) {
        let key = self.key.into_key();
        let number = small(self.number);
        let new = NewInbound {
            id: self.id,
            gateway: key.gateway.clone(),
            gateway_message_id: self.gateway_message_id,
            from: PhoneNumber::stored(self.from_number, self.from_country),
            to: key.sender.clone(),
            body: self.body,
            segments: None,
            received_at: self.received_at,
            part: Some(Part {
                reference: key.reference.clone(),
                number,
                total: key.total,
            }),
            gateway_intent: self.gateway_intent.as_deref().and_then(Intent::parse),
        };
        let part = WaitingPart {
            new,
            number,
            heard_at: self.recorded_at,
            stored_for: Some(self.waited_seconds),
        };
        (key, part)
    }
}

/// The table's check bounds them.
fn small(number: i16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
