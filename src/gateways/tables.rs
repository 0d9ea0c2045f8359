//! `docs/gateway-statuses.md` is the table of dialects, printed.

use super::testing::Account;
use super::{DIALECTS, DialectSettings, Kind, Meaning, Secrets};
use std::collections::BTreeSet;
use std::fmt::Write;

const PAGE: &str = "docs/gateway-statuses.md";
/// A text that is a public key as well (RFC 8032, 7.1, test 1), so that every dialect takes it.
const SECRET: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// Set it to write the page anew.
const WRITE: &str = "TEXTRAIL_WRITE_DOCS";

fn page() -> String {
    let mut page = String::from(
        "# What gateways say, and what it becomes\n\n\
         Printed from the table in the code by `TEXTRAIL_WRITE_DOCS=1 cargo test --lib gateways::tables`; a\n\
         test holds this page to it. A status that is not here is kept raw and counts as `unknown`; an error\n\
         code that is not here has the class `other`.\n",
    );
    for kind in &DIALECTS {
        describe(kind, &mut page);
    }
    page
}

fn describe(kind: &Kind, page: &mut String) {
    writeln!(page, "\n## {} (`{}`)\n", kind.provider, kind.name).unwrap();
    page.push_str("| gateway's status | ours |\n|---|---|\n");
    for (raw, status) in kind.statuses {
        writeln!(page, "| `{raw}` | {} |", status.as_str()).unwrap();
    }
    if kind.errors.is_empty() {
        return;
    }
    explain("error code", kind.errors, page);
    if let Some(refusals) = kind.refusals {
        explain("code of a refused send", refusals, page);
    }
}

fn explain(what: &str, codes: &[(&str, Meaning)], page: &mut String) {
    writeln!(page, "\n| {what} | class | trying again |\n|---|---|---|").unwrap();
    for (code, meaning) in codes {
        let again = match meaning.permanent {
            Some(true) => "does not help",
            Some(false) => "may help",
            None => "not known",
        };
        writeln!(page, "| `{code}` | {} | {again} |", meaning.class.as_str()).unwrap();
    }
}

#[test]
fn the_page_of_statuses_is_the_tables() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page(),
        "{PAGE} is not what the table says: run this test with {WRITE}=1"
    );
}

/// A receipt of every status that a gateway knows, as the gateway itself would send it: taken for the
/// gateway's own, and read as the table says.
#[test]
fn every_status_is_read_as_the_table_says() {
    let mut unsigned = BTreeSet::new();
    for kind in &DIALECTS {
        let settings = DialectSettings {
            secrets: Secrets::new(vec![SECRET.to_owned()]),
            topics: vec!["arn:aws:sns:eu-central-1:123456789012:receipts".to_owned()],
            ..DialectSettings::default()
        };
        let account = Account::with(kind.name, settings);
        for (raw, status) in kind.statuses {
            let Some(call) = account.sample("m-1", raw) else {
                unsigned.insert(kind.name);
                continue;
            };
            assert_eq!(account.verify(&call), Ok(()), "{} {raw}", kind.name);
            let receipt = account.receipt(&call).unwrap();
            assert_eq!(receipt.status, *status, "{} {raw}", kind.name);
        }
    }
    // Only the provider can sign; their own tests have a key of theirs.
    assert_eq!(unsigned, BTreeSet::from(["aws", "telnyx"]));
}

#[test]
fn no_word_stands_twice_in_a_table() {
    for kind in &DIALECTS {
        let mut words: Vec<&str> = kind.statuses.iter().map(|(word, _)| *word).collect();
        let mut codes: Vec<&str> = kind.errors.iter().map(|(code, _)| *code).collect();
        let refusals = kind.refusals.unwrap_or_default().iter();
        let mut refusals: Vec<&str> = refusals.map(|(code, _)| *code).collect();
        for list in [&mut words, &mut codes, &mut refusals] {
            let before = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), before, "{}", kind.name);
        }
    }
}
