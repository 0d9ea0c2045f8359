//! What strangers do to calls.

use super::{Account, Call};
use actix_web::http::header::{HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use url::form_urlencoded;

/// Flips a bit of each byte in turn: of the body, of these headers, and of the URL from its query on, or
/// all of it if `whole_url`. Every one of these calls has to be refused.
pub(in crate::gateways) fn no_byte_can_be_altered(
    account: &Account,
    call: &Call,
    whole_url: bool,
    headers: &[&'static str],
) {
    assert_eq!(account.verify(call), Ok(()), "{call:?}");
    let first = if whole_url {
        0
    } else {
        call.url.find('?').map_or(call.url.len(), |mark| mark + 1)
    };
    for place in first..call.url.len() {
        let mut bytes = call.url.clone().into_bytes();
        bytes[place] ^= 1;
        let url = String::from_utf8(bytes).unwrap();
        refused(
            account,
            &Call {
                url,
                ..call.clone()
            },
        );
    }
    for place in 0..call.body.len() {
        let mut altered = call.clone();
        altered.body[place] ^= 1;
        refused(account, &altered);
    }
    for name in headers {
        let name = HeaderName::from_static(name);
        let value = call
            .headers
            .get(&name)
            .expect("the header")
            .as_bytes()
            .to_vec();
        for place in 0..value.len() {
            let mut value = value.clone();
            value[place] ^= 1;
            let mut altered = call.clone();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                altered.headers.insert(name.clone(), value);
                refused(account, &altered);
            }
        }
        let mut bare = call.clone();
        bare.headers.remove(&name);
        refused(account, &bare);
    }
}

fn refused(account: &Account, call: &Call) {
    assert!(account.verify(call).is_err(), "{call:?}");
}

/// Sends calls of any bytes, and calls of these headers and fields with any values, as a query, a form
/// and JSON. None may panic; what they answer is free.
pub(in crate::gateways) fn no_bytes_make_it_panic(
    account: &Account,
    headers: &'static [&'static str],
    fields: &'static [&'static str],
) {
    let value = || {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,40}",
            "[0-9a-f+:. -]{0,24}",
            "true"
        ]
    };
    let strategy = (
        vec(any::<u8>(), 0..200),
        vec("[ -~]{0,120}", headers.len()),
        vec(value(), fields.len()),
    );
    let shaken = TestRunner::default().run(&strategy, |(bytes, header_values, values)| {
        let pairs = || fields.iter().zip(&values);
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs())
            .finish();
        let object: serde_json::Map<String, serde_json::Value> = pairs()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect();
        let json = serde_json::Value::Object(object).to_string();
        let url = "https://t.example/r";
        for call in [
            Call::get(format!("{url}?{}", String::from_utf8_lossy(&bytes))),
            Call::get(format!("{url}?{form}")),
            Call::form(url, bytes.clone()),
            Call::form(url, form),
            Call::json(url, bytes),
            Call::json(url, json),
        ] {
            let call = headers
                .iter()
                .zip(&header_values)
                .fold(call, |call, (name, value)| call.header(name, value));
            drop(account.verify(&call));
            drop(account.gateway().receipts(&call.webhook()));
            drop(account.gateway().inbound(&call.webhook()));
        }
        Ok(())
    });
    shaken.unwrap();
}
