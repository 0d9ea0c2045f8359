//! Parameters as gateways send them: in the query, or as a form in the body.

use super::{Refusal, Webhook};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The most parameters that are read of a call. No gateway sends a tenth of them; what is signed is
/// sorted, and who has no secret must not make us sort half a million.
const MOST: usize = 1_000;

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

    /// The same, for a gateway that can also be set to post them as JSON.
    ///
    /// # Errors
    /// If the body begins like JSON and is no object.
    pub(super) fn of_call_or_json(webhook: &Webhook<'_>) -> Result<Self, Refusal> {
        let is_json = webhook.body.trim_ascii_start().starts_with(b"{");
        match webhook.method {
            "GET" => Ok(Self::of_query(webhook)),
            _ if is_json || webhook.is_of("application/json") => Self::of_json(webhook.body),
            _ => Ok(Self::of_body(webhook)),
        }
    }

    /// The fields of a JSON object, each as a text. A number stays as it was written, since a
    /// signature may cover its last zero. Lists, objects and nulls are left out.
    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        let text = |value: &RawValue| match value.get() {
            quoted if quoted.starts_with('"') => serde_json::from_str(quoted).ok(),
            nested if nested.starts_with(['[', '{']) => None,
            "null" => None,
            plain => Some(plain.to_owned()),
        };
        let pairs = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, text(value)?)));
        Ok(Self(pairs.take(MOST).collect()))
    }

    /// Reads `name=value&…`.
    pub(super) fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).into_owned();
        Self(pairs.take(MOST).collect())
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

    /// The names, as often as they came.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The values of one name alone.
    pub(super) fn only(&self, names: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(key, _)| names.contains(&key.as_str()));
        Self(kept.cloned().collect())
    }

    /// All but the values of these names.
    pub(super) fn without(&self, names: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(key, _)| !names.contains(&key.as_str()));
        Self(kept.cloned().collect())
    }

    /// These, and then others.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend_from_slice(&others.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_flattened_as_it_was_written() {
        let form =
            Form::of_json(br#"{"b":0.0330,"a":"x\u00e4","c":true,"d":null,"e":[1],"f":{},"g":""}"#);
        let form = form.unwrap();
        let expected = [("a", "xä"), ("b", "0.0330"), ("c", "true"), ("g", "")];
        assert_eq!(form.sorted(), expected);
        assert_eq!(form.without(&["b"]).and(&form).sorted().len(), 7);
        for broken in ["", "[]", "7", "{", r#"{"a":1}x"#] {
            let read = Form::of_json(broken.as_bytes());
            assert!(matches!(read, Err(Refusal::Malformed(_))), "{broken}");
        }
    }
}
