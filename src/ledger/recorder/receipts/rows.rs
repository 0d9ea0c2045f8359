//! Receipts as columns of a multi-row insert, into either of the two tables.

use super::super::super::statement::prepared;
use super::PendingReceipt;
use super::corrections::Key;
use crate::domain::status::{DeliveryLevel, ErrorClass};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::HashSet;
use uuid::Uuid;

/// Rows to insert.
#[derive(Default)]
pub(super) struct Insert<'a> {
    message_ids: Vec<Option<Uuid>>,
    fingerprints: Vec<Uuid>,
    ids: Vec<Uuid>,
    gateways: Vec<&'a str>,
    gateway_message_ids: Vec<Option<&'a str>>,
    statuses: Vec<&'static str>,
    raw_statuses: Vec<&'a str>,
    error_codes: Vec<Option<&'a str>>,
    error_classes: Vec<Option<&'static str>>,
    synthetic: Vec<bool>,
    segment_numbers: Vec<Option<i32>>,
    gateway_times: Vec<Option<DateTime<Utc>>>,
    recorded_at: Vec<DateTime<Utc>>,
    permanent: Vec<Option<bool>>,
    delivery_levels: Vec<Option<&'static str>>,
    request_ids: Vec<Option<Uuid>>,
    request_items: Vec<Option<i32>>,
    corrects: Vec<Option<Uuid>>,
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl<'a> Insert<'a> {
    /// Adds a receipt; a parked one keeps the message id that its callback claimed.
    pub(super) fn push(&mut self, receipt: &'a PendingReceipt, message_id: Option<Uuid>, key: Key) {
        let new = &receipt.new;
        self.message_ids.push(message_id.or(new.message_id));
        self.fingerprints.push(key.fingerprint);
        self.ids.push(new.id);
        self.gateways.push(&new.gateway);
        self.gateway_message_ids
            .push(new.gateway_message_id.as_deref());
        self.statuses.push(new.status.as_str());
        self.raw_statuses.push(&new.raw_status);
        self.error_codes.push(new.error_code.as_deref());
        self.error_classes
            .push(new.error_class.map(ErrorClass::as_str));
        self.synthetic.push(new.synthetic);
        self.segment_numbers.push(new.segment_number.map(i32::from));
        self.gateway_times.push(new.gateway_time);
        self.recorded_at.push(receipt.recorded_at);
        self.permanent.push(new.permanent);
        self.delivery_levels
            .push(new.delivery_level.map(DeliveryLevel::as_str));
        let origin = receipt.origin;
        self.request_ids
            .push(origin.map(|origin| origin.request_id));
        self.request_items.push(origin.map(|origin| origin.item));
        self.corrects.push(key.corrects);
    }

    /// Inserts into `receipts`; the ids of those that were not there.
    pub(super) fn into_receipts(self, conn: &mut PgConnection) -> QueryResult<HashSet<Uuid>> {
        self.insert(conn, include_str!("../sql/receipts.sql"))
    }

    /// Inserts into `parked_receipts`; the ids of those that were not there.
    pub(super) fn into_parked_receipts(
        self,
        conn: &mut PgConnection,
    ) -> QueryResult<HashSet<Uuid>> {
        self.insert(conn, include_str!("../sql/parked_receipts.sql"))
    }

    fn insert(self, conn: &mut PgConnection, sql: &'static str) -> QueryResult<HashSet<Uuid>> {
        if self.ids.is_empty() {
            return Ok(HashSet::new());
        }
        let written: Vec<Written> = prepared(sql)
            .bind::<Array<Nullable<SqlUuid>>, _>(self.message_ids)
            .bind::<Array<SqlUuid>, _>(self.fingerprints)
            .bind::<Array<SqlUuid>, _>(self.ids)
            .bind::<Array<Text>, _>(self.gateways)
            .bind::<Array<Nullable<Text>>, _>(self.gateway_message_ids)
            .bind::<Array<Text>, _>(self.statuses)
            .bind::<Array<Text>, _>(self.raw_statuses)
            .bind::<Array<Nullable<Text>>, _>(self.error_codes)
            .bind::<Array<Nullable<Text>>, _>(self.error_classes)
            .bind::<Array<Bool>, _>(self.synthetic)
            .bind::<Array<Nullable<Integer>>, _>(self.segment_numbers)
            .bind::<Array<Nullable<Timestamptz>>, _>(self.gateway_times)
            .bind::<Array<Timestamptz>, _>(self.recorded_at)
            .bind::<Array<Nullable<Bool>>, _>(self.permanent)
            .bind::<Array<Nullable<Text>>, _>(self.delivery_levels)
            .bind::<Array<Nullable<SqlUuid>>, _>(self.request_ids)
            .bind::<Array<Nullable<Integer>>, _>(self.request_items)
            .bind::<Array<Nullable<SqlUuid>>, _>(self.corrects)
            .load(conn)?;
        Ok(written.into_iter().map(|row| row.id).collect())
    }
}
