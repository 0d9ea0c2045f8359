//! The gateways of this deployment, by name.

use super::{DIALECTS, Dialect, Webhook, dialect::Refusal};
use std::collections::BTreeMap;
use std::fmt;
use url::Url;
use uuid::Uuid;

/// What an operator sets about one gateway.
#[derive(Clone)]
pub struct GatewaySettings {
    /// Its name in URLs and reports.
    pub name: String,
    /// The dialect that it speaks: `kannel`, `neutral`.
    pub dialect: String,
    /// What its webhooks are verified with; none = they are taken as they come.
    pub secret: Option<String>,
}

impl fmt::Debug for GatewaySettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GatewaySettings")
            .field("name", &self.name)
            .field("dialect", &self.dialect)
            .field("secret", &self.secret.as_ref().map(|_| "…"))
            .finish()
    }
}

/// Why the gateways' settings were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewaysError {
    /// A name that cannot stand in a URL and in reports.
    #[error("gateway name {0:?} must be 1 to 64 of a-z, 0-9, - and _")]
    Name(String),
    /// Two of one name.
    #[error("gateway {0} is configured twice")]
    Twice(String),
    /// A dialect that is not known here.
    #[error("gateway {gateway} speaks {dialect:?}, which is none of: {known}")]
    Dialect {
        /// Whose.
        gateway: String,
        /// What was asked for.
        dialect: String,
        /// What there is.
        known: String,
    },
}

/// One gateway: its dialect and its secret.
pub struct Gateway {
    name: String,
    secret: Option<String>,
    dialect: &'static dyn Dialect,
}

impl Gateway {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its dialect.
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }
    /// Whether a webhook comes from it.
    pub fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.dialect.verify(webhook, self.secret.as_deref())
    }
    /// What to give it as a message's callback; `endpoint` is its `…/receipts` URL.
    pub fn receipt_url(&self, endpoint: Url, message_id: Uuid) -> String {
        self.dialect
            .receipt_url(endpoint, message_id, self.secret.as_deref())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("name", &self.name)
            .field("dialect", &self.dialect.name())
            .finish_non_exhaustive()
    }
}

/// The gateways of this deployment.
#[derive(Debug, Default)]
pub struct Gateways(BTreeMap<String, Gateway>);

impl Gateways {
    /// Checks names and finds dialects.
    pub fn new(settings: &[GatewaySettings]) -> Result<Self, GatewaysError> {
        let mut gateways = BTreeMap::new();
        for one in settings {
            let gateway = build(one)?;
            if gateways.insert(one.name.clone(), gateway).is_some() {
                return Err(GatewaysError::Twice(one.name.clone()));
            }
        }
        Ok(Self(gateways))
    }

    /// A gateway by name.
    pub fn find(&self, name: &str) -> Option<&Gateway> {
        self.0.get(name)
    }
}

fn build(settings: &GatewaySettings) -> Result<Gateway, GatewaysError> {
    if !is_name(&settings.name) {
        return Err(GatewaysError::Name(settings.name.clone()));
    }
    let dialect = DIALECTS
        .into_iter()
        .find(|dialect| dialect.name() == settings.dialect)
        .ok_or_else(|| GatewaysError::Dialect {
            gateway: settings.name.clone(),
            dialect: settings.dialect.clone(),
            known: DIALECTS.map(Dialect::name).join(", "),
        })?;
    Ok(Gateway {
        name: settings.name.clone(),
        secret: settings.secret.clone(),
        dialect,
    })
}

/// Whether a text can be a gateway's name: it stands in URLs, in reports and in the lake.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}
