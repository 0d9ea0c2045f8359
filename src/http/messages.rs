//! Messages: record one, record many, preview one, read one with its journey.

mod batch;
mod journey;
mod preview;
mod request;
mod send;
mod view;

pub(super) use batch::post_batch;
pub(super) use journey::get_message;
pub(super) use preview::post_preview;
pub(super) use send::post_message;
