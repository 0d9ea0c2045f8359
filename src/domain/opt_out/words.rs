//! A text as the words that the rule reads: commands, courtesy, numbers, others.

use super::Intent;
use super::lexicon::Lexicon;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What one word of a text is to the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A word of ours; `everyday` ones are common in ordinary sentences.
    Command { intent: Intent, everyday: bool },
    /// It adds nothing.
    Courtesy,
    /// Digits only.
    Number,
    /// Any other.
    Other,
}

/// Words that say no more than the command beside them. Short on purpose: an article or a negation
/// ("the end", "don't stop") makes another sentence of it.
const COURTESY: [&str; 48] = [
    "all",
    "bitte",
    "danke",
    "from",
    "goodbye",
    "gracias",
    "hello",
    "hey",
    "hi",
    "immediately",
    "kindly",
    "list",
    "me",
    "merci",
    "message",
    "messages",
    "messaging",
    "msg",
    "msgs",
    "my",
    "now",
    "number",
    "ok",
    "okay",
    "please",
    "pls",
    "plz",
    "right",
    "sending",
    "sir",
    "sms",
    "subscription",
    "svp",
    "text",
    "texting",
    "texts",
    "thank",
    "thanks",
    "these",
    "this",
    "thx",
    "to",
    "txt",
    "txts",
    "ty",
    "u",
    "you",
    "your",
];

impl Word {
    /// Whether it is a stop word, everyday or not.
    pub(super) fn is_stop(self) -> bool {
        matches!(
            self,
            Self::Command {
                intent: Intent::Stop,
                ..
            }
        )
    }
    /// Reads a folded word that is no command.
    fn read(word: &str) -> Self {
        if COURTESY.binary_search(&word).is_ok() {
            Self::Courtesy
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Number
        } else {
            Self::Other
        }
    }
}

/// The words of a text. A command may have several parts ("OPT OUT"); the longest one counts.
pub(super) fn words(text: &str, lexicon: &Lexicon) -> Vec<Word> {
    let parts = fold(text);
    let mut rest = parts.as_slice();
    let mut words = Vec::new();
    while let Some(first) = rest.first() {
        let (word, count) = lexicon
            .command(rest)
            .unwrap_or_else(|| (Word::read(first), 1));
        words.push(word);
        rest = rest.get(count..).unwrap_or_default();
    }
    words
}

/// The parts of a text, folded: compatibility forms (full width, mathematical letters) and accents
/// are undone, then case, then what a keyboard without accents makes of the other letters. Apostrophes
/// stay inside a word ("don't" is one); all else that is neither letter nor digit sets words apart.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    let plain = text
        .nfkd()
        .filter(|character| !is_combining_mark(*character) && !is_apostrophe(*character));
    for character in plain.flat_map(char::to_lowercase) {
        match unaccented(character) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(character),
        }
    }
    folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// What people write where their keyboard lacks a letter that Unicode does not take apart: strokes,
/// ligatures, the dotless i; and the one form of Greek's sigma.
fn unaccented(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' => "d",
        'ł' => "l",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// The marks that stand inside words: typewriter's, typographic, and what keyboards make of it.
fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '‘' | '`' | '´' | 'ʼ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_courtesy_list_can_be_searched() {
        assert!(COURTESY.is_sorted());
    }

    #[test]
    fn words_are_folded_and_parted() {
        let stop = Word::Command {
            intent: Intent::Stop,
            everyday: false,
        };
        let lexicon = Lexicon::built_in(None);
        let words = |text| words(text, &lexicon);
        assert_eq!(words("Opt-Out"), [stop]);
        assert_eq!(words("stop all all"), [stop, Word::Courtesy]);
        assert_eq!(words("opt in, opt out"), [Word::Other, Word::Other, stop]);
        assert_eq!(words("don’t ARRÊT１２"), [Word::Other, Word::Other]);
        assert_eq!(
            words("Ａrrêt １２ me"),
            [stop, Word::Number, Word::Courtesy]
        );
        assert_eq!(words("…"), []);
    }

    #[test]
    fn letters_are_what_a_plain_keyboard_makes_of_them() {
        assert_eq!(fold("WYŁĄCZ Straße İıΣς"), ["wylacz", "strasse", "iiσσ"]);
    }
}
