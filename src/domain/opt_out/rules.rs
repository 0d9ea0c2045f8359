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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(key: &str, stop: &[&str], start: &[&str]) -> BTreeMap<String, ExtraWords> {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let extra = ExtraWords {
            stop: owned(stop),
            start: owned(start),
            help: Vec::new(),
        };
        BTreeMap::from([(key.to_owned(), extra)])
    }

    fn refused(extra: &BTreeMap<String, ExtraWords>) -> String {
        OptOutRules::new(extra).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_words_have_one_meaning_each() {
        for (country, _) in builtin::BY_COUNTRY {
            // Adding a word of two meanings fails there.
            Lexicon::built_in(Some(country));
            assert!(phone::is_country(country), "{country}");
        }
        assert!(builtin::BY_COUNTRY.is_sorted_by_key(|(country, _)| country));
        assert_eq!(OptOutRules::default().name(), RULESET);
    }

    #[test]
    fn a_countrys_words_are_read_there_alone() {
        let rules = OptOutRules::default();
        let read = |text, country| rules.read(text, Some(country)).intent;
        for (country, text, intent) in [
            ("BR", "Sair", Intent::Stop),
            ("CA", "aide", Intent::Help),
            ("CA", "arrêt!", Intent::Stop),
            ("ES", "baja", Intent::Stop),
            ("FR", "CONTACT", Intent::Help),
            ("US", "remove", Intent::Stop),
        ] {
            assert_eq!(read(text, country), intent, "{country} {text}");
        }
        for text in ["sair", "aide", "baja", "contact", "remove"] {
            assert_eq!(read(text, "AT"), Intent::None, "{text}");
            assert_eq!(rules.read(text, None).intent, Intent::None, "{text}");
        }
        for country in ["AT", "BR", "ES"] {
            assert_eq!(read("STOP", country), Intent::Stop, "{country}");
        }
    }

    #[test]
    fn an_operators_words_are_added_in_their_country_or_in_all() {
        let mut extra = words("default", &["Lass mich!"], &[]);
        extra.extend(words("pl", &["WYŁĄCZ", "nie chcę"], &["WŁĄCZ"]));
        let rules = OptOutRules::new(&extra).unwrap();
        let read = |text, country| rules.read(text, Some(country)).intent;
        assert_eq!(read("lass  mich", "AT"), Intent::Stop);
        assert_eq!(read("Lass mich.", "PL"), Intent::Stop);
        for text in ["wyłącz", "WYLACZ", "Nie chcę!", "nie chce"] {
            assert_eq!(read(text, "PL"), Intent::Stop, "{text}");
            assert_eq!(read(text, "DE"), Intent::None, "{text}");
        }
        assert_eq!(read("wlacz", "PL"), Intent::Start);
        assert_eq!(read("nie", "PL"), Intent::None);
    }

    #[test]
    fn one_word_of_two_meanings_is_refused() {
        let both = words("FR", &["oui"], &["OUI"]);
        assert_eq!(
            refused(&both),
            r#"opt_out.words.FR.stop: "oui" is a start word already"#
        );
        assert_eq!(
            refused(&words("default", &["yes"], &[])),
            r#"opt_out.words.default.stop: "yes" is a start word already"#
        );
        assert_eq!(
            refused(&words("default", &[], &["Baja"])),
            r#"opt_out.words.default.start: "Baja" is a stop word already in ES"#
        );
        let mut apart = words("FR", &["oui"], &[]);
        apart.extend(words("CA", &[], &["oui"]));
        assert!(
            OptOutRules::new(&apart).is_ok(),
            "each has one in its country"
        );
        assert!(OptOutRules::new(&words("FR", &["STOP", "stop"], &[])).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_key() {
        for country in ["UK", "FRA", "", "F", "ÄÖ", "XX"] {
            let said = refused(&words(country, &["a"], &[]));
            assert!(
                said.starts_with(&format!("opt_out.words.{country}: ")),
                "{said}"
            );
        }
        let long = "x".repeat(41);
        for word in ["", " ", "!?", "a b c d e", &long] {
            let said = refused(&words("fr", &[word], &[]));
            assert!(said.starts_with("opt_out.words.fr.stop: "), "{said}");
        }
        let many = vec!["a"; 201];
        assert!(refused(&words("FR", &many, &[])).contains("at most 200"));
    }

    #[test]
    fn the_name_changes_with_the_words_and_with_nothing_else() {
        let name = |extra: &BTreeMap<String, ExtraWords>| {
            OptOutRules::new(extra).unwrap().name().to_owned()
        };
        let french = name(&words("FR", &["fini", "plus rien"], &[]));
        assert_eq!(
            french,
            name(&words("fr", &["Plus  Rien!", "FINI", "fini"], &[]))
        );
        let others = [
            words("FR", &["fini"], &[]),
            words("CA", &["fini", "plus rien"], &[]),
            words("FR", &[], &["fini", "plus rien"]),
        ];
        for other in others {
            assert_ne!(french, name(&other));
        }
        assert!(
            french.starts_with("words-2+") && french.len() == 16,
            "{french}"
        );
        assert_eq!(name(&words("FR", &[], &[])), RULESET);
    }

    proptest! {
        /// An added word is what it was added for, however it is written.
        #[test]
        fn an_added_word_is_found(
            word in "[a-zà-ÿа-яα-ω]{1,8}( [a-zà-ÿа-яα-ω]{1,8}){0,2}",
            before in "[ .,!\"]{0,3}", after in "[ .,!\"]{0,3}",
        ) {
            if let Ok(rules) = OptOutRules::new(&words("FR", &[&word], &[])) {
                let text = format!("{before}{}{after}", word.to_uppercase());
                prop_assert_eq!(rules.read(&text, Some("FR")).intent, Intent::Stop, "{}", text);
            }
        }
    }
}
