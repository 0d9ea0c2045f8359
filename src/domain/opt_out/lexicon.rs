//! The words that the rule knows in one country.

use super::words::{Word, fold};
use super::{Intent, builtin};
use std::collections::HashMap;

/// The most words of one entry ("OPT OUT" has two).
pub(super) const MOST_PARTS: usize = 4;

/// Commands, folded, each with its parts set apart by one space.
#[derive(Clone, Debug, Default)]
pub(super) struct Lexicon {
    commands: HashMap<String, (Intent, bool)>,
    /// Parts of the longest command.
    longest: usize,
}

/// One word that stands for two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// What it stands for already.
    pub(super) stands: Intent,
}

impl Lexicon {
    /// The words for all countries and, if it has any, those of this one.
    pub(super) fn built_in(country: Option<&str>) -> Self {
        let own = builtin::BY_COUNTRY
            .iter()
            .filter(|(code, _)| Some(*code) == country);
        let own = own.flat_map(|(_, kinds)| kinds.iter());
        let mut lexicon = Self::default();
        for kind in builtin::GENERAL.iter().chain(own) {
            for word in kind.words {
                let added = lexicon.add(&fold(word), kind.intent, kind.everyday);
                debug_assert_eq!(added, Ok(()), "{word} has one meaning");
            }
        }
        lexicon
    }

    /// Adds a folded word, unless it is known.
    pub(super) fn add(
        &mut self,
        parts: &[String],
        intent: Intent,
        everyday: bool,
    ) -> Result<(), Conflict> {
        let word = parts.join(" ");
        let (stands, _) = *self.commands.entry(word).or_insert((intent, everyday));
        if stands != intent {
            return Err(Conflict { stands });
        }
        self.longest = self.longest.max(parts.len());
        Ok(())
    }

    /// The longest command that folded parts begin with, and how many parts it has.
    pub(super) fn command(&self, parts: &[String]) -> Option<(Word, usize)> {
        (1..=self.longest.min(parts.len())).rev().find_map(|count| {
            let word = parts.get(..count)?.join(" ");
            let (intent, everyday) = *self.commands.get(&word)?;
            Some((Word::Command { intent, everyday }, count))
        })
    }
}
