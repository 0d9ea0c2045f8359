//! What becomes of the new lines of a load, or of a slice of a rebuild: facts, messages, buckets. The
//! SQL of its steps stands in `warehouse/sql/`.

use super::{buckets, deltas, staging::id_range, steps::timed, threads::Threads};
use crate::{event::Kind, warehouse::columns::names};
use chrono::{DateTime, SecondsFormat, Utc};
use duckdb::Connection;

const FACTS: &str = include_str!("../sql/facts.sql");
const FIND: &str = include_str!("../sql/find.sql");
/// Where messages stand.
pub(super) const PLACES: &str = include_str!("../sql/places.sql");
const FIND_REST: &str = include_str!("../sql/find_rest.sql");
const MESSAGES: &str = include_str!("../sql/messages.sql");
const LINKS: &str = include_str!("../sql/links.sql");
const APPLY: &str = include_str!("../sql/apply.sql");
const ORPHANS: &str = include_str!("../sql/orphans.sql");
const JUDGE: &str = include_str!("../sql/judge.sql");
const JUDGED: &str = include_str!("../sql/judged.sql");
const WRITE: &str = include_str!("../sql/write.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 14] = [
    FACTS,
    FIND,
    PLACES,
    FIND_REST,
    MESSAGES,
    LINKS,
    APPLY,
    ORPHANS,
    JUDGE,
    JUDGED,
    WRITE,
    STATE,
    COUNTED,
    JUDGED_BY_FACTS,
];

/// The columns of a message, beside its id, that a load may change, or that say what it counts.
const STATE: &str = "message_recorded_at, bucket, bucket_key, campaign, campaign_type, \
                     sender, country, gateway, gateway_declared, test, suppressed, has_link, status, \
                     evidence, segmented, delivered_at, human_click_at, clicks, human_clicks, \
                     replies, opt_outs, first_event_at, last_event_at";
/// Those of them that say what it counts.
const COUNTED: &str = "message_recorded_at, bucket, bucket_key, campaign, campaign_type, sender, \
                       country, gateway, test, suppressed, has_link, status, evidence, \
                       delivered_at, human_click_at, clicks, human_clicks, replies, opt_outs";
/// Messages whose status the facts tell.
const JUDGED_BY_FACTS: &str =
    "(segmented OR message_id IN (SELECT message_id FROM corrected_receipts))";

/// The most hours that stand in a statement one by one; more become their whole range.
const MOST_LISTED_HOURS: usize = 500;

/// Facts, then new messages, then what happened to older ones, then what changes in the buckets. `prepared`: what
/// [`prepare`] makes of the staged lines is there already.
pub(super) fn merge(
    connection: &Connection,
    prepared: bool,
    threads: Threads,
) -> duckdb::Result<()> {
    timed("facts", || insert_facts(connection))?;
    if !prepared {
        timed("deltas", || deltas::of_staged(connection))?;
    }
    let more = timed("late", || deltas::add_late(connection))?;
    if !prepared || more {
        timed("messages", || make_arrivals(connection))?;
    }
    timed("find", || threads.all(connection, || find(connection)))?;
    timed("apply", || connection.execute_batch(APPLY))?;
    let known = "SELECT message_id FROM changes UNION ALL SELECT message_id FROM arrivals";
    timed("orphans", || leave_orphans(connection, known))?;
    timed("judge", || judge_load(connection, threads))?;
    timed("write", || {
        connection.execute_batch("INSERT INTO messages FROM arrivals")?;
        connection.execute_batch(LINKS)?;
        connection.execute_batch(WRITE)
    })?;
    let counted = format!(
        "(SELECT {COUNTED}, -1 AS sign FROM found \
          UNION ALL SELECT {COUNTED}, 1 FROM changes UNION ALL SELECT {COUNTED}, 1 FROM arrivals)"
    );
    timed("buckets", || buckets::change(connection, &counted))
}

/// What can be made of the staged lines before anything is known of the warehouse: what they change in their
/// messages, and new messages. It holds for a load that finds all of the lines new.
pub(super) fn prepare(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("CREATE OR REPLACE TEMP VIEW new_message AS FROM staging_message")?;
    timed("deltas", || deltas::of_staged(connection))?;
    timed("messages", || make_arrivals(connection))
}

fn make_arrivals(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("CREATE OR REPLACE TEMP TABLE arrivals AS FROM messages LIMIT 0")?;
    connection.execute_batch(&MESSAGES.replace("{messages}", "arrivals"))
}

/// The second half of a rebuild, for messages of whole hours: none of them is there yet, and the
/// views of `rebuild/slice.sql` hold all that is known of them. `hours` and `times` are conditions on
/// the hour and the time of messages.
pub(super) fn make_whole(connection: &Connection, hours: &str, times: &str) -> duckdb::Result<()> {
    timed("deltas", || deltas::of_slice(connection))?;
    timed("messages", || {
        connection.execute_batch(&MESSAGES.replace("{messages}", "messages"))?;
        connection.execute_batch(LINKS)
    })?;
    timed("orphans", || {
        leave_orphans(connection, "SELECT event_id FROM new_message")
    })?;
    let judged = format!("SELECT message_id FROM messages WHERE {hours} AND {JUDGED_BY_FACTS}");
    timed("judge", || {
        judge(connection, &judged, times, &[("messages", hours)])
    })?;
    timed("buckets", || {
        let counted = format!("(SELECT {COUNTED}, 1 AS sign FROM messages WHERE {hours})");
        buckets::count(connection, &counted)
    })
}

pub(super) fn insert_facts(connection: &Connection) -> duckdb::Result<()> {
    let (first, last) = id_range(
        connection,
        "SELECT receipt_id AS event_id FROM new_receipt WHERE message_id IS NULL",
    )?;
    let mut sql = FACTS
        .replace("{first_receipt}", &first)
        .replace("{last_receipt}", &last);
    for kind in Kind::ALL {
        sql = sql.replace(&format!("{{{kind}}}"), &names(kind));
    }
    connection.execute_batch(&sql)
}

/// The older messages that the new events are about.
fn find(connection: &Connection) -> duckdb::Result<()> {
    let places = PLACES.replace("{sought}", "sought");
    let sql = FIND.replace("{places}", &places).replace("{state}", STATE);
    connection.execute_batch(&sql)?;
    let hours = hours_without_their_message(connection)?;
    if hours.is_empty() {
        return Ok(());
    }
    let rest = FIND_REST
        .replace("{state}", STATE)
        .replace("{hours}", &hours_condition(&hours));
    connection.execute_batch(&rest)
}

/// The hours of messages that were not found, in order.
fn hours_without_their_message(connection: &Connection) -> duckdb::Result<Vec<DateTime<Utc>>> {
    connection
        .prepare(
            "SELECT DISTINCT date_trunc('hour', message_recorded_at) FROM older_deltas \
             WHERE message_id NOT IN (SELECT message_id FROM found) ORDER BY 1",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// A literal condition on `hour`: DuckDB prunes row groups by literals, not by a join.
fn hours_condition(hours: &[DateTime<Utc>]) -> String {
    match hours {
        [first, .., last] if hours.len() > MOST_LISTED_HOURS => {
            format!("hour BETWEEN {} AND {}", instant(first), instant(last))
        }
        _ => {
            let list: Vec<_> = hours.iter().map(instant).collect();
            format!("hour IN ({})", list.join(", "))
        }
    }
}

/// A time as SQL has it.
pub(super) fn instant(time: &DateTime<Utc>) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("TIMESTAMPTZ '{text}'")
}

fn leave_orphans(connection: &Connection, known: &str) -> duckdb::Result<()> {
    connection.execute_batch(&ORPHANS.replace("{known}", known))
}

/// Judges the messages of a load, before they are written. Of older ones those that came to evidence: what
/// the others have is judged already, and a click on a text of weeks ago would have the receipts of weeks
/// read.
fn judge_load(connection: &Connection, threads: Threads) -> duckdb::Result<()> {
    let of = |column| {
        format!(
            "SELECT {column} FROM changes WHERE {JUDGED_BY_FACTS} AND message_id IN \
             (SELECT message_id FROM older_deltas WHERE evidence IS NOT NULL) \
             UNION ALL SELECT {column} FROM arrivals WHERE {JUDGED_BY_FACTS}"
        )
    };
    let range = format!(
        "SELECT min(message_recorded_at), max(message_recorded_at) FROM ({})",
        of("message_recorded_at")
    );
    let range: (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
        connection.query_row(&range, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = range else {
        return Ok(());
    };
    // Its events may tell another time than its own line, but for the hour.
    let times = format!(
        "message_recorded_at BETWEEN date_trunc('hour', {}) \
         AND date_trunc('hour', {}) + INTERVAL 1 HOUR",
        instant(&first),
        instant(&last)
    );
    let tables = [("changes", "true"), ("arrivals", "true")];
    threads.all(connection, || {
        judge(connection, &of("message_id"), &times, &tables)
    })
}

/// The status of messages with receipts by segment, or with corrected ones: `judged` selects their
/// ids. They stand in `tables`, there under a condition.
fn judge(
    connection: &Connection,
    judged: &str,
    times: &str,
    tables: &[(&str, &str)],
) -> duckdb::Result<()> {
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE judged_messages AS {judged}"
    ))?;
    let any = "SELECT EXISTS (FROM judged_messages)";
    if !connection.query_row(any, [], |row| row.get(0))? {
        return Ok(());
    }
    connection.execute_batch(&JUDGE.replace("{times}", times))?;
    for (messages, which) in tables {
        let sql = JUDGED
            .replace("{messages}", messages)
            .replace("{which}", which);
        connection.execute_batch(&sql)?;
    }
    Ok(())
}
