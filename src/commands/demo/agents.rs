//! Who visits a short URL: browsers of people, and programs that open every link they see.

use super::chance::pick;
use rand::rngs::StdRng;

/// A visitor as a server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Visitor {
    /// `User-Agent`.
    pub(super) agent: &'static str,
    /// `Sec-Purpose`, which a browser sends when it fetches ahead of any tap.
    pub(super) purpose: Option<&'static str>,
    /// Whether a person sees the page.
    pub(super) human: bool,
}

const fn person(agent: &'static str) -> Visitor {
    Visitor {
        agent,
        purpose: None,
        human: true,
    }
}

const fn machine(agent: &'static str) -> Visitor {
    Visitor {
        agent,
        purpose: None,
        human: false,
    }
}

const PEOPLE: [(u32, Visitor); 8] = [
    (
        340,
        person(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        ),
    ),
    (
        300,
        person(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
        ),
    ),
    (
        110,
        person(
            "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
        ),
    ),
    (
        60,
        person(
            "Mozilla/5.0 (Linux; Android 12; V2120 Build/SP1A.210812.003) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.6613.127 Mobile Safari/537.36",
        ),
    ),
    (
        50,
        person("Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"),
    ),
    (
        60,
        person(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
        ),
    ),
    (
        50,
        person(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
        ),
    ),
    (
        30,
        person(
            "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
        ),
    ),
];

const MACHINES: [(u32, Visitor); 8] = [
    // What iMessage sends for a preview: a Safari that says so at its end.
    (
        300,
        machine(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        ),
    ),
    (
        200,
        machine("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    ),
    (150, machine("WhatsApp/2.23.20.0 A")),
    (
        100,
        machine("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ),
    (
        60,
        machine("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    ),
    (60, machine("python-requests/2.32.3")),
    (60, machine("curl/8.5.0")),
    (
        70,
        Visitor {
            agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            purpose: Some("prefetch;prerender"),
            human: false,
        },
    ),
];

/// A person's browser.
pub(super) fn browser(rng: &mut StdRng) -> Visitor {
    pick(rng, &PEOPLE)
}

/// A program.
pub(super) fn program(rng: &mut StdRng) -> Visitor {
    pick(rng, &MACHINES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::click::{Verdict, Visit, judge};

    #[test]
    fn the_rule_set_agrees_about_every_visitor() {
        for (_, visitor) in PEOPLE.into_iter().chain(MACHINES) {
            let judgement = judge(&Visit {
                user_agent: Some(visitor.agent),
                purpose: visitor.purpose,
            });
            let human = judgement.verdict == Verdict::Human;
            assert_eq!(human, visitor.human, "{visitor:?}: {judgement:?}");
        }
    }
}
