//! The HTTP side: bytes into parsed values, parsed values to the ledger, answers back.
//!
//! Bad input ends here, as a problem document that names the field. Two sets of routes, so that two
//! listeners can part them: what the world reaches (short codes and webhooks), and the rest.

mod answer;
mod auth;
mod body;
mod campaigns;
mod client_address;
mod docs;
mod health;
mod inbound;
mod input;
mod items;
mod judgements;
mod link_cache;
mod messages;
mod observe;
mod openapi;
mod opt_outs;
mod pages;
mod problem;
mod quarantine;
mod receipts;
mod redirect;
mod reports;
mod review;
mod routes;
mod server;
mod state;
mod submissions;
mod webhooks;
mod well_known;

pub use inbound::of_gateway as new_inbound;
pub use quarantine::{
    QuarantineCorrection, QuarantineEntry, QuarantineError, QuarantineFailure, QuarantineList,
    QuarantineOutcome, QuarantineQuery, QuarantineRetry, Quarantines,
};
pub use receipts::of_gateway as new_receipt;
pub use server::{
    OperationsOptions, ReportsOptions, ServeOptions, serve, serve_operations, serve_reports,
};
pub use state::{AppState, AppStateParts, HttpLimits, HttpSettings, ReportsState};

#[cfg(test)]
mod tests;
