//! Subscribers: the random ids that stand for numbers.

use super::schema::subscribers;
use super::statement::prepared;
use crate::domain::phone::PhoneNumber;
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Uuid as SqlUuid};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// As many as the messages of a statement: see the recorder's sends.
const NUMBERS_A_STATEMENT: usize = 500;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The ids of these numbers; numbers not seen before get one.
///
/// Runs outside of the caller's transaction: an id without a message harms nobody, and the unique
/// key's locks are gone before the transaction takes its own.
pub(super) fn resolve<'a>(
    conn: &mut PgConnection,
    numbers: impl Iterator<Item = &'a PhoneNumber>,
) -> QueryResult<HashMap<String, Uuid>> {
    resolve_with_pauses(conn, numbers, || ())
}

/// The same, with a call of `pause` between two pieces of many numbers.
pub(super) fn resolve_with_pauses<'a>(
    conn: &mut PgConnection,
    numbers: impl Iterator<Item = &'a PhoneNumber>,
    mut pause: impl FnMut(),
) -> QueryResult<HashMap<String, Uuid>> {
    let wanted: BTreeMap<&str, &PhoneNumber> =
        numbers.map(|number| (number.as_str(), number)).collect();
    let wanted: Vec<&PhoneNumber> = wanted.into_values().collect();
    let mut known = HashMap::with_capacity(wanted.len());
    for piece in wanted.chunks(NUMBERS_A_STATEMENT) {
        if !known.is_empty() {
            pause();
        }
        known.extend(resolve_piece(conn, piece)?);
    }
    Ok(known)
}

fn resolve_piece(
    conn: &mut PgConnection,
    wanted: &[&PhoneNumber],
) -> QueryResult<HashMap<String, Uuid>> {
    let mut known = find(conn, &texts(wanted))?;
    let missing = |known: &HashMap<String, Uuid>| -> Vec<&PhoneNumber> {
        let numbers = wanted.iter().copied();
        numbers
            .filter(|number| !known.contains_key(number.as_str()))
            .collect()
    };
    let unknown = missing(&known);
    if !unknown.is_empty() {
        known.extend(insert(conn, &unknown)?);
    }
    // Another server was first.
    let unknown = missing(&known);
    if !unknown.is_empty() {
        known.extend(find(conn, &texts(&unknown))?);
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
/// circle. Random ids (v4): they must tell nothing, not even when the number was first seen. The ids of
/// those that are new.
fn insert(conn: &mut PgConnection, numbers: &[&PhoneNumber]) -> QueryResult<HashMap<String, Uuid>> {
    let ids = numbers
        .iter()
        .map(|_| uuid::Builder::from_random_bytes(rand::random()).into_uuid());
    let rows: Vec<Row> = prepared(include_str!("sql/put_subscribers.sql"))
        .bind::<Array<SqlUuid>, _>(ids.collect::<Vec<_>>())
        .bind::<Array<Text>, _>(texts(numbers))
        .bind::<Array<Nullable<Text>>, _>(
            numbers
                .iter()
                .map(|number| number.country())
                .collect::<Vec<_>>(),
        )
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.number, row.id)).collect())
}

fn texts<'a>(numbers: &[&'a PhoneNumber]) -> Vec<&'a str> {
    numbers.iter().map(|number| number.as_str()).collect()
}
