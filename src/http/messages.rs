//! Messages: record one, record many, preview one, read one with its journey.

mod batch;
mod journey;
mod preview;
mod request;
mod send;
mod view;

pub(super) use batch::batch;
pub(super) use journey::journey;
pub(super) use preview::preview;
pub(super) use send::send;

