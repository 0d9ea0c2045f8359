//! What a subscriber's text means: STOP, START, HELP, by a written, versioned rule.

mod builtin;
mod lexicon;
mod rules;
mod words;

use super::phone::Sender;
use lexicon::Lexicon;
pub use rules::{ExtraWords, OptOutRules, RULESET, WordsError};
use serde::{Deserialize, Serialize};
use words::{Word, words};

/// What the text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Information.
    Help,
    /// A person should look: it may be a STOP.
    PossibleStop,
    /// None of these.
    None,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 5] = [
        Self::Stop,
        Self::Start,
        Self::Help,
        Self::PossibleStop,
        Self::None,
    ];

    /// The intent of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.as_str() == text)
    }

    /// `stop`, `start`, `help`, `possible_stop`, `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
            Self::PossibleStop => "possible_stop",
            Self::None => "none",
        }
    }
}

/// A verdict and the rule that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the text asks for.
    pub intent: Intent,
    /// The rule's name ([`OptOutRules::read`] lists them); none for [`Intent::None`].
    pub reason: Option<&'static str>,
}

impl Verdict {
    const NONE: Self = Self {
        intent: Intent::None,
        reason: None,
    };

    /// The verdict on a text of which parts are missing: nobody can say that START is all of it. STOP
    /// stands, as the rules lean.
    #[must_use]
    pub fn of_a_piece(self) -> Self {
        match self.intent {
            Intent::Start => Self::NONE,
            _ => self,
        }
    }

    fn new(intent: Intent, reason: &'static str) -> Self {
        Self {
            intent,
            reason: Some(reason),
        }
    }
}

/// Texts of so few words are looked at by a person if a STOP stands anywhere in them.
const FEW_WORDS: usize = 4;

/// Reads a text by the rules of [`OptOutRules::read`].
fn classify(text: &str, lexicon: &Lexicon) -> Verdict {
    let words = words(text, lexicon);
    only_commands(&words)
        .or_else(|| stop_first(&words))
        .or_else(|| stop_among_few(&words))
        .unwrap_or(Verdict::NONE)
}

/// `whole_message`, `words_conflict` and `word_and_courtesy`.
fn only_commands(words: &[Word]) -> Option<Verdict> {
    let mut kinds = Vec::new();
    let mut courtesy = false;
    for word in words {
        match word {
            Word::Command { intent, .. } if kinds.contains(intent) => {}
            Word::Command { intent, .. } => kinds.push(*intent),
            Word::Courtesy => courtesy = true,
            Word::Number | Word::Other => return None,
        }
    }
    match kinds[..] {
        [intent] if !courtesy => Some(Verdict::new(intent, "whole_message")),
        [intent @ (Intent::Stop | Intent::Help)] => Some(Verdict::new(intent, "word_and_courtesy")),
        [_, _, ..] if kinds.contains(&Intent::Stop) => {
            Some(Verdict::new(Intent::PossibleStop, "words_conflict"))
        }
        _ => None,
    }
}

/// `word_and_number` and `word_first`.
fn stop_first(words: &[Word]) -> Option<Verdict> {
    let mut rest = words.iter().skip_while(|word| **word == Word::Courtesy);
    if !rest.next()?.is_stop() {
        return None;
    }
    let numbers_only =
        rest.all(|word| word.is_stop() || matches!(word, Word::Number | Word::Courtesy));
    let reason = if numbers_only {
        "word_and_number"
    } else {
        "word_first"
    };
    Some(Verdict::new(Intent::PossibleStop, reason))
}

/// `few_words`.
fn stop_among_few(words: &[Word]) -> Option<Verdict> {
    let plain_stop = Word::Command {
        intent: Intent::Stop,
        everyday: false,
    };
    (words.len() <= FEW_WORDS && words.contains(&plain_stop))
        .then(|| Verdict::new(Intent::PossibleStop, "few_words"))
}

/// What a standing wish is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Messages from this sender.
    Sender(Sender),
    /// Messages from anyone here.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classify(text: &str) -> Verdict {
        OptOutRules::default().read(text, None)
    }

    fn read(text: &str) -> (Intent, Option<&'static str>) {
        let verdict = classify(text);
        (verdict.intent, verdict.reason)
    }

    fn assert_all(texts: &[&str], intent: Intent, reason: Option<&'static str>) {
        for text in texts {
            assert_eq!(read(text), (intent, reason), "{text:?}");
        }
    }

    #[test]
    fn a_command_alone() {
        let whole = Some("whole_message");
        let stops = [
            "STOP",
            "stop",
            " Stop. ",
            "STOPALL",
            "stop all",
            "Unsubscribe",
            "CANCEL",
            "end",
            "QUIT",
            "OptOut",
            "OPT OUT",
            "opt-out",
            "Revoke",
            "ARRET",
            "arrêt",
            "ARRE\u{302}T",
            "ＳＴＯＰ",
            "𝐒𝐓𝐎𝐏",
            "\"STOP\"",
            "'stop'",
            "‘Stop’",
            "stop!!!",
            "STOP ❤\u{fe0f}",
            "STOP STOP STOP",
            "\u{200b}STOP\u{feff}",
            "STOP\r\n",
            "stop, quit",
            "【STOP】",
        ];
        assert_all(&stops, Intent::Stop, whole);
        assert_all(
            &["START", "unstop", "Yes", "yes!", "ＹＥＳ"],
            Intent::Start,
            whole,
        );
        assert_all(&["HELP", "info?", "Help help"], Intent::Help, whole);
    }

    #[test]
    fn courtesy_makes_a_stop() {
        let stops = [
            "STOP please",
            "Stop. Thank you",
            "please stop",
            "stop texting me",
            "stop messages",
            "stop now",
            "Please stop sending me messages!",
            "unsubscribe me pls",
            "cancel my subscription",
            "Hi, please stop. Thanks",
            "arrêt svp",
            "stop text",
            "stop all messages",
            "Text STOP",
        ];
        assert_all(&stops, Intent::Stop, Some("word_and_courtesy"));
        assert_all(
            &["help please", "Help me"],
            Intent::Help,
            Some("word_and_courtesy"),
        );
    }

    #[test]
    fn courtesy_never_makes_a_start() {
        assert_all(
            &["yes please", "start now", "ok yes thanks"],
            Intent::None,
            None,
        );
    }

    #[test]
    fn a_person_should_look() {
        let possible =
            |texts: &[&str], reason| assert_all(texts, Intent::PossibleStop, Some(reason));
        possible(
            &["STOP 12345", "Stop 2", "please stop 555-1234"],
            "word_and_number",
        );
        possible(
            &[
                "stop sending me this I hate you",
                "cancel my order",
                "please stop that",
                "End of story",
                "STOP\nSent from my phone",
                "stop it",
            ],
            "word_first",
        );
        possible(
            &["no thanks, stop", "I said STOP", "don't stop", "we opt out"],
            "few_words",
        );
        possible(
            &["HELP STOP", "yes please stop", "Start. Stop."],
            "words_conflict",
        );
    }

    #[test]
    fn ordinary_sentences_are_left_alone() {
        let texts = [
            "",
            " ",
            "…",
            "👍",
            "we have to STOP this bill",
            "the end",
            "I quit smoking",
            "When does the bus stop at my house?",
            "nonstop",
            "stopped",
            "Yes I will come",
            "I need help now",
            "12345",
            "thank you",
            "START HELP",
            "ok",
            "happy to end my day here",
            "opt in",
            "out",
        ];
        assert_all(&texts, Intent::None, None);
    }

    proptest! {
        #[test]
        fn wrapping_changes_nothing(
            word in prop::sample::select(vec!["stop", "YES", "Info", "Opt Out", "stop it", "hello"]),
            before in "[ .,!?\"()\\[\\]*…“”\n]{0,4}", after in "[ .,!?\"()\\[\\]*…“”\n]{0,4}",
        ) {
            prop_assert_eq!(classify(&format!("{before}{word}{after}")), classify(word));
        }

        #[test]
        fn a_verdict_has_a_reason(text in "\\PC{0,40}|((stop|help|yes|me|12|bill)[ .]?){0,6}") {
            let verdict = classify(&text);
            prop_assert_eq!(verdict.intent == Intent::None, verdict.reason.is_none());
            prop_assert_eq!(classify(&text.to_uppercase()), verdict);
        }
    }
}
