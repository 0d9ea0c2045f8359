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
    let name =
        |extra: &BTreeMap<String, ExtraWords>| OptOutRules::new(extra).unwrap().name().to_owned();
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
