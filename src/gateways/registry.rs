//! The gateways of this deployment, by name.

use super::ids::IdForm;
use super::{
    Acknowledgement, DIALECTS, Dialect, DialectSettings, Inbound, Items, Kind, Receipt, Refusal,
    Sample, UrlTags, Webhook,
};
use crate::domain::route::Route;
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use url::Url;
use uuid::Uuid;

pub(super) mod own_id;

/// What an operator sets about one gateway.
#[derive(Clone, Debug, Default)]
pub struct GatewaySettings {
    /// Its name in URLs and reports.
    pub name: String,
    /// The dialect that it speaks: `twilio`, `kannel`, …
    pub dialect: String,
    /// What the dialect verifies with.
    pub proof: DialectSettings,
    /// Where this gateway reaches us; none = where the world does.
    pub public_url: Option<Url>,
    /// The only addresses that may call; empty = any.
    pub allow_from: Vec<IpNet>,
    /// How its receipts write ids that its answers to submissions write otherwise.
    pub receipt_ids: IdForm,
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
    /// A base that URLs cannot be made of.
    #[error(
        "gateway {gateway} has a public_url at {host} with a user, a query or a fragment: it must be scheme, host and path alone"
    )]
    PublicUrl {
        /// Whose.
        gateway: String,
        /// Where; the rest may hold a password.
        host: String,
    },
    /// A setting that the dialect cannot work with, or one that is missing.
    #[error("gateway {gateway} ({dialect}) {problem}")]
    Setting {
        /// Whose.
        gateway: String,
        /// Its dialect.
        dialect: &'static str,
        /// What is wrong with which key.
        problem: String,
    },
}

/// One gateway: its dialect, with what that verifies by.
pub struct Gateway {
    name: String,
    kind: &'static Kind,
    dialect: Box<dyn Dialect>,
    public_url: Option<Url>,
    allow_from: Vec<IpNet>,
    receipt_ids: IdForm,
    /// None: no URL of ours carries a tag, and none is believed that would need one.
    tags: Option<UrlTags>,
}

impl Gateway {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its line in the table of dialects.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Its `…/receipts` URL, without what the dialect adds. `base` is where the world reaches us.
    pub fn receipts_endpoint(&self, base: &Url) -> Url {
        self.endpoint(base, Route::Receipts)
    }

    /// Its `…/inbound` URL, without what the dialect adds.
    pub fn inbound_endpoint(&self, base: &Url) -> Url {
        self.endpoint(base, Route::Inbound)
    }

    fn endpoint(&self, base: &Url, route: Route) -> Url {
        let mut url = self.public_url.as_ref().unwrap_or(base).clone();
        let path = url.path().trim_end_matches('/');
        let path = format!("{path}/v1/gateways/{}/{}", self.name, route.as_str());
        url.set_path(&path);
        url
    }

    /// The URL that the gateway called, as it knows it: our public scheme, host and path before what
    /// arrived as path and query.
    pub fn called_url(&self, base: &Url, path_and_query: &str) -> String {
        let base = self.public_url.as_ref().unwrap_or(base).as_str();
        format!("{}{path_and_query}", base.trim_end_matches('/'))
    }

    /// Whether it may call from an address.
    ///
    /// # Errors
    /// [`Refusal::Unverified`] if `allow_from` does not hold it.
    pub fn admit(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let held = |net: &IpNet| address.is_some_and(|address| net.contains(&address));
        if self.allow_from.is_empty() || self.allow_from.iter().any(held) {
            return Ok(());
        }
        Err(Refusal::Unverified("the address is not in allow_from"))
    }

    /// Whether a webhook comes from it.
    ///
    /// # Errors
    /// [`Refusal::Unverified`] says which part failed; [`Refusal::Unavailable`] that this cannot be
    /// told now.
    pub async fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.dialect.prepare(webhook).await?;
        self.dialect.verify(webhook)
    }

    /// Answers a verified call that carries no facts.
    ///
    /// # Errors
    /// If the gateway has to make the call again.
    pub async fn greet(&self, webhook: &Webhook<'_>) -> Result<Option<Acknowledgement>, Refusal> {
        self.dialect.greet(webhook).await
    }

    /// What a verified webhook is about: its body decides where the dialect can tell, else the URL that
    /// was `called`.
    pub fn route(&self, called: Route, webhook: &Webhook<'_>) -> Route {
        self.dialect.route(webhook).unwrap_or(called)
    }

    /// The receipts in a verified webhook, each with one id at least: the gateway's, or ours, which
    /// the callback URL may carry. A call whose id is in [`Gateway::doubt`] has to come without it.
    ///
    /// # Errors
    /// If it is not what this gateway sends at all.
    pub fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let mut items = self.dialect.receipts(webhook)?;
        let alone = items.len() == 1;
        for item in &mut items {
            let identified = match item {
                Ok(receipt) => self.identify(receipt, webhook, alone),
                Err(_) => Ok(()),
            };
            if let Err(fault) = identified {
                *item = Err(vec![fault]);
            }
        }
        Ok(items)
    }

    /// The subscribers' messages in a verified webhook.
    ///
    /// # Errors
    /// If it is not what this gateway sends at all.
    pub fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        self.dialect.inbound(webhook)
    }

    /// What to answer once everything is durable.
    pub fn acknowledgement(&self) -> Acknowledgement {
        self.dialect.acknowledgement()
    }

    /// Where a check of this gateway goes: its receipts, about the message of no id, which is never
    /// recorded.
    pub fn receipt_url_of_check(&self, base: &Url) -> String {
        let mut endpoint = self.receipts_endpoint(base);
        endpoint
            .query_pairs_mut()
            .append_pair(own_id::PARAMETER, &Uuid::nil().to_string());
        endpoint.into()
    }

    /// What to enter at the provider for inbound messages.
    pub fn inbound_url(&self, base: &Url) -> String {
        self.dialect.inbound_url(self.inbound_endpoint(base))
    }

    /// A submission's id of this gateway as its receipts name it.
    pub fn submission_id(&self, canonical: String) -> String {
        self.dialect.submission_id(canonical)
    }

    /// A receipt as this gateway would send it to a URL; see [`Dialect::sample`].
    pub fn sample(&self, url: &str, id: &str, status: &str, at: DateTime<Utc>) -> Option<Sample> {
        self.dialect.sample(url, id, status, at)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gateway")
            .field("name", &self.name)
            .field("dialect", &self.kind.name)
            .finish_non_exhaustive()
    }
}

/// The gateways of this deployment.
#[derive(Debug, Default)]
pub struct Gateways(BTreeMap<String, Gateway>);

impl Gateways {
    /// Checks names and settings, and finds dialects.
    ///
    /// # Errors
    /// The first gateway that cannot work as it is configured.
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

    /// With what proves our ids in the callback URLs of dialects whose signatures do not.
    #[must_use]
    pub fn with_tags(mut self, tags: &UrlTags) -> Self {
        for gateway in self.0.values_mut() {
            gateway.tags = Some(tags.clone());
        }
        self
    }

    /// A gateway by name.
    pub fn find(&self, name: &str) -> Option<&Gateway> {
        self.0.get(name)
    }

    /// Each, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Gateway> {
        self.0.values()
    }
}

fn build(settings: &GatewaySettings) -> Result<Gateway, GatewaysError> {
    if !is_name(&settings.name) {
        return Err(GatewaysError::Name(settings.name.clone()));
    }
    if let Some(url) = settings.public_url.as_ref().filter(|url| !is_base(url)) {
        return Err(GatewaysError::PublicUrl {
            gateway: settings.name.clone(),
            host: url.host_str().unwrap_or_default().to_owned(),
        });
    }
    let kind = DIALECTS
        .iter()
        .find(|kind| kind.name == settings.dialect)
        .ok_or_else(|| GatewaysError::Dialect {
            gateway: settings.name.clone(),
            dialect: settings.dialect.clone(),
            known: DIALECTS.map(|kind| kind.name).join(", "),
        })?;
    let dialect = (kind.open)(&settings.proof).map_err(|problem| GatewaysError::Setting {
        gateway: settings.name.clone(),
        dialect: kind.name,
        problem,
    })?;
    Ok(Gateway {
        name: settings.name.clone(),
        kind,
        dialect,
        public_url: settings.public_url.clone(),
        allow_from: settings.allow_from.clone(),
        receipt_ids: settings.receipt_ids,
        tags: None,
    })
}

/// Whether URLs can be made of a base: what else it holds would stand in logs.
fn is_base(url: &Url) -> bool {
    let has_user = !url.username().is_empty() || url.password().is_some();
    !has_user && url.query().is_none() && url.fragment().is_none()
}

/// Whether a text can be a gateway's name: it stands in URLs, in reports and in the lake.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests;
