use super::*;
use crate::gateways::testing::{Account, Call};

const TOKEN: &str = "12345";
const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const FORM: &str = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
                    &From=%2B14158675309&To=%2B18005551212";
const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

fn account() -> Account {
    Account::new("twilio", &[TOKEN])
}

fn signed(url: &str, form: &str, signature: &str) -> Call {
    Call::form(url, form).header("x-twilio-signature", signature)
}

fn one_receipt(form: &str) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::form(URL, form))
}

/// Twilio's own example ("Webhooks security", and the tests of its SDKs).
#[test]
fn the_published_vector_is_verified() {
    assert_eq!(account().verify(&signed(URL, FORM, SIGNATURE)), Ok(()));
    let rotating = Account::new("twilio", &["new", TOKEN]);
    assert_eq!(rotating.verify(&signed(URL, FORM, SIGNATURE)), Ok(()));
}

#[test]
fn whatever_is_altered_is_refused() {
    let refused = |call: &Call| match account().verify(call) {
        Err(Refusal::Unverified(why)) => why,
        other => panic!("{other:?}"),
    };
    let does_not_fit =
        "X-Twilio-Signature does not fit: the auth token, or the public URL, is another";
    assert_eq!(
        refused(&signed(&URL.replace("bar=2", "bar=3"), FORM, SIGNATURE)),
        does_not_fit
    );
    assert_eq!(
        refused(&signed(URL, &FORM.replace("1234&", "1235&"), SIGNATURE)),
        does_not_fit
    );
    assert_eq!(
        refused(&signed(URL, FORM, "SSOYDt4T1cUTdK1PDd93/VVr8B8=")),
        does_not_fit
    );
    assert_eq!(refused(&signed(URL, FORM, "")), does_not_fit);
    assert_eq!(
        refused(&signed(URL, FORM, "%")),
        "X-Twilio-Signature is not base64"
    );
    assert_eq!(
        refused(&Call::form(URL, FORM)),
        "the header X-Twilio-Signature is missing"
    );
    let stranger = Account::new("twilio", &["54321"]);
    assert!(stranger.verify(&signed(URL, FORM, SIGNATURE)).is_err());
}

/// Twilio signs the URL with and without the port, by product and by age of the account.
#[test]
fn the_port_may_be_signed_or_not() {
    let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
    assert_eq!(
        account().verify(&signed(with_port, FORM, SIGNATURE)),
        Ok(())
    );
    let (form, account) = (Form::parse(FORM.as_bytes()), account());
    let signature = Signature::new(&crate::gateways::Secrets::new(vec![TOKEN.to_owned()])).unwrap();
    for (called, as_signed) in [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("http://[::1]/x", "http://[::1]:80/x"),
        ("http://[::1]:80?y=1", "http://[::1]?y=1"),
    ] {
        let header = signature.sign_form(as_signed, &form).unwrap();
        assert_eq!(
            account.verify(&signed(called, FORM, &header)),
            Ok(()),
            "{called}"
        );
    }
}

#[test]
fn a_json_body_is_signed_by_its_hash() {
    let body = r#"{"property": "value", "boolean": true}"#;
    let url = format!(
        "{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    );
    let call = |body: &str| {
        Call::json(url.clone(), body).header("x-twilio-signature", "a9nBmqA0ju/hNViExpshrM61xv4=")
    };
    assert_eq!(account().verify(&call(body)), Ok(()));
    assert_eq!(
        account().verify(&call(&body.replace("true", "false"))),
        Err(Refusal::Unverified("bodySHA256 is not the body's hash"))
    );
}

/// twilio-python signs each value of a repeated name once, in order.
#[test]
fn repeated_parameters_are_signed_once_and_in_order() {
    let pairs = |text: &str| Form::parse(text.as_bytes());
    let signature = Signature::new(&crate::gateways::Secrets::new(vec![TOKEN.to_owned()])).unwrap();
    let once = signature.sign_form(URL, &pairs("MediaUrl=a&MediaUrl=b"));
    assert_eq!(
        once,
        signature.sign_form(URL, &pairs("MediaUrl=b&MediaUrl=a&MediaUrl=b"))
    );
    assert_ne!(once, signature.sign_form(URL, &pairs("MediaUrl=a")));
}

#[test]
fn a_status_callback_as_twilio_sends_it() {
    let receipt = one_receipt(
        "ErrorCode=30003&SmsSid=SM1f0e8ae6ade43cb3c0ce4525424e404f&SmsStatus=undelivered\
         &MessageStatus=undelivered&To=%2B15005550001&MessagingServiceSid=MG1\
         &MessageSid=SM1f0e8ae6ade43cb3c0ce4525424e404f&AccountSid=AC1&From=%2B15005550006\
         &ApiVersion=2010-04-01&RawDlrDoneDate=2611182301&SomethingNew=1",
    );
    let receipt = receipt.unwrap();
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("sm1f0e8ae6ade43cb3c0ce4525424e404f")
    );
    assert_eq!(
        (receipt.status, receipt.raw_status.as_str()),
        (Status::Undelivered, "undelivered")
    );
    assert_eq!(receipt.error_code.as_deref(), Some("30003"));
    assert_eq!(receipt.error_class, Some(ErrorClass::Unreachable));
    assert_eq!(receipt.permanent, Some(false));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T23:01:00+00:00"
    );
}

#[test]
fn nothing_that_can_be_spared_costs_a_receipt() {
    let receipt =
        one_receipt("MessageSid=SM1&MessageStatus=Teleported&RawDlrDoneDate=soon&ErrorCode=0");
    let receipt = receipt.unwrap();
    assert_eq!(
        (receipt.status, receipt.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!((receipt.error_code, receipt.gateway_time), (None, None));
    let by_older_names = one_receipt("SmsSid=SM2&SmsStatus=SENT").unwrap();
    assert_eq!(by_older_names.status, Status::Sent);
    let unknown_code = one_receipt("MessageSid=SM1&MessageStatus=failed&ErrorCode=39999").unwrap();
    assert_eq!(unknown_code.error_class, Some(ErrorClass::Other));
    let faults = one_receipt("MessageSid=SM1").unwrap_err();
    assert_eq!(faults[0].to_string(), "MessageStatus: must be given");
    assert!(one_receipt("MessageSid=S%00&MessageStatus=sent").is_err());
}

#[test]
fn a_status_callback_may_be_a_get() {
    let call = Call::get("https://t.example/r?MessageSid=SM1&MessageStatus=delivered");
    assert_eq!(account().receipt(&call).unwrap().status, Status::Delivered);
}

#[test]
fn an_inbound_text_and_twilios_own_verdict() {
    let form = "MessageSid=SM9&From=%2B14155552671&To=%2B15005550006&Body=Wow%0C!&NumMedia=0\
                &NumSegments=2&OptOutType=STOP&FromCity=SAN+FRANCISCO";
    let inbound = account().inbound(&Call::form(URL, form)).unwrap();
    assert_eq!(inbound.from.as_str(), "+14155552671");
    assert_eq!(inbound.to.as_str(), "+15005550006");
    assert_eq!((inbound.body.as_str(), inbound.segments), ("Wow!", Some(2)));
    assert_eq!(inbound.gateway_intent, Some(Intent::Stop));
    let other = account()
        .inbound(&Call::form(URL, form.replace("STOP", "MAYBE")))
        .unwrap();
    assert_eq!(other.gateway_intent, None);
    let faults = account().inbound(&Call::form(URL, "Body=x")).unwrap_err();
    assert_eq!(
        faults
            .iter()
            .map(|fault| fault.field.as_str())
            .collect::<Vec<_>>(),
        ["From", "To"]
    );
}

#[test]
fn an_incoming_message_is_no_receipt() {
    let stop = "MessageSid=SM9&SmsStatus=received&From=%2B14155552671&To=%2B15005550006&Body=STOP";
    let faults = one_receipt(stop).unwrap_err();
    assert_eq!(faults[0].field, "SmsStatus");
}

#[test]
fn our_id_in_the_url_finds_the_message() {
    let id = "01939f2a-0000-7000-8000-000000000001";
    let url = format!("https://t.example/r?message_id={id}");
    let receipt = account().receipt(&Call::form(url, "MessageSid=SM1&MessageStatus=sent"));
    assert_eq!(receipt.unwrap().message_id.unwrap().to_string(), id);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("SM1", "delivered").unwrap();
    assert_eq!(account().verify(&call), Ok(()));
    assert_eq!(account().receipt(&call).unwrap().status, Status::Delivered);
}

/// The URL for incoming messages was entered where status callbacks go.
#[test]
fn a_status_callback_is_no_reply() {
    let callback = "From=%2B15005550006&To=%2B14155552671&MessageSid=SM1&MessageStatus=delivered";
    let faults = account().inbound(&Call::form(URL, callback)).unwrap_err();
    assert_eq!(faults[0].field, "MessageStatus");
    let text = callback.replace("MessageStatus=delivered", "SmsStatus=received");
    assert!(account().inbound(&Call::form(URL, text)).is_ok());
}
