//! Texts: each message's segments are counted.

use crate::drawn::{self, MANY};
use crate::each;
use criterion::Criterion;
use rand::Rng;
use textrail::domain::sms::segment;

const GREETINGS: [&str; 4] = ["Hello", "Dear", "Servus", "Grüß Gott"];
const NAMES: [&str; 5] = ["Anna", "Jürgen", "Zoë", "François", "Olga"];
/// Of the GSM alphabet, its extension table, and beyond both.
const OFFERS: [&str; 6] = [
    "the autumn sale has begun: 20 % off everything until Sunday",
    "ihre Bestellung ist unterwegs und wird morgen zwischen 8 und 12 Uhr geliefert",
    "your table for two is booked, we hold it for 15 minutes [reply C to cancel]",
    "ab sofort -30 € auf alle Jacken, nur solange der Vorrat reicht, auch online und in jeder Filiale",
    "ваш заказ готов, ждём вас до восьми часов вечера",
    "it's our birthday 🎉🎂 and yours soon, too: a cake 👩‍🍳 is waiting for you",
];

pub fn texts(criterion: &mut Criterion) {
    let mut chance = drawn::chance();
    let texts: Vec<String> = (0..MANY)
        .map(|_| {
            let greeting = drawn::one(&mut chance, &GREETINGS);
            let name = drawn::one(&mut chance, &NAMES);
            let offers: Vec<&str> = (0..chance.random_range(1..4))
                .map(|_| drawn::one(&mut chance, &OFFERS))
                .collect();
            format!(
                "{greeting} {name}, {}. https://go.example/f7VRmRG8A7 STOP to 43720",
                offers.join("; ")
            )
        })
        .collect();
    each(
        criterion,
        ["segments", "counted"],
        &texts,
        Some(String::len),
        |text| segment(text),
    );
}
