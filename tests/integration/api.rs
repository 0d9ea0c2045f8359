//! The HTTP API as its callers see it.

mod bad_input;
mod infobip;
mod journey;
mod known_mistakes;
mod postgres_away;
mod redirects;
mod sends;
mod vonage;
mod webhooks;
