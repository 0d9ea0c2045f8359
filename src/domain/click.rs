//! Was it a person? A first, versioned rule set over what one request shows: agent lists (the
//! `iscrawl` and `woothee` crates) and prefetch headers. A click is flagged, never dropped.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::IpAddr;
use url::Url;
use woothee::parser::{Parser, WootheeResult};

/// The rule set's name, stored with every verdict.
pub const RULESET: &str = "agents-1";

/// What a visit shows of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visit<'a> {
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`, whichever came.
    pub purpose: Option<&'a str>,
}

/// Person or machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing speaks against a person.
    Human,
    /// A machine by its own words.
    Bot,
    /// Odd, but not surely a machine.
    Suspect,
}

impl Verdict {
    /// `human`, `bot`, `suspect`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Bot => "bot",
            Self::Suspect => "suspect",
        }
    }
}

/// The verdict and what was read from the agent's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Person or machine.
    pub verdict: Verdict,
    /// The rules that spoke, in a fixed order.
    pub reasons: Vec<&'static str>,
    /// `smartphone`, `mobilephone`, `pc`, `appliance`, `crawler`, `misc`.
    pub device: Option<String>,
    /// Operating system's name.
    pub os: Option<String>,
    /// Browser's name.
    pub browser: Option<String>,
}

/// The most bytes of a `User-Agent` that are judged, whoever asks: the cost of a verdict stays bounded. The
/// longest real ones, of in-app browsers, have some 500; `http` keeps, and hands in, 512 at most.
const AGENT_LIMIT: usize = 1_024;

/// Fetchers of link previews, in lower case. They stand apart from the agent lists because some
/// wear a browser's whole agent around these words (iMessage: `… Safari/601.2.4
/// facebookexternalhit/1.1 Facebot Twitterbot/1.0`). Only names that no in-app browser bears:
/// `Instagram`, `Telegram-Android/`, `LinkedInApp`, `Snapchat/`, `Pinterest/` are people.
const PREVIEW_AGENTS: [&str; 20] = [
    "applebot",
    "bingpreview",
    "bitlybot",
    "bsky.app cardyb",
    "cardyb",
    "discordbot",
    "embedly",
    "facebookcatalog",
    "facebookexternalhit",
    "facebot",
    "google web preview",
    "google-pagerenderer",
    "iframely",
    "linkedinbot",
    "meta-externalfetcher",
    "skypeuripreview",
    "slackbot",
    "snap url preview",
    "telegrambot",
    "twitterbot",
];

/// Programming libraries and tools, in lower case, by how the agent begins.
const LIBRARY_AGENTS: [&str; 27] = [
    "aiohttp/",
    "apache-httpclient/",
    "axios/",
    "curl/",
    "dart/",
    "dart:io",
    "faraday",
    "go-http-client/",
    "got (",
    "guzzlehttp/",
    "httpie/",
    "insomnia/",
    "java/",
    "java-http-client/",
    "libwww-perl",
    "lwp",
    "node-fetch",
    "node",
    "okhttp/",
    "postmanruntime/",
    "powershell/",
    "python",
    "reqwest",
    "ruby",
    "undici",
    "wget",
    "whatsapp/",
];

/// Judges a visit. Every rule that holds is named; one that says bot outweighs those that say
/// suspect.
///
/// | rule | holds if | verdict |
/// |---|---|---|
/// | `no_user_agent` | there is none, or it is blank or `-` | suspect |
/// | `prefetch` | a purpose header says prefetch, prerender or preview | bot |
/// | `preview_agent` | a fetcher of link previews names itself, also inside a browser's agent | bot |
/// | `agent_list` | `iscrawl`'s database or `woothee` knows it as a crawler | bot |
/// | `library_agent` | a programming library or tool names itself | bot |
/// | `odd_agent` | it does not begin with `Mozilla/` or `Opera/`, as browsers do | suspect |
pub fn judge(visit: &Visit<'_>) -> Judgement {
    let agent = visit.user_agent.unwrap_or_default().trim();
    let agent = &agent[..agent.floor_char_boundary(AGENT_LIMIT)];
    let parsed = Parser::new().parse(agent);
    let rules = rules(agent, visit.purpose, parsed.as_ref());
    let held = || rules.iter().filter(|rule| rule.holds);
    let verdict = held()
        .map(|rule| rule.verdict)
        .find(|verdict| *verdict == Verdict::Bot)
        .or_else(|| held().map(|rule| rule.verdict).next())
        .unwrap_or(Verdict::Human);
    let word = |read: fn(&WootheeResult<'_>) -> String| {
        parsed
            .as_ref()
            .map(read)
            .filter(|word| !word.is_empty() && word != woothee::woothee::VALUE_UNKNOWN)
    };
    Judgement {
        verdict,
        reasons: held().map(|rule| rule.name).collect(),
        device: word(|parsed| parsed.category.to_owned()),
        os: word(|parsed| parsed.os.to_owned()),
        browser: word(|parsed| parsed.name.to_owned()),
    }
}

/// A rule as it turned out for one visit.
struct Rule {
    name: &'static str,
    verdict: Verdict,
    holds: bool,
}

/// All rules, in their fixed order.
fn rules(agent: &str, purpose: Option<&str>, parsed: Option<&WootheeResult<'_>>) -> [Rule; 6] {
    let lower = agent.to_ascii_lowercase();
    let named = !matches!(agent, "" | "-");
    let rule = |name, verdict, holds| Rule {
        name,
        verdict,
        holds,
    };
    [
        rule("no_user_agent", Verdict::Suspect, !named),
        rule("prefetch", Verdict::Bot, purpose.is_some_and(is_prefetch)),
        rule(
            "preview_agent",
            Verdict::Bot,
            PREVIEW_AGENTS.iter().any(|name| lower.contains(name)),
        ),
        rule("agent_list", Verdict::Bot, is_listed(agent, parsed)),
        rule(
            "library_agent",
            Verdict::Bot,
            LIBRARY_AGENTS.iter().any(|name| lower.starts_with(name)),
        ),
        rule(
            "odd_agent",
            Verdict::Suspect,
            named && !is_browser_like(&lower),
        ),
    ]
}

/// A header such as `prefetch`, `prefetch;prerender`, `preview`.
fn is_prefetch(purpose: &str) -> bool {
    let purpose = purpose.to_ascii_lowercase();
    ["prefetch", "prerender", "preview"]
        .iter()
        .any(|word| purpose.contains(word))
}

/// Whether an agent list knows it as a crawler.
///
/// Not `iscrawl::is_crawler`: its cache is keyed by the text's address, length and ends, so the
/// answer may be another agent's that stood in the same buffer, and its heuristic takes any word
/// with "http" or "bot" in it. The database is exact.
fn is_listed(agent: &str, parsed: Option<&WootheeResult<'_>>) -> bool {
    iscrawl::crawler_info(agent).is_some()
        || parsed.is_some_and(|parsed| parsed.category == "crawler")
}

fn is_browser_like(lower: &str) -> bool {
    lower.starts_with("mozilla/") || lower.starts_with("opera/")
}

/// The network of an address: /24 of an IPv4 (also one mapped into IPv6), /48 of an IPv6.
pub fn ip_prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::new(address, 24).map(|net| net.trunc().to_string()),
        IpAddr::V6(address) => Ipv6Net::new(address, 48).map(|net| net.trunc().to_string()),
    }
    .expect("24 of 32 bits and 48 of 128 are prefixes")
}

/// The host of a referring page's URL; of an app (`android-app://com.example.mail/`) its name.
pub fn referrer_host(referrer: &str) -> Option<String> {
    let url = Url::parse(referrer.trim()).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    // 253 characters are the longest name of the DNS.
    (!host.is_empty() && host.len() <= 253).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_agent(user_agent: &str) -> Judgement {
        judge(&Visit {
            user_agent: Some(user_agent),
            ..Visit::default()
        })
    }

    /// The agents of a list: one a line, with comments.
    fn agents(list: &str) -> impl Iterator<Item = &str> {
        list.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    #[test]
    fn people_are_people() {
        let mut count = 0;
        for agent in agents(include_str!("click/people.txt")) {
            let judged = of_agent(agent);
            assert_eq!(judged.verdict, Verdict::Human, "{agent}: {judged:?}");
            assert!(judged.reasons.is_empty());
            assert!(judged.device.is_some(), "{agent}");
            count += 1;
        }
        assert!(count >= 30, "{count}");
    }

    #[test]
    fn machines_are_machines() {
        let mut count = 0;
        for agent in agents(include_str!("click/machines.txt")) {
            let judged = of_agent(agent);
            assert_eq!(judged.verdict, Verdict::Bot, "{agent}: {judged:?}");
            count += 1;
        }
        assert!(count >= 30, "{count}");
    }

    #[test]
    fn reasons_stand_in_order() {
        for (agent, reasons) in [
            (
                "curl/8.5.0",
                &["agent_list", "library_agent", "odd_agent"][..],
            ),
            (
                "okhttp/4.12.0",
                &["agent_list", "library_agent", "odd_agent"],
            ),
            ("-", &["no_user_agent"]),
            ("  ", &["no_user_agent"]),
            ("SomethingNew 1.0", &["odd_agent"]),
        ] {
            assert_eq!(of_agent(agent).reasons, reasons, "{agent}");
        }
        assert_eq!(of_agent("-").verdict, Verdict::Suspect);
        assert_eq!(of_agent("SomethingNew 1.0").verdict, Verdict::Suspect);
        let silent = judge(&Visit::default());
        assert_eq!((silent.verdict, silent.device), (Verdict::Suspect, None));
    }

    #[test]
    fn a_prefetch_is_no_person() {
        let person = agents(include_str!("click/people.txt")).next().unwrap();
        for (purpose, verdict) in [
            ("prefetch", Verdict::Bot),
            ("prefetch;prerender", Verdict::Bot),
            ("Preview", Verdict::Bot),
            ("navigate", Verdict::Human),
            ("", Verdict::Human),
        ] {
            let judged = judge(&Visit {
                user_agent: Some(person),
                purpose: Some(purpose),
            });
            assert_eq!(judged.verdict, verdict, "{purpose}");
        }
    }

    #[test]
    fn devices_are_named() {
        let judged = of_agent(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        );
        assert_eq!(judged.device.as_deref(), Some("smartphone"));
        assert_eq!(judged.os.as_deref(), Some("iPhone"));
        assert_eq!(judged.browser.as_deref(), Some("Safari"));
    }

    #[test]
    fn addresses_are_blurred() {
        for (address, prefix) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(ip_prefix(address.parse().unwrap()), prefix);
        }
    }

    #[test]
    fn referrers_are_hosts_only() {
        for (referrer, host) in [
            (
                "https://User:word@Mail.Example.COM:8443/inbox?q=secret",
                Some("mail.example.com"),
            ),
            ("android-app://com.example.mail/", Some("com.example.mail")),
            ("https://mail.example./", Some("mail.example")),
            ("about:blank", None),
            ("mail.example", None),
            ("", None),
        ] {
            assert_eq!(referrer_host(referrer).as_deref(), host, "{referrer}");
        }
        assert_eq!(referrer_host(&format!("x://{}/", "a".repeat(300))), None);
    }

    proptest! {
        #[test]
        fn any_words_are_judged(agent in "\\PC{0,60}|(Mozilla/5.0 )?(ü|bot |Safari/){0,300}", purpose in "\\PC{0,9}") {
            let judged = judge(&Visit { user_agent: Some(&agent), purpose: Some(&purpose) });
            prop_assert_eq!(judged.verdict == Verdict::Human, judged.reasons.is_empty());
        }

        #[test]
        fn any_referrer_is_read_or_left(referrer in "\\PC{0,40}|[a-z-]{1,9}://\\PC{0,40}") {
            if let Some(host) = referrer_host(&referrer) {
                prop_assert!(!host.is_empty() && !host.contains('/'));
            }
        }
    }
}
