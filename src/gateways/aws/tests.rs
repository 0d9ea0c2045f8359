use super::envelope::WINDOW;
use super::*;
use crate::domain::status::DeliveryLevel;
use crate::gateways::testing::{ARRIVED, Account, Call, arrived};
use crate::gateways::{DialectSettings, FieldFault, GatewaySettings, Gateways};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

mod events;
mod fetching;
mod sns;

use sns::{
    CERTIFICATE, SUBSCRIBE, Sns, TOPIC, about_subscription, block_on, call, certificate, gateway,
    notification, verify,
};

/// Made with OpenSSL, whose signatures over the text of SNS's documentation these are: `openssl dgst
/// -sha1 -sign` and `-sha256`. Valid from 2026-11-23 for 20 years.
const OPENSSL_CERTIFICATE: &[u8] = include_bytes!("tests/openssl.pem");
const OPENSSL_SHA1: &str = "pdyqOxKH/O+1z1A2MdrRUvExdqLHZx1orM1PKF4HZAc23YYWrm4FAnZ9rsfcRHlmyQX3hENzHU0QzkJu3JTv4ygJzIirjqa03nTRRf1ezuZlNP+m8uwdR+aj1jVlsVJKWYMECfoB5F7Z7vRuOdSCFM5z+7KTdKR/jIivTqHjqk/nfoyy1HAyuUMLCrDxp+Jc/XQd+oUOQKXSSE6F1IWcT4aAsHxOFYwlNk40eZuiZlZhl7h9eayW3eYIpHgBd17hlS+SIXGTaICr1yvLOIzX5gxYZhfMyPC2vFzdATku0DSYpmCWRt1DWoKJA3snPjkl/str8HTw0oG732y48nbD9A==";
const OPENSSL_SHA256: &str = "qrDFczHg4T1XjwkzZ0FB20jihIQaZpQeguC/AZJrUfgr9km8Oy803H2x2/RKLWeAtq4DvOw40pWwpUPCz68BiyJpvg34We9spJTfPxeVmExqAHFQXuNX+DKDgv7MfuPv7wrLgfty2yrkGVpDmluh3CUinSVy6LHGIgwlwglHDVfi/dsyX8m3yJJb5hWX16UEbxs9PD74qQtcBAWnmaXrFh8sx75qe1T99VMiNKLVYRmHKeArDJDS7M9hvfrOqXeO93/6km+oNbyj5+r9pjkw0SwsMhlp+C7ecJtGOkER4WZMGAwDHcAMZOS1TqpPtYKh0bvPqtvrbWf0x05EfQ25IQ==";

#[test]
fn both_versions_of_the_signature_are_verified() {
    let certificate = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem";
    let sns = Sns::serving(&[(certificate, OPENSSL_CERTIFICATE.to_vec())]);
    let topic = "arn:aws:sns:us-west-2:123456789012:MyTopic";
    let aws = Aws::new(Topics::new(&[topic.to_owned()]).unwrap(), sns);
    let signed = |version: &str, signature: &str| {
        let body = json!({"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": topic, "Subject": "My First Message", "Message": "Hello world!",
            "Timestamp": "2026-12-01T00:54:06.655Z", "SignatureVersion": version,
            "Signature": signature, "SigningCertURL": certificate});
        let mut call = call(&body);
        call.arrived_at = "2026-12-01T00:54:08Z".parse().unwrap();
        verify(&aws, &call)
    };
    assert_eq!(signed("1", OPENSSL_SHA1), Ok(()));
    assert_eq!(signed("2", OPENSSL_SHA256), Ok(()));
    let does_not_fit = Err(Refusal::Unverified("the Signature does not fit"));
    assert_eq!(signed("2", OPENSSL_SHA1), does_not_fit);
    assert_eq!(signed("1", OPENSSL_SHA256), does_not_fit);
    assert!(signed("3", OPENSSL_SHA256).is_err());
    assert_eq!(
        signed("1", "%"),
        Err(Refusal::Unverified("the Signature is not base64"))
    );
}

/// Whatever byte is turned: refused, unless it is in a field that SNS does not sign.
#[test]
fn whatever_is_altered_is_refused() {
    let sns = Sns::usual();
    let aws = gateway(&sns);
    for body in [
        notification(r#"{"eventType": "TEXT_DELIVERED"}"#),
        about_subscription("SubscriptionConfirmation", SUBSCRIBE),
    ] {
        let genuine = call(&body);
        assert_eq!(verify(&aws, &genuine), Ok(()));
        let text = Envelope::parse(&genuine.webhook()).unwrap().signed_text();
        let mut refused = 0;
        for place in 0..genuine.body.len() {
            let mut altered = genuine.clone();
            altered.body[place] ^= 1;
            if verify(&aws, &altered).is_ok() {
                let read = Envelope::parse(&altered.webhook()).unwrap().signed_text();
                assert_eq!(read, text, "byte {place}");
            } else {
                refused += 1;
            }
        }
        assert!(refused > text.len(), "{refused} refused");
    }
    for (field, value) in [
        ("Type", json!("UnsubscribeConfirmation")),
        ("Type", json!("Greeting")),
        ("Subject", json!("put in")),
        ("Signature", json!("")),
        ("SignatureVersion", json!("1")),
        ("Timestamp", json!("2026-11-18T23:06:31.000Z")),
        ("Timestamp", json!("today")),
        ("Message", json!({})),
    ] {
        let mut body = notification("x");
        body[field] = value.clone();
        let verified = verify(&aws, &call(&body));
        assert!(
            matches!(verified, Err(Refusal::Unverified(_))),
            "{field} {value}: {verified:?}"
        );
    }
}

#[test]
fn the_events_of_other_topics_are_refused_before_anything_is_fetched() {
    let sns = Sns::usual();
    let mut body = notification("x");
    body["TopicArn"] = json!("arn:aws:sns:eu-central-1:999999999999:sms");
    let other = "the TopicArn is not one of this gateway's `topics`";
    assert_eq!(
        verify(&gateway(&sns), &call(&body)),
        Err(Refusal::Unverified(other))
    );
    assert!(sns.asked().is_empty());
    let open = |topics: &[&str]| {
        let settings = GatewaySettings {
            name: "main".to_owned(),
            dialect: "aws".to_owned(),
            proof: DialectSettings {
                topics: topics.iter().map(|text| (*text).to_owned()).collect(),
                ..DialectSettings::default()
            },
            ..GatewaySettings::default()
        };
        Gateways::new(&[settings])
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(open(&[TOPIC]), Ok(()));
    assert!(open(&[]).unwrap_err().contains("needs `topics`"));
    for bad in [
        "sms",
        "arn:aws:sqs:eu-central-1:1:q",
        "arn:aws:sns:eu-central-1:1:",
        "arn:aws:sns:x:1:a b",
        "arn:aws:sns:eu.evil:1:a",
        "arn:aws:sns:eu-central-1@evil.example/:1:a",
    ] {
        assert!(
            open(&[TOPIC, bad]).unwrap_err().contains("no topic's ARN"),
            "{bad}"
        );
    }
}

/// SNS signs the time of the publication, also of what it delivers again weeks later.
#[test]
fn the_window_is_wider_than_any_redelivery_and_narrower_than_our_memory() {
    assert!(WINDOW > TimeDelta::days(23), "AWS's own delivery policies");
    assert!(WINDOW < crate::ledger::prune::INBOUND_FINGERPRINTS_KEPT);
    let aws = gateway(&Sns::usual());
    let after = |age: TimeDelta| {
        let mut call = call(&notification("x"));
        call.arrived_at = DateTime::from_timestamp(ARRIVED - 10, 0).unwrap() + age;
        verify(&aws, &call).is_ok()
    };
    assert!(after(TimeDelta::zero()) && after(TimeDelta::days(23)) && after(WINDOW));
    assert!(after(-TimeDelta::hours(1)), "our clock may be slow");
    assert!(!after(WINDOW + TimeDelta::seconds(1)));
    assert!(!after(-TimeDelta::hours(1) - TimeDelta::seconds(1)));
}

#[test]
fn raw_delivery_is_refused_and_the_log_says_what_to_do() {
    let aws = gateway(&Sns::usual());
    let raw = Call::json("https://t.example/r", r#"{"eventType": "TEXT_DELIVERED"}"#);
    let reason = |call: &Call| verify(&aws, call).unwrap_err().to_string();
    assert!(reason(&raw).contains("is raw message delivery off"));
    let marked = call(&notification("x")).header("x-amz-sns-rawdelivery", "true");
    assert!(reason(&marked).contains("switch it off"));
}

#[test]
fn a_subscription_is_confirmed_and_its_end_is_not_undone() {
    let sns = Sns::usual();
    let aws = gateway(&sns);
    let greet = |body: &Value| {
        let call = call(body);
        assert_eq!(verify(&aws, &call), Ok(()));
        let greeting = block_on(aws.greet(&call.webhook()));
        assert_eq!(
            aws.receipts(&call.webhook())
                .map(|items| items.len())
                .unwrap_or(9),
            0
        );
        greeting
    };
    let subscription = about_subscription("SubscriptionConfirmation", SUBSCRIBE);
    assert_eq!(greet(&subscription), Ok(Some(Acknowledgement::EMPTY)));
    assert_eq!(sns.asked(), [CERTIFICATE, SUBSCRIBE]);
    let end = about_subscription("UnsubscribeConfirmation", SUBSCRIBE);
    assert_eq!(greet(&end), Ok(Some(Acknowledgement::EMPTY)));
    assert_eq!(
        sns.asked().len(),
        2,
        "its SubscribeURL would subscribe again"
    );
    // What cannot be confirmed now is to be sent again; what is not SNS's is never asked for.
    let gone = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=old";
    let gone = greet(&about_subscription("SubscriptionConfirmation", gone));
    assert!(matches!(gone, Err(Refusal::Unavailable(_))), "{gone:?}");
    for url in [
        "https://evil.example/",
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=x",
    ] {
        let evil = greet(&about_subscription("SubscriptionConfirmation", url));
        assert!(matches!(evil, Err(Refusal::Malformed(_))), "{evil:?}");
    }
    assert_eq!(sns.asked().len(), 3);
    let plain = call(&notification("{}"));
    assert_eq!(block_on(aws.greet(&plain.webhook())), Ok(None));
}

#[test]
fn its_urls_are_those_of_the_subscriptions() {
    let aws = gateway(&Sns::usual());
    let endpoint: Url = "https://t.example/v1/gateways/aws/receipts"
        .parse()
        .unwrap();
    assert_eq!(
        aws.receipt_url(endpoint.clone(), Uuid::now_v7()),
        endpoint.as_str()
    );
    assert_eq!(
        aws.sample(endpoint.as_str(), "M", "DELIVERED", arrived()),
        None
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), pem in any::<Vec<u8>>()) {
        let sns = Sns::serving(&[(CERTIFICATE, pem)]);
        let aws = gateway(&sns);
        let call = Call::json("https://t.example/r", body);
        prop_assert!(verify(&aws, &call).is_err());
        let _ = aws.receipts(&call.webhook());
        let _ = aws.inbound(&call.webhook());
        let signed = self::call(&json!({"Type": "Notification", "MessageId": "M", "TopicArn": TOPIC,
            "Message": "x", "Timestamp": "2026-11-18T23:06:30Z", "SignatureVersion": "1",
            "Signature": "AAAA", "SigningCertURL": CERTIFICATE}));
        prop_assert!(verify(&aws, &signed).is_err());
    }

    #[test]
    fn no_values_make_it_panic(text in "\\PC{0,20}", url in "(https://sns\\.)?\\PC{0,30}", number in any::<i64>()) {
        let message = json!({"eventType": format!("TEXT_{text}"), "messageId": text, "eventTimestamp": number,
            "mcc": text, "mnc": text, "originationNumber": text, "destinationNumber": text, "messageBody": text});
        let call = call(&json!({"Type": "Notification", "MessageId": text, "TopicArn": TOPIC,
            "Message": message.to_string(), "Timestamp": text, "SignatureVersion": text,
            "Signature": text, "SigningCertURL": url}));
        let aws = gateway(&Sns::default().into());
        prop_assert!(verify(&aws, &call).is_err());
        let _ = aws.receipts(&call.webhook());
        let _ = aws.inbound(&call.webhook());
        let _ = certificates::url(&url, &text);
        let _ = topics::host(&text);
    }
}
