//! What the recorder writes, and that it writes it once.

mod bounds;
mod gateway_opt_outs;
mod idempotency;
mod inbound;
mod messages;
mod parts;
mod receipts;
mod replay;
mod requests;
mod spool;
mod unknown_outcome;
mod verdicts;
