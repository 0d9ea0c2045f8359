//! Gateways: one file a dialect. A dialect verifies a webhook and parses it into receipts and
//! inbound messages; it stores nothing and answers nothing by itself.
//!
//! A new dialect is one file here, its `mod`, and its line in [`DIALECTS`]; `docs/gateways.md` says how, and
//! what else it needs.

mod aws;
mod bird;
mod bird_codes;
mod charset;
mod dialect;
mod facts;
mod fault;
pub mod fields;
mod form;
mod ids;
mod infobip;
mod jasmin;
pub mod json;
mod kannel;
mod kept;
mod mac;
mod messagebird;
pub mod neutral;
mod plivo;
mod proof;
mod registry;
mod sinch;
mod smpp;
#[cfg(test)]
mod tables;
mod tags;
mod telnyx;
#[cfg(test)]
mod testing;
mod text;
mod token;
mod twilio;
mod vonage_messages;
mod vonage_sms;
mod webhook;
mod window;

pub use dialect::{Acknowledgement, Dialect, DialectSettings, Kind, Meaning, Sample, UrlId};
pub use facts::{Inbound, Items, Part, Receipt};
pub use fault::FieldFault;
pub use ids::IdForm;
pub use kept::{Kept, without_message_id};
pub use proof::{Secrets, SharedSecret};
pub use registry::{Gateway, GatewaySettings, Gateways, GatewaysError, is_name};
pub use tags::UrlTags;
pub use webhook::{Refusal, Webhook};

/// Every dialect, by its name in the configuration.
pub static DIALECTS: [Kind; 13] = [
    twilio::KIND,
    infobip::KIND,
    vonage_sms::KIND,
    sinch::KIND,
    aws::KIND,
    vonage_messages::KIND,
    telnyx::KIND,
    plivo::KIND,
    kannel::KIND,
    jasmin::KIND,
    bird::KIND,
    messagebird::KIND,
    neutral::KIND,
];
