//! Parameters as gateways send them: in the query, or as a form in the body.

use super::Webhook;
use url::form_urlencoded;

/// Names and values, decoded, in the order in which they came. Bytes that are no UTF-8 are replaced,
/// so they cannot be signed by anyone; a NUL stays, and the fields' checks refuse it.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The query's.
    pub(super) fn of_query(webhook: &Webhook<'_>) -> Self {
        Self::parse(webhook.query().as_bytes())
    }

    /// The body's.
    pub(super) fn of_body(webhook: &Webhook<'_>) -> Self {
        Self::parse(webhook.body)
    }

    /// Where this method carries them: a GET in its query, a POST in its body.
    pub(super) fn of_call(webhook: &Webhook<'_>) -> Self {
        match webhook.method {
            "GET" => Self::of_query(webhook),
            _ => Self::of_body(webhook),
        }
    }

    /// Reads `name=value&…`.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// A value that is there and not blank; the first, if it came twice.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.trim().is_empty())
    }

    /// A value that is there, blank or not.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All of it, by name and then by value.
    pub(super) fn sorted(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.sort_unstable();
        pairs
    }
}
