//! What a gateway's call told: the items that could be read, those that could not, and whether it is
//! taken.

use super::super::problem::{ApiError, FieldError};
use crate::gateways::{FieldFault, Gateway, Items, Refusal};
use crate::ledger::requests::{RefusedField, RefusedItem};

/// Of so many refused items it is kept what is wrong with them; of the others, that they were
/// refused.
const EXPLAINED_ITEMS: usize = 100;
/// The most characters that are kept of a field's name and of what is wrong with it: a provider's
/// library may repeat a value there.
const LONGEST: usize = 200;

/// A call, item by item.
pub(super) struct Told<T> {
    /// What could be read, each with its place among the items.
    facts: Vec<(usize, T)>,
    /// What could not.
    refused: Vec<RefusedItem>,
    /// Why nothing of it is taken, if nothing is.
    refusal: Option<ApiError>,
}

impl<T> Told<T> {
    /// Takes what a dialect read. What could not be read is counted and logged, and never fails the
    /// rest; if nothing could, the call is refused.
    pub(super) fn of(
        gateway: &Gateway,
        kind: &'static str,
        read: Result<Items<T>, Refusal>,
    ) -> Self {
        let told = match read {
            Ok(items) => Self::of_items(items),
            Err(refusal) => Self {
                facts: Vec::new(),
                refused: vec![RefusedItem {
                    index: None,
                    faults: fields(&[FieldFault::new(".", &refusal)]),
                }],
                refusal: Some(refusal.into()),
            },
        };
        told.tell(gateway, kind);
        told
    }

    fn of_items(items: Items<T>) -> Self {
        let (mut facts, mut refused, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Ok(fact) => facts.push((index, fact)),
                Err(faults) => {
                    let explained = refused.len() < EXPLAINED_ITEMS;
                    refused.push(RefusedItem {
                        index: Some(index),
                        faults: if explained {
                            fields(&faults)
                        } else {
                            Vec::new()
                        },
                    });
                    errors.extend(faults.into_iter().map(FieldError::from));
                }
            }
        }
        // A call without any item is in order: a provider's summary, or an event that is not about
        // messages.
        let nothing = facts.is_empty() && !refused.is_empty();
        let refusal = nothing.then(|| ApiError::fields(errors));
        Self {
            facts,
            refused,
            refusal,
        }
    }

    fn tell(&self, gateway: &Gateway, kind: &'static str) {
        let name = gateway.name().to_owned();
        if self.refused.is_empty() {
            if self.facts.is_empty() {
                // It may be a provider that calls the wrong one of our URLs.
                metrics::counter!("textrail_webhooks_without_items_total", "gateway" => name, "kind" => kind)
                    .increment(1);
                tracing::info!(gateway = gateway.name(), kind, "a webhook told nothing");
            }
            return;
        }
        metrics::counter!("textrail_webhook_items_refused_total", "gateway" => name, "kind" => kind)
            .increment(self.refused.len() as u64);
        // Names of fields only: their values may be numbers and texts of people.
        let faults = self.refused.iter().flat_map(|item| &item.faults);
        let fields: Vec<&str> = faults.map(|fault| fault.field.as_str()).collect();
        tracing::warn!(
            gateway = gateway.name(),
            kind,
            ?fields,
            "webhook items refused"
        );
    }

    /// What could be read, what could not, and why nothing of it is taken, if nothing is: to be answered
    /// once all of it is kept.
    pub(super) fn into_parts(self) -> (Vec<(usize, T)>, Vec<RefusedItem>, Option<ApiError>) {
        (self.facts, self.refused, self.refusal)
    }
}

fn fields(faults: &[FieldFault]) -> Vec<RefusedField> {
    let field = |fault: &FieldFault| RefusedField {
        field: bounded(&fault.field),
        message: bounded(&fault.message),
    };
    faults.iter().map(field).collect()
}

/// PostgreSQL's text holds no NUL.
fn bounded(text: &str) -> String {
    text.chars()
        .take(LONGEST)
        .map(|c| if c == '\0' { '\u{FFFD}' } else { c })
        .collect()
}
