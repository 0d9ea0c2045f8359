//! Gateways and dialects as tables, or as JSON.

use crate::gateways::{DIALECTS, Gateway, Gateways, Kind};
use anyhow::Result;
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// What stands for the message's id in a callback URL: the campaign tool gets each message's own
/// from `receipt_url` in the answer to its send.
const ID: &str = "<message id>";

/// The configured gateways with their URLs.
pub(super) fn configured(
    gateways: &Gateways,
    base: &Url,
    show_secrets: bool,
    json: bool,
) -> Result<String> {
    let rows: Vec<Value> = gateways
        .iter()
        .map(|gateway| row(gateway, base, show_secrets))
        .collect();
    if json {
        return Ok(serde_json::to_string_pretty(&rows)?);
    }
    if rows.is_empty() {
        return Ok(
            "No gateway is configured: add a table such as [gateways.twilio] to textrail.toml; \
                   `textrail gateway dialects` lists what there is."
                .to_owned(),
        );
    }
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let blocks = rows.iter().map(|row| {
        format!(
            "{} ({}, dialect {})\n  receipts  {}\n  inbound   {}",
            text(row, "name"),
            text(row, "provider"),
            text(row, "dialect"),
            text(row, "receipts"),
            text(row, "inbound"),
        )
    });
    let mut lines: Vec<String> = blocks.collect();
    if !show_secrets && rows.iter().any(|row| row.to_string().contains(HIDDEN)) {
        lines.push("Secrets in URLs are hidden: --show-secrets prints them.".to_owned());
    }
    lines.push(
        "The receipts URL of a message is `receipt_url` in the answer to its send: give it to the \
         gateway as that message's callback."
            .to_owned(),
    );
    Ok(lines.join("\n"))
}

/// What stands for a secret.
const HIDDEN: &str = "…hidden…";

fn row(gateway: &Gateway, base: &Url, show_secrets: bool) -> Value {
    let shown = |url: String| match show_secrets {
        true => url,
        false => hide(&url),
    };
    let mut receipts = gateway.receipt_url(base, Uuid::nil());
    if gateway.tags_urls() {
        receipts.push_str("&message_tag=<its tag>");
    }
    let kind = gateway.kind();
    json!({
        "name": gateway.name(),
        "dialect": kind.name,
        "provider": kind.provider,
        "receipts": shown(receipts.replace(&Uuid::nil().to_string(), ID)),
        "inbound": shown(gateway.inbound_url(base)),
    })
}

/// The URL with its `secret` parameter's value taken out.
fn hide(url: &str) -> String {
    let Some(start) = url.find("secret=").map(|place| place + "secret=".len()) else {
        return url.to_owned();
    };
    let (head, rest) = url.split_at(start);
    let tail = rest.find('&').map_or("", |end| rest.split_at(end).1);
    format!("{head}{HIDDEN}{tail}")
}

/// The dialects, and what `secret` is at each; as JSON with all their words.
pub(super) fn dialects(json: bool) -> Result<String> {
    if json {
        let rows: Vec<Value> = DIALECTS.iter().map(described).collect();
        return Ok(serde_json::to_string_pretty(&rows)?);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["DIALECT", "PROVIDER", "SECRET"]);
    for kind in &DIALECTS {
        table.add_row([kind.name, kind.provider, kind.secret]);
    }
    Ok(table.to_string())
}

fn described(kind: &Kind) -> Value {
    let statuses = kind
        .statuses
        .iter()
        .map(|(raw, status)| json!({"raw": raw, "status": status.as_str()}));
    let errors = kind.errors.iter().map(|(code, meaning)| {
        json!({"code": code, "class": meaning.class.as_str(), "permanent": meaning.permanent})
    });
    json!({
        "dialect": kind.name,
        "provider": kind.provider,
        "secret": kind.secret,
        "statuses": statuses.collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateways::{DialectSettings, GatewaySettings, Secrets};

    fn gateways() -> Gateways {
        let one = |name: &str, dialect: &str| GatewaySettings {
            name: name.to_owned(),
            dialect: dialect.to_owned(),
            proof: DialectSettings {
                secrets: Secrets::new(vec!["s3cret".to_owned()]),
                ..DialectSettings::default()
            },
            ..GatewaySettings::default()
        };
        Gateways::new(&[
            one("kannel", "kannel"),
            one("main", "twilio"),
            one("sinch", "sinch"),
        ])
        .unwrap()
    }

    #[test]
    fn the_urls_to_enter_are_listed_without_their_secrets() {
        let base = "https://sms.example.com/".parse().unwrap();
        let text = configured(&gateways(), &base, false, false).unwrap();
        insta::assert_snapshot!(text, @r"
        kannel (Kannel, dialect kannel)
          receipts  https://sms.example.com/v1/gateways/kannel/receipts?message_id=<message id>&secret=…hidden…&status=%d&smsc=%i&fid=%F&ts=%T&answer=%A
          inbound   https://sms.example.com/v1/gateways/kannel/inbound?secret=…hidden…&from=%p&to=%P&text=%b&id=%I&ts=%T&smsc=%i&charset=%C&coding=%c&udh=%u
        main (Twilio, dialect twilio)
          receipts  https://sms.example.com/v1/gateways/main/receipts?message_id=<message id>
          inbound   https://sms.example.com/v1/gateways/main/inbound
        sinch (Sinch, dialect sinch)
          receipts  https://sms.example.com/v1/gateways/sinch/receipts?message_id=<message id>&message_tag=<its tag>
          inbound   https://sms.example.com/v1/gateways/sinch/inbound
        Secrets in URLs are hidden: --show-secrets prints them.
        The receipts URL of a message is `receipt_url` in the answer to its send: give it to the gateway as that message's callback.
        ");
        let open = configured(&gateways(), &base, true, false).unwrap();
        assert!(open.contains("secret=s3cret&from=%p"), "{open}");
        assert!(!open.contains("hidden"), "{open}");
    }

    #[test]
    fn nothing_configured_says_what_to_do() {
        let base = "https://sms.example.com/".parse().unwrap();
        let text = configured(&Gateways::default(), &base, false, false).unwrap();
        assert!(text.contains("textrail gateway dialects"), "{text}");
    }
}
