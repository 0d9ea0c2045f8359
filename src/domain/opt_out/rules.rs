//! The rule set of a deployment: the built-in words, and those that its operator adds.

use super::lexicon::{Conflict, Lexicon, MOST_PARTS};
use super::words::fold;
use super::{Intent, Verdict, builtin, classify};
use crate::domain::phone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The built-in rule set's name, which changes with its words and rules.
pub const RULESET: &str = "words-2";

/// The key of words for all countries.
const DEFAULT: &str = "DEFAULT";
/// The most characters of a word.
const LONGEST_WORD: usize = 40;
/// The most words of one kind and country.
const MOST_WORDS: usize = 200;

/// Words that an operator adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtraWords {
    /// Opt-outs.
    pub stop: Vec<String>,
    /// Opt-ins.
    pub start: Vec<String>,
    /// Questions.
    pub help: Vec<String>,
}

impl ExtraWords {
    fn kinds(&self) -> [(&'static str, Intent, &[String]); 3] {
        [
            ("stop", Intent::Stop, &self.stop),
            ("start", Intent::Start, &self.start),
            ("help", Intent::Help, &self.help),
        ]
    }
}

/// Why an operator's words were refused; each names the key to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A key that is no country's.
    #[error(
        "opt_out.words.{0}: must be `default`, or an ISO 3166-1 code of two letters such as FR, of a country that has a numbering plan"
    )]
    Country(String),
    /// A word that can never be found in a text.
    #[error("{key}: {word:?} must have 1 to 40 characters, and 1 to 4 words of letters or digits")]
    Word {
        /// Where it stands.
        key: String,
        /// The word.
        word: String,
    },
    /// Too many.
    #[error("{0}: must be at most 200 words")]
    TooMany(String),
    /// One word that would mean two things.
    #[error("{key}: {word:?} is a {stands} word already{place}")]
    Conflict {
        /// Where it stands.
        key: String,
        /// The word.
        word: String,
        /// What it means already.
        stands: &'static str,
        /// The country in which it does, if it is not the key's own.
        place: String,
    },
}

/// A word that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    country: String,
    kind: &'static str,
    parts: Vec<String>,
    word: String,
}

/// The words of every country, and the name under which verdicts are stored.
#[derive(Clone, Debug)]
pub struct OptOutRules {
    everywhere: Lexicon,
    by_country: BTreeMap<String, Lexicon>,
    name: String,
}

impl Default for OptOutRules {
    fn default() -> Self {
        let of =
            |(country, _): &(&str, _)| ((*country).to_owned(), Lexicon::built_in(Some(country)));
        Self {
            everywhere: Lexicon::built_in(None),
            by_country: builtin::BY_COUNTRY.iter().map(of).collect(),
            name: RULESET.to_owned(),
        }
    }
}

impl OptOutRules {
    /// The built-in rules with an operator's words, by country; those under `default` count in all.
    ///
    /// # Errors
    /// The first key that is no country's, or word that cannot be used.
    pub fn new(extra: &BTreeMap<String, ExtraWords>) -> Result<Self, WordsError> {
        let mut entries = BTreeSet::new();
        for (key, words) in extra {
            entries.extend(read(key, words)?);
        }
        // First, so that a conflict that is everywhere is not told as one country's.
        let everywhere = lexicon(None, &entries)?;
        let built_in = builtin::BY_COUNTRY
            .iter()
            .map(|(code, _)| (*code).to_owned());
        let countries: BTreeSet<String> = entries
            .iter()
            .map(|entry| entry.country.clone())
            .filter(|country| country != DEFAULT)
            .chain(built_in)
            .collect();
        let by_country = countries
            .into_iter()
            .map(|country| Ok((country.clone(), lexicon(Some(&country), &entries)?)))
            .collect::<Result<_, WordsError>>()?;
        Ok(Self {
            everywhere,
            by_country,
            name: name(&entries),
        })
    }

    /// `words-2`; with an operator's words also a hash of them, so that it changes when they do.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a text of a subscriber of this country asks for. The first rule that holds decides; "stop
    /// words", "courtesy" and so on are whole words, without regard to case, accents, width, punctuation
    /// or white space. "OPT OUT" and "STOP ALL" are one word.
    ///
    /// | rule | holds if the text is | verdict |
    /// |---|---|---|
    /// | `whole_message` | command words of one kind only, once or more ("STOP", "stop. STOP!") | stop, start, help |
    /// | `words_conflict` | command words of several kinds, STOP among them, and courtesy only ("HELP STOP") | `possible_stop` |
    /// | `word_and_courtesy` | stop words, or help words, and courtesy only ("Stop. Thank you") | stop, help |
    /// | `word_and_number` | a stop word first, then numbers, courtesy and more stop words ("STOP 12345") | `possible_stop` |
    /// | `word_first` | a stop word first, then anything ("stop sending me this I hate you") | `possible_stop` |
    /// | `few_words` | at most four words, among them a stop word that is no everyday word ("no thanks, stop") | `possible_stop` |
    /// | | anything else ("we have to STOP this bill", "happy to end my day here") | none |
    ///
    /// "First" passes over courtesy ("please stop that"). The rules lean towards the wish to be left
    /// alone: courtesy makes a STOP and never a START, since a wrong opt-out is a lost sale and a wrong
    /// opt-in is a broken promise. CANCEL, END, QUIT and REVOKE are everyday words.
    pub fn read(&self, text: &str, country: Option<&str>) -> Verdict {
        let of_country = country.and_then(|country| self.by_country.get(country));
        classify(text, of_country.unwrap_or(&self.everywhere))
    }
}

fn read(key: &str, words: &ExtraWords) -> Result<Vec<Entry>, WordsError> {
    let country = key.to_ascii_uppercase();
    if country != DEFAULT && !phone::is_country(&country) {
        return Err(WordsError::Country(key.to_owned()));
    }
    let mut entries = Vec::new();
    for (kind, _, words) in words.kinds() {
        let key = format!("opt_out.words.{key}.{kind}");
        if words.len() > MOST_WORDS {
            return Err(WordsError::TooMany(key));
        }
        for word in words {
            let parts = fold(word);
            if !(1..=MOST_PARTS).contains(&parts.len()) || word.chars().count() > LONGEST_WORD {
                let word = word.clone();
                return Err(WordsError::Word { key, word });
            }
            entries.push(Entry {
                country: country.clone(),
                kind,
                parts,
                word: word.clone(),
            });
        }
    }
    Ok(entries)
}

/// The built-in words, then those for all, then the country's own.
fn lexicon(country: Option<&str>, entries: &BTreeSet<Entry>) -> Result<Lexicon, WordsError> {
    let refuse = |entry: &Entry, conflict: Conflict| WordsError::Conflict {
        key: format!("opt_out.words.{}.{}", entry.key(), entry.kind),
        word: entry.word.clone(),
        stands: conflict.stands.as_str(),
        place: match country {
            Some(country) if country != entry.country => format!(" in {country}"),
            _ => String::new(),
        },
    };
    let mut lexicon = Lexicon::built_in(country);
    for of in [Some(DEFAULT), country] {
        for entry in entries
            .iter()
            .filter(|entry| Some(entry.country.as_str()) == of)
        {
            let added = lexicon.add(&entry.parts, entry.intent(), false);
            added.map_err(|conflict| refuse(entry, conflict))?;
        }
    }
    Ok(lexicon)
}

impl Entry {
    /// The country as a configuration writes it.
    fn key(&self) -> &str {
        match self.country.as_str() {
            DEFAULT => "default",
            country => country,
        }
    }

    fn intent(&self) -> Intent {
        match self.kind {
            "stop" => Intent::Stop,
            "start" => Intent::Start,
            _ => Intent::Help,
        }
    }
}

/// Words are hashed as they are read, so that another order or another case is the same rule set.
fn name(entries: &BTreeSet<Entry>) -> String {
    if entries.is_empty() {
        return RULESET.to_owned();
    }
    let read: BTreeSet<_> = entries
        .iter()
        .map(|entry| (&entry.country, entry.kind, entry.parts.join(" ")))
        .collect();
    let mut hash = Sha256::new();
    for (country, kind, word) in read {
        hash.update(format!("{country} {kind} {word}\n"));
    }
    let digest = hex::encode(hash.finalize());
    format!("{RULESET}+{}", digest.get(..8).unwrap_or(&digest))
}

#[cfg(test)]
mod tests;
