//! What is wrong with one item of a webhook.

/// A field of an item that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldFault {
    /// The field, in the gateway's words.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldFault {
    /// A fault of a field.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "errors, literals and formatted texts alike: a reference would be noise at every call"
    )]
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self {
            field: field.into(),
            message: message.to_string(),
        }
    }

    /// The fault that serde found at a path. It tells of missing and of unknown fields by their
    /// names in backticks, at the path of the object that they are (not) in.
    pub fn of_json(path: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The position within one item of many would mislead.
        let message = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(head, _)| head);
        let named = ["missing field `", "unknown field `"]
            .into_iter()
            .find_map(|head| message.strip_prefix(head)?.split('`').next());
        match (path, named) {
            ("." | "", None) => Self::new(".", message),
            ("." | "", Some(name)) => Self::new(name, message),
            (path, None) => Self::new(path, message),
            // The name of an unknown field already ends the path.
            (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
                Self::new(path, message)
            }
            (path, Some(name)) => Self::new(format!("{path}.{name}"), message),
        }
    }
}
