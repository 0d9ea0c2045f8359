//! The http(s) URLs in a body (found by the `linkify` crate), and their replacement by short ones.

use linkify::{LinkFinder, LinkKind};
use std::ops::Range;
use url::Url;

/// The longest target, in characters: what browsers, proxies and stores take everywhere. A longer
/// URL stays text.
pub const TARGET_LIMIT: usize = 2_048;

/// A URL found in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUrl {
    /// Where it stands, in bytes; trailing punctuation is outside.
    pub range: Range<usize>,
    /// What it leads to.
    pub target: Url,
}

/// The http and https URLs of a text, in order. The scheme must be written out; what does not parse,
/// has no host, or is over [`TARGET_LIMIT`] stays text.
pub fn find(body: &str) -> Vec<FoundUrl> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut found = Vec::new();
    let mut offset = 0;
    for piece in body.split_inclusive(ends_url) {
        let text = piece.trim_end_matches(ends_url);
        for link in finder.links(text) {
            if let Some(target) = target(link.as_str()) {
                let range = offset + link.start()..offset + link.end();
                found.push(FoundUrl { range, target });
            }
        }
        offset += piece.len();
    }
    found
}

/// Punctuation outside ASCII that ends a URL wherever it stands: in scripts that write without
/// spaces a sentence goes on right behind it, and `linkify`, which takes URLs with letters of any
/// script (`https://müller.example/`), would run on.
fn ends_url(character: char) -> bool {
    matches!(
        character,
        '«' | '»'
            | '\u{2010}'..='\u{2027}' // dashes, quotes, ellipsis
            | '\u{2039}' | '\u{203a}'
            | '\u{3000}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
            | '\u{ff01}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}'
    )
}

/// A target of ours, if the text is one.
fn target(text: &str) -> Option<Url> {
    let target = Url::parse(text).ok()?;
    let ours = matches!(target.scheme(), "http" | "https")
        && target.has_host()
        && target.as_str().len() <= TARGET_LIMIT;
    ours.then_some(target)
}

/// The text with each found URL replaced by the short URL at the same index. One without a short
/// URL stays as it is.
pub fn render(body: &str, found: &[FoundUrl], short_urls: &[String]) -> String {
    let mut rendered = String::with_capacity(body.len());
    let mut rest = 0;
    for (url, short_url) in found.iter().zip(short_urls) {
        // `get`, since nothing here ties the ranges to this body.
        rendered.push_str(body.get(rest..url.range.start).unwrap_or_default());
        rendered.push_str(short_url);
        rest = url.range.end;
    }
    rendered.push_str(body.get(rest..).unwrap_or_default());
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of each URL found, as the body has it.
    fn texts(body: &str) -> Vec<&str> {
        find(body).into_iter().map(|url| &body[url.range]).collect()
    }

    #[test]
    fn urls_are_found_without_their_punctuation() {
        let table = [
            (
                "Sale: https://shop.example/a?b=1&c=2#d!",
                "https://shop.example/a?b=1&c=2#d",
            ),
            ("Go to https://shop.example.", "https://shop.example"),
            ("(https://shop.example/a)", "https://shop.example/a"),
            (
                "https://en.example/Link_(Zelda), really",
                "https://en.example/Link_(Zelda)",
            ),
            ("\"https://shop.example/\"", "https://shop.example/"),
            ("„https://shop.example/x“ heute", "https://shop.example/x"),
            (
                "see “https://shop.example/x.” now",
                "https://shop.example/x",
            ),
            ("https://shop.example/x… more", "https://shop.example/x"),
            ("请看https://shop.example/x，谢谢", "https://shop.example/x"),
            ("https://shop.example/x。", "https://shop.example/x"),
            ("HTTPS://SHOP.example/X now", "HTTPS://SHOP.example/X"),
            ("HtTp://shop.example", "HtTp://shop.example"),
            ("Offer:https://shop.example/x", "https://shop.example/x"),
            ("a\nhttp://shop.example/x\nb", "http://shop.example/x"),
            (
                "https://müller.example/straße",
                "https://müller.example/straße",
            ),
            ("https://shop.example/日本", "https://shop.example/日本"),
            ("http://192.0.2.7:8080/x", "http://192.0.2.7:8080/x"),
            (
                "http://user:word@shop.example/x",
                "http://user:word@shop.example/x",
            ),
            ("<https://shop.example/x>", "https://shop.example/x"),
        ];
        for (body, expected) in table {
            assert_eq!(texts(body), [expected], "{body}");
        }
    }

    #[test]
    fn other_words_stay_text() {
        for body in [
            "",
            "no link",
            "www.shop.example",
            "shop.example/x",
            "ftp://shop.example/x",
            "javascript://shop.example/%0aalert(1)",
            "mailto:a@shop.example",
            "http://",
            "https:///",
            "http:// shop.example",
            "https://[::1",
            "http://shop.example:99999/",
            "xhttps://shop.example",
            "data:text/html,x",
        ] {
            assert_eq!(texts(body), [""; 0], "{body}");
        }
    }

    #[test]
    fn targets_are_what_the_standard_reads() {
        let found = find("HTTP://Shop.EXAMPLE/A%20b?q=ü x");
        assert_eq!(
            found[0].target.as_str(),
            "http://shop.example/A%20b?q=%C3%BC"
        );
    }

    #[test]
    fn a_long_target_stays_text() {
        let body = |length: usize| format!("https://shop.example/{}", "a".repeat(length - 21));
        assert_eq!(texts(&body(TARGET_LIMIT)).len(), 1);
        assert!(texts(&body(TARGET_LIMIT + 1)).is_empty());
        // Counted as it will be stored and sent: percent-encoded.
        assert!(texts(&format!("https://shop.example/{}", "ü".repeat(400))).is_empty());
    }

    #[test]
    fn short_urls_take_the_places() {
        let body = "Tee: https://a.example/1, Kaffee: (https://b.example/2).";
        let found = find(body);
        let short = [
            "https://t.example/x".to_owned(),
            "https://t.example/y".to_owned(),
        ];
        assert_eq!(
            render(body, &found, &short),
            "Tee: https://t.example/x, Kaffee: (https://t.example/y)."
        );
        assert_eq!(
            render(body, &found, &short[..1]),
            "Tee: https://t.example/x, Kaffee: (https://b.example/2)."
        );
    }

    proptest! {
        #[test]
        fn found_urls_stand_in_order_and_parse(
            body in "(\\PC{0,8}(https?://[a-z]{1,5}\\.example(/\\PC{0,6})?)?){0,4}",
        ) {
            let found = find(&body);
            let mut end = 0;
            for url in &found {
                prop_assert!(url.range.start >= end && !url.range.is_empty());
                end = url.range.end;
                prop_assert_eq!(&Url::parse(&body[url.range.clone()]).unwrap(), &url.target);
            }
            let same: Vec<String> = found.iter().map(|url| body[url.range.clone()].to_owned()).collect();
            prop_assert_eq!(render(&body, &found, &same), body);
        }
    }
}
