use super::certificates::{ASKED_LIMIT, PAUSE};
use super::envelope::WINDOW;
use super::*;
use crate::domain::status::DeliveryLevel;
use crate::gateways::testing::{ARRIVED, Account, Call, arrived};
use crate::gateways::{DialectSettings, FieldFault, GatewaySettings, Gateways};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

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

#[test]
fn a_certificate_is_fetched_once() {
    let sns = Sns::usual();
    let aws = gateway(&sns);
    let calls: Vec<Call> = (0..20)
        .map(|n| call(&notification(&n.to_string())))
        .collect();
    let webhooks: Vec<_> = calls.iter().map(Call::webhook).collect();
    let prepared = block_on(futures_util::future::join_all(
        webhooks.iter().map(|webhook| aws.prepare(webhook)),
    ));
    assert_eq!(prepared, vec![Ok(()); 20]);
    assert!(webhooks.iter().all(|webhook| aws.verify(webhook).is_ok()));
    assert_eq!(sns.asked(), [CERTIFICATE]);
}

#[test]
fn a_certificate_that_cannot_be_had_is_asked_for_again_after_a_pause() {
    let sns = Sns::serving(&[]);
    let aws = gateway(&sns);
    let after = |pause: TimeDelta| {
        let mut call = call(&notification("x"));
        call.arrived_at += pause;
        verify(&aws, &call)
    };
    let refused = |verified| matches!(verified, Err(Refusal::Unavailable(_)));
    assert!(refused(after(TimeDelta::zero())), "SNS tries it again");
    sns.serve(CERTIFICATE, b"<html>maintenance</html>".to_vec());
    let second = TimeDelta::seconds(1);
    assert!(refused(after(PAUSE - second)));
    assert_eq!(sns.asked().len(), 1, "the pause is not over");
    assert!(refused(after(PAUSE)));
    sns.serve(CERTIFICATE, certificate(2026, 2028));
    assert_eq!(after(PAUSE * 2), Ok(()));
    assert_eq!(sns.asked(), [CERTIFICATE; 3]);
}

/// A topic's ARN is no secret: whoever knows it could name a certificate of another name each time.
#[test]
fn forged_calls_cannot_make_us_fetch_without_bound() {
    let sns = Sns::usual();
    let aws = gateway(&sns);
    let naming = |number: usize| {
        let mut body = notification("x");
        let url = format!("https://sns.eu-central-1.amazonaws.com/{number}.pem");
        body["SigningCertURL"] = json!(url);
        verify(&aws, &call(&body))
    };
    for number in 0..ASKED_LIMIT * 5 {
        assert!(matches!(naming(number), Err(Refusal::Unavailable(_))));
    }
    assert_eq!(sns.asked().len(), ASKED_LIMIT);
    // SNS sends its own again, and by then it is let through.
    let mut genuine = call(&notification("x"));
    assert!(matches!(
        verify(&aws, &genuine),
        Err(Refusal::Unavailable(_))
    ));
    genuine.arrived_at += PAUSE;
    assert_eq!(verify(&aws, &genuine), Ok(()));
    // What is at hand needs no fetching.
    for number in 100..100 + ASKED_LIMIT * 2 {
        assert!(naming(number).is_err());
    }
    assert_eq!(verify(&aws, &genuine), Ok(()));
}

#[test]
fn a_certificate_counts_only_while_it_is_valid() {
    for (first, end, good) in [(2026, 2027, true), (2020, 2026, false), (2027, 2030, false)] {
        let aws = gateway(&Sns::serving(&[(CERTIFICATE, certificate(first, end))]));
        let verified = verify(&aws, &call(&notification("x")));
        assert_eq!(verified.is_ok(), good, "{first} {verified:?}");
    }
    // Of another key, wherever it came from.
    let aws = gateway(&Sns::serving(&[(
        CERTIFICATE,
        OPENSSL_CERTIFICATE.to_vec(),
    )]));
    let mut late = call(&notification("x"));
    late.arrived_at = "2026-11-30T00:00:00Z".parse().unwrap();
    assert_eq!(
        verify(&aws, &late),
        Err(Refusal::Unverified("the Signature does not fit"))
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
fn only_sns_itself_in_the_topics_region_is_asked_for_certificates() {
    for (region, good) in [
        (
            "aws:sns:us-east-1",
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        ),
        (
            "aws-us-gov:sns:us-gov-west-1",
            "https://SNS.us-gov-west-1.amazonaws.com:443/a.pem",
        ),
        (
            "aws-cn:sns:cn-north-1",
            "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
        ),
    ] {
        let host = topics::host(&format!("arn:{region}:1:sms")).unwrap();
        assert!(certificates::url(good, &host).is_ok(), "{good}");
    }
    let host = topics::host(TOPIC).unwrap();
    assert_eq!(host, "sns.eu-central-1.amazonaws.com");
    for bad in [
        "https://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com.cn/a.pem",
        "http://sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-central-1.amazonaws.com/a.der",
        "https://sns.eu-central-1.amazonaws.com/?a=b.pem",
        "https://sns.eu-central-1.amazonaws.com/a.pem?x",
        "https://sns.eu-central-1.amazonaws.com/a.pem#x",
        "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-central-1.amazonaws.com.cn.evil.example/a.pem",
        "https://sns.evil.example/eu-central-1.amazonaws.com/a.pem",
        "https://sns.a.b.amazonaws.com/a.pem",
        "https://sns.s3.eu-central-1.amazonaws.com/a.pem",
        "https://sns..amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://evilsns.eu-central-1.amazonaws.com/a.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem",
        "https://someone@sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com%2eevil.example/a.pem",
        "https://127.0.0.1/a.pem",
        "file:///etc/a.pem",
        "",
    ] {
        assert!(certificates::url(bad, &host).is_err(), "{bad}");
        let sns = Sns::usual();
        let mut body = notification("x");
        body["SigningCertURL"] = json!(bad);
        let verified = verify(&gateway(&sns), &call(&body));
        assert!(
            matches!(verified, Err(Refusal::Unverified(_))),
            "{bad}: {verified:?}"
        );
        assert!(sns.asked().is_empty(), "{bad}");
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

fn items(message: &str) -> Items<Receipt> {
    let aws = gateway(&Sns::usual());
    aws.receipts(&call(&notification(message)).webhook())
        .unwrap()
}

fn of_event(fields: &Value) -> Result<Receipt, Vec<FieldFault>> {
    let mut event = json!({"eventType": "TEXT_DELIVERED", "messageId": "M-1"});
    let event_fields = event.as_object_mut().unwrap();
    event_fields.extend(fields.as_object().unwrap().clone());
    let mut items = items(&event.to_string());
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// AWS's own example ("SMS example log"), at another time.
#[test]
fn an_event_as_aws_sends_it() {
    let id = Uuid::now_v7();
    let receipt = of_event(&json!({
        "eventType": "TEXT_SUCCESSFUL", "eventVersion": "1.0", "eventTimestamp": 1_795_043_103_470_i64,
        "isFinal": true, "originationPhoneNumber": "+12065550152",
        "destinationPhoneNumber": "+14255550156", "isoCountryCode": "US", "mcc": "310", "mnc": "800",
        "messageId": "862a8790-60c0-4430-9b2b-658bdexample", "messageRequestTimestamp": 1,
        "messageEncoding": "GSM", "messageType": "PROMOTIONAL", "messageStatus": "SUCCESSFUL",
        "messageStatusDescription": "Message has been accepted by phone carrier",
        "context": {"account": "bar", "message_id": id}, "totalMessageParts": 1,
        "totalMessagePrice": 0.09582, "totalCarrierFee": 0.0,
    }));
    let expected = Receipt {
        message_id: Some(id),
        gateway_message_id: Some("862a8790-60c0-4430-9b2b-658bdexample".to_owned()),
        gateway_event_id: Some("msg-1".to_owned()),
        delivery_level: Some(DeliveryLevel::Carrier),
        segment_count: Some(1),
        gateway_time: Some("2026-11-18T23:05:03.470Z".parse().unwrap()),
        price: Some("0.09582".to_owned()),
        mcc_mnc: Some("310800".to_owned()),
        ..Receipt::new(Status::Delivered, "SUCCESSFUL final".to_owned())
    };
    assert_eq!(receipt.unwrap(), expected);
}

/// SNS sends one signed envelope to every subscriber of a topic, so each of them could send it to us
/// for a message of his choice.
#[test]
fn an_id_in_the_url_is_not_believed() {
    let settings = DialectSettings {
        topics: vec![TOPIC.to_owned()],
        ..DialectSettings::default()
    };
    let message = json!({"eventType": "TEXT_DELIVERED", "messageId": "M-1"}).to_string();
    let mut call = call(&notification(&message));
    call.url = format!("{}?message_id={}", call.url, Uuid::now_v7());
    let receipt = Account::with("aws", settings).receipt(&call).unwrap();
    assert_eq!(receipt.message_id, None);
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("m-1"));
}

#[test]
fn every_status_by_its_word_or_by_the_events_type() {
    for (word, status) in KIND.statuses {
        let (said, is_final) = match *word {
            SUCCESSFUL_FINAL => ("SUCCESSFUL", true),
            word => (word, word != "SUCCESSFUL"),
        };
        for event in [
            json!({"eventType": "TEXT_NEW", "messageStatus": said, "isFinal": is_final}),
            json!({"eventType": format!("TEXT_{said}"), "isFinal": is_final}),
            json!({"messageStatus": said.to_lowercase(), "isFinal": is_final}),
        ] {
            let receipt = of_event(&event).unwrap();
            assert_eq!(
                (receipt.status, receipt.raw_status.as_str()),
                (*status, *word)
            );
            assert_eq!(receipt.synthetic, *word == "UNKNOWN");
            let failed = status.is_final() && *status != Status::Delivered;
            assert_eq!(receipt.error_class.is_some(), failed, "{word}");
        }
    }
    let new = of_event(&json!({"messageStatus": "Teleported"})).unwrap();
    assert_eq!(
        (new.status, new.raw_status.as_str()),
        (Status::Unknown, "TELEPORTED")
    );
    assert_eq!(
        of_event(&json!({})).unwrap().delivery_level,
        Some(DeliveryLevel::Handset)
    );
    let expired = of_event(&json!({"messageStatus": "TTL_EXPIRED"})).unwrap();
    assert_eq!(expired.error_class, Some(ErrorClass::Expired));
}

#[test]
fn what_can_be_spared_costs_nothing_and_what_is_no_event_is_a_fault() {
    let receipt = of_event(
        &json!({"eventTimestamp": "soon", "isFinal": "yes", "context": [7],
        "totalMessageParts": {}, "totalMessagePrice": "much", "mcc": 31, "mnc": null}),
    );
    let receipt = receipt.unwrap();
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("m-1"));
    assert_eq!(
        (receipt.gateway_time, receipt.price, receipt.mcc_mnc),
        (None, None, None)
    );
    for message in [
        "",
        "Successfully validated SNS topic",
        "[]",
        "7",
        "{",
        "{} x",
    ] {
        let faults = items(message).remove(0).unwrap_err();
        assert_eq!(faults[0].field, "Message", "{message}");
    }
    let inbound = items(r#"{"inboundMessageId": "I"}"#).remove(0).unwrap_err();
    assert_eq!(inbound[0].field, "eventType", "it belongs to …/inbound");
    assert!(of_event(&json!({"messageId": "\u{0}"})).is_err());
    for other in ["VOICE_COMPLETED", "MEDIA_DELIVERED"] {
        assert!(items(&json!({ "eventType": other }).to_string()).is_empty());
    }
}

/// AWS's own example ("Two-way SMS message payload"), with numbers that exist.
#[test]
fn a_subscribers_message() {
    let aws = gateway(&Sns::usual());
    let read = |message: &Value| {
        let call = call(&notification(&message.to_string()));
        aws.inbound(&call.webhook()).unwrap().remove(0)
    };
    let message = json!({"originationNumber": "+14255552671", "destinationNumber": "+12065550101",
        "messageKeyword": "JOIN", "messageBody": "EXAMPLE\u{c}",
        "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
        "previousPublishedMessageId": "wJalrXUtnFEMI/K7MDENG"});
    let inbound = read(&message).unwrap();
    let id = "cae173d2-66b9-564c-8309-21f858e9fb84";
    assert_eq!(inbound.gateway_message_id.as_deref(), Some(id));
    assert_eq!(
        (inbound.from.as_str(), inbound.to.as_str()),
        ("+14255552671", "+12065550101")
    );
    assert_eq!(inbound.body, "EXAMPLE");
    assert_eq!(
        inbound.received_at,
        Some(arrived() - TimeDelta::seconds(10))
    );
    let without_id = json!({"originationNumber": "+14255552671", "destinationNumber": "72404",
                            "messageBody": "STOP"});
    let without_id = read(&without_id).unwrap();
    assert_eq!(
        without_id.gateway_message_id.as_deref(),
        Some("msg-1"),
        "SNS's own"
    );
    let faults = read(&json!({"eventType": "TEXT_DELIVERED"})).unwrap_err();
    let names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        names,
        ["originationNumber", "destinationNumber", "messageBody"]
    );
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
