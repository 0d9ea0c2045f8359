//! `textrail demo`.
mod agents;
mod campaigns;
mod chance;
mod people;
mod plan;
mod replies;
