//! Subscribers: the random ids that stand for numbers.

use super::schema::subscribers;
use crate::domain::phone::PhoneNumber;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The ids of these numbers; numbers not seen before get one.
///
/// Runs outside of the caller's transaction: an id without a message harms nobody, and the unique
/// key's locks are gone before the transaction takes its own.
pub(super) fn resolve<'a>(
    conn: &mut PgConnection,
    numbers: impl Iterator<Item = &'a PhoneNumber>,
) -> QueryResult<HashMap<String, Uuid>> {
    let wanted: BTreeMap<&str, &PhoneNumber> =
        numbers.map(|number| (number.as_str(), number)).collect();
    let all: Vec<&str> = wanted.keys().copied().collect();
    let mut known = find(conn, &all)?;
    let unknown: Vec<&PhoneNumber> = wanted
        .iter()
        .filter(|(number, _)| !known.contains_key(**number))
        .map(|(_, number)| *number)
        .collect();
    if !unknown.is_empty() {
        insert(conn, &unknown)?;
        // Read again rather than trust our own ids: another server may have been first.
        let numbers: Vec<&str> = unknown.iter().map(|number| number.as_str()).collect();
        known.extend(find(conn, &numbers)?);
    }
    Ok(known)
}

fn find(conn: &mut PgConnection, numbers: &[&str]) -> QueryResult<HashMap<String, Uuid>> {
    let rows: Vec<(String, Uuid)> = subscribers::table
        .filter(subscribers::number.eq_any(numbers))
        .select((subscribers::number, subscribers::id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Inserts in the order of numbers, as every server does, so that two never wait for each other in a
/// circle. Random ids (v4): they must tell nothing, not even when the number was first seen.
fn insert(conn: &mut PgConnection, numbers: &[&PhoneNumber]) -> QueryResult<()> {
    for chunk in numbers.chunks(1000) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|number| {
                (
                    subscribers::id
                        .eq(uuid::Builder::from_random_bytes(rand::random()).into_uuid()),
                    subscribers::number.eq(number.as_str()),
                    subscribers::country.eq(number.country()),
                )
            })
            .collect();
        diesel::insert_into(subscribers::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(conn)?;
    }
    Ok(())
}
