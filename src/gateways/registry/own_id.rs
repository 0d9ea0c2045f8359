//! Our own id of a message in a callback URL: whether it is believed, and which receipt it names.

use super::super::dialect::UrlId;
use super::super::{FieldFault, Receipt, Webhook, tags};
use super::Gateway;
use url::Url;
use uuid::Uuid;

/// The parameter of a callback URL that holds our id of the message.
pub(in crate::gateways) const PARAMETER: &str = "message_id";

impl Gateway {
    /// What to give it as a message's callback; `base` is where the world reaches us.
    pub fn receipt_url(&self, base: &Url, message_id: Uuid) -> String {
        let endpoint = self.receipts_endpoint(base);
        let url = self.dialect.receipt_url(endpoint, message_id);
        match &self.tags {
            Some(tags) if self.tags_urls() => {
                let tag = tags.tag(&self.name, message_id);
                format!("{url}&{}={tag}", tags::PARAMETER)
            }
            _ => url,
        }
    }

    /// Whether its messages' callback URLs carry a tag, `message_tag`.
    pub fn tags_urls(&self) -> bool {
        self.dialect.url_id() == UrlId::Tagged
    }

    /// Why our id in the URL of a verified call is not believed; none if it is, or if there is none. Such
    /// a call is to be read and kept by [`super::super::without_message_id`].
    pub fn doubt(&self, webhook: &Webhook<'_>) -> Option<&'static str> {
        if !self.tags_urls() || self.dialect.covers_url(webhook) {
            return None;
        }
        // The message of no id is a check's, and never recorded.
        let id = named(webhook).filter(|id| !id.is_nil())?;
        let Some(tag) = webhook.parameter(tags::PARAMETER) else {
            return Some("there is no message_tag beside it");
        };
        let fits = |tags: &tags::UrlTags| tags.fits(&self.name, id, &tag);
        let believed = self.tags.as_ref().is_some_and(fits);
        (!believed).then_some("the message_tag is of another message, gateway or ledger")
    }

    /// Sees to it that a receipt has an id. A URL names one message: the one of a receipt that comes
    /// `alone`, whatever reference of a campaign tool stands in the body, and of those that come with
    /// others and have no id at all.
    pub(super) fn identify(
        &self,
        receipt: &mut Receipt,
        webhook: &Webhook<'_>,
        alone: bool,
    ) -> Result<(), FieldFault> {
        receipt.gateway_message_id = receipt
            .gateway_message_id
            .take()
            .map(|id| self.receipt_ids.apply(id));
        let believed = self.dialect.url_id() != UrlId::Ignored;
        let nameless = receipt.message_id.is_none() && receipt.gateway_message_id.is_none();
        if believed && (alone || nameless) {
            receipt.message_id = named(webhook).or(receipt.message_id);
        }
        if receipt.message_id.is_some() || receipt.gateway_message_id.is_some() {
            return Ok(());
        }
        let given = webhook.parameter(PARAMETER);
        Err(FieldFault::new(
            PARAMETER,
            match given.filter(|text| believed && !text.trim().is_empty()) {
                Some(_) => "in the callback URL must be a message's id, a UUID",
                None if self.tags_urls() => {
                    "must stand in the callback URL, with its message_tag as in receipt_url, since the \
                     gateway gives no id of its own"
                }
                None => "must stand in the callback URL, since the gateway gives no id of its own",
            },
        ))
    }
}

/// The message that a call's URL names.
fn named(webhook: &Webhook<'_>) -> Option<Uuid> {
    let text = webhook.parameter(PARAMETER)?;
    Uuid::try_parse(text.trim()).ok()
}

#[cfg(test)]
mod tests;
