//! Gateways: one file a dialect. A dialect verifies a webhook and parses it into receipts and
//! inbound messages; it stores nothing and answers nothing by itself.
//!
//! A new dialect is one file here and one line in [`DIALECTS`].

mod dialect;
pub mod fields;
mod kannel;
pub mod neutral;
mod registry;
mod secret;

pub use dialect::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Receipt, Refusal, Webhook,
};
pub use registry::{Gateway, GatewaySettings, Gateways, GatewaysError, is_name};

/// Every dialect, by its name in the configuration.
static DIALECTS: [&dyn Dialect; 2] = [&kannel::Kannel, &neutral::Neutral];
