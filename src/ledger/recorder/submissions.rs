//! The lane of submissions. A submission that names the gateway's id also takes in the receipts that
//! came before it and were parked.

use super::super::facts::{NewSubmission, RecordError, SubmissionOutcome, SubmissionReply};
use super::super::messages;
use super::super::statement::prepared;
use super::commit;
use super::fingerprint::fingerprint;
use super::lane::Work;
use super::outbox_rows::OutboxRows;
use super::parked::{self, TakenIn};
use super::receipts::lock_gateway_ids;
use super::refusals::{self, Report};
use super::{evidence, now};
use crate::event::{Body, Context, Event, Submission, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// One caller's submissions.
pub(super) struct Pending {
    submissions: Vec<PendingSubmission>,
}

struct PendingSubmission {
    new: NewSubmission,
    fingerprint: Uuid,
    recorded_at: DateTime<Utc>,
}

impl Pending {
    pub(super) fn new(submissions: Vec<NewSubmission>) -> Self {
        let recorded_at = now();
        let submissions = submissions
            .into_iter()
            .map(|new| PendingSubmission {
                fingerprint: fingerprint_of(&new),
                new,
                recorded_at,
            })
            .collect();
        Self { submissions }
    }
}

/// A refusal is told by its reason, too: one for another is news, and may be that the recipient has opted out.
fn fingerprint_of(new: &NewSubmission) -> Uuid {
    let mut parts = vec![
        Some(new.gateway.as_str()),
        new.gateway_message_id.as_deref(),
        Some(outcome(new.outcome)),
    ];
    if new.outcome == SubmissionOutcome::Refused && new.error_code.is_some() {
        parts.push(new.error_code.as_deref());
    }
    fingerprint(&parts)
}

fn outcome(outcome: SubmissionOutcome) -> &'static str {
    match outcome {
        SubmissionOutcome::Accepted => "accepted",
        SubmissionOutcome::Refused => "refused",
        SubmissionOutcome::Canceled => "canceled",
    }
}

/// Writes submissions.
#[derive(Clone, Debug)]
pub(super) struct Submissions;

impl Work for Submissions {
    type Item = Pending;
    type Reply = Vec<SubmissionReply>;

    fn rows(item: &Pending) -> usize {
        item.submissions.len()
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Pending],
    ) -> QueryResult<Vec<Result<Vec<SubmissionReply>, RecordError>>> {
        let submissions: Vec<&PendingSubmission> =
            items.iter().flat_map(|item| &item.submissions).collect();
        let mut replies =
            commit::transaction(conn, |conn| write_submissions(conn, &submissions))?.into_iter();
        Ok(items
            .iter()
            .map(|item| Ok(replies.by_ref().take(item.submissions.len()).collect()))
            .collect())
    }
}

fn write_submissions(
    conn: &mut PgConnection,
    submissions: &[&PendingSubmission],
) -> QueryResult<Vec<SubmissionReply>> {
    // 1. The gateway's ids, then the messages: locked in the order that receipts use, too.
    let pairs: BTreeSet<(&str, &str)> = submissions
        .iter()
        .filter_map(|submission| {
            Some((
                submission.new.gateway.as_str(),
                submission.new.gateway_message_id.as_deref()?,
            ))
        })
        .collect();
    lock_gateway_ids(conn, &pairs)?;
    let wanted: BTreeSet<Uuid> = submissions
        .iter()
        .map(|submission| submission.new.message_id)
        .collect();
    let contexts = messages::lock_contexts(conn, &wanted.into_iter().collect::<Vec<_>>())?;

    // 2. The submissions of messages that exist, and their events.
    let of_known: Vec<&PendingSubmission> = submissions
        .iter()
        .copied()
        .filter(|submission| contexts.contains_key(&submission.new.message_id))
        .collect();
    let new = insert(conn, &of_known)?;
    let mut events = OutboxRows::default();
    for submission in &of_known {
        if new.contains(&submission.new.id) {
            events.push(&event(submission, &contexts[&submission.new.message_id]))?;
        }
    }

    // 3. The receipts that waited for them.
    let matched = take_in_parked(conn, &of_known)?;
    parked::tell(&matched, &contexts, &mut events)?;

    // 4. Opt-outs that either tells of.
    let refused = of_known
        .iter()
        .filter(|submission| new.contains(&submission.new.id));
    let refused = refused.filter_map(|submission| refusal(submission, &contexts));
    let reports = matched.iter().filter_map(|found| found.report(&contexts));
    refusals::apply(conn, refused.chain(reports), &mut events)?;
    events.insert(conn)?;
    evidence::recompute_status(conn, &contexts.keys().copied().collect::<Vec<_>>())?;
    Ok(submissions
        .iter()
        .map(|submission| reply(submission, &contexts, &new))
        .collect())
}

fn reply(
    submission: &PendingSubmission,
    contexts: &HashMap<Uuid, Context>,
    new: &HashSet<Uuid>,
) -> SubmissionReply {
    if new.contains(&submission.new.id) {
        SubmissionReply::Recorded
    } else if contexts.contains_key(&submission.new.message_id) {
        SubmissionReply::Duplicate
    } else {
        SubmissionReply::UnknownMessage
    }
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn insert(
    conn: &mut PgConnection,
    submissions: &[&PendingSubmission],
) -> QueryResult<HashSet<Uuid>> {
    if submissions.is_empty() {
        return Ok(HashSet::new());
    }
    let written: Vec<Written> = prepared(include_str!("sql/submissions.sql"))
        .bind::<Array<SqlUuid>, _>(column(submissions, |submission| submission.new.message_id))
        .bind::<Array<SqlUuid>, _>(column(submissions, |submission| submission.fingerprint))
        .bind::<Array<SqlUuid>, _>(column(submissions, |submission| submission.new.id))
        .bind::<Array<Text>, _>(column(submissions, |submission| {
            submission.new.gateway.as_str()
        }))
        .bind::<Array<Nullable<Text>>, _>(column(submissions, |submission| {
            submission.new.gateway_message_id.as_deref()
        }))
        .bind::<Array<Text>, _>(column(submissions, |submission| {
            outcome(submission.new.outcome)
        }))
        .bind::<Array<Nullable<Text>>, _>(column(submissions, |submission| {
            submission.new.error_code.as_deref()
        }))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(submissions, |submission| {
            submission.new.submitted_at
        }))
        .bind::<Array<Timestamptz>, _>(column(submissions, |submission| submission.recorded_at))
        .load(conn)?;
    Ok(written.into_iter().map(|row| row.id).collect())
}

fn column<'a, T>(
    submissions: &[&'a PendingSubmission],
    value: impl Fn(&'a PendingSubmission) -> T,
) -> Vec<T> {
    submissions
        .iter()
        .map(|submission| value(submission))
        .collect()
}

/// What a refused submission says; one that was accepted or called back says nothing of the recipient.
fn refusal<'a>(
    submission: &'a PendingSubmission,
    contexts: &'a HashMap<Uuid, Context>,
) -> Option<Report<'a>> {
    let new = &submission.new;
    if new.outcome != SubmissionOutcome::Refused {
        return None;
    }
    Some(Report {
        id: new.id,
        gateway: &new.gateway,
        error_class: new.error_class,
        error_code: new.error_code.as_deref(),
        gateway_time: new.submitted_at,
        reported_at: submission.recorded_at,
        recorded_at: submission.recorded_at,
        context: contexts.get(&new.message_id)?,
    })
}

/// The receipts that waited for these submissions, from here on with their messages.
fn take_in_parked(
    conn: &mut PgConnection,
    submissions: &[&PendingSubmission],
) -> QueryResult<Vec<TakenIn>> {
    let with_id: Vec<(&str, &str, Uuid)> = submissions
        .iter()
        .filter_map(|submission| {
            let new = &submission.new;
            Some((
                new.gateway.as_str(),
                new.gateway_message_id.as_deref()?,
                new.message_id,
            ))
        })
        .collect();
    let waiting = parked::of_submissions(conn, &with_id)?;
    parked::take_in(conn, waiting)
}

fn event(submission: &PendingSubmission, context: &Context) -> Event {
    let new = &submission.new;
    let mut context = context.clone();
    // The gateway that it was handed to, whichever it was first meant for.
    context.gateway = Some(new.gateway.clone());
    Event {
        event_id: new.id,
        occurred_at: new.submitted_at.unwrap_or(submission.recorded_at),
        time_source: match new.submitted_at {
            Some(_) => TimeSource::Gateway,
            None => TimeSource::Server,
        },
        recorded_at: submission.recorded_at,
        context,
        body: Body::Submission(Submission {
            gateway_message_id: new.gateway_message_id.clone(),
            outcome: outcome(new.outcome).to_owned(),
            error_code: new.error_code.clone(),
            error_class: new.error_class.map(|class| class.as_str().to_owned()),
            ..Submission::default()
        }),
    }
}
