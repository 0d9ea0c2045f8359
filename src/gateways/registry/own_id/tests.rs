use super::super::tests::settings;
use super::super::{GatewaySettings, Gateways};
use super::*;
use crate::gateways::testing::Call;
use crate::gateways::{DIALECTS, UrlTags, without_message_id};

/// An Ed25519 public key in base64 (RFC 8032, 7.1, test 1): Telnyx's secret has to be one.
const PUBLIC_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const TAGGED: [&str; 5] = [
    "vonage-sms",
    "sinch",
    "vonage-messages",
    "telnyx",
    "neutral",
];
const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// Gateways named as their dialects are, and one more of Sinch's.
fn gateways(secret: &str, tags: &UrlTags) -> Gateways {
    let all = DIALECTS.iter().map(|kind| match kind.name {
        "telnyx" => settings("telnyx", "telnyx", &[PUBLIC_KEY]),
        "aws" => {
            let mut aws = settings("aws", "aws", &[]);
            aws.proof.topics = vec!["arn:aws:sns:eu-central-1:1:sms".to_owned()];
            aws
        }
        name => settings(name, name, &[secret]),
    });
    let more = settings("sinch-2", "sinch", &[secret]);
    let all: Vec<GatewaySettings> = all.chain([more]).collect();
    Gateways::new(&all).unwrap().with_tags(tags)
}

fn base() -> Url {
    "https://t.example/".parse().unwrap()
}

/// Why the id in a URL of a signed call is not believed.
fn doubt(gateways: &Gateways, name: &str, url: &str) -> Option<&'static str> {
    let call = Call::json(url, "{}").header("webhook-signature", "v1,");
    gateways.find(name).unwrap().doubt(&call.webhook())
}

#[test]
fn a_signed_body_names_no_message_but_its_own() {
    let tags = UrlTags::new(&[7; 32]);
    let all = gateways("s3cret", &tags);
    for name in TAGGED {
        let url = all.find(name).unwrap().receipt_url(&base(), ONE);
        assert_eq!(doubt(&all, name, &url), None, "{url}");
        let wrong = Some("the message_tag is of another message, gateway or ledger");
        let moved = url.replace(&ONE.to_string(), &OTHER.to_string());
        assert_eq!(doubt(&all, name, &moved), wrong, "{moved}");
        let put_before = url.replace("message_id=", &format!("message_id={OTHER}&message_id="));
        assert_eq!(doubt(&all, name, &put_before), wrong, "{put_before}");
        let (bare, _) = url.rsplit_once("&message_tag=").unwrap();
        let missing = Some("there is no message_tag beside it");
        assert_eq!(doubt(&all, name, bare), missing, "{bare}");
        let stranger = gateways("s3cret", &UrlTags::new(&[8; 32]));
        assert_eq!(doubt(&stranger, name, &url), wrong);
        // What names no message needs no proof; neither does a check.
        for of_none in ["", "?message_id=7", &format!("?message_id={}", Uuid::nil())] {
            let url = format!("https://t.example/r{of_none}");
            assert_eq!(doubt(&all, name, &url), None, "{url}");
        }
    }
    let url = all.find("sinch").unwrap().receipt_url(&base(), ONE);
    assert!(doubt(&all, "sinch-2", &url).is_some(), "another gateway's");
}

/// URLs that were handed out before count for as long as receipts come.
#[test]
fn a_replaced_secret_leaves_the_tags_as_they_were() {
    let tags = UrlTags::new(&[7; 32]);
    let url = gateways("old", &tags)
        .find("sinch")
        .unwrap()
        .receipt_url(&base(), ONE);
    assert_eq!(doubt(&gateways("new", &tags), "sinch", &url), None);
}

#[test]
fn where_the_proof_covers_the_url_there_is_no_tag_and_no_doubt() {
    let all = gateways("s3cret", &UrlTags::new(&[7; 32]));
    for kind in DIALECTS.iter().filter(|kind| !TAGGED.contains(&kind.name)) {
        let url = all.find(kind.name).unwrap().receipt_url(&base(), ONE);
        assert!(!url.contains("message_tag"), "{url}");
        let named = format!("https://t.example/r?message_id={ONE}");
        assert_eq!(doubt(&all, kind.name, &named), None, "{}", kind.name);
    }
    // The secret itself, in the URL or the header, proves more than a tag.
    let call = Call::json(
        format!("https://t.example/r?message_id={ONE}&secret=s3cret"),
        "{}",
    );
    assert_eq!(all.find("neutral").unwrap().doubt(&call.webhook()), None);
}

#[test]
fn without_a_key_nothing_is_believed_that_would_need_a_tag() {
    let keyless = Gateways::new(&[settings("sinch", "sinch", &["s"])]).unwrap();
    let url = keyless.find("sinch").unwrap().receipt_url(&base(), ONE);
    assert!(!url.contains("message_tag"), "{url}");
    assert!(doubt(&keyless, "sinch", &format!("{url}&message_tag=AAAA")).is_some());
}

#[test]
fn a_call_without_the_id_is_read_by_the_gateways_own() {
    let all = gateways("s3cret", &UrlTags::new(&[7; 32]));
    let gateway = all.find("neutral").unwrap();
    let path = without_message_id(&format!("/r?a=1&message_id={OTHER}&message%5Fid={ONE}"));
    assert_eq!(path, "/r?a=1");
    let read = |body: &str| {
        let call = Call::json(format!("https://t.example{path}"), body);
        gateway.receipts(&call.webhook()).unwrap().remove(0)
    };
    let receipt = read(r#"{"gateway_message_id": "g-1", "status": "sent"}"#).unwrap();
    assert_eq!(receipt.message_id, None);
    let faults = read(r#"{"status": "sent"}"#).unwrap_err();
    insta::assert_snapshot!(faults[0], @"message_id: must stand in the callback URL, with its message_tag as in receipt_url, since the gateway gives no id of its own");
}
