//! Gateways' webhooks as they arrived: kept for some days, so that what could not be read, or was read
//! wrongly, can be read again.
//!
//! The recorder writes them, in the transactions of their facts; this reads them. [`ring`] empties
//! what is older than the time that they are kept.

pub mod ring;

use super::statement::prepared;
use crate::domain::route::Route;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

mod base64_text;

/// The longest time for which requests can be kept. A repetition of an inbound message has to be
/// recognised for longer, or a replay would double it.
pub const LONGEST_KEPT: TimeDelta = TimeDelta::days(30);

/// A verified webhook. It holds what people wrote, and nothing that proved where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRequest {
    /// UUIDv7, drawn at arrival.
    pub id: Uuid,
    /// Whose.
    pub gateway: String,
    /// Which URL was called; what the body tells may be for the other one.
    pub route: Route,
    /// `GET` or `POST`.
    pub method: String,
    /// As it arrived, without what proved the caller.
    pub path_and_query: String,
    /// The headers that reading needs, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The raw body.
    #[serde(with = "base64_text")]
    pub body: Vec<u8>,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// What could not be read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedItem>,
}

/// An item of a webhook that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedItem {
    /// Its place among the call's items, from 0; none if it is the call as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// What is wrong with it; none are told of items behind many others.
    pub faults: Vec<RefusedField>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedField {
    /// The field, in the gateway's words.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Which requests to read, in the order of arrival.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Whose.
    pub gateway: &'a str,
    /// Arrived from here on.
    pub since: DateTime<Utc>,
    /// And before here.
    pub until: DateTime<Utc>,
    /// Only what comes after this one.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = Text)]
    route: String,
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = Text)]
    path_and_query: String,
    #[diesel(sql_type = Jsonb)]
    headers: serde_json::Value,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    arrived_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    refused: Option<serde_json::Value>,
}

impl TryFrom<Row> for KeptRequest {
    type Error = diesel::result::Error;

    fn try_from(row: Row) -> QueryResult<Self> {
        let refused = row.refused.map(serde_json::from_value).transpose();
        let route = Route::parse(&row.route)
            .ok_or_else(|| unreadable(format!("webhook_requests knows a route {}", row.route)))?;
        Ok(Self {
            id: row.id,
            gateway: row.gateway,
            route,
            method: row.method,
            path_and_query: row.path_and_query,
            headers: serde_json::from_value(row.headers).map_err(unreadable)?,
            body: row.body,
            arrived_at: row.arrived_at,
            refused: refused.map_err(unreadable)?.unwrap_or_default(),
        })
    }
}

fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(error.into())
}

/// Reads kept requests.
///
/// # Errors
/// What PostgreSQL says.
pub fn page(conn: &mut PgConnection, page: Page<'_>) -> QueryResult<Vec<KeptRequest>> {
    let rows: Vec<Row> = prepared(include_str!("sql/requests/page.sql"))
        .bind::<Text, _>(page.gateway)
        .bind::<Timestamptz, _>(page.since)
        .bind::<Timestamptz, _>(page.until)
        .bind::<Nullable<SqlUuid>, _>(page.after)
        .bind::<BigInt, _>(page.limit)
        .load(conn)?;
    rows.into_iter().map(KeptRequest::try_from).collect()
}

/// A request of which something was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedRequest {
    /// The kept request.
    pub id: Uuid,
    /// Whose.
    pub gateway: String,
    /// Which URL was called.
    pub route: String,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// What could not be read of it.
    pub refused: Vec<RefusedItem>,
}

/// The latest requests of which something was set aside, the latest first; of one gateway, or of all.
///
/// # Errors
/// What PostgreSQL says.
pub fn refused(
    conn: &mut PgConnection,
    gateway: Option<&str>,
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<RefusedRequest>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        gateway: String,
        #[diesel(sql_type = Text)]
        route: String,
        #[diesel(sql_type = Timestamptz)]
        arrived_at: DateTime<Utc>,
        #[diesel(sql_type = Jsonb)]
        refused: serde_json::Value,
    }
    let found: Vec<Found> = prepared(include_str!("sql/requests/refused.sql"))
        .bind::<Nullable<Text>, _>(gateway)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    let read = found.into_iter().map(|row| {
        Ok(RefusedRequest {
            id: row.id,
            gateway: row.gateway,
            route: row.route,
            arrived_at: row.arrived_at,
            refused: serde_json::from_value(row.refused).map_err(unreadable)?,
        })
    });
    read.collect()
}
