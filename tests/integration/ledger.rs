//! What the recorder writes, and that it writes it once.

mod idempotency;
mod inbound;
mod messages;
mod receipts;
mod unknown_outcome;
