use super::*;
use crate::gateways::testing::{Account, Call};

const ID: &str = "01939f2a-0000-7000-8000-000000000001";

fn account() -> Account {
    Account::new("kannel", &["s3 cret&"])
}

fn call(query: &str) -> Call {
    Call::get(format!("https://t.example/v1/gateways/kannel/x?{query}"))
}

fn one_receipt(query: &str) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&call(query))
}

fn one_inbound(query: &str) -> Result<Inbound, Vec<FieldFault>> {
    account().inbound(&call(query))
}

fn fields(faults: Vec<FieldFault>) -> Vec<String> {
    faults.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_receipt_over_smpp() {
    let answer = "id%3A7C6+sub%3A001+dlvrd%3A001+submit+date%3A2611230500+done+date%3A2611230501\
                  +stat%3ADELIVRD+err%3A000+text%3AHello";
    let query =
        format!("message_id={ID}&status=1&smsc=carrier&fid=7C6&ts=1794900000&answer={answer}");
    let receipt = one_receipt(&query).unwrap();
    assert_eq!(receipt.message_id.unwrap().to_string(), ID);
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("7c6"));
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.raw_status, "1 DELIVRD");
    assert_eq!(receipt.error_code, None);
    assert_eq!(receipt.gateway_time.unwrap().timestamp(), 1_794_900_000);
}

#[test]
fn bits_and_stats_become_statuses() {
    let cases = [
        ("1", "", Status::Delivered),
        ("2", "", Status::Undelivered),
        ("4", "", Status::Queued),
        ("8", "", Status::Sent),
        ("16", "NACK/0x00000045/Submit+failed", Status::Rejected),
        ("32", "", Status::Sent),
        ("2", "stat:EXPIRED+err:027", Status::Expired),
        ("2", "stat:UNKNOWN", Status::Unknown),
        ("2", "stat:REJECTD", Status::Rejected),
        ("2", "stat:DELETED", Status::Undelivered),
        ("8", "Stat:ACCEPTD", Status::Sent),
        ("2", "stat:NEWWORD", Status::Undelivered),
        ("64", "", Status::Unknown),
        ("0", "", Status::Unknown),
    ];
    for (mask, answer, expected) in cases {
        let receipt =
            one_receipt(&format!("message_id={ID}&status={mask}&answer={answer}")).unwrap();
        assert_eq!(receipt.status, expected, "{mask} {answer}");
    }
}

#[test]
fn refusals_carry_their_code() {
    let query = format!("message_id={ID}&status=16&answer=NACK%2F0x0000000b%2FInvalid+Destination");
    let receipt = one_receipt(&query).unwrap();
    assert_eq!(receipt.error_code.as_deref(), Some("0x0000000b"));
    assert_eq!(receipt.error_class, Some(ErrorClass::InvalidNumber));
    let expired = one_receipt(&format!(
        "message_id={ID}&status=2&answer=stat:EXPIRED+err:027"
    ));
    let expired = expired.unwrap();
    assert_eq!(expired.error_code.as_deref(), Some("027"));
    assert_eq!(expired.error_class, Some(ErrorClass::Expired));
}

#[test]
fn bad_receipts_name_their_fields() {
    let cases = [
        ("", vec!["status"]),
        ("status=8", vec!["message_id"]),
        ("status=eight&fid=1", vec!["status"]),
        ("status=8&message_id=7", vec!["message_id"]),
        ("status=8&fid=a%00b", vec!["fid"]),
    ];
    for (query, expected) in cases {
        assert_eq!(fields(one_receipt(query).unwrap_err()), expected, "{query}");
    }
}

#[test]
fn nothing_that_can_be_spared_costs_a_receipt_or_a_stop() {
    for ts in [
        "1",
        "99999999999",
        "9223372036854775807",
        "soon",
        "1763900000000",
    ] {
        let receipt = one_receipt(&format!("status=8&fid=1&ts={ts}")).unwrap();
        assert_eq!(receipt.gateway_time, None, "{ts}");
        let stop = format!("from=436601234567&to=43720555000&text=STOP&ts={ts}&id=a%00b");
        assert_eq!(one_inbound(&stop).unwrap().body, "STOP");
    }
    let endless = "X".repeat(70);
    let receipt = one_receipt(&format!(
        "status=1&fid=1&answer=stat:{endless}+err:{endless}"
    ));
    let receipt = receipt.unwrap();
    assert_eq!(
        (receipt.status, receipt.raw_status.as_str()),
        (Status::Delivered, "1")
    );
}

#[test]
fn an_inbound_text() {
    let query = "from=%2B436601234567&to=%2B43720555000&text=STOP+please%21&id=A-1&ts=1794900000\
                 &smsc=carrier&charset=UTF-8&coding=0&udh=";
    let inbound = one_inbound(query).unwrap();
    assert_eq!(inbound.from.as_str(), "+436601234567");
    assert_eq!(inbound.to.as_str(), "+43720555000");
    assert_eq!(inbound.body, "STOP please!");
    assert_eq!(inbound.gateway_message_id.as_deref(), Some("a-1"));
}

#[test]
fn texts_come_in_the_charset_that_is_named() {
    let cases = [
        ("text=caf%C3%A9&charset=UTF-8&coding=0", "café"),
        ("text=caf%E9&charset=ISO-8859-1&coding=0", "café"),
        ("text=%00S%00T%00%D6%00P&charset=UTF-16BE&coding=2", "STÖP"),
        ("text=%D8%3D%DE%00&charset=UTF-16BE&coding=2", "😀"),
        ("text=%00S%00T%00O%00P&charset=UCS-2&coding=2", "STOP"),
        ("text=%00S%00T%00O%00P&charset=utf-16&coding=2", "STOP"),
        ("text=%00A&coding=2", "A"),
        ("text=caf%E9&charset=UTF-8", "café"),
        ("text=a%00b%0Cc%0Ad", "abc\nd"),
        ("text=", ""),
        ("text=%D8&charset=UTF-16BE", "Ø"),
    ];
    for (query, expected) in cases {
        let inbound = one_inbound(&format!("from=436601234567&to=43720555000&{query}")).unwrap();
        assert_eq!(inbound.body, expected, "{query}");
    }
}

#[test]
fn bad_inbounds_name_their_fields() {
    assert_eq!(fields(one_inbound("").unwrap_err()), ["from", "to", "text"]);
    let spam = one_inbound("from=Winner&to=43720555000&text=x").unwrap_err();
    assert_eq!(fields(spam), ["from"]);
}

#[test]
fn the_secret_comes_back_in_the_url() {
    let check = |query: &str| account().verify(&call(query));
    assert!(check("status=8&secret=s3+cret%26").is_ok());
    for wrong in [
        "",
        "secret=",
        "secret=s3",
        "Secret=s3+cret%26",
        "secret=x&secret=s3+cret%26",
    ] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_urls_keep_kannels_escapes() {
    let base = Url::parse("https://t.example/").unwrap();
    let account = Account::new("kannel", &["a&b"]);
    let url = account.gateway().receipt_url(&base, ID.parse().unwrap());
    let tail = "status=%d&smsc=%i&fid=%F&ts=%T&answer=%A";
    let head = "https://t.example/v1/gateways/kannel/receipts";
    assert_eq!(url, format!("{head}?message_id={ID}&secret=a%26b&{tail}"));
    let url = account.gateway().inbound_url(&base);
    assert!(
        url.contains("/inbound?secret=a%26b&from=%p&to=%P&text=%b"),
        "{url}"
    );
}

#[test]
fn kannel_reads_no_escape_of_its_own_in_the_secret() {
    let base = Url::parse("https://t.example/").unwrap();
    let account = Account::new("kannel", &["grün 1"]);
    let url = account.gateway().inbound_url(&base);
    assert!(url.contains("?secret=gr%%C3%%BCn+1&from=%p"), "{url}");
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("f-1", "8").unwrap();
    assert_eq!(account().verify(&call), Ok(()));
    assert_eq!(account().receipt(&call).unwrap().status, Status::Sent);
}
