//! The words that are read everywhere, and those of single countries.
//!
//! Only words that a regulator, an association of carriers, or a large provider publishes as a word of
//! this kind. Where none does (Germany, Italy, the Netherlands, Poland and Portugal name STOP alone),
//! there is nothing beside the words for all; an operator adds what its texts tell people to send.

use super::Intent;

/// Words of one kind.
pub(super) struct Kind {
    pub(super) intent: Intent,
    /// Whether they are common in ordinary sentences.
    pub(super) everyday: bool,
    pub(super) words: &'static [&'static str],
}

const fn kind(intent: Intent, words: &'static [&'static str]) -> Kind {
    Kind {
        intent,
        everyday: false,
        words,
    }
}

const fn everyday(intent: Intent, words: &'static [&'static str]) -> Kind {
    Kind {
        intent,
        everyday: true,
        words,
    }
}

/// Everywhere: what CTIA's guidelines and all large providers have in common (Twilio "Support for
/// opt-out keywords", Telnyx "Advanced opt-in/out", AWS "Required opt-out keywords", ARRET included).
pub(super) const GENERAL: &[Kind] = &[
    kind(
        Intent::Stop,
        &[
            "STOP",
            "STOPALL",
            "STOP ALL",
            "UNSUBSCRIBE",
            "OPTOUT",
            "OPT OUT",
            "ARRET",
        ],
    ),
    everyday(Intent::Stop, &["CANCEL", "END", "QUIT", "REVOKE"]),
    kind(Intent::Start, &["START", "UNSTOP", "YES"]),
    kind(Intent::Help, &["HELP", "INFO"]),
];

/// In single countries, by ISO 3166-1.
pub(super) const BY_COUNTRY: &[(&str, &[Kind])] = &[
    // Anatel had every carrier tell its subscribers, from 20 July 2012, to answer SAIR.
    ("BR", &[everyday(Intent::Stop, &["SAIR"])]),
    // CWTA, Canadian Common Short Code Application Guidelines 3.9: STOP, ARRET, HELP, AIDE and INFO are
    // mandatory; UNSUB is Twilio's for short codes there; REMOVE and TD are AWS's for the US and Canada.
    (
        "CA",
        &[
            kind(Intent::Help, &["AIDE"]),
            kind(Intent::Stop, &["UNSUB", "TD"]),
            everyday(Intent::Stop, &["REMOVE"]),
        ],
    ),
    // Código de conducta of premium services by text (2009): BAJA ends a subscription.
    ("ES", &[everyday(Intent::Stop, &["BAJA"])]),
    // af2m, charte SMS+, article 1: every service answers STOP and CONTACT.
    ("FR", &[everyday(Intent::Help, &["CONTACT"])]),
    // AWS, "Required opt-out keywords" of the US and Canada.
    (
        "US",
        &[
            kind(Intent::Stop, &["TD"]),
            everyday(Intent::Stop, &["REMOVE"]),
        ],
    ),
];
