//! What new events change in their messages: a row a message, in the table `deltas`.

use duckdb::Connection;

const RECEIPT_EFFECTS: &str = include_str!("../sql/receipt_effects.sql");
const EFFECTS: &str = include_str!("../sql/effects.sql");
const DELTAS: &str = include_str!("../sql/deltas.sql");
const LATE: &str = include_str!("../sql/late_deltas.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 4] = [RECEIPT_EFFECTS, EFFECTS, DELTAS, LATE];

/// Of all lines that are staged. It asks nothing else.
pub(super) fn of_staged(connection: &Connection) -> duckdb::Result<()> {
    let receipts = "(FROM staging_receipt WHERE message_id IS NOT NULL)";
    make(connection, receipts, "staging")
}

/// Of all lines of a slice of a rebuild.
pub(super) fn of_slice(connection: &Connection) -> duckdb::Result<()> {
    make(connection, "attached_receipt", "new")
}

fn make(connection: &Connection, receipts: &str, lines: &str) -> duckdb::Result<()> {
    let effects = format!(
        "{}\nUNION ALL BY NAME\n{}",
        RECEIPT_EFFECTS.replace("{receipts}", receipts),
        EFFECTS.replace("{lines}", lines)
    );
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE deltas AS {}",
        DELTAS.replace("{effects}", &effects)
    ))
}

/// Adds those of receipts and events that came before and are settled now. Most loads have none, and nothing is
/// looked for. Tells whether there were any.
pub(super) fn add_late(connection: &Connection) -> duckdb::Result<bool> {
    let any = "SELECT EXISTS (FROM settled_receipt) OR EXISTS (FROM orphan_events)";
    if !connection.query_row(any, [], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    let settled = RECEIPT_EFFECTS.replace("{receipts}", "settled_receipt");
    let late = LATE
        .replace("{settled}", &settled)
        .replace("{deltas}", &DELTAS.replace("{effects}", "FROM late"));
    connection.execute_batch(&late)?;
    connection.query_row("SELECT EXISTS (FROM late)", [], |row| row.get(0))
}
