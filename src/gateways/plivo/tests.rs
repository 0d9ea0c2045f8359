use super::*;
use crate::gateways::testing::{
    Account, Call, arrived, no_byte_can_be_altered, no_bytes_make_it_panic,
};

const TOKEN: &str = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4";
const NONCE: &str = "31627761595286130198";
const URL: &str = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml";
const QUERY: &str = "a=b&c=d";
/// The parameters of plivo-go's tests (`utils_test.go`).
const PARAMETERS: [(&str, &str); 13] = [
    ("Direction", "outbound"),
    ("From", "19792014278"),
    ("ALegUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("CallStatus", "in-progress"),
    ("BillRate", "0.002"),
    ("ParentAuthID", "MANWVLYTK4ZWU1YTY4QA"),
    (
        "To",
        "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com",
    ),
    ("ALegRequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("CallUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    ("RequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
    (
        "SIP-H-To",
        "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1",
    ),
    ("SessionStart", "2020-04-08 11:34:33.238707"),
    ("Event", "StartApp"),
];
const OF_POST_WITH_QUERY: &str = "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c=";
const OF_POST: &str = "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0=";
const OF_GET: &str = "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ=";
const HEADERS: [&str; 2] = ["x-plivo-signature-v3", "x-plivo-signature-v3-nonce"];

fn account() -> Account {
    Account::new("plivo", &[TOKEN])
}

fn parameters() -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(PARAMETERS)
        .finish()
}

fn signed(call: Call, signature: &str) -> Call {
    call.header("x-plivo-signature-v3", signature)
        .header("x-plivo-signature-v3-nonce", NONCE)
}

/// plivo-go's three: POST with and without a query, and GET, where both are one.
fn published() -> [Call; 3] {
    [
        signed(
            Call::form(format!("{URL}/?{QUERY}"), parameters()),
            OF_POST_WITH_QUERY,
        ),
        signed(Call::form(URL, parameters()), OF_POST),
        signed(
            Call::get(format!("{URL}/?{QUERY}&{}", parameters())),
            OF_GET,
        ),
    ]
}

fn receipt_of(form: &str) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::form(URL, form))
}

#[test]
fn the_published_vectors_are_verified_and_nothing_of_them_can_be_altered() {
    for call in published() {
        no_byte_can_be_altered(&account(), &call, true, &HEADERS);
        let rotating = Account::new("plivo", &["new", TOKEN]);
        assert_eq!(rotating.verify(&call), Ok(()));
        assert!(Account::new("plivo", &["other"]).verify(&call).is_err());
    }
}

#[test]
fn any_signature_of_the_list_may_fit() {
    let listed = |list: &str| account().verify(&signed(Call::form(URL, parameters()), list));
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(listed(&format!("{other},{OF_POST}")), Ok(()));
    assert_eq!(listed(&format!("%, {OF_POST} ,{other}")), Ok(()));
    for none in ["", ",", "%", other, &OF_POST[1..]] {
        let why =
            "X-Plivo-Signature-V3 does not fit: the auth token, or the public URL, is another";
        assert_eq!(listed(none), Err(Refusal::Unverified(why)), "{none}");
    }
    let missing = "the header X-Plivo-Signature-V3 or its -Nonce is missing";
    let bare = account().verify(&Call::form(URL, parameters()));
    assert_eq!(bare, Err(Refusal::Unverified(missing)));
}

#[test]
fn a_status_callback_as_plivo_sends_it() {
    let receipt = receipt_of(
        "MessageUUID=D0A1&ParentMessageUUID=C0A1&PartInfo=2+of+3&To=15005550001&From=15005550006\
         &Status=undelivered&Units=3&TotalRate=0.0065&TotalAmount=0.0195&MCC=310&MNC=004&ErrorCode=200\
         &Sequence=3&MessageTime=2026-11-18+14%3A00%3A00.000001%2B00%3A00\
         &DeliveryReportTime=2026-11-18+14%3A00%3A05%2B00%3A00&New=1",
    )
    .unwrap();
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("c0a1"));
    assert_eq!(
        (receipt.segment_number, receipt.segment_count),
        (Some(2), Some(3))
    );
    assert_eq!(receipt.status, Status::Undelivered);
    assert_eq!(receipt.error_class, Some(ErrorClass::OptedOut));
    assert_eq!(
        (receipt.price.as_deref(), receipt.currency.as_deref()),
        (Some("0.0065"), Some("USD"))
    );
    assert_eq!(receipt.mcc_mnc.as_deref(), Some("310004"));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:00:05+00:00"
    );
}

/// Else a long text would cost too little, or a price would count once for each of its parts.
#[test]
fn a_rate_is_the_price_of_one_part() {
    let price = |form: &str| {
        let form = format!("MessageUUID=1&Status=sent&{form}");
        receipt_of(&form).unwrap().price
    };
    assert_eq!(price("TotalRate=0.005&Units=1").as_deref(), Some("0.005"));
    assert_eq!(price("TotalRate=0.005").as_deref(), Some("0.005"));
    assert_eq!(price("TotalRate=0.005&Units=3"), None);
    let whole = price("TotalRate=0.005&Units=3&TotalAmount=0.015");
    assert_eq!(whole.as_deref(), Some("0.015"));
    let part = price("TotalRate=0.005&Units=3&TotalAmount=0.015&PartInfo=1 of 3");
    assert_eq!(part.as_deref(), Some("0.005"));
}

#[test]
fn every_status_and_what_can_be_spared() {
    for (word, status) in STATUSES {
        let form = format!("MessageUUID=1&Status={word}&ErrorCode=000");
        let receipt = receipt_of(&form).unwrap();
        assert_eq!(
            (receipt.status, receipt.raw_status.as_str()),
            (status, word)
        );
        assert_eq!(receipt.error_code, None);
    }
    let odd = receipt_of(
        "MessageUUID=1&Status=Teleported&PartInfo=4+of+3&MCC=x&MNC=&TotalRate=free&SentTime=soon\
         &ErrorCode=555",
    );
    let odd = odd.unwrap();
    assert_eq!(
        (odd.status, odd.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!((odd.segment_number, odd.mcc_mnc), (None, None));
    assert_eq!(odd.error_class, Some(ErrorClass::Other));
    for whole in ["1 of 1", "0 of 2", "2", "1 of 300"] {
        assert_eq!(part(whole), None, "{whole}");
    }
    let faults = receipt_of("MessageUUID=1").unwrap_err();
    assert_eq!(faults[0].to_string(), "Status: must be given");
}

#[test]
fn each_status_has_its_time() {
    let at = |form: &str| {
        let times = "QueuedTime=2026-11-18+14:00:00&SentTime=2026-11-18+14:00:01\
                     &DeliveryReportTime=2026-11-18+14:00:02";
        let receipt = receipt_of(&format!("MessageUUID=1&Status={form}&{times}"));
        receipt
            .unwrap()
            .gateway_time
            .unwrap()
            .format("%S")
            .to_string()
    };
    assert_eq!(
        [at("queued"), at("sent"), at("delivered")],
        ["00", "01", "02"]
    );
}

#[test]
fn an_inbound_text() {
    let form = "MessageUUID=M9&From=14155552671&To=15005550006&Text=Stop+it&Type=sms&Units=2";
    let inbound = account().inbound(&Call::form(URL, form)).unwrap();
    assert_eq!(
        (
            inbound.from.as_str(),
            inbound.to.as_str(),
            inbound.body.as_str()
        ),
        ("+14155552671", "+15005550006", "Stop it")
    );
    assert_eq!(inbound.segments, Some(2));
    let query = Call::get(format!("{URL}?{form}"));
    assert_eq!(account().inbound(&query).unwrap(), inbound);
    let faults = account().inbound(&Call::form(URL, "Text=x")).unwrap_err();
    assert_eq!(faults.len(), 2);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("P1", "delivered").unwrap();
    no_byte_can_be_altered(&account(), &call, true, &HEADERS);
    let receipt = account().receipt(&call).unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.gateway_time, Some(arrived()));
}

#[test]
fn no_bytes_panic() {
    no_bytes_make_it_panic(
        &account(),
        &HEADERS,
        &[
            "MessageUUID",
            "ParentMessageUUID",
            "PartInfo",
            "Status",
            "Units",
            "TotalRate",
            "MCC",
            "MNC",
            "ErrorCode",
            "SentTime",
            "From",
            "To",
            "Text",
        ],
    );
}

/// The URL for incoming messages was entered where delivery reports go.
#[test]
fn a_delivery_report_is_no_reply() {
    let report = "From=%2B43720555000&To=%2B436601234567&MessageUUID=m-1&Status=delivered";
    let faults = account().inbound(&Call::form(URL, report)).unwrap_err();
    assert_eq!(faults[0].field, "Status");
    let text = format!("{report}&Text=");
    assert!(account().inbound(&Call::form(URL, text)).is_ok());
}
