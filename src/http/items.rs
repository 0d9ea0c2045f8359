//! Calls that hold many items: each is read alone, and answered in its place.

use super::problem::FieldError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The status of an item that waits for the ledger on this server's disk.
pub(super) const SPOOLED: &str = "spooled";

/// What became of one item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ItemResult {
    /// `recorded`, `duplicate` (the same was recorded before), `parked` (a receipt whose message is
    /// not yet known; it is kept), `spooled` (kept on this server's disk until the ledger is back;
    /// whether it is a repetition shows then) or `invalid` (not recorded).
    pub(super) status: &'static str,
    /// The id under which it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Uuid>,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<FieldError>,
}

impl ItemResult {
    /// Recorded under an id.
    pub(super) fn of(status: &'static str, id: Option<Uuid>) -> Self {
        Self {
            status,
            id,
            errors: Vec::new(),
        }
    }

    /// Not recorded.
    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        Self {
            status: "invalid",
            id: None,
            errors,
        }
    }
}

/// What such a call takes, for the document: one item, or an array of them.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "items are read one by one, so that each is refused alone"
)]
pub(super) enum OneOrMany<T> {
    /// One item.
    One(T),
    /// 1 to 10,000 items; the document's bounds are set in `openapi.rs`.
    Many(Vec<T>),
}

/// One result an item, in the order of the items.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results<T> {
    /// The results.
    pub(super) results: Vec<T>,
}

/// The places of the items of a call: taken by an invalid one, or open for a reply.
#[derive(Clone, Debug)]
pub(super) struct Places(Vec<Option<Vec<FieldError>>>);

impl Places {
    /// Parts the valid items from the places.
    pub(super) fn part<T>(items: Vec<Result<T, Vec<FieldError>>>) -> (Self, Vec<T>) {
        let mut valid = Vec::with_capacity(items.len());
        let places = items
            .into_iter()
            .map(|item| item.map(|item| valid.push(item)).err())
            .collect();
        (Self(places), valid)
    }

    /// Puts each reply in its place.
    pub(super) fn fill<R, T>(
        &self,
        replies: impl IntoIterator<Item = R>,
        of_reply: impl Fn(R) -> T,
        of_invalid: impl Fn(Vec<FieldError>) -> T,
    ) -> Vec<T> {
        let mut replies = replies.into_iter();
        self.0
            .iter()
            .filter_map(|place| match place {
                Some(errors) => Some(of_invalid(errors.clone())),
                None => replies.next().map(&of_reply),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_go_where_their_items_stood() {
        let wrong = || Err(vec![FieldError::new("to", "wrong")]);
        let (places, valid) = Places::part(vec![Ok('a'), wrong(), Ok('b'), wrong()]);
        assert_eq!(valid, ['a', 'b']);
        let filled = places.fill(
            ['A', 'B'],
            |reply| reply.to_string(),
            |errors| errors[0].message.clone(),
        );
        assert_eq!(filled, ["A", "wrong", "B", "wrong"]);
    }
}
