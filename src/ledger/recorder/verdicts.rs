//! The lane of people's verdicts on subscribers' texts: each is noted, stands from then on, and the wish
//! that it finds in the text, or finds not to be in it, follows in the same transaction.

use super::super::facts::{NewVerdict, RecordError, VerdictReply};
use super::super::messages;
use super::super::statement::prepared;
use super::lane::Work;
use super::outbox_rows::OutboxRows;
use super::wishes::{self, Change, Wish};
use super::{commit, now};
use crate::domain::opt_out::Intent;
use crate::event::Context;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// A verdict with its time.
pub(super) struct Pending {
    new: NewVerdict,
    decided_at: DateTime<Utc>,
}

impl Pending {
    pub(super) fn new(new: NewVerdict) -> Self {
        let decided_at = now();
        Self { new, decided_at }
    }
}

/// Writes verdicts.
#[derive(Clone, Debug)]
pub(super) struct Verdicts;

impl Work for Verdicts {
    type Item = Pending;
    type Reply = VerdictReply;
    const AFTER_REPLIES: bool = true;

    fn rows(_: &Pending) -> usize {
        1
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Pending],
    ) -> QueryResult<Vec<Result<VerdictReply, RecordError>>> {
        let replies = commit::transaction(conn, |conn| write_verdicts(conn, items))?;
        Ok(replies.into_iter().map(Ok).collect())
    }
}

/// An inbound message as it stands.
#[derive(Clone, Debug, QueryableByName)]
struct Standing {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    subscriber_id: Uuid,
    #[diesel(sql_type = Text)]
    sender: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    message_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = Text)]
    standing: String,
    #[diesel(sql_type = Bool)]
    reviewed: bool,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    received_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    country: Option<String>,
}

/// A verdict that changes what stands.
struct Decided<'a> {
    item: &'a Pending,
    /// As it stood.
    inbound: Standing,
}

fn write_verdicts(conn: &mut PgConnection, items: &[Pending]) -> QueryResult<Vec<VerdictReply>> {
    // 1. What they are about, locked from here on; then, in a statement that sees what others
    //    committed until then, which of them are noted already.
    let mut inbounds = lock(conn, items)?;
    let noted = noted(conn, items)?;

    // 2. Those that say something new, one after the other. The same verdict told again changes
    //    nothing, whatever the subscriber has wished since; nor does one whose COMMIT was unknown and
    //    is repeated, whatever others have decided since.
    let mut decided = Vec::new();
    let mut replies = Vec::with_capacity(items.len());
    for item in items {
        let Some(inbound) = inbounds.get_mut(&item.new.inbound_id) else {
            replies.push(VerdictReply::UnknownInbound);
            continue;
        };
        if noted.contains(&item.new.id) {
            replies.push(VerdictReply::Recorded);
            continue;
        }
        let intent = item.new.intent.as_str();
        if inbound.reviewed && inbound.standing == intent && inbound.reason == item.new.reason {
            replies.push(VerdictReply::Unchanged);
            continue;
        }
        decided.push(Decided {
            item,
            inbound: inbound.clone(),
        });
        inbound.standing = intent.to_owned();
        inbound.reason.clone_from(&item.new.reason);
        inbound.reviewed = true;
        replies.push(VerdictReply::Recorded);
    }
    if decided.is_empty() {
        return Ok(replies);
    }

    // 3. History, what stands, and what follows for the subscribers' wishes.
    note(conn, &decided)?;
    follow(conn, &decided)?;
    Ok(replies)
}

fn lock(conn: &mut PgConnection, items: &[Pending]) -> QueryResult<HashMap<Uuid, Standing>> {
    let ids: BTreeSet<Uuid> = items.iter().map(|item| item.new.inbound_id).collect();
    let (Some(lowest), Some(highest)) = (ids.first().copied(), ids.last().copied()) else {
        return Ok(HashMap::new());
    };
    let rows: Vec<Standing> = prepared(include_str!("sql/lock_inbounds.sql"))
        .bind::<Array<SqlUuid>, _>(ids.into_iter().collect::<Vec<_>>())
        .bind::<SqlUuid, _>(lowest)
        .bind::<SqlUuid, _>(highest)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

fn noted(conn: &mut PgConnection, items: &[Pending]) -> QueryResult<HashSet<Uuid>> {
    #[derive(QueryableByName)]
    struct Noted {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let (inbounds, ids): (Vec<Uuid>, Vec<Uuid>) = items
        .iter()
        .map(|item| (item.new.inbound_id, item.new.id))
        .unzip();
    let rows: Vec<Noted> = prepared(include_str!("sql/noted_verdicts.sql"))
        .bind::<Array<SqlUuid>, _>(inbounds)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

fn note(conn: &mut PgConnection, decided: &[Decided<'_>]) -> QueryResult<()> {
    fn column<'a, T>(decided: &'a [Decided<'a>], value: impl Fn(&'a Decided<'a>) -> T) -> Vec<T> {
        decided.iter().map(value).collect()
    }
    prepared(include_str!("sql/put_verdicts.sql"))
        .bind::<Array<SqlUuid>, _>(column(decided, |one| one.inbound.id))
        .bind::<Array<SqlUuid>, _>(column(decided, |one| one.item.new.id))
        .bind::<Array<Text>, _>(column(decided, |one| one.item.new.intent.as_str()))
        .bind::<Array<Text>, _>(column(decided, |one| one.inbound.standing.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(decided, |one| one.item.new.reason.as_deref()))
        .bind::<Array<Text>, _>(column(decided, |one| one.item.new.actor.as_str()))
        .bind::<Array<Timestamptz>, _>(column(decided, |one| one.item.decided_at))
        .execute(conn)
        .map(|_| ())
}

fn follow(conn: &mut PgConnection, decided: &[Decided<'_>]) -> QueryResult<()> {
    let ids: Vec<Uuid> = decided
        .iter()
        .filter_map(|one| one.inbound.message_id)
        .collect();
    let contexts = messages::contexts(conn, &ids)?;
    let (wishes, of): (Vec<Wish>, Vec<&Standing>) = decided
        .iter()
        .filter_map(|one| Some((wish(one)?, &one.inbound)))
        .unzip();
    let changed = wishes::apply(conn, &wishes)?;
    let mut events = OutboxRows::default();
    for ((wish, inbound), changed) in wishes.iter().zip(of).zip(changed) {
        if changed {
            let message = inbound.message_id.and_then(|id| contexts.get(&id));
            events.push(&wishes::event(wish, &context(inbound, message)))?;
        }
    }
    events.insert(conn)
}

/// What a verdict changes, given what stood. A wrong STOP, or a wrong START, is taken back; a right one
/// is as if the rules had found it: from when the subscriber wrote it.
fn change(stood: Option<Intent>, intent: Intent) -> Option<Change> {
    match (stood, intent) {
        (_, Intent::Stop) => Some(Change::OptOut),
        (_, Intent::Start) => Some(Change::OptIn),
        (Some(Intent::Stop), _) => Some(Change::TakeBack { opted_out: false }),
        (Some(Intent::Start), _) => Some(Change::TakeBack { opted_out: true }),
        _ => None,
    }
}

fn wish(decided: &Decided<'_>) -> Option<Wish> {
    let Decided { item, inbound } = decided;
    let written_at = inbound.received_at.unwrap_or(inbound.recorded_at);
    Some(Wish {
        id: item.new.id,
        subscriber_id: inbound.subscriber_id,
        sender: inbound.sender.clone(),
        change: change(Intent::parse(&inbound.standing), item.new.intent)?,
        source: "api",
        source_event_id: Some(inbound.id),
        reason: item.new.reason.clone(),
        actor: Some(item.new.actor.clone()),
        // A gateway's clock that is ahead is not believed.
        effective_at: written_at.min(inbound.recorded_at),
        recorded_at: item.decided_at,
    })
}

fn context(inbound: &Standing, message: Option<&Context>) -> Context {
    Context {
        subscriber_id: Some(inbound.subscriber_id),
        sender: Some(inbound.sender.clone()),
        country: inbound.country.clone(),
        gateway: Some(inbound.gateway.clone()),
        ..message.cloned().unwrap_or_default()
    }
}
