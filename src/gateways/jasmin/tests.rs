use super::*;
use crate::gateways::testing::{Account, Call, no_bytes_make_it_panic};

const URL: &str = "https://t.example/v1/gateways/jasmin/receipts";

fn account() -> Account {
    Account::new("jasmin", &["s3cret", "the one before"])
}

fn receipt_of(form: &str) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::form(URL, form))
}

fn body_of(form: &str) -> String {
    let form = format!("id=j-1&from=14155552671&to=43720&origin-connector=c&{form}");
    account().inbound(&Call::form(URL, form)).unwrap().body
}

#[test]
fn the_secret_in_the_url_proves_a_call() {
    let verify = |query: &str| account().verify(&Call::form(format!("{URL}?{query}"), "id=1"));
    assert_eq!(verify("secret=s3cret"), Ok(()));
    assert_eq!(verify("secret=the+one+before"), Ok(()));
    for wrong in ["", "secret=", "secret=s3cres", "secret=s3cret1"] {
        assert!(verify(wrong).is_err(), "{wrong}");
    }
    // The form does not count: it is the caller's.
    let in_form = Call::form(URL, "secret=s3cret");
    assert!(account().verify(&in_form).is_err());
}

/// Anything else comes again, for as long as Jasmin likes.
#[test]
fn it_wants_its_own_word_for_yes() {
    let answer = account().gateway().acknowledgement();
    assert_eq!((answer.status, answer.body), (200, "ACK/Jasmin"));
}

#[test]
fn a_receipt_of_the_network_and_one_of_the_smsc() {
    let receipt = receipt_of(
        "id=16FD2706-8baf-433b-82eb-8c7fada847da&id_smsc=2567&message_status=UNDELIV&level=3\
         &connector=c&subdate=2611181400&donedate=2611181401&sub=001&dlvrd=000&err=027&text=Hi",
    )
    .unwrap();
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("16fd2706-8baf-433b-82eb-8c7fada847da")
    );
    assert_eq!(receipt.status, Status::Undelivered);
    assert_eq!(receipt.error_code.as_deref(), Some("027"));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:01:00+00:00"
    );
    let refused = receipt_of("id=1&message_status=ESME_RINVDSTADR&level=1&connector=c").unwrap();
    assert_eq!(refused.status, Status::Rejected);
    assert_eq!(refused.error_code.as_deref(), Some("ESME_RINVDSTADR"));
    assert_eq!(refused.error_class, Some(ErrorClass::InvalidNumber));
}

#[test]
fn every_status_and_what_can_be_spared() {
    for (word, status) in STATUSES {
        for word in [word.to_owned(), word.to_ascii_lowercase()] {
            let receipt = receipt_of(&format!("id=1&message_status={word}&err=000")).unwrap();
            assert_eq!((receipt.status, receipt.raw_status), (status, word));
            assert_eq!(receipt.error_code, None, "000 is no error");
        }
    }
    let new = receipt_of("id=1&message_status=ESME_RNEW").unwrap();
    assert_eq!(
        (new.status, new.error_class),
        (Status::Rejected, Some(ErrorClass::Other))
    );
    let odd = receipt_of("id=1&message_status=Teleported&donedate=soon").unwrap();
    assert_eq!(
        (odd.status, odd.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    let faults = receipt_of("id=1").unwrap_err();
    assert_eq!(faults[0].to_string(), "message_status: must be given");
    let get = Call::get(format!("{URL}?id=1&message_status=DELIVRD"));
    assert_eq!(account().receipt(&get).unwrap().status, Status::Delivered);
}

#[test]
fn a_text_is_read_from_its_bytes() {
    assert_eq!(body_of("coding=0&content=STOP&binary=53544f50"), "STOP");
    assert_eq!(
        body_of("coding=8&content=%00S&binary=00530054004f0050"),
        "STOP"
    );
    // The byte itself, as Jasmin on Python 3 posts it.
    assert_eq!(body_of("coding=%08&content=x&binary=d83dde0000e4"), "😀ä");
    assert_eq!(body_of("coding=3&content=x&binary=e4"), "ä");
    assert_eq!(body_of("coding=0&content=x&binary=e4"), "ä");
    assert_eq!(
        body_of("coding=8&content=x&binary=530054"),
        "ST",
        "no UCS-2 has three bytes"
    );
    assert_eq!(body_of("content=STOP&binary=zz"), "STOP");
    assert_eq!(body_of("content=STOP"), "STOP");
    let faults = account()
        .inbound(&Call::form(URL, "content=x"))
        .unwrap_err();
    assert_eq!(faults.len(), 2);
}

#[test]
fn its_urls_carry_the_newest_secret_and_its_sample_is_verified_and_read() {
    let base = "https://t.example/".parse().unwrap();
    let url = account().gateway().receipt_url(&base, Uuid::nil());
    assert_eq!(
        url,
        format!("{URL}?message_id={}&secret=s3cret", Uuid::nil())
    );
    let inbound = account().gateway().inbound_url(&base);
    assert!(inbound.ends_with("/inbound?secret=s3cret"), "{inbound}");
    let call = account().sample("J-1", "DELIVRD").unwrap();
    assert_eq!(account().verify(&call), Ok(()));
    assert_eq!(account().receipt(&call).unwrap().status, Status::Delivered);
}

#[test]
fn no_bytes_panic() {
    let fields = &[
        "id",
        "message_status",
        "donedate",
        "err",
        "from",
        "to",
        "content",
        "coding",
        "binary",
    ];
    no_bytes_make_it_panic(&account(), &["authorization"], fields);
}
