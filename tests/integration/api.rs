//! The HTTP API as its callers see it.

mod bad_input;
mod journey;
mod opt_outs;
mod postgres_away;
mod redirects;
mod review;
mod sends;
mod webhooks;
