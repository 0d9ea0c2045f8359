//! Statuses: what follows from all that is known about a message.

use crate::drawn::{self, MANY};
use crate::each;
use criterion::Criterion;
use rand::Rng;
use rand::rngs::StdRng;
use textrail::domain::status::{Evidence, Status, current, sort_key};

/// Of a message: its submission and its receipts; of every tenth, by segment.
fn evidence(chance: &mut StdRng) -> Vec<Evidence> {
    let segments = if chance.random_ratio(1, 10) { 3 } else { 1 };
    let last = match chance.random_range(0..20) {
        0 => Status::Undelivered,
        1 => Status::Expired,
        2 => Status::Sent,
        _ => Status::Delivered,
    };
    let at = drawn::time(chance);
    let one = |status, segment_number| Evidence {
        status,
        synthetic: false,
        gateway_time: Some(at),
        segment_number,
    };
    let mut known = vec![one(Status::Accepted, None)];
    for segment in 1..=segments {
        let number = (segments > 1).then_some(segment);
        known.extend([one(Status::Sent, number), one(last, number)]);
    }
    known
}

pub fn statuses(criterion: &mut Criterion) {
    let mut chance = drawn::chance();
    let messages: Vec<Vec<Evidence>> = (0..MANY).map(|_| evidence(&mut chance)).collect();
    each(
        criterion,
        ["status", "of a message"],
        &messages,
        None,
        |evidence| current(evidence.iter().copied()),
    );
    let receipts: Vec<Evidence> = messages.into_iter().flatten().collect();
    each(
        criterion,
        ["status", "rank of a receipt"],
        &receipts,
        None,
        sort_key,
    );
}
