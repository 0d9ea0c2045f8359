//! A message and all that happened to it, in time order.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
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

/// The kinds of step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Handed to a gateway.
    Submission {
        gateway: String,
        gateway_message_id: Option<String>,
        outcome: String,
        error_code: Option<String>,
    },
    /// A receipt.
    Receipt {
        gateway: String,
        status: String,
        raw_status: String,
        error_code: Option<String>,
        segment_number: Option<i32>,
    },
    /// A click.
    Click { code: String, verdict: String },
    /// A reply.
    Reply { body: String, intent: String },
}

/// The journey of a message.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<Journey>> {
    let _ = (conn, id);
    todo!()
}
