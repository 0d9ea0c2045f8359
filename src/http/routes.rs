//! Which routes stand on which listener.

use super::{
    campaigns, docs, health, inbound, messages, opt_outs, quarantine, receipts, redirect, reports,
    review, submissions, webhooks, well_known,
};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteSet {
    /// All of `serve`, on one listener.
    All,
    /// What the world reaches: codes, webhooks, `/healthz`.
    Public,
    /// The rest.
    Private,
    /// A `load` process: reports, quarantine, health, metrics.
    Loader,
    /// A `ship` process: health, metrics.
    Operations,
}

impl RouteSet {
    /// Registers the set's routes.
    pub(super) fn register(self, config: &mut ServiceConfig<'_>) {
        match self {
            Self::All => {
                private(config);
                public(config);
            }
            Self::Public => public(config),
            Self::Private => {
                private(config);
                config.service(health::healthz);
            }
            Self::Loader => {
                loader(config);
                config.service(health::healthz);
            }
            Self::Operations => {
                operations(config);
                config.service(health::healthz);
            }
        }
    }
}

/// Ends with `/{code}`, which takes any single segment: it must come last.
fn public(config: &mut ServiceConfig<'_>) {
    config
        .service(health::healthz)
        .service(webhooks::gateway_receipts)
        .service(webhooks::gateway_inbound)
        .service(well_known::well_known)
        .service(redirect::follow)
        .map(redirect::with_slash);
}

fn private(config: &mut ServiceConfig<'_>) {
    config
        .service(campaigns::put_campaign)
        .service(messages::post_message)
        .service(messages::post_batch)
        .service(messages::post_preview)
        .service(messages::get_message)
        .service(submissions::post_submissions)
        .service(receipts::post_receipts)
        .service(inbound::post_inbound)
        .service(review::list_inbound)
        .service(review::put_verdict)
        .service(opt_outs::list_opt_outs)
        .service(opt_outs::opt_out)
        .service(opt_outs::opt_in)
        .service(docs::openapi_json)
        .service(docs::docs)
        .map(docs::files);
    loader(config);
}

fn loader(config: &mut ServiceConfig<'_>) {
    config
        .service(reports::messages_report)
        .service(reports::errors_report)
        .service(quarantine::quarantine)
        .service(quarantine::retry)
        .service(reports::windows_report);
    operations(config);
}

fn operations(config: &mut ServiceConfig<'_>) {
    config.service(health::readyz).service(health::metrics);
}
