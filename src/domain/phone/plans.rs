//! The numbering plans' expressions, compiled once for each calling code that is met.
//!
//! The `phonenumber` crate compiles an expression when it needs it, keeps a hundred of them for the
//! whole world, and compiles each for all digits of Unicode (some 100 kB). Ten countries need more
//! than a hundred: each number then waited two milliseconds for expressions that were dropped a
//! moment before. Numbers come here as ASCII digits ([`super::PhoneNumber::parse`] takes no others),
//! so those are put into the crate's cache, compiled for ASCII digits (some 10 kB): 20 MB were all
//! plans of the world in use, nothing for those that are not.

use phonenumber::Type;
use phonenumber::metadata::{DATABASE, Metadata};
use regex::RegexBuilder;
use regex_cache::{CachedRegex, RegexCache};
use std::sync::{OnceLock, PoisonError};

/// Places in the crate's cache: all plans have some 1,300 expressions in use.
const PLACES: usize = 4_000;
/// Calling codes have at most three digits (E.164, 6.2.1), and are no prefix of one another.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 1..=3;

static CACHE: OnceLock<()> = OnceLock::new();
static CODES: [OnceLock<()>; 1000] = [const { OnceLock::new() }; 1000];

/// Has the plans of a number's calling code ready; `international` is `+` and digits.
pub(super) fn ready(international: &str) {
    let code = CODE_DIGITS
        .filter_map(|digits| international.get(1..=digits)?.parse::<u16>().ok())
        .find(|code| DATABASE.by_code(code).is_some());
    if let Some(code) = code
        && let Some(once) = CODES.get(usize::from(code))
    {
        CACHE.get_or_init(|| with_cache(|cache| *cache = RegexCache::new(PLACES)));
        once.get_or_init(|| with_cache(|cache| compile(code, cache)));
    }
}

/// A thread that panics between two expressions leaves the cache whole: it is used on.
fn with_cache(work: impl FnOnce(&mut RegexCache)) {
    let cache = DATABASE.cache();
    work(&mut cache.lock().unwrap_or_else(PoisonError::into_inner));
}

fn compile(code: u16, cache: &mut RegexCache) {
    for plan in DATABASE.by_code(&code).into_iter().flatten() {
        for expression in expressions(plan) {
            let source = expression.as_str();
            // As the crate builds them (its `Database::from`), but for ASCII. One that does not
            // compile is left to the crate.
            let built = RegexBuilder::new(source)
                .ignore_whitespace(true)
                .unicode(false)
                .build();
            if let Ok(built) = built {
                cache.insert(source.to_owned(), built);
            }
        }
    }
}

/// What parsing a number and asking for its validity and its country looks at. Formats are not
/// among it: E.164 has none.
fn expressions(plan: &Metadata) -> impl Iterator<Item = &CachedRegex> {
    let kinds = [
        Type::FixedLine,
        Type::Mobile,
        Type::TollFree,
        Type::PremiumRate,
        Type::SharedCost,
        Type::PersonalNumber,
        Type::Voip,
        Type::Pager,
        Type::Uan,
        Type::Voicemail,
    ];
    let descriptors = plan.descriptors();
    kinds
        .into_iter()
        .filter_map(|kind| descriptors.get(kind))
        .chain([descriptors.general()])
        .map(phonenumber::metadata::Descriptor::national_number)
        .chain(plan.leading_digits())
        .chain(plan.national_prefix_for_parsing())
}

#[cfg(test)]
mod tests {
    use super::super::PhoneNumber;
    use super::*;

    fn cached() -> usize {
        let mut count = 0;
        with_cache(|cache| count = cache.len());
        count
    }

    /// Numbers that the plans themselves give as examples: 769 of 254 countries and networks.
    fn examples() -> Vec<String> {
        let mut examples = Vec::new();
        for plan in DATABASE.iter() {
            for kind in [Type::Mobile, Type::FixedLine, Type::Voip, Type::TollFree] {
                let kind = plan.descriptors().get(kind);
                let example = kind.and_then(|kind| kind.example());
                examples.extend(example.map(|digits| format!("+{}{digits}", plan.country_code())));
            }
        }
        examples
    }

    #[test]
    fn numbers_of_the_whole_world_are_compiled_once() {
        let examples = examples();
        let read = |text: &&String| PhoneNumber::parse(text).is_ok();
        let valid = examples.iter().filter(read).count();
        let compiled = cached();
        // The crate refuses toll-free ones of Belarus, Lithuania and Russia, whose first digit is
        // also what is dialled at home.
        assert!(valid * 100 > examples.len() * 99, "{valid} valid");
        assert!((1_000..PLACES).contains(&compiled), "{compiled} are kept");
        assert_eq!(examples.iter().filter(read).count(), valid);
        assert_eq!(cached(), compiled);
    }

    #[test]
    fn the_crate_finds_all_that_it_needs() {
        let mut ours = std::collections::HashSet::new();
        for plan in DATABASE.iter() {
            ours.extend(expressions(plan).map(|expression| expression.as_str().to_owned()));
        }
        for text in examples() {
            let _ = PhoneNumber::parse(&text);
        }
        with_cache(|cache| {
            let missed: Vec<_> = cache
                .iter()
                .filter(|(source, _)| !ours.contains(*source))
                .collect();
            assert!(missed.is_empty(), "compiled by the crate: {missed:?}");
        });
    }
}
