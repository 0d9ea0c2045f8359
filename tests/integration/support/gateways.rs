//! The gateways of every test app.

use textrail::gateways::{DialectSettings, GatewaySettings, IdForm, Secrets};

/// The secret that the gateway `kannel` has.
pub const KANNEL_SECRET: &str = "a-shared-secret";
/// The secret of all that need no other.
pub const SECRET: &str = "another-shared-secret";
/// The signature secret of the gateway `vonage`; its method is sha256.
pub const VONAGE_SECRET: &str = "a-signature-secret";
/// What `tests/judges/sign.py` signs with.
pub const JUDGES_SECRET: &str = "judges-secret-0123456789-0123456789";
/// The public half of the key that it signs as Telnyx with (RFC 8032, 7.1, test 1).
const JUDGES_TELNYX: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// A gateway of a dialect with a secret.
pub fn gateway(name: &str, dialect: &str, secret: &str) -> GatewaySettings {
    GatewaySettings {
        name: name.to_owned(),
        dialect: dialect.to_owned(),
        proof: DialectSettings {
            secrets: Secrets::new(vec![secret.to_owned()]),
            ..DialectSettings::default()
        },
        ..GatewaySettings::default()
    }
}

/// One of each that a story needs.
pub fn all() -> Vec<GatewaySettings> {
    let mut decimal = gateway("decimal", "neutral", SECRET);
    decimal.receipt_ids = IdForm::DecimalOfHex;
    let vonage = |name: &str, secret: &str| {
        let mut one = gateway(name, "vonage-sms", secret);
        one.proof.signature = Some("sha256".to_owned());
        one
    };
    vec![
        gateway("kannel", "kannel", KANNEL_SECRET),
        gateway("twilio", "twilio", SECRET),
        gateway("infobip", "infobip", SECRET),
        gateway("sinch", "sinch", SECRET),
        gateway("neutral", "neutral", SECRET),
        decimal,
        gateway("judge-twilio", "twilio", JUDGES_SECRET),
        vonage("vonage", VONAGE_SECRET),
        vonage("judge-vonage-sms", JUDGES_SECRET),
        gateway("judge-vonage-messages", "vonage-messages", JUDGES_SECRET),
        gateway("judge-plivo", "plivo", JUDGES_SECRET),
        gateway("judge-telnyx", "telnyx", JUDGES_TELNYX),
    ]
}
