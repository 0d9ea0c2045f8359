//! Group commit: callers hand in facts, a few writer threads take whatever waits, write it as one
//! transaction of multi-row statements, and answer all after the commit.

use super::facts::*;

/// The writer threads' front.
#[derive(Clone, Debug)]
pub struct Recorder {}

impl Recorder {
    /// Records messages, with their links and the stored answer, as one transaction.
    pub async fn send(&self, call: SendCall) -> Result<SendReply, RecordError> {
        drop(call);
        todo!()
    }
    /// Records hand-overs; one reply an item, in order.
    pub async fn submissions(
        &self,
        items: Vec<NewSubmission>,
    ) -> Result<Vec<SubmissionReply>, RecordError> {
        drop(items);
        todo!()
    }
    /// Records receipts; one reply an item, in order.
    pub async fn receipts(&self, items: Vec<NewReceipt>) -> Result<Vec<ReceiptReply>, RecordError> {
        drop(items);
        todo!()
    }
    /// Records inbound messages, and the wishes in them; one reply an item, in order.
    pub async fn inbound(&self, items: Vec<NewInbound>) -> Result<Vec<InboundReply>, RecordError> {
        drop(items);
        todo!()
    }
    /// Records a click.
    pub async fn click(&self, click: NewClick) -> Result<(), RecordError> {
        drop(click);
        todo!()
    }
    /// Records wishes over the API.
    pub async fn opt_outs(&self, items: Vec<NewOptOut>) -> Result<(), RecordError> {
        drop(items);
        todo!()
    }
}
