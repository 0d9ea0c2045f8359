//! The people of a demo: numbers that a numbering plan really has, in a mix of countries.

use super::chance::{generator, pick};

/// The digits at a number's end that tell people apart.
const DRAWN_DIGITS: usize = 6;
/// The most people that one run can tell apart.
pub(super) const MOST_PEOPLE: u64 = 1_000_000;
/// Shares no factor with [`MOST_PEOPLE`], so that the endings of that many people all differ.
const STRIDE: u64 = 654_321;

/// Where people live, by weight: the head of a range of mobile numbers in which every ending
/// exists. A constant rather than a look-up, since asking a numbering plan costs more than sending.
const RANGES: [(u32, &str); 16] = [
    (300, "+12015"),  // United States
    (90, "+4915123"), // Germany
    (80, "+33612"),   // France
    (80, "+447400"),  // United Kingdom
    (60, "+43664"),   // Austria
    (50, "+34612"),   // Spain
    (50, "+393123"),  // Italy
    (40, "+31612"),   // Netherlands
    (40, "+48512"),   // Poland
    (40, "+5511961"), // Brazil
    (40, "+918123"),  // India
    (30, "+522221"),  // Mexico
    (30, "+46701"),   // Sweden
    (30, "+41781"),   // Switzerland
    (20, "+61412"),   // Australia
    (20, "+819012"),  // Japan
];

/// The number of a run's n-th person, in E.164. No two of the first [`MOST_PEOPLE`] share one.
pub(super) fn number(seed: u64, person: u64) -> String {
    let ending = person.wrapping_mul(STRIDE).wrapping_add(seed % MOST_PEOPLE) % MOST_PEOPLE;
    // `!seed`: where someone lives is not to go along with what they do.
    let range = pick(&mut generator(!seed, person), &RANGES);
    format!("{range}{ending:0DRAWN_DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phone::PhoneNumber;
    use std::collections::{BTreeSet, HashSet};

    #[test]
    fn every_ending_exists_in_every_range() {
        let mut countries = BTreeSet::new();
        for (_, range) in RANGES {
            for ending in ["000000", "123456", "555555", "999999", "190817"] {
                let number = PhoneNumber::parse(&format!("{range}{ending}"));
                let country = number
                    .ok()
                    .and_then(|number| number.country().map(str::to_owned));
                countries.insert(country.expect(range));
            }
        }
        assert_eq!(countries.len(), RANGES.len());
    }

    #[test]
    fn people_have_numbers_of_their_own() {
        let mut seen = HashSet::new();
        assert!((0..200_000).all(|person| seen.insert(number(77, person))));
    }

    #[test]
    fn a_seed_gives_the_same_people() {
        let people = |seed| {
            (0..50)
                .map(|person| number(seed, person))
                .collect::<Vec<_>>()
        };
        assert_eq!(people(1), people(1));
        assert_ne!(people(1), people(2));
    }
}
