//! The lane of clicks: one statement a transaction.

use super::super::facts::{NewClick, RecordError};
use super::super::statement::prepared;
use super::lane::Work;
use super::{PersonalData, now, outbox_rows};
use crate::domain::click::{self, ip_prefix};
use crate::event::{Body, Click, Event, Kind, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use uuid::Uuid;

/// A click with its encoded event, ready to be written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    id: Uuid,
    message_id: Uuid,
    link_number: i64,
    verdict: Cow<'static, str>,
    ip: Option<String>,
    user_agent: Option<String>,
    recorded_at: DateTime<Utc>,
    line: String,
}

impl Pending {
    /// Encodes the event on the caller's thread: the writer only copies.
    pub(super) fn new(click: NewClick, personal_data: PersonalData) -> Result<Self, RecordError> {
        let recorded_at = now();
        let message_id = click.link.context.message_id.unwrap_or_default();
        let event = event(&click, recorded_at, personal_data);
        let line =
            outbox_rows::encode(&event).map_err(|error| RecordError::Refused(error.into()))?;
        Ok(Self {
            id: click.id,
            message_id,
            link_number: click.link.number,
            verdict: click.judgement.verdict.as_str().into(),
            ip: click.ip.map(|ip| ip.to_string()),
            user_agent: click.user_agent,
            recorded_at,
            line,
        })
    }
}

fn event(click: &NewClick, recorded_at: DateTime<Utc>, personal_data: PersonalData) -> Event {
    let judgement = &click.judgement;
    Event {
        event_id: click.id,
        occurred_at: recorded_at,
        time_source: TimeSource::Server,
        recorded_at,
        context: click.link.context.clone(),
        body: Body::Click(Click {
            link_id: click.link.number,
            code: click.link.code.clone(),
            target_url: click.link.target_url.clone(),
            verdict: judgement.verdict.as_str().to_owned(),
            verdict_reasons: judgement
                .reasons
                .iter()
                .map(|&reason| reason.to_owned())
                .collect(),
            ruleset: click::RULESET.to_owned(),
            user_agent: click.user_agent.clone(),
            device: judgement.device.clone(),
            os: judgement.os.clone(),
            browser: judgement.browser.clone(),
            ip_prefix: click.ip.map(ip_prefix),
            referrer_host: click.referrer_host.clone(),
            ip: click
                .ip
                .filter(|_| personal_data.addresses)
                .map(|ip| ip.to_string()),
        }),
    }
}

/// Writes clicks.
#[derive(Clone, Debug)]
pub(super) struct Clicks;

impl Work for Clicks {
    type Item = Arc<Pending>;
    type Reply = ();
    const SPOOLED: bool = true;

    fn rows(_: &Arc<Pending>) -> usize {
        1
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Arc<Pending>],
    ) -> QueryResult<Vec<Result<(), RecordError>>> {
        fail::fail_point!("recorder.begin.before");
        fail::fail_point!("recorder.commit.before");
        prepared(include_str!("sql/clicks.sql"))
            .bind::<Array<SqlUuid>, _>(column(items, |click| click.message_id))
            .bind::<Array<SqlUuid>, _>(column(items, |click| click.id))
            .bind::<Array<BigInt>, _>(column(items, |click| click.link_number))
            .bind::<Array<Text>, _>(column(items, |click| click.verdict.as_ref()))
            .bind::<Array<Nullable<Text>>, _>(column(items, |click| click.ip.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(items, |click| click.user_agent.as_deref()))
            .bind::<Array<Timestamptz>, _>(column(items, |click| click.recorded_at))
            .bind::<Array<Text>, _>(column(items, |click| click.line.as_str()))
            .bind::<SmallInt, _>(Kind::Click.number())
            .execute(conn)?;
        Ok(items.iter().map(|_| Ok(())).collect())
    }
}

fn column<'a, T>(items: &'a [Arc<Pending>], value: impl Fn(&'a Pending) -> T) -> Vec<T> {
    items.iter().map(|item| value(item)).collect()
}
