//! A message and all that happened to it, in time order.

use super::schema::{
    campaigns, clicks, inbound_messages, links, messages, receipts, submissions, subscribers,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::HashSet;
use uuid::Uuid;

/// A message as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// Its id.
    pub id: Uuid,
    /// `recorded` or `suppressed`.
    pub outcome: String,
    /// Delivery status.
    pub status: String,
    /// E.164.
    pub to: String,
    /// Sender.
    pub from: String,
    /// Rendered body.
    pub body: String,
    /// Campaign's name.
    pub campaign: String,
    /// Campaign's type when recorded.
    pub campaign_type: String,
    /// Gateway, if named.
    pub gateway: Option<String>,
    /// The caller's own name for it.
    pub client_reference: Option<String>,
    /// `gsm7` or `ucs2`.
    pub encoding: String,
    /// SMS segments.
    pub segments: i32,
    /// Whether it is a test.
    pub test: bool,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// (code, short URL's host, target) of its links.
    pub links: Vec<(String, String, String)>,
    /// What happened, by time.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When: the gateway's time, else when it was recorded.
    pub at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What.
    pub what: StepKind,
}

/// The kinds of step; the fields are the columns of the same names.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Handed to a gateway.
    Submission {
        /// To whom.
        gateway: String,
        /// The id that it gave.
        gateway_message_id: Option<String>,
        /// `accepted`, `refused` or `canceled`.
        outcome: String,
        /// The gateway's own code.
        error_code: Option<String>,
    },
    /// A receipt.
    Receipt {
        /// Who reported.
        gateway: String,
        /// In our words.
        status: String,
        /// In the gateway's words.
        raw_status: String,
        /// The gateway's own code.
        error_code: Option<String>,
        /// The segment it is about; none = the whole message.
        segment_number: Option<i32>,
        /// Whether another reading of it replaced this one, which counts no longer.
        corrected: bool,
    },
    /// A click.
    Click {
        /// The short code.
        code: String,
        /// `human`, `bot` or `suspect`.
        verdict: String,
    },
    /// A reply.
    Reply {
        /// The inbound message's id.
        inbound_id: Uuid,
        /// The text.
        body: String,
        /// What it asks for, as that stands: a person's verdict before the rules'.
        intent: String,
    },
}

/// The journey of a message: each part read from the one partition that holds it.
///
/// # Errors
/// What PostgreSQL says.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<Journey>> {
    let Some((message, campaign, to)) = messages::table
        .find(id)
        .inner_join(campaigns::table)
        .inner_join(subscribers::table.on(subscribers::id.eq(messages::subscriber_id)))
        .select((
            MessageRow::as_select(),
            campaigns::name,
            subscribers::number,
        ))
        .first(conn)
        .optional()?
    else {
        return Ok(None);
    };
    let mut steps = submissions(conn, id)?;
    steps.extend(receipts(conn, id)?);
    steps.extend(clicks(conn, id)?);
    steps.extend(replies(conn, id)?);
    steps.sort_by_key(|step| (step.at, step.recorded_at));
    let links = links::table
        .filter(links::message_id.eq(id))
        .order(links::position)
        .select((links::code, links::short_domain, links::target_url))
        .load(conn)?;
    Ok(Some(message.into_journey(campaign, to, links, steps)))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(diesel::pg::Pg))]
struct MessageRow {
    id: Uuid,
    campaign_type: String,
    sender: String,
    gateway: Option<String>,
    client_reference: Option<String>,
    body: String,
    encoding: String,
    segments: i32,
    outcome: String,
    status: String,
    test: bool,
    recorded_at: DateTime<Utc>,
}

impl MessageRow {
    fn into_journey(
        self,
        campaign: String,
        to: String,
        links: Vec<(String, String, String)>,
        steps: Vec<Step>,
    ) -> Journey {
        Journey {
            id: self.id,
            outcome: self.outcome,
            status: self.status,
            to,
            from: self.sender,
            body: self.body,
            campaign,
            campaign_type: self.campaign_type,
            gateway: self.gateway,
            client_reference: self.client_reference,
            encoding: self.encoding,
            segments: self.segments,
            test: self.test,
            recorded_at: self.recorded_at,
            links,
            steps,
        }
    }
}

type Times = (Option<DateTime<Utc>>, DateTime<Utc>);

fn step((gateway_time, recorded_at): Times, what: StepKind) -> Step {
    Step {
        at: gateway_time.unwrap_or(recorded_at),
        recorded_at,
        what,
    }
}

fn submissions(conn: &mut PgConnection, id: Uuid) -> QueryResult<Vec<Step>> {
    type Row = (Times, String, Option<String>, String, Option<String>);
    let rows: Vec<Row> = submissions::table
        .filter(submissions::message_id.eq(id))
        .select((
            (submissions::submitted_at, submissions::recorded_at),
            submissions::gateway,
            submissions::gateway_message_id,
            submissions::outcome,
            submissions::error_code,
        ))
        .load(conn)?;
    let steps = rows.into_iter().map(
        |(times, gateway, gateway_message_id, outcome, error_code)| {
            step(
                times,
                StepKind::Submission {
                    gateway,
                    gateway_message_id,
                    outcome,
                    error_code,
                },
            )
        },
    );
    Ok(steps.collect())
}

fn receipts(conn: &mut PgConnection, id: Uuid) -> QueryResult<Vec<Step>> {
    type Row = (
        Times,
        String,
        String,
        String,
        Option<String>,
        Option<i32>,
        (Uuid, Option<Uuid>),
    );
    let rows: Vec<Row> = receipts::table
        .filter(receipts::message_id.eq(id))
        .select((
            (receipts::gateway_time, receipts::recorded_at),
            receipts::gateway,
            receipts::status,
            receipts::raw_status,
            receipts::error_code,
            receipts::segment_number,
            (receipts::id, receipts::corrects),
        ))
        .load(conn)?;
    let replaced: HashSet<Uuid> = rows.iter().filter_map(|row| row.6.1).collect();
    let steps = rows.into_iter().map(|row| {
        let (times, gateway, status, raw_status, error_code, segment_number, (id, _)) = row;
        let what = StepKind::Receipt {
            gateway,
            status,
            raw_status,
            error_code,
            segment_number,
            corrected: replaced.contains(&id),
        };
        step(times, what)
    });
    Ok(steps.collect())
}

fn clicks(conn: &mut PgConnection, id: Uuid) -> QueryResult<Vec<Step>> {
    let rows: Vec<(DateTime<Utc>, String, String)> = clicks::table
        .inner_join(links::table.on(links::number.eq(clicks::link_number)))
        .filter(clicks::message_id.eq(id))
        .select((clicks::recorded_at, links::code, clicks::verdict))
        .load(conn)?;
    let steps = rows
        .into_iter()
        .map(|(at, code, verdict)| step((None, at), StepKind::Click { code, verdict }));
    Ok(steps.collect())
}

fn replies(conn: &mut PgConnection, id: Uuid) -> QueryResult<Vec<Step>> {
    type Row = (Times, Uuid, String, String, Option<String>);
    let rows: Vec<Row> = inbound_messages::table
        .filter(inbound_messages::message_id.eq(id))
        .select((
            (inbound_messages::received_at, inbound_messages::recorded_at),
            inbound_messages::id,
            inbound_messages::body,
            inbound_messages::intent,
            inbound_messages::reviewed_intent,
        ))
        .load(conn)?;
    let steps = rows
        .into_iter()
        .map(|(times, inbound_id, body, intent, reviewed)| {
            let what = StepKind::Reply {
                inbound_id,
                body,
                intent: reviewed.unwrap_or(intent),
            };
            step(times, what)
        });
    Ok(steps.collect())
}
