//! Whose certificates are fetched, and how often.

use super::super::certificates::{ASKED_LIMIT, PAUSE};
use super::*;

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
