use super::*;
use crate::gateways::Secrets;

pub(super) fn settings(name: &str, dialect: &str, secrets: &[&str]) -> GatewaySettings {
    GatewaySettings {
        name: name.to_owned(),
        dialect: dialect.to_owned(),
        proof: DialectSettings {
            secrets: Secrets::new(secrets.iter().map(|text| (*text).to_owned()).collect()),
            ..DialectSettings::default()
        },
        ..GatewaySettings::default()
    }
}

#[test]
fn what_cannot_work_is_told_at_the_start() {
    let error = |settings: &[GatewaySettings]| Gateways::new(settings).unwrap_err().to_string();
    let one = settings("own", "neutral", &["s"]);
    assert!(error(&[settings("Own", "neutral", &["s"])]).contains("must be 1 to 64"));
    assert!(error(&[one.clone(), one]).contains("configured twice"));
    assert!(error(&[settings("own", "morse", &["s"])]).contains("none of: twilio"));
    let nothing = error(&[settings("own", "neutral", &[])]);
    assert!(
        nothing.starts_with("gateway own (neutral) needs `secret`"),
        "{nothing}"
    );
    let mut with_password = settings("own", "neutral", &["s"]);
    with_password.public_url = Some("https://user:pass@sms.example.com/".parse().unwrap());
    let refused = error(&[with_password]);
    assert!(refused.contains("public_url at sms.example.com") && !refused.contains("pass@"));
    let shown = format!("{:?}", settings("own", "neutral", &["s3cret"]));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn every_dialect_has_a_name_of_its_own() {
    let mut names: Vec<&str> = DIALECTS.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DIALECTS.len());
}

#[test]
fn only_listed_addresses_are_admitted() {
    let mut one = settings("own", "neutral", &["s"]);
    one.allow_from = vec!["198.51.100.0/24".parse().unwrap()];
    let gateways = Gateways::new(&[one]).unwrap();
    let gateway = gateways.find("own").unwrap();
    assert!(gateway.admit(Some("198.51.100.7".parse().unwrap())).is_ok());
    assert!(gateway.admit(Some("203.0.113.1".parse().unwrap())).is_err());
    assert!(gateway.admit(None).is_err());
}

#[test]
fn urls_are_the_public_ones() {
    let mut one = settings("own", "neutral", &["a&b"]);
    one.public_url = Some("https://hooks.example.com/sms/".parse().unwrap());
    let gateways = Gateways::new(&[one, settings("two", "neutral", &["s"])]).unwrap();
    let base = "http://127.0.0.1:8080/".parse().unwrap();
    let own = gateways.find("own").unwrap();
    assert_eq!(
        own.called_url(&base, "/v1/x?y=%20"),
        "https://hooks.example.com/sms/v1/x?y=%20"
    );
    assert_eq!(
        own.inbound_url(&base),
        "https://hooks.example.com/sms/v1/gateways/own/inbound?secret=a%26b"
    );
    assert_eq!(
        gateways
            .find("two")
            .unwrap()
            .receipt_url(&base, Uuid::nil()),
        "http://127.0.0.1:8080/v1/gateways/two/receipts?message_id=00000000-0000-0000-0000-000000000000&secret=s"
    );
}
