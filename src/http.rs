//! The HTTP side: bytes into parsed values, parsed values to the ledger, answers back.
//!
//! Bad input ends here, as a problem document that names the field. Two sets of routes, so that two
//! listeners can part them: what the world reaches (short codes and webhooks), and the rest.

mod server;
mod state;

pub use server::{ReportsOptions, ServeOptions, serve, serve_reports};
pub use state::{AppState, AppStateParts, HttpLimits, HttpSettings, ReportsState};
