//! A gateway whose webhooks are taken.

use super::Secret;
use crate::gateways::IdForm;
use ipnet::IpNet;
use serde::Deserialize;
use std::path::PathBuf;
use url::Url;

/// A gateway: three lines are enough for most.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// The wire format that it speaks.
    pub dialect: String,
    /// What the provider signs with, its public key, or the secret in our URLs.
    pub secret: Option<Secret>,
    /// A file that holds the secret, instead of `secret`.
    pub secret_file: Option<PathBuf>,
    /// The secret before: it verifies as well, so that one replaces the other without a gap.
    pub previous_secret: Option<Secret>,
    /// A file that holds the secret before.
    pub previous_secret_file: Option<PathBuf>,
    /// Where this gateway reaches us, if not at `http.public_url`.
    pub public_url: Option<Url>,
    /// The only addresses that may call. Empty: any that proves itself.
    pub allow_from: Vec<IpNet>,
    /// How the provider signs, where it offers a choice (Vonage).
    pub signature: Option<String>,
    /// The topics whose events are taken (AWS).
    pub topics: Vec<String>,
    /// How its receipts write message ids, compared with its answers to submissions.
    pub receipt_ids: IdForm,
}
