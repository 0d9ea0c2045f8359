//! Was it a person? A first, versioned rule set over what one request shows: agent lists (the
//! `iscrawl` and `woothee` crates) and prefetch headers. A click is flagged, never dropped.

/// The rule set's name, stored with every verdict.
pub const RULESET: &str = "agents-1";

/// What a visit shows of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visit<'a> {
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`, whichever came.
    pub purpose: Option<&'a str>,
    /// `Referer`.
    pub referrer: Option<&'a str>,
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

/// Judges a visit.
pub fn judge(visit: &Visit<'_>) -> Judgement {
    todo!("{visit:?}")
}

/// The network of an address: /24 of an IPv4 (also one mapped into IPv6), /48 of an IPv6.
pub fn ip_prefix(address: std::net::IpAddr) -> String {
    todo!("{address}")
}

/// The host of a referring page's URL.
pub fn referrer_host(referrer: &str) -> Option<String> {
    todo!("{referrer}")
}
