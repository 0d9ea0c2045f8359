//! Messages that nobody understands, where anyone can read them.

use crate::lake::{keys, store::ObjectStore};
use anyhow::Context as _;
use aws_sdk_sqs::types::Message;
use serde::Serialize;

/// What stands under `_quarantine/queue/`.
#[derive(Serialize)]
struct Aside<'a> {
    message_id: &'a str,
    reason: &'a str,
    body: &'a str,
}

/// Stores a message under its id: however often it comes, once.
pub(super) async fn store(
    lake: &dyn ObjectStore,
    message: &Message,
    reason: &str,
) -> anyhow::Result<()> {
    let id = message.message_id.as_deref();
    let message_id = id.context("the message has no id")?;
    let aside = Aside {
        message_id,
        reason,
        body: message.body.as_deref().unwrap_or_default(),
    };
    let body = serde_json::to_vec(&aside)?;
    lake.put_if_absent(
        &keys::queue_aside(message_id),
        body.into(),
        "application/json",
    )
    .await?;
    Ok(())
}
