//! What the recorder writes, and that it writes it once.

mod bounds;
mod idempotency;
mod inbound;
mod messages;
mod receipts;
mod replay;
mod requests;
mod spool;
mod unknown_outcome;
