//! A text as the words that the rule reads: commands, courtesy, numbers, others.

use super::Intent;
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
    /// Reads a folded word.
    fn read(word: &str) -> Self {
        let command = |intent, everyday| Self::Command { intent, everyday };
        match word {
            "stop" | "stopall" | "unsubscribe" | "optout" | "arret" => command(Intent::Stop, false),
            "cancel" | "end" | "quit" | "revoke" => command(Intent::Stop, true),
            "start" | "unstop" | "yes" => command(Intent::Start, false),
            "help" | "info" => command(Intent::Help, false),
            _ if COURTESY.binary_search(&word).is_ok() => Self::Courtesy,
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => Self::Number,
            _ => Self::Other,
        }
    }
}

/// The words of a text, folded: compatibility forms (full width, mathematical letters) and accents
/// are undone, then case. Apostrophes stay inside a word ("don't" is one); all else that is neither
/// letter nor digit parts words.
pub(super) fn words(text: &str) -> Vec<Word> {
    let folded: String = text
        .nfkd()
        .filter(|character| !is_combining_mark(*character) && !is_apostrophe(*character))
        .flat_map(char::to_lowercase)
        .collect();
    let mut parts = folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .peekable();
    let mut words = Vec::new();
    while let Some(part) = parts.next() {
        let pair = match part {
            "opt" => parts.next_if_eq(&"out").map(|_| "optout"),
            "stop" => parts.next_if_eq(&"all").map(|_| "stopall"),
            _ => None,
        };
        words.push(Word::read(pair.unwrap_or(part)));
    }
    words
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
        assert_eq!(words("Opt-Out"), [stop]);
        assert_eq!(words("opt in, opt out"), [Word::Other, Word::Other, stop]);
        assert_eq!(words("don’t ARRÊT１２"), [Word::Other, Word::Other]);
        assert_eq!(
            words("Ａrrêt １２ me"),
            [stop, Word::Number, Word::Courtesy]
        );
        assert_eq!(words("…"), []);
    }
}
