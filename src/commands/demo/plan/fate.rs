//! What becomes of a message on its way: the submission and the receipts, with the mistakes that
//! gateways really make in their order and number.

use super::{Act, Receipt, Step, Submission};
use crate::commands::demo::chance::{happens, millis, pick};
use crate::domain::status::Status;
use rand::rngs::StdRng;
use std::time::Duration;

/// The gateways of a run.
pub(super) const GATEWAYS: [(u32, &str); 3] =
    [(55, "northtel"), (30, "bluecell"), (15, "textbridge")];

/// Why a message did not arrive, as a gateway says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The gateway's own code.
    pub(crate) code: &'static str,
    /// textrail's class of it.
    pub(crate) class: &'static str,
    /// Whether trying again is of no use.
    pub(crate) permanent: bool,
}

const FAILURES: [(u32, Failure); 5] = [
    (
        45,
        Failure {
            code: "30003",
            class: "unreachable",
            permanent: false,
        },
    ),
    (
        20,
        Failure {
            code: "30005",
            class: "invalid_number",
            permanent: true,
        },
    ),
    (
        10,
        Failure {
            code: "30006",
            class: "landline",
            permanent: true,
        },
    ),
    (
        20,
        Failure {
            code: "30007",
            class: "filtered",
            permanent: false,
        },
    ),
    (
        5,
        Failure {
            code: "30008",
            class: "other",
            permanent: false,
        },
    ),
];

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Never handed over.
    Forgotten,
    /// Called back before it left.
    Canceled,
    /// The gateway took it not.
    Refused,
    /// The gateway took it and said no more.
    Silence,
    /// The last that was heard.
    Soft(Status),
    /// A final word.
    Final(Status),
    /// The gateway guessed that it expired; then it was delivered after all.
    GuessedThenDelivered,
    /// Delivered, and later called undelivered: the earlier final stays.
    Contradicted,
}

const ENDS: [(u32, End); 14] = [
    (8820, End::Final(Status::Delivered)),
    (480, End::Final(Status::Undelivered)),
    (80, End::Final(Status::Failed)),
    (90, End::Final(Status::Rejected)),
    (90, End::Final(Status::Expired)),
    (60, End::GuessedThenDelivered),
    (50, End::Contradicted),
    (60, End::Soft(Status::Unknown)),
    (40, End::Soft(Status::Queued)),
    (60, End::Soft(Status::Sent)),
    (70, End::Silence),
    (50, End::Refused),
    (30, End::Canceled),
    (20, End::Forgotten),
];

/// A message's way, in steps, and when it was delivered, if it was.
pub(super) struct Fate {
    pub(super) steps: Vec<Step>,
    pub(super) delivered: Option<Duration>,
}

/// Decides the way of a message of so many segments. `id` is the gateway's id for it.
pub(super) fn decide(rng: &mut StdRng, id: &str, segments: u16) -> Fate {
    let end = pick(rng, &ENDS);
    let submitted = millis(rng, 30, 250);
    let Some(submission) = submission(rng, end, id) else {
        return Fate {
            steps: Vec::new(),
            delivered: None,
        };
    };
    let news = news(rng, end, id, submitted, segments);
    let delivered = news
        .iter()
        .filter(|receipt| receipt.status == Status::Delivered)
        .filter_map(|receipt| receipt.occurred)
        .max();
    let mut steps = post(rng, news);
    let at = if happens(rng, 50) {
        // The tool is slow to say so: the first receipts come before, and are parked.
        submitted + Duration::from_millis(1500)
    } else {
        submitted
    };
    steps.push(Step {
        at,
        act: Act::Submit(submission),
    });
    Fate { steps, delivered }
}

fn submission(rng: &mut StdRng, end: End, id: &str) -> Option<Submission> {
    let (outcome, status) = match end {
        End::Forgotten => return None,
        End::Canceled => ("canceled", Status::Canceled),
        End::Refused => ("refused", Status::Rejected),
        _ => ("accepted", Status::Accepted),
    };
    let taken = status == Status::Accepted;
    Some(Submission {
        outcome,
        status,
        gateway_message_id: taken.then(|| id.to_owned()),
        error_code: (end == End::Refused).then(|| pick(rng, &FAILURES).code),
    })
}

/// The receipts in the order of what they tell.
fn news(rng: &mut StdRng, end: End, id: &str, submitted: Duration, segments: u16) -> Vec<Receipt> {
    let sent = submitted + millis(rng, 50, 400);
    let done = sent + millis(rng, 150, 2_500);
    let later = done + millis(rng, 300, 900);
    let mut say = |status, occurred| receipt(rng, id, status, occurred);
    match end {
        End::Forgotten | End::Canceled | End::Refused | End::Silence => Vec::new(),
        End::Soft(status) => vec![say(status, sent)],
        End::Final(Status::Delivered) if segments > 1 => {
            let parts = (1..=segments).map(|part| Receipt {
                segment: Some((part, segments)),
                ..say(Status::Delivered, done)
            });
            parts.collect()
        }
        End::Final(status) => vec![say(Status::Sent, sent), say(status, done)],
        End::GuessedThenDelivered => vec![
            Receipt {
                synthetic: true,
                ..say(Status::Expired, done)
            },
            say(Status::Delivered, later),
        ],
        End::Contradicted => vec![
            say(Status::Delivered, done),
            say(Status::Undelivered, later),
        ],
    }
}

fn receipt(rng: &mut StdRng, id: &str, status: Status, occurred: Duration) -> Receipt {
    let by_gateway_id = happens(rng, 600);
    Receipt {
        status,
        // Few gateways leave the time of a final out, and only where nothing contradicts it.
        occurred: (status.is_final() || happens(rng, 800)).then_some(occurred),
        names_message: !by_gateway_id || happens(rng, 200),
        gateway_message_id: by_gateway_id.then(|| id.to_owned()),
        error: failure(rng, status),
        synthetic: false,
        segment: None,
    }
}

fn failure(rng: &mut StdRng, status: Status) -> Option<Failure> {
    match status {
        Status::Undelivered | Status::Failed | Status::Rejected => Some(pick(rng, &FAILURES)),
        Status::Expired => Some(Failure {
            code: "30410",
            class: "expired",
            permanent: false,
        }),
        _ => None,
    }
}

/// When and how the receipts come: mostly one by one and soon; at times in the wrong order, all in
/// one call, again, or twice at once.
fn post(rng: &mut StdRng, news: Vec<Receipt>) -> Vec<Step> {
    let mut news: Vec<(Duration, Receipt)> = news
        .into_iter()
        .map(|receipt| {
            (
                receipt.occurred.unwrap_or_default() + millis(rng, 5, 150),
                receipt,
            )
        })
        .collect();
    let last = news.iter().map(|(at, _)| *at).max().unwrap_or_default();
    if happens(rng, 80) {
        for (at, _) in &mut news {
            *at = last + last - *at; // mirrored: the last comes first
        }
    }
    if happens(rng, 60)
        && let Some((at, repeated)) = news.last().cloned()
    {
        news.push((at + millis(rng, 10, 600), repeated));
    }
    if happens(rng, 60) && !news.is_empty() {
        let items = news.into_iter().map(|(_, receipt)| receipt).collect();
        return vec![Step {
            at: last,
            act: Act::Receipts {
                items,
                twice: false,
            },
        }];
    }
    news.into_iter()
        .map(|(at, receipt)| Step {
            at,
            act: Act::Receipts {
                items: vec![receipt],
                twice: happens(rng, 30),
            },
        })
        .collect()
}
