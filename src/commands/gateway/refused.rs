//! What could not be read of gateways' calls.

use crate::ledger::requests::{self, RefusedItem, RefusedRequest};
use anyhow::Result;
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use std::fmt::Write as _;

/// Items of one call that are told in words; the JSON has all.
const ITEMS: usize = 10;

/// The list, for a terminal or as JSON.
pub(super) fn list(
    conn: &mut PgConnection,
    gateway: Option<&str>,
    since: DateTime<Utc>,
    limit: u32,
    json: bool,
) -> Result<String> {
    let found = requests::refused(conn, gateway, since, i64::from(limit))?;
    if json {
        return Ok(serde_json::to_string_pretty(&found)? + "\n");
    }
    text(&found, limit).map_err(Into::into)
}

fn text(found: &[RefusedRequest], limit: u32) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for request in found {
        writeln!(
            text,
            "{}  {} {}  {}",
            request.arrived_at.format("%Y-%m-%d %H:%M:%SZ"),
            request.gateway,
            request.route,
            request.id,
        )?;
        for item in request.refused.iter().take(ITEMS) {
            writeln!(text, "  {}", words(item))?;
        }
        if request.refused.len() > ITEMS {
            writeln!(text, "  and {} items more", request.refused.len() - ITEMS)?;
        }
    }
    if found.is_empty() {
        writeln!(text, "nothing that is kept was refused")?;
    } else if found.len() == limit as usize {
        writeln!(
            text,
            "these are the latest {limit}: see --limit and --since"
        )?;
    }
    Ok(text)
}

fn words(item: &RefusedItem) -> String {
    let what = match item.index {
        Some(index) => format!("item {index}"),
        None => "the call".to_owned(),
    };
    let faults: Vec<String> = item
        .faults
        .iter()
        .map(|fault| {
            format!(
                "{}: {}",
                fault.field.escape_debug(),
                fault.message.escape_debug()
            )
        })
        .collect();
    format!("{what}: {}", faults.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::requests::RefusedField;
    use uuid::Uuid;

    #[test]
    fn each_item_tells_its_faults_and_nothing_moves_the_cursor() {
        let item = |index, field: &str| RefusedItem {
            index,
            faults: vec![RefusedField {
                field: field.to_owned(),
                message: "must be a time\u{1b}[2J".to_owned(),
            }],
        };
        let request = RefusedRequest {
            id: Uuid::nil(),
            gateway: "main".to_owned(),
            route: "receipts".to_owned(),
            arrived_at: DateTime::UNIX_EPOCH,
            refused: vec![item(Some(3), "sentAt"), item(None, ".")],
        };
        insta::assert_snapshot!(text(&[request], 1).unwrap(), @r"
        1970-01-01 00:00:00Z  main receipts  00000000-0000-0000-0000-000000000000
          item 3: sentAt: must be a time\u{1b}[2J
          the call: .: must be a time\u{1b}[2J
        these are the latest 1: see --limit and --since
        ");
        assert_eq!(text(&[], 1).unwrap(), "nothing that is kept was refused\n");
    }
}
