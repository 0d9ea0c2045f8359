//! Gateways: one file a dialect. A dialect verifies a webhook and parses it into receipts and
//! inbound messages; it stores nothing and answers nothing by itself.
//!
//! A new dialect is one file here and one line in [`DIALECTS`]; `docs/gateways.md` says how.

mod dialect;
mod facts;
mod fault;
pub mod fields;
mod form;
mod ids;
pub mod json;
mod kannel;
mod kept;
mod mac;
pub mod neutral;
mod proof;
mod registry;
#[cfg(test)]
mod testing;
mod twilio;
mod webhook;

pub use dialect::{Acknowledgement, Dialect, DialectSettings, Kind, Meaning, Sample};
pub use facts::{Inbound, Items, Part, Receipt};
pub use fault::FieldFault;
pub use ids::IdForm;
pub use kept::Kept;
pub use proof::{Secrets, SharedSecret};
pub use registry::{Gateway, GatewaySettings, Gateways, GatewaysError, is_name};
pub use webhook::{Refusal, Webhook};

/// Every dialect, by its name in the configuration.
pub static DIALECTS: [Kind; 3] = [twilio::KIND, kannel::KIND, neutral::KIND];
