//! A rebuild's second half: messages and buckets, once, from the facts that were gathered.
//!
//! Slice by slice of the messages' time, so that memory does not grow with history and a killed
//! rebuild goes on at the slice in hand. A slice is whole hours, so no bucket is in two of them.

use super::{
    Generation,
    merge::{self, instant},
    refused,
    steps::timed,
};
use crate::warehouse::WarehouseError;
use chrono::{DateTime, Utc};
use duckdb::{Connection, params};

const SLICES: &str = include_str!("../sql/rebuild/slices.sql");
const SLICE: &str = include_str!("../sql/rebuild/slice.sql");
const FINISH: &str = include_str!("../sql/rebuild/finish.sql");
/// Its statements, for the rules.
pub(super) const STATEMENTS: [&str; 1] = [SLICE];

/// Messages of a slice, unless one hour has more. Tests have few, and several slices.
const SLICE_MESSAGES: u64 = if cfg!(test) { 10 } else { 1_000_000 };

/// Messages recorded from `from` (none: from the first) to before `to` (none: to the last).
#[derive(Clone, Copy, Debug)]
struct Slice {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    messages: u64,
}

impl Slice {
    /// The condition that a column of times is in it.
    fn holds(&self, column: &str) -> String {
        let from = self
            .from
            .map(|from| format!("{column} >= {}", instant(&from)));
        let to = self.to.map(|to| format!("{column} < {}", instant(&to)));
        let bounds: Vec<_> = from.into_iter().chain(to).collect();
        if bounds.is_empty() {
            "true".to_owned()
        } else {
            bounds.join(" AND ")
        }
    }
}

/// Makes what is not made yet; tells how many messages are, of how many.
pub(super) fn derive(
    generation: &Generation,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), WarehouseError> {
    // A connection of its own: the slice's views have the names of the gathering's.
    let mut connection = generation.connect()?;
    let begun = generation.nature()?.derived_before;
    let slices = slices(&connection, begun).map_err(refused("cut its messages into slices"))?;
    let of = slices.iter().map(|slice| slice.messages).sum();
    let mut made = 0;
    tell(made, of);
    for slice in slices {
        fail::fail_point!("reprocess.derive.before");
        make(&mut connection, &slice).map_err(refused("make messages and buckets"))?;
        fail::fail_point!("reprocess.derive.after");
        made += slice.messages;
        tell(made, of);
    }
    generation.set_whole(true);
    Ok(())
}

/// What is left, in order, the last one without an end.
fn slices(connection: &Connection, begun: Option<DateTime<Utc>>) -> duckdb::Result<Vec<Slice>> {
    let rest = Slice {
        from: begun,
        to: None,
        messages: 0,
    };
    let sql = SLICES.replace("{after}", &rest.holds("recorded_at"));
    let hours: Vec<(DateTime<Utc>, u64)> = connection
        .prepare(&sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<duckdb::Result<_>>()?;
    let mut slices = vec![rest];
    for (hour, messages) in hours {
        let last = slices.len() - 1;
        let slice = &mut slices[last];
        if slice.messages > 0 && slice.messages + messages > SLICE_MESSAGES {
            slice.to = Some(hour);
            slices.push(Slice {
                from: Some(hour),
                to: None,
                messages,
            });
        } else {
            slice.messages += messages;
        }
    }
    Ok(slices)
}

/// One slice, one transaction.
fn make(connection: &mut Connection, slice: &Slice) -> duckdb::Result<()> {
    let transaction = connection.transaction()?;
    let views = SLICE
        .replace("{recorded}", &slice.holds("recorded_at"))
        .replace("{about}", &slice.holds("message_recorded_at"));
    transaction.execute_batch(&views)?;
    let hours = slice.holds("hour");
    merge::make_whole(&transaction, &hours, &slice.holds("message_recorded_at"))?;
    match slice.to {
        Some(to) => {
            transaction.execute(
                "UPDATE generation SET state = 'deriving', derived_before = ?",
                params![to],
            )?;
        }
        None => transaction.execute_batch(FINISH)?,
    }
    timed("commit", || transaction.commit())
}
