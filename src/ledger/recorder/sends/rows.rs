//! Messages, their links and their events as columns of one multi-row statement.

use super::super::super::facts::LinkTarget;
use super::super::super::statement::prepared;
use super::super::PersonalData;
use super::super::outbox_rows::OutboxRows;
use super::super::rendering::RenderedMessage;
use crate::event::{Body, Context, Event, Link, Message, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Inserts the messages and says of each id whether it was suppressed.
///
/// A message that is there already was written by an attempt whose outcome nobody knew; then what
/// that attempt decided counts.
pub(super) fn insert(
    conn: &mut PgConnection,
    messages: &[&RenderedMessage],
    suppressed: impl Fn(&RenderedMessage) -> bool,
    personal_data: PersonalData,
) -> QueryResult<HashMap<Uuid, bool>> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let mut outcomes: HashMap<Uuid, bool> = messages
        .iter()
        .map(|message| (message.new.id, suppressed(message)))
        .collect();
    let written = insert_rows(conn, messages, &outcomes, personal_data)?;
    let earlier: Vec<Uuid> = messages
        .iter()
        .map(|message| message.new.id)
        .filter(|id| !written.contains(id))
        .collect();
    if !earlier.is_empty() {
        outcomes.extend(earlier_outcomes(conn, &earlier)?);
    }
    Ok(outcomes)
}

fn earlier_outcomes(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, bool)>> {
    use super::super::super::schema::messages;
    messages::table
        .filter(messages::id.eq_any(ids))
        .select((messages::id, messages::outcome.eq("suppressed")))
        .load(conn)
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn insert_rows(
    conn: &mut PgConnection,
    messages: &[&RenderedMessage],
    outcomes: &HashMap<Uuid, bool>,
    personal_data: PersonalData,
) -> QueryResult<std::collections::HashSet<Uuid>> {
    let is_suppressed = |message: &RenderedMessage| outcomes.get(&message.new.id) == Some(&true);
    let links = LinkColumns::of(messages, is_suppressed);
    let mut events = OutboxRows::default();
    for message in messages {
        events.push(&event(message, is_suppressed(message), personal_data))?;
    }
    let written: Vec<Written> = prepared(include_str!("../sql/messages.sql"))
        .bind::<Array<SqlUuid>, _>(column(messages, |message| message.new.id))
        .bind::<Array<SqlUuid>, _>(column(messages, |message| message.subscriber_id))
        .bind::<Array<BigInt>, _>(column(messages, |message| message.campaign_id))
        .bind::<Array<Text>, _>(column(messages, |message| {
            message.campaign.campaign_type.as_str()
        }))
        .bind::<Array<Text>, _>(column(messages, |message| message.new.from.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(messages, |message| {
            message.new.gateway.as_deref()
        }))
        .bind::<Array<Nullable<Text>>, _>(column(messages, |message| {
            message.new.client_reference.as_deref()
        }))
        .bind::<Array<Text>, _>(column(messages, |message| message.body.as_str()))
        .bind::<Array<Text>, _>(column(messages, |message| {
            message.segmentation.encoding.as_str()
        }))
        .bind::<Array<Integer>, _>(column(messages, |message| {
            i32::try_from(message.segmentation.code_units).unwrap_or(i32::MAX)
        }))
        .bind::<Array<Integer>, _>(column(messages, |message| {
            i32::try_from(message.segmentation.segments).unwrap_or(i32::MAX)
        }))
        .bind::<Array<Text>, _>(column(messages, |message| outcome(is_suppressed(message))))
        .bind::<Array<Bool>, _>(column(messages, |message| message.new.test))
        .bind::<Array<SqlUuid>, _>(column(messages, |message| message.api_key_id))
        .bind::<Array<Timestamptz>, _>(column(messages, |message| message.recorded_at))
        .bind::<Array<Text>, _>(&events.lines)
        .bind::<Array<BigInt>, _>(links.numbers)
        .bind::<Array<SqlUuid>, _>(links.message_ids)
        .bind::<Array<SmallInt>, _>(links.positions)
        .bind::<Array<Text>, _>(links.codes)
        .bind::<Array<Text>, _>(links.short_domains)
        .bind::<Array<Text>, _>(links.target_urls)
        .bind::<Array<Nullable<Text>>, _>(links.fallback_urls)
        .bind::<Array<Nullable<Timestamptz>>, _>(links.expires_at)
        .load(conn)?;
    Ok(written.into_iter().map(|row| row.id).collect())
}

fn column<'a, T>(
    messages: &[&'a RenderedMessage],
    value: impl Fn(&'a RenderedMessage) -> T,
) -> Vec<T> {
    messages.iter().map(|message| value(message)).collect()
}

fn outcome(suppressed: bool) -> &'static str {
    if suppressed { "suppressed" } else { "recorded" }
}

/// The links of the messages that were not suppressed: nobody will ever see the others' codes.
#[derive(Default)]
struct LinkColumns<'a> {
    numbers: Vec<i64>,
    message_ids: Vec<Uuid>,
    positions: Vec<i16>,
    codes: Vec<&'a str>,
    short_domains: Vec<&'a str>,
    target_urls: Vec<&'a str>,
    fallback_urls: Vec<Option<&'a str>>,
    expires_at: Vec<Option<DateTime<Utc>>>,
}

impl<'a> LinkColumns<'a> {
    fn of(
        messages: &[&'a RenderedMessage],
        is_suppressed: impl Fn(&RenderedMessage) -> bool,
    ) -> Self {
        let mut columns = Self::default();
        for message in messages.iter().filter(|message| !is_suppressed(message)) {
            for (link, position) in message.links.iter().zip(0..) {
                columns.numbers.push(link.number);
                columns.message_ids.push(message.new.id);
                columns.positions.push(position);
                columns.codes.push(&link.shown.code);
                columns.short_domains.push(&link.short_domain);
                columns.target_urls.push(&link.shown.target_url);
                columns
                    .fallback_urls
                    .push(message.campaign.fallback_url.as_deref());
                columns.expires_at.push(link.expires_at);
            }
        }
        columns
    }
}

fn event(message: &RenderedMessage, suppressed: bool, personal_data: PersonalData) -> Event {
    let new = &message.new;
    Event {
        event_id: new.id,
        occurred_at: message.recorded_at,
        time_source: TimeSource::Server,
        recorded_at: message.recorded_at,
        context: context(message),
        body: Body::Message(Message {
            client_reference: new.client_reference.clone(),
            outcome: outcome(suppressed).to_owned(),
            suppression_reason: suppressed.then(|| "opted_out".to_owned()),
            encoding: message.segmentation.encoding.as_str().to_owned(),
            code_units: message.segmentation.code_units,
            segments: message.segmentation.segments,
            api_key_id: Some(message.api_key_id),
            links: if suppressed {
                Vec::new()
            } else {
                links(message)
            },
            to_number: personal_data.numbers.then(|| new.to.as_str().to_owned()),
            body: personal_data.bodies.then(|| message.body.clone()),
        }),
    }
}

fn context(message: &RenderedMessage) -> Context {
    let new = &message.new;
    Context {
        subscriber_id: Some(message.subscriber_id),
        message_id: Some(new.id),
        message_recorded_at: Some(message.recorded_at),
        campaign: Some(message.campaign.name.clone()),
        campaign_type: Some(message.campaign.campaign_type.clone()),
        sender: Some(new.from.as_str().to_owned()),
        country: new.to.country().map(ToOwned::to_owned),
        gateway: new.gateway.clone(),
        test: Some(new.test),
    }
}

/// A written message's links, as the ledger finds them.
pub(super) fn targets(message: &RenderedMessage) -> impl Iterator<Item = LinkTarget> + '_ {
    message.links.iter().map(|link| LinkTarget {
        number: link.number,
        code: link.shown.code.clone(),
        target_url: link.shown.target_url.clone(),
        fallback_url: message.campaign.fallback_url.clone(),
        expires_at: link.expires_at,
        context: context(message),
    })
}

fn links(message: &RenderedMessage) -> Vec<Link> {
    message
        .links
        .iter()
        .map(|link| Link {
            link_id: link.number,
            code: link.shown.code.clone(),
            short_domain: link.short_domain.clone(),
            target_url: link.shown.target_url.clone(),
            expires_at: link.expires_at,
        })
        .collect()
}
