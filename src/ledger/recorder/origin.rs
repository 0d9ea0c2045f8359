//! Where a fact was read: the kept call of a gateway, and the place among its items.

use super::fingerprint::fingerprint;
use crate::ledger::facts::GatewayCall;
use crate::ledger::requests::KeptRequest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An item of a kept call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) request_id: Uuid,
    pub(super) item: i32,
}

impl Origin {
    pub(super) fn new(request_id: Uuid, item: usize) -> Self {
        Self {
            request_id,
            // A call holds 10,000 items at most.
            item: i32::try_from(item).unwrap_or(i32::MAX),
        }
    }

    /// The same however often the call is read, and whatever is read.
    pub(super) fn fingerprint(self) -> Uuid {
        fingerprint(&[
            Some(&self.request_id.to_string()),
            Some(&self.item.to_string()),
        ])
    }
}

/// A call's request, and its facts with where they stood in it.
pub(super) fn of_call<T>(
    call: GatewayCall<T>,
) -> (
    Option<KeptRequest>,
    impl Iterator<Item = (Option<Origin>, T)>,
) {
    let id = call.request.as_ref().map(|request| request.id);
    let origin = move |item| id.map(|id| Origin::new(id, item));
    let facts = call.facts.into_iter();
    (
        call.request,
        facts.map(move |(item, fact)| (origin(item), fact)),
    )
}
