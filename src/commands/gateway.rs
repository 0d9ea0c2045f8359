//! `textrail gateway`: what to enter at the providers, and whether it works.

use super::data_directory::{self, Note};
use super::{gateways, ledger, output};
use crate::cli::{self, GatewayAction};
use crate::config::Config;
use crate::gateways::Gateways;
use crate::ledger::recorder::replay::Replay;
use anyhow::{Context, Result};
use url::Url;

mod check;
mod list;
mod refused;
mod replay;

pub(super) async fn run(mut config: Config, arguments: &cli::Gateway) -> Result<()> {
    if let GatewayAction::Dialects { json } = &arguments.action {
        return Ok(output::line(list::dialects(*json)?)?);
    }
    if let GatewayAction::Refused {
        name,
        since,
        limit,
        json,
    } = &arguments.action
    {
        let mut conn = ledger::connect_for_command(&config, &arguments.data)?;
        let text = refused::list(&mut conn, name.as_deref(), *since, *limit, *json)?;
        return Ok(output::print(&text)?);
    }
    let base = base(&mut config, arguments)?;
    let gateways = Gateways::new(&gateways::settings(&config)?)?;
    match &arguments.action {
        GatewayAction::List { show_secrets, json } => {
            let text = list::configured(&gateways, &base, *show_secrets, *json)?;
            Ok(output::line(text)?)
        }
        GatewayAction::Check { name, via } => {
            let gateway = gateways
                .find(name)
                .with_context(|| unknown(name, &gateways))?;
            check::run(gateway, &base, via.as_ref()).await
        }
        GatewayAction::Replay {
            name,
            since,
            until,
            dry_run,
            json,
        } => {
            let gateway = gateways
                .find(name)
                .with_context(|| unknown(name, &gateways))?;
            let (connection, away) = ledger::settings_for_command(&config, &arguments.data)?;
            let rules = super::api::opt_out_rules(&config)?;
            let replay = Replay::open(&connection, config.privacy, rules, *dry_run);
            let replay = replay.context(away)?;
            let span = replay::Span::new(*since, *until)?;
            let done = tokio::task::block_in_place(|| replay::run(replay, gateway, &base, span))?;
            replay::tell(&done, *json)
        }
        GatewayAction::Dialects { .. } | GatewayAction::Refused { .. } => Ok(()),
    }
}

/// Where the world reaches the server. Without gateways of its own, the configuration is completed
/// with what `textrail up` drew for the data folder.
fn base(config: &mut Config, arguments: &cli::Gateway) -> Result<Url> {
    let directory = data_directory::path(&arguments.data)?;
    let note = Note::read(&directory)?;
    if config.gateways.is_empty()
        && let Some((name, gateway)) = super::up::default_gateway(&directory)?
    {
        config.gateways.insert(name, gateway);
    }
    if let Some(url) = config.http.public_url.clone() {
        return Ok(url);
    }
    match note {
        Some(note) => Ok(note.public_url.unwrap_or(note.url)),
        None => super::api::url_of(config.http.listen),
    }
}

fn unknown(name: &str, gateways: &Gateways) -> String {
    let names: Vec<&str> = gateways
        .iter()
        .map(crate::gateways::Gateway::name)
        .collect();
    match names.as_slice() {
        [] => format!("there is no gateway {name}: none is configured"),
        names => format!(
            "there is no gateway {name}; there are: {}",
            names.join(", ")
        ),
    }
}
