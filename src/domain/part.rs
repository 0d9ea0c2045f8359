//! Texts that come in parts: which place a part has, and when its text is whole.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most characters of a part. A segment that is one of several carries 153 (GSM-7), or 160 where
/// the gateway counts parts by other means than a header in the text (3GPP TS 23.038, TS 23.040).
pub const PART_LIMIT: usize = 160;

/// One part of a text that came in several (3GPP TS 23.040, 9.2.3.24.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What all parts of one text share, for a while and from one number.
    pub reference: String,
    /// Its place, from 1.
    pub number: u8,
    /// Of how many.
    pub total: u8,
}

impl Part {
    /// Whether it is a whole text, and waits for nothing.
    pub fn is_whole(&self) -> bool {
        self.total <= 1
    }

    /// Whether a body has a place among other parts. One that has none can be joined with nothing.
    pub fn has_place(&self, body: &str) -> bool {
        !self.is_whole()
            && (1..=self.total).contains(&self.number)
            && body.chars().nth(PART_LIMIT).is_none()
    }
}

/// The parts of one text that have come.
#[derive(Clone, Debug)]
pub struct Gathering<T> {
    total: u8,
    parts: BTreeMap<u8, T>,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gathered<T> {
    /// It waits for others.
    Waits,
    /// It is there already.
    Repeated,
    /// It was the last one: here is the text, in order. Nothing waits any more.
    Whole(Vec<T>),
    /// Another part has its place, so its reference is in use again: here is what there was of the text
    /// before, in order. The part waits for the others of its own.
    Another(Vec<T>),
}

impl<T> Gathering<T> {
    /// A text of which nothing has come.
    pub fn of(total: u8) -> Self {
        Self {
            total,
            parts: BTreeMap::new(),
        }
    }

    /// Adds the part of this place. `same` says whether the one that has the place is the same,
    /// given twice.
    pub fn add(&mut self, number: u8, part: T, same: impl Fn(&T, &T) -> bool) -> Gathered<T> {
        if let Some(there) = self.parts.get(&number) {
            if same(there, &part) {
                return Gathered::Repeated;
            }
            let before = self.take();
            self.parts.insert(number, part);
            return Gathered::Another(before);
        }
        self.parts.insert(number, part);
        if self.parts.len() < usize::from(self.total) {
            return Gathered::Waits;
        }
        Gathered::Whole(self.take())
    }

    /// Puts back a part that waited already, in its place.
    pub fn restore(&mut self, number: u8, part: T) {
        self.parts.insert(number, part);
    }

    /// What has come, in order; after that nothing waits.
    pub fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.parts).into_values().collect()
    }

    /// What waits, with its place.
    pub fn waiting(&self) -> impl Iterator<Item = (u8, &T)> {
        self.parts.iter().map(|(number, part)| (*number, part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(number: u8, total: u8) -> Part {
        Part {
            reference: "1".to_owned(),
            number,
            total,
        }
    }

    #[test]
    fn a_part_without_a_place_is_told_apart() {
        assert!(part(2, 2).has_place("b"));
        assert!(!part(0, 2).has_place("b"));
        assert!(!part(3, 2).has_place("b"));
        assert!(!part(1, 2).has_place(&"é".repeat(PART_LIMIT + 1)));
        assert!(part(1, 2).has_place(&"é".repeat(PART_LIMIT)));
        for total in [0, 1] {
            assert!(part(1, total).is_whole() && !part(1, total).has_place("b"));
        }
    }

    #[test]
    fn a_reference_that_is_used_again_begins_another_text() {
        let mut text = Gathering::of(2);
        assert_eq!(text.add(1, "old", PartialEq::eq), Gathered::Waits);
        assert_eq!(
            text.add(1, "new", PartialEq::eq),
            Gathered::Another(vec!["old"])
        );
        assert_eq!(text.add(1, "new", PartialEq::eq), Gathered::Repeated);
        assert_eq!(
            text.add(2, "er", PartialEq::eq),
            Gathered::Whole(vec!["new", "er"])
        );
        assert_eq!(text.waiting().count(), 0);
    }

    proptest! {
        /// Whatever the order and the repetitions: the text once, when the last of its parts has come.
        #[test]
        fn a_text_is_whole_with_its_last_part(
            (total, order) in (2_u8..=12).prop_flat_map(|total| {
                let once = (1..=total).collect::<Vec<_>>();
                (Just(total), Just(once).prop_shuffle(), prop::collection::vec(1..=total, 0..8))
                    .prop_map(|(total, mut order, again)| { order.extend(again); (total, order) })
            })
        ) {
            let mut text = Gathering::of(total);
            let mut seen = std::collections::BTreeSet::new();
            for number in order {
                if seen.len() == usize::from(total) {
                    break; // it is recorded, and what repeats it is recognised elsewhere
                }
                let gathered = text.add(number, number, PartialEq::eq);
                let is_new = seen.insert(number);
                let whole = seen.len() == usize::from(total);
                prop_assert_eq!(gathered, match (is_new, whole) {
                    (false, _) => Gathered::Repeated,
                    (true, false) => Gathered::Waits,
                    (true, true) => Gathered::Whole((1..=total).collect()),
                });
            }
        }

        /// No part is lost, and none is in two texts, whatever comes under one reference.
        #[test]
        fn parts_are_handed_out_once(numbers in prop::collection::vec(1_u8..=4, 0..40)) {
            let mut text = Gathering::of(4);
            let mut out = Vec::new();
            let count = numbers.len();
            for (identity, number) in numbers.into_iter().enumerate() {
                // No two are the same.
                match text.add(number, identity, |_, _| false) {
                    Gathered::Whole(parts) | Gathered::Another(parts) => out.extend(parts),
                    Gathered::Waits => {}
                    Gathered::Repeated => prop_assert!(false, "none was given twice"),
                }
            }
            out.extend(text.take());
            out.sort_unstable();
            prop_assert_eq!(out, (0..count).collect::<Vec<_>>());
        }
    }
}
