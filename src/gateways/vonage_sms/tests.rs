use super::*;
use crate::gateways::testing::{
    ARRIVED, Account, Call, no_byte_can_be_altered, no_bytes_make_it_panic,
};
use crate::gateways::{DialectSettings, Secrets};
use insta::assert_snapshot;

const SECRET: &str = "my_secret_key_for_testing";
const URL: &str = "https://t.example/v1/gateways/vonage/receipts";
/// The inbound message of Vonage's SDKs' tests, without its signature.
const SIGNED: &str = "message-timestamp=2013-11-21+15%3A27%3A30&messageId=020000001B0FE827\
                      &msisdn=14843472194&text=Test+again&timestamp=1385047698&to=13239877404&type=text";
/// Its signatures, by method.
const SIGNATURES: [(&str, &str); 5] = [
    ("md5hash", "d2e7b1dc968737c5998ad624e02f90b7"),
    ("md5", "DDEBD46008C2D4E93CCE578A332A52D5"),
    ("sha1", "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A"),
    (
        "sha256",
        "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
    ),
    (
        "sha512",
        "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA\
         3A256C0D763AC4A9AD9144B5A426B94FE82",
    ),
];
/// When it came.
const CAME: i64 = 1_385_047_698;
const DAY: i64 = 24 * 3600;

fn account(method: &str, secrets: &[&str]) -> Account {
    Account::with("vonage-sms", settings(method, secrets))
}

fn settings(method: &str, secrets: &[&str]) -> DialectSettings {
    DialectSettings {
        secrets: Secrets::new(secrets.iter().map(|text| (*text).to_owned()).collect()),
        signature: Some(method.to_owned()),
        ..DialectSettings::default()
    }
}

fn receipt_of(query: &str) -> Result<Receipt, Vec<FieldFault>> {
    account("sha256", &[SECRET]).receipt(&Call::get(format!("{URL}?{query}")))
}

fn inbound_of(form: &str) -> Result<Inbound, Vec<FieldFault>> {
    account("sha256", &[SECRET]).inbound(&Call::form(URL, form))
}

/// vonage-node-sdk, packages/sms: one vector for each method.
#[test]
fn the_published_vectors_are_verified() {
    for (method, signature) in SIGNATURES {
        let account = account(method, &["the next one", SECRET]);
        for signature in [signature.to_owned(), signature.to_ascii_lowercase()] {
            let signed = format!("{SIGNED}&sig={signature}");
            let get = Call::get(format!("{URL}?{signed}")).at(CAME);
            assert_eq!(account.verify(&get), Ok(()), "{method}");
            let post = Call::form(URL, signed).at(CAME);
            assert_eq!(account.verify(&post), Ok(()), "{method}");
        }
    }
}

#[test]
fn accounts_sign_by_md5hash_unless_told() {
    let account = Account::new("vonage-sms", &[SECRET]);
    let signed = format!("{SIGNED}&sig={}", SIGNATURES[0].1);
    assert_eq!(account.verify(&Call::form(URL, signed).at(CAME)), Ok(()));
    let error = (KIND.open)(&settings("SHA-256", &[SECRET])).err().unwrap();
    assert_snapshot!(error, @r#"cannot use signature = "SHA-256": it must be the method chosen in Vonage's API settings, md5hash (their default), md5, sha1, sha256 (recommended) or sha512"#);
    assert!((KIND.open)(&settings("sha256", &[])).is_err());
}

#[test]
fn json_is_signed_by_its_fields() {
    let account = account("sha256", &[SECRET]);
    let json = |timestamp: &str| {
        format!(
            r#"{{"message-timestamp":"2013-11-21 15:27:30","messageId":"020000001B0FE827",
                "msisdn":"14843472194","text":"Test again","timestamp":{timestamp},"to":"13239877404",
                "type":"text","sig":"{}"}}"#,
            SIGNATURES[3].1
        )
    };
    for timestamp in [r#""1385047698""#, "1385047698"] {
        let call = Call::json(URL, json(timestamp)).at(CAME);
        assert_eq!(account.verify(&call), Ok(()), "{timestamp}");
    }
    let inbound = account
        .inbound(&Call::json(URL, json("1385047698")))
        .unwrap();
    assert_eq!(inbound.body, "Test again");
    let torn = Call::json(URL, "{").at(CAME);
    assert_eq!(
        account.verify(&torn),
        Err(Refusal::Unverified(
            "the body is neither a form nor a JSON object"
        ))
    );
}

#[test]
fn whatever_is_altered_is_refused() {
    for (method, signature) in SIGNATURES {
        let account = account(method, &[SECRET]);
        let signed = format!("{SIGNED}&sig={signature}");
        let get = Call::get(format!("{URL}?{signed}")).at(CAME);
        no_byte_can_be_altered(&account, &get, false, &[]);
        let post = Call::form(URL, signed).at(CAME);
        no_byte_can_be_altered(&account, &post, false, &[]);
    }
    let refused = |method: &str, secret: &str, sig: &str| {
        let call = Call::get(format!("{URL}?{SIGNED}{sig}")).at(CAME);
        account(method, &[secret])
            .verify(&call)
            .unwrap_err()
            .to_string()
    };
    let sha256 = format!("&sig={}", SIGNATURES[3].1);
    assert_snapshot!(refused("sha256", "another", &sha256), @"the webhook does not carry this gateway's proof: sig does not fit: the signature secret, or the method `signature`, is another");
    assert_snapshot!(refused("sha1", SECRET, &sha256), @"the webhook does not carry this gateway's proof: sig does not fit: the signature secret, or the method `signature`, is another");
    assert_snapshot!(refused("sha1", SECRET, ""), @"the webhook does not carry this gateway's proof: the parameter sig is missing");
    assert_snapshot!(refused("sha1", SECRET, "&sig=x"), @"the webhook does not carry this gateway's proof: sig is not hexadecimal");
}

/// A `&` or `=` inside a value could else make two different calls of one text.
#[test]
fn what_would_split_a_value_is_signed_as_an_underscore() {
    let account = account("sha256", &[SECRET]);
    let signature = Signature::new(&Secrets::new(vec![SECRET.to_owned()]), Some("sha256")).unwrap();
    let fields = format!("text=a%26b%3Dc&to=1&timestamp={ARRIVED}");
    let form = Form::parse(fields.as_bytes());
    let as_underscores = format!("to=1&text=a_b_c&timestamp={ARRIVED}");
    let as_underscores = Form::parse(as_underscores.as_bytes());
    assert_eq!(signature.sign(&form), signature.sign(&as_underscores));
    let sig = signature.sign(&form).unwrap();
    let call = Call::form(URL, format!("{fields}&sig={sig}"));
    assert_eq!(account.verify(&call), Ok(()));
}

/// The time and the ids are what makes a copy of a call worthless.
#[test]
fn no_signed_field_can_be_folded_away() {
    let account = account("sha256", &[SECRET]);
    let sig = SIGNATURES[3].1;
    let folded = SIGNED.replace("&timestamp=1385047698", "%26timestamp%3D1385047698");
    let into_a_name = SIGNED.replace("timestamp=1385047698&to", "timestamp%3D1385047698%26to");
    for body in [folded, into_a_name] {
        assert!(
            account
                .verify(&Call::form(URL, format!("{body}&sig={sig}")).at(CAME))
                .is_err()
        );
    }
    // Nor moved to where no fact is read from.
    let rest = SIGNED.replace("&timestamp=1385047698", "");
    let moved = Call::form(
        format!("{URL}?timestamp=1385047698"),
        format!("{rest}&sig={sig}"),
    );
    assert!(account.verify(&moved.at(CAME)).is_err());
}

/// Vonage tries for 24 hours, and its `timestamp` is the time of the first try.
#[test]
fn a_call_counts_for_a_day_and_an_hour() {
    let account = account("sha256", &[SECRET]);
    let signed = Call::form(URL, format!("{SIGNED}&sig={}", SIGNATURES[3].1));
    for (at, taken) in [
        (CAME + DAY, true),
        (CAME + DAY + 3601, false),
        (CAME - 300, true),
        (CAME - 301, false),
    ] {
        let verified = account.verify(&signed.clone().at(at));
        assert_eq!(verified.is_ok(), taken, "{at}");
    }
}

/// Whether Vonage signs what our callback URL carries is not documented: both are taken.
#[test]
fn our_own_id_in_the_url_may_be_signed_or_not() {
    let account = account("sha256", &[SECRET]);
    let id = "message_id=01939f2a-0000-7000-8000-000000000001&message_tag=AAAA";
    let receipt = format!("messageId=A1&status=delivered&timestamp={ARRIVED}");
    let signature = Signature::new(&Secrets::new(vec![SECRET.to_owned()]), Some("sha256")).unwrap();
    let with = signature.sign(&Form::parse(format!("{id}&{receipt}").as_bytes()));
    let without = signature.sign(&Form::parse(receipt.as_bytes()));
    for sig in [with.unwrap(), without.unwrap()] {
        let get = Call::get(format!("{URL}?{id}&{receipt}&sig={sig}"));
        let post = Call::form(format!("{URL}?{id}"), format!("{receipt}&sig={sig}"));
        for call in [get, post] {
            assert_eq!(account.verify(&call), Ok(()));
            let receipt = account.receipt(&call).unwrap();
            assert!(receipt.message_id.is_some(), "{call:?}");
        }
    }
}

#[test]
fn a_receipt_as_vonage_sends_it() {
    let receipt = receipt_of(
        "msisdn=447700900000&to=AcmeInc&network-code=23410&messageId=0A0000001234567B&price=0.03330000\
         &status=failed&scts=2611181400&err-code=9&api-key=abcd1234\
         &client-ref=01939F2A-0000-7000-8000-000000000001&message-timestamp=2026-11-18+14%3A00%3A01\
         &something-new=1",
    )
    .unwrap();
    assert_eq!(
        receipt.message_id.unwrap().to_string(),
        "01939f2a-0000-7000-8000-000000000001"
    );
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("a0000001234567b")
    );
    assert_eq!(
        (
            receipt.status,
            receipt.raw_status.as_str(),
            receipt.synthetic
        ),
        (Status::Undelivered, "failed", false)
    );
    assert_eq!(receipt.error_code.as_deref(), Some("9"));
    assert_eq!(receipt.error_class, Some(ErrorClass::OptedOut));
    assert_eq!(receipt.permanent, Some(true));
    let cost = (receipt.price.as_deref(), receipt.currency.as_deref());
    assert_eq!(cost, (Some("0.03330000"), Some("EUR")));
    assert_eq!(receipt.mcc_mnc.as_deref(), Some("23410"));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:00:00+00:00"
    );
    assert_eq!(
        receipt.segment_number, None,
        "no field says which part it is"
    );
}

#[test]
fn every_status_and_the_guess_after_72_hours() {
    for (word, status) in STATUSES {
        for word in [word.to_owned(), word.to_ascii_uppercase()] {
            let receipt = receipt_of(&format!("messageId=1&status={word}&err-code=0")).unwrap();
            assert_eq!((receipt.status, receipt.raw_status), (status, word));
            assert_eq!(receipt.synthetic, status == Status::Expired);
            assert_eq!(receipt.error_code, None, "0 is no error");
        }
    }
    let expired = receipt_of("messageId=1&status=expired").unwrap();
    assert_eq!(expired.error_class, Some(ErrorClass::Expired));
}

#[test]
fn nothing_that_can_be_spared_costs_a_receipt() {
    let receipt = receipt_of(
        "messageId=000&status=Teleported&scts=soon&err-code=77&price=cheap&network-code=AT&client-ref=me",
    );
    let receipt = receipt.unwrap();
    assert_eq!(
        (receipt.status, receipt.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!(receipt.error_class, Some(ErrorClass::Other));
    assert_eq!((receipt.price, receipt.currency), (None, None));
    assert_eq!((receipt.gateway_time, receipt.mcc_mnc), (None, None));
    let by_push =
        receipt_of("messageId=1&status=sent&message-timestamp=2026-11-18+14:00:01").unwrap();
    assert!(by_push.gateway_time.is_some());
    let faults = receipt_of("messageId=1").unwrap_err();
    assert_eq!(faults[0].to_string(), "status: must be given");
    assert_eq!(
        receipt_of("status=delivered").unwrap_err()[0].field,
        "message_id"
    );
}

#[test]
fn an_inbound_text_and_a_part_of_one() {
    let whole = inbound_of(
        "msisdn=14155552671&to=43720555000&messageId=0B01&text=STOP&type=text&keyword=STOP\
         &message-timestamp=2026-11-18+14%3A00%3A01",
    )
    .unwrap();
    assert_eq!(whole.from.as_str(), "+14155552671");
    assert_eq!(whole.to.as_str(), "+43720555000");
    assert_eq!((whole.body.as_str(), &whole.part), ("STOP", &None));
    assert_eq!(whole.gateway_message_id.as_deref(), Some("b01"));
    assert_eq!(
        whole.received_at.unwrap().to_rfc3339(),
        "2026-11-18T14:00:01+00:00"
    );
    let from_to = "msisdn=14155552671&to=43720555000&text=x&concat=true";
    let part = inbound_of(&format!(
        "{from_to}&concat-ref=08B5&concat-total=3&concat-part=2"
    ));
    let expected = Part {
        reference: "08B5".to_owned(),
        number: 2,
        total: 3,
    };
    assert_eq!(part.unwrap().part, Some(expected));
    for broken in [
        "concat-ref=1&concat-total=3&concat-part=4",
        "concat-ref=1&concat-total=3&concat-part=0",
        "concat-ref=1&concat-total=300&concat-part=2",
        "concat-total=3&concat-part=2",
    ] {
        let whole = inbound_of(&format!("{from_to}&{broken}")).unwrap();
        assert_eq!(whole.part, None, "{broken}");
    }
}

/// A STOP is one, whatever an operator labels it.
#[test]
fn a_binary_message_that_is_text_is_read() {
    let of = |data: &str| {
        let form = format!("msisdn=14155552671&to=43720555000&type=binary&udh=05&data={data}");
        inbound_of(&form).unwrap().body
    };
    assert_eq!(of("53544f50"), "STOP");
    assert_eq!(of("00ff10"), "");
    assert_eq!(of("zz"), "");
    assert_eq!(of(""), "");
    let faults = inbound_of("text=x&to=").unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["msisdn", "to"]);
}

#[test]
fn its_sample_is_verified_and_read() {
    for (method, _) in SIGNATURES {
        let account = account(method, &[SECRET, "the one before"]);
        let call = account.sample("0A1", "delivered").unwrap();
        no_byte_can_be_altered(&account, &call, false, &[]);
        let receipt = account.receipt(&call).unwrap();
        assert_eq!(receipt.status, Status::Delivered);
        assert_eq!(receipt.gateway_message_id.as_deref(), Some("a1"));
    }
}

#[test]
fn no_bytes_panic() {
    no_bytes_make_it_panic(
        &account("md5hash", &[SECRET]),
        &["content-type"],
        &[
            "sig",
            "timestamp",
            "messageId",
            "status",
            "scts",
            "price",
            "err-code",
            "msisdn",
            "to",
            "text",
            "data",
            "concat",
            "concat-ref",
            "concat-total",
            "concat-part",
            "message-timestamp",
        ],
    );
}

/// The URL for inbound messages was entered where receipts go.
#[test]
fn a_receipt_is_no_reply() {
    let receipt = "msisdn=14155552671&to=Shop&messageId=0A000000&status=delivered&err-code=0";
    let faults = inbound_of(receipt).unwrap_err();
    assert_eq!(faults[0].field, "status");
    assert!(inbound_of(&format!("{receipt}&type=text&text=")).is_ok());
}
