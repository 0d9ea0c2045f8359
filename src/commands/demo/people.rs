//! The people of a demo: numbers that a numbering plan really has, in a mix of countries.

use super::chance::{generator, pick};
use phonenumber::country;
use phonenumber::metadata::DATABASE;
use std::sync::LazyLock;

/// The digits at a number's end that are drawn; those before come from the plan's own example of a
/// mobile number.
const DRAWN_DIGITS: usize = 7;
const SPACE: u64 = 10_000_000;
/// Shares no factor with [`SPACE`], so that the drawn digits of the first ten million people all
/// differ.
const STRIDE: u64 = 7_654_321;
/// The most people one run can tell apart.
pub(super) const MOST_PEOPLE: u64 = SPACE;

/// Where people live, by weight.
const COUNTRIES: [(u32, country::Id); 16] = [
    (300, country::US),
    (90, country::DE),
    (80, country::FR),
    (80, country::GB),
    (60, country::AT),
    (50, country::ES),
    (50, country::IT),
    (40, country::NL),
    (40, country::PL),
    (40, country::BR),
    (40, country::IN),
    (30, country::MX),
    (30, country::SE),
    (30, country::CH),
    (20, country::AU),
    (20, country::JP),
];

/// The head of each country's example of a mobile number, in the order of [`COUNTRIES`].
static HEADS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let heads = COUNTRIES.iter().map(|(_, country)| head(*country));
    heads.collect()
});

fn head(country: country::Id) -> String {
    let Some(metadata) = DATABASE.by_id(country.as_ref()) else {
        return String::new();
    };
    let mobile = metadata.descriptors().mobile();
    let example = mobile.and_then(|numbers| numbers.example()).unwrap_or_default();
    let kept = example.len().saturating_sub(DRAWN_DIGITS);
    format!("+{}{}", metadata.country_code(), &example[..kept])
}

/// The number of a run's n-th person, in E.164. No two people of a run share one.
///
/// Not every ending exists in every country's plan. A person whose ending does not exist at home
/// lives in the next country where it does: the ending is theirs alone, so the number is too.
pub(super) fn number(seed: u64, person: u64) -> String {
    let ending = person.wrapping_mul(STRIDE).wrapping_add(seed % SPACE) % SPACE;
    // `!seed`: where someone lives is not what they do.
    let home = pick(&mut generator(!seed, person), &COUNTRIES);
    let home = COUNTRIES.iter().position(|(_, country)| *country == home).unwrap_or(0);
    (0..HEADS.len())
        .map(|step| &HEADS[(home + step) % HEADS.len()])
        .map(|head| format!("{head}{ending:0DRAWN_DIGITS$}"))
        .find(|number| exists(number))
        .unwrap_or_else(|| format!("+436{:08}", ending)) // Austria's +436 takes any ending
}

fn exists(number: &str) -> bool {
    phonenumber::parse(None, number).is_ok_and(|parsed| phonenumber::is_valid(&parsed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    #[test]
    fn numbers_exist_differ_and_come_from_many_countries() {
        let mut seen = HashSet::new();
        let mut countries = BTreeMap::<_, usize>::new();
        for person in 0..3_000 {
            let number = number(77, person);
            let parsed = phonenumber::parse(None, &number).unwrap();
            assert!(parsed.is_valid(), "{number}");
            *countries.entry(format!("{:?}", parsed.country().id())).or_default() += 1;
            assert!(seen.insert(number));
        }
        let common = countries.values().filter(|count| **count >= 20);
        assert!(common.count() >= 12, "{countries:?}");
    }

    #[test]
    fn a_seed_gives_the_same_people() {
        let people = |seed| (0..50).map(|person| number(seed, person)).collect::<Vec<_>>();
        assert_eq!(people(1), people(1));
        assert_ne!(people(1), people(2));
    }
}
