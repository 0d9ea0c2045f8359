//! Phone numbers, of which each message and each inbound message has one.

use crate::drawn::{self, MANY};
use crate::each;
use criterion::Criterion;
use rand::Rng;
use rand::rngs::StdRng;
use textrail::domain::phone::PhoneNumber;

/// Mobile numbers of ten countries, one in twenty mistyped.
fn number(chance: &mut StdRng) -> String {
    let (prefix, digits) = [
        ("+43676", 7),
        ("+49151", 8),
        ("+4179", 7),
        ("+336", 8),
        ("+3934", 8),
        ("+346", 8),
        ("+4850", 7),
        ("+44740", 7),
        ("+1415", 7),
        ("+9198", 8),
    ][chance.random_range(0..10)];
    let typed = digits - usize::from(chance.random_ratio(1, 20));
    let rest: String = (0..typed)
        .map(|_| char::from(b'0' + chance.random_range(0..10)))
        .collect();
    prefix.to_owned() + &rest
}

pub fn numbers(criterion: &mut Criterion) {
    let mut chance = drawn::chance();
    let numbers: Vec<String> = (0..MANY).map(|_| number(&mut chance)).collect();
    each(
        criterion,
        ["phone number", "parsed"],
        &numbers,
        None,
        |number| PhoneNumber::parse(number),
    );
}
