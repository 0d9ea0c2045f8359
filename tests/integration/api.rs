//! The HTTP API as its callers see it.

mod bad_input;
mod infobip;
mod journey;
mod known_mistakes;
mod one_url;
mod opt_outs;
mod postgres_away;
mod redirects;
mod review;
mod sends;
mod vonage;
mod webhooks;
