//! `textrail key`: API keys.

use super::{ledger, output};
use crate::cli::{Key, KeyAction, RoleName};
use crate::config::Config;
use crate::ledger::api_keys::{self, ApiKey, Role};
use anyhow::{Result, ensure};
use comfy_table::{Table, presets};

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Campaign => Self::Campaign,
            RoleName::Gateway => Self::Gateway,
            RoleName::Report => Self::Report,
            RoleName::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(config: &Config, key: &Key) -> Result<()> {
    let conn = &mut ledger::connect_for_command(config, &key.data)?;
    match &key.action {
        KeyAction::Create { name, roles } => {
            let roles = roles.iter().copied().map(Role::from).collect::<Vec<_>>();
            let (made, secret) = api_keys::create(conn, name, &roles)?;
            output::line(format!(
                "{secret}\nIts id is {}. It is not shown again.",
                made.id
            ))?;
        }
        KeyAction::List => output::line(table(&api_keys::list(conn)?))?,
        KeyAction::Revoke { id } => {
            ensure!(
                api_keys::revoke(conn, *id)?,
                "there is no key {id} in force"
            );
            output::line(format!("{id} is refused from now on"))?;
        }
    }
    Ok(())
}

fn table(keys: &[ApiKey]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "NAME", "KEY", "ROLES", "CREATED", "REVOKED"]);
    for key in keys {
        let roles = key
            .roles
            .iter()
            .map(|role| format!("{role:?}").to_lowercase());
        table.add_row([
            key.id.to_string(),
            key.name.clone(),
            format!("{}…", key.key_prefix),
            roles.collect::<Vec<_>>().join(","),
            key.created_at.format("%F %T").to_string(),
            key.revoked_at
                .map(|at| at.format("%F %T").to_string())
                .unwrap_or_default(),
        ]);
    }
    table
}
