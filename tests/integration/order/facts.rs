//! What is told of one message, in a form of which many can be told alike.

use crate::support::ledger::{new_receipt, new_submission};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use textrail::domain::click::{self, Visit};
use textrail::domain::status::{Evidence, Status};
use textrail::ledger::facts::*;
use textrail::ledger::recorder::Recorder;
use uuid::Uuid;

/// One thing told of a message. Told again, it is the same thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// It was handed over, at a second.
    Submission(SubmissionOutcome, i64),
    /// A gateway reported.
    Receipt(Told),
    /// The visit of this number to its link.
    Click(u8),
}

/// What a gateway reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    pub status: Status,
    /// By the gateway's clock; none = it gave no time.
    pub second: Option<i64>,
    pub segment: Option<u16>,
    pub synthetic: bool,
    /// The callback carried our id; else the gateway's own id is all there is, and the receipt waits
    /// for the submission.
    pub by_our_id: bool,
}

/// A receipt that names the gateway's id.
pub fn receipt(status: Status, second: i64) -> Told {
    Told {
        status,
        second: Some(second),
        segment: None,
        synthetic: false,
        by_our_id: false,
    }
}

impl Told {
    pub fn segment(self, number: u16) -> Self {
        Self {
            segment: Some(number),
            ..self
        }
    }

    pub fn synthetic(self) -> Self {
        Self {
            synthetic: true,
            ..self
        }
    }

    pub fn by_our_id(self) -> Self {
        Self {
            by_our_id: true,
            ..self
        }
    }

    pub fn timeless(self) -> Self {
        Self {
            second: None,
            ..self
        }
    }
}

impl From<Told> for Fact {
    fn from(told: Told) -> Self {
        Self::Receipt(told)
    }
}

/// A message to tell of.
#[derive(Clone, Debug)]
pub struct Subject {
    pub id: Uuid,
    pub gateway_id: String,
    pub link: Arc<LinkTarget>,
    /// Drawn for each visit when it is made, as the server does.
    pub visits: [Uuid; 4],
}

impl Fact {
    /// Tells it; whatever was told before is no error.
    pub async fn tell(self, server: Recorder, subject: Subject) {
        match self {
            Self::Submission(outcome, second) => {
                let submission = NewSubmission {
                    outcome,
                    submitted_at: Some(at(second)),
                    ..new_submission(subject.id, &subject.gateway_id)
                };
                server.submissions(vec![submission]).await.map(drop)
            }
            Self::Receipt(told) => server.receipts(vec![new(told, &subject)]).await.map(drop),
            Self::Click(visit) => {
                let click = NewClick {
                    id: subject.visits[usize::from(visit)],
                    link: subject.link,
                    judgement: click::judge(&Visit::default()),
                    ip: None,
                    user_agent: None,
                    referrer_host: None,
                };
                server.click(click).await
            }
        }
        .expect("the fact is taken");
    }

    /// What it says about the status.
    pub fn evidence(self) -> Option<Evidence> {
        let evidence = |status, second: Option<i64>| Evidence {
            status,
            synthetic: false,
            gateway_time: second.map(at),
            segment_number: None,
        };
        match self {
            Self::Submission(outcome, second) => {
                let status = match outcome {
                    SubmissionOutcome::Accepted => Status::Accepted,
                    SubmissionOutcome::Refused => Status::Rejected,
                    SubmissionOutcome::Canceled => Status::Canceled,
                };
                Some(evidence(status, Some(second)))
            }
            Self::Receipt(told) => Some(Evidence {
                synthetic: told.synthetic,
                segment_number: told.segment.map(i32::from),
                ..evidence(told.status, told.second)
            }),
            Self::Click(_) => None,
        }
    }
}

fn new(told: Told, subject: &Subject) -> NewReceipt {
    NewReceipt {
        message_id: told.by_our_id.then_some(subject.id),
        gateway_message_id: (!told.by_our_id).then(|| subject.gateway_id.clone()),
        gateway_time: told.second.map(at),
        segment_number: told.segment,
        synthetic: told.synthetic,
        // A guess is told in words of its own, so that it is not taken for the real thing.
        raw_status: format!("{}{}", told.status.as_str(), u8::from(told.synthetic)),
        ..new_receipt(told.status)
    }
}

/// Some time of the gateway's clock.
fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}
