//! The gateways of the configuration, with their secrets read.

use crate::config::{Config, Gateway, Secret};
use crate::gateways::{DialectSettings, GatewaySettings, Secrets};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;

/// Every configured gateway.
///
/// # Errors
/// A secret's file that cannot be read, or a secret given twice.
pub(super) fn settings(config: &Config) -> Result<Vec<GatewaySettings>> {
    let gateways = config.gateways.iter();
    gateways
        .map(|(name, gateway)| of_one(name, gateway))
        .collect()
}

fn of_one(name: &str, gateway: &Gateway) -> Result<GatewaySettings> {
    let read = |key, secret, file| {
        secret_of(key, secret, file).with_context(|| format!("gateways.{name} cannot be used"))
    };
    let secrets = [
        read("secret", &gateway.secret, &gateway.secret_file)?,
        read(
            "previous_secret",
            &gateway.previous_secret,
            &gateway.previous_secret_file,
        )?,
    ];
    Ok(GatewaySettings {
        name: name.to_owned(),
        dialect: gateway.dialect.clone(),
        proof: DialectSettings {
            secrets: Secrets::new(secrets.into_iter().flatten().collect()),
            signature: gateway.signature.clone(),
            topics: gateway.topics.clone(),
        },
        public_url: gateway.public_url.clone(),
        allow_from: gateway.allow_from.clone(),
        receipt_ids: gateway.receipt_ids,
    })
}

fn secret_of(key: &str, secret: &Option<Secret>, file: &Option<PathBuf>) -> Result<Option<String>> {
    let text = match (secret, file) {
        (Some(_), Some(_)) => bail!("it has both {key} and {key}_file: take one away"),
        (Some(secret), None) => secret.expose().to_owned(),
        (None, Some(file)) => fs::read_to_string(file)
            .with_context(|| format!("{key}_file: {}", file.display()))?
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
        (None, None) => return Ok(None),
    };
    if text.is_empty() {
        bail!("{key} is empty: anyone could sign with it");
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_from_files_as_well_and_never_twice() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "s3cret\n").unwrap();
        let mut gateway = Gateway {
            dialect: "kannel".to_owned(),
            secret_file: Some(file.path().to_owned()),
            previous_secret: Some(Secret::new("before")),
            ..Gateway::default()
        };
        let secrets = of_one("k", &gateway).unwrap().proof.secrets;
        assert_eq!(secrets.iter().collect::<Vec<_>>(), ["s3cret", "before"]);
        gateway.secret = Some(Secret::new("other"));
        assert!(of_one("k", &gateway).is_err());
        gateway.secret_file = None;
        gateway.secret = Some(Secret::new(""));
        assert!(of_one("k", &gateway).is_err());
    }
}
