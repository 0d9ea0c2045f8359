//! Gateways' calls, kept in the transaction of their facts.

use super::super::statement::prepared;
use crate::ledger::requests::KeptRequest;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

/// Bytes of a body that weigh as much as a row, in a queue that is bounded by rows.
const BYTES_A_ROW: usize = 1024;

/// About how many rows a kept call is.
pub(super) fn rows(request: Option<&KeptRequest>) -> usize {
    request.map_or(0, |request| 1 + request.body.len() / BYTES_A_ROW)
}

/// Inserts calls, by one statement if there are any; one that is there already is passed over.
pub(super) fn insert<'a>(
    conn: &mut PgConnection,
    requests: impl Iterator<Item = &'a KeptRequest>,
) -> QueryResult<()> {
    let requests: Vec<&KeptRequest> = requests.collect();
    if requests.is_empty() {
        return Ok(());
    }
    let headers: QueryResult<Vec<Value>> = requests
        .iter()
        .map(|request| json(&request.headers))
        .collect();
    let refused: QueryResult<Vec<Option<Value>>> = requests
        .iter()
        .map(|request| match request.refused.as_slice() {
            [] => Ok(None),
            refused => json(refused).map(Some),
        })
        .collect();
    prepared(include_str!("sql/webhook_requests.sql"))
        .bind::<Array<Text>, _>(column(&requests, |one| one.gateway.as_str()))
        .bind::<Array<SqlUuid>, _>(column::<Uuid>(&requests, |one| one.id))
        .bind::<Array<Text>, _>(column(&requests, |one| one.route.as_str()))
        .bind::<Array<Text>, _>(column(&requests, |one| one.method.as_str()))
        .bind::<Array<Text>, _>(column(&requests, |one| one.path_and_query.as_str()))
        .bind::<Array<Jsonb>, _>(headers?)
        .bind::<Array<Binary>, _>(column(&requests, |one| one.body.as_slice()))
        .bind::<Array<Timestamptz>, _>(column::<DateTime<Utc>>(&requests, |one| one.arrived_at))
        .bind::<Array<Nullable<Jsonb>>, _>(refused?)
        .execute(conn)
        .map(|_| ())
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> QueryResult<Value> {
    serde_json::to_value(value)
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

fn column<'a, T>(requests: &[&'a KeptRequest], value: impl Fn(&'a KeptRequest) -> T) -> Vec<T> {
    requests.iter().map(|request| value(request)).collect()
}
