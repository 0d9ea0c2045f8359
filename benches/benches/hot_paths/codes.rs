//! Short codes: one is made for each link, and each redirect begins with one.

use crate::drawn::{self, MANY};
use crate::each;
use criterion::Criterion;
use rand::Rng;
use textrail::domain::short_code::ShortCodes;

pub fn codes(criterion: &mut Criterion) {
    let mut chance = drawn::chance();
    let codes = ShortCodes::new(chance.random(), 10);
    let numbers: Vec<i64> = (0..MANY)
        .map(|_| chance.random_range(1..10_000_000))
        .collect();
    each(
        criterion,
        ["short code", "encoded"],
        &numbers,
        None,
        |number| codes.encode(*number),
    );
    let known: Vec<String> = numbers
        .iter()
        .filter_map(|number| codes.encode(*number))
        .collect();
    each(criterion, ["short code", "decoded"], &known, None, |code| {
        codes.decode(code)
    });
    // Words that scanners try, and codes that were guessed.
    let guessed: Vec<String> = (0..MANY)
        .map(|place| match place % 4 {
            0 => drawn::one(&mut chance, &["wp-login.php", "favicon.ico", ".env"]).to_owned(),
            _ => (0..10)
                .map(|_| char::from(chance.sample(rand::distr::Alphanumeric)))
                .collect(),
        })
        .collect();
    each(
        criterion,
        ["short code", "guessed"],
        &guessed,
        None,
        |code| codes.decode(code),
    );
}
