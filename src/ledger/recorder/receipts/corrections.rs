//! Receipts that are read again from the call that they came in.
//!
//! A receipt is known by its message and its origin, the kept call and the place in it, and counts as
//! what it was last read as: the end of a chain, each link of which `corrects` the one before. Read as
//! the same, nothing is written; read otherwise, the chain grows by one. A repetition by the gateway
//! came in another call, so it corrects nothing: of two calls that tell one receipt in two ways, the
//! first was recorded, and replaying both must come to an end.
//!
//! A chain never leaves its message: whether a receipt counts is asked message by message, and those of
//! another one are neither locked nor read then. What today's mapping finds at another message is new
//! there.

use super::super::super::statement::prepared;
use super::PendingReceipt;
use super::reading::{Identity, Reading, reading_of};
use crate::domain::status::ErrorClass;
use crate::ledger::recorder::fingerprint::fingerprint;
use crate::ledger::recorder::origin::Origin;
use crate::ledger::recorder::parked::TakenIn;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The key of a row to insert, and the receipt that it replaces.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) fingerprint: Uuid,
    pub(super) corrects: Option<Uuid>,
}

/// What a receipt is to those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its own fingerprint tells.
    Ordinary,
    /// It is there as it is read now, or another call told it first.
    Known,
    /// It replaces what it was read as before.
    Correction {
        /// The end of its chain.
        replaced: Uuid,
        /// Whether an earlier reading said that the recipient is opted out at the gateway: that was told
        /// when it was recorded, and may have been undone since.
        told_opt_out: bool,
        /// Whether what it replaces said so, with its message, and it does not.
        withdraws_opt_out: bool,
    },
}

impl Place {
    /// Whether it replaces a reading that told of an opt-out already: telling it again would undo an
    /// opt-in that came since.
    pub(super) fn told_opt_out(self) -> bool {
        matches!(
            self,
            Self::Correction {
                told_opt_out: true,
                ..
            }
        )
    }

    /// Whether it replaces a reading that opted the recipient out, and says nothing of that.
    pub(super) fn withdraws_opt_out(self) -> bool {
        matches!(
            self,
            Self::Correction {
                withdraws_opt_out: true,
                ..
            }
        )
    }

    /// The key of the row, if there is one to insert.
    pub(super) fn key(self, receipt: &PendingReceipt) -> Option<Key> {
        match self {
            Self::Known => None,
            Self::Ordinary => Some(Key {
                fingerprint: receipt.fingerprint,
                corrects: None,
            }),
            Self::Correction { replaced, .. } => Some(Key {
                fingerprint: reading_of(&receipt.new).fingerprint(Some(replaced)),
                corrects: Some(replaced),
            }),
        }
    }
}

/// What each receipt is to those that are there, in order. Only those that are read again are looked
/// for: live traffic asks nothing. The messages are locked; `taken_in` were parked until now.
pub(super) fn places(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
    message_ids: &[Option<Uuid>],
    taken_in: &[TakenIn],
) -> QueryResult<Vec<Place>> {
    let replayed: Vec<(&PendingReceipt, Option<Uuid>)> = receipts
        .iter()
        .copied()
        .zip(message_ids.iter().copied())
        .filter(|(receipt, _)| receipt.replayed_of.is_some())
        .collect();
    if replayed.is_empty() {
        return Ok(vec![Place::Ordinary; receipts.len()]);
    }
    let taken_in = taken_in.iter().map(|found| found.receipt_id).collect();
    let mut known = Known::load(conn, &replayed, taken_in)?;
    let places = receipts
        .iter()
        .zip(message_ids)
        .map(|(receipt, message_id)| {
            if receipt.replayed_of.is_some() {
                known.place(receipt, *message_id)
            } else {
                Place::Ordinary
            }
        });
    Ok(places.collect())
}

/// A hash of what a receipt is read as. Of a parked one, the gateway's id is part of that: it waits under it.
fn compared(
    reading: Reading<'_>,
    message_id: Option<Uuid>,
    gateway_message_id: Option<&str>,
) -> Uuid {
    let waits_under = gateway_message_id.filter(|_| message_id.is_none());
    let reading = reading.fingerprint(None).to_string();
    fingerprint(&[Some(&reading), waits_under])
}

/// A receipt that is there, or that this batch is about to write.
struct Entry {
    id: Uuid,
    /// A hash of what it was read as.
    reading: Uuid,
}

/// Receipts of the messages in question, and parked ones of the same calls.
#[derive(Default)]
struct Known {
    /// The first reading of an item of a call, by message; none is parked.
    roots: HashMap<(Option<Uuid>, Origin), Uuid>,
    /// By message and the receipt that it replaces.
    corrections: HashMap<(Option<Uuid>, Uuid), Entry>,
    readings: HashMap<Uuid, Uuid>,
    /// Receipts that said with their message that its recipient is opted out at the gateway.
    opted_out: HashSet<Uuid>,
    /// Receipts that were parked until now: they have told nothing yet, and their id was another one.
    taken_in: HashSet<Uuid>,
    /// Message and identity.
    identities: HashSet<(Option<Uuid>, Uuid)>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    message_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    claimed_message_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    corrects: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    request_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    request_item: Option<i32>,
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = Nullable<Text>)]
    gateway_message_id: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    raw_status: String,
    #[diesel(sql_type = Nullable<Text>)]
    error_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error_class: Option<String>,
    #[diesel(sql_type = Bool)]
    synthetic: bool,
    #[diesel(sql_type = Nullable<Bool>)]
    permanent: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    delivery_level: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    segment_number: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    gateway_time: Option<DateTime<Utc>>,
}

impl Row {
    fn identity(&self) -> Uuid {
        Identity {
            gateway: &self.gateway,
            gateway_message_id: self.gateway_message_id.as_deref(),
            message_id: self.claimed_message_id,
            segment_number: self.segment_number,
            raw_status: &self.raw_status,
            error_code: self.error_code.as_deref(),
            gateway_time: self.gateway_time,
        }
        .fingerprint()
    }

    fn reading(&self) -> Uuid {
        let reading = Reading {
            status: &self.status,
            synthetic: self.synthetic,
            error_class: self.error_class.as_deref(),
            permanent: self.permanent,
            delivery_level: self.delivery_level.as_deref(),
            segment_number: self.segment_number,
            raw_status: &self.raw_status,
            error_code: self.error_code.as_deref(),
            gateway_time: self.gateway_time,
        };
        compared(reading, self.message_id, self.gateway_message_id.as_deref())
    }

    fn origin(&self) -> Option<Origin> {
        Some(Origin {
            request_id: self.request_id?,
            item: self.request_item?,
        })
    }
}

impl Known {
    fn load(
        conn: &mut PgConnection,
        replayed: &[(&PendingReceipt, Option<Uuid>)],
        taken_in: HashSet<Uuid>,
    ) -> QueryResult<Self> {
        let messages: BTreeSet<Uuid> = replayed.iter().filter_map(|(_, id)| *id).collect();
        let requests: BTreeSet<Uuid> = replayed
            .iter()
            .filter_map(|(receipt, _)| Some(receipt.origin?.request_id))
            .collect();
        let fingerprints: BTreeSet<Uuid> = replayed
            .iter()
            .map(|(receipt, _)| receipt.fingerprint)
            .collect();
        let rows: Vec<Row> = prepared(include_str!("../sql/known_receipts.sql"))
            .bind::<Array<SqlUuid>, _>(messages.iter().copied().collect::<Vec<_>>())
            .bind::<Nullable<SqlUuid>, _>(messages.first())
            .bind::<Nullable<SqlUuid>, _>(messages.last())
            .bind::<Array<SqlUuid>, _>(requests.into_iter().collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(fingerprints.into_iter().collect::<Vec<_>>())
            .load(conn)?;
        let mut known = Self {
            taken_in,
            ..Self::default()
        };
        for row in rows {
            let (identity, reading) = (row.identity(), row.reading());
            known.identities.insert((row.message_id, identity));
            let opted_out = row.error_class.as_deref() == Some(ErrorClass::OptedOut.as_str());
            if opted_out && !known.taken_in.contains(&row.id) {
                known.opted_out.insert(row.id);
            }
            let entry = Entry {
                id: row.id,
                reading,
            };
            known.add(row.message_id, entry, row.origin(), row.corrects);
        }
        Ok(known)
    }

    fn add(
        &mut self,
        message_id: Option<Uuid>,
        entry: Entry,
        origin: Option<Origin>,
        corrects: Option<Uuid>,
    ) {
        self.readings.insert(entry.id, entry.reading);
        match (corrects, origin) {
            (Some(replaced), _) => {
                self.corrections.insert((message_id, replaced), entry);
            }
            (None, Some(origin)) => {
                self.roots.insert((message_id, origin), entry.id);
            }
            (None, None) => {}
        }
    }

    /// What a receipt is; from then on it is among those that are there.
    fn place(&mut self, receipt: &PendingReceipt, message_id: Option<Uuid>) -> Place {
        let new = &receipt.new;
        let reading = compared(
            reading_of(new),
            message_id,
            new.gateway_message_id.as_deref(),
        );
        let opted_out = new.error_class == Some(ErrorClass::OptedOut);
        let root = receipt
            .origin
            .and_then(|origin| self.roots.get(&(message_id, origin)));
        let place = match root.map(|root| self.end_of_chain(message_id, *root)) {
            Some(end) if end.reading == reading && !self.taken_in.contains(&end.id) => {
                return Place::Known;
            }
            Some(end) => Place::Correction {
                replaced: end.id,
                told_opt_out: end.told_opt_out,
                // A parked one has opted nobody out.
                withdraws_opt_out: self.opted_out.contains(&end.id)
                    && !opted_out
                    && message_id.is_some(),
            },
            None if self.is_told(receipt, message_id) => return Place::Known,
            None => Place::Ordinary,
        };
        let corrects = match place {
            Place::Correction { replaced, .. } => Some(replaced),
            _ => None,
        };
        self.identities.insert((message_id, receipt.fingerprint));
        let entry = Entry {
            id: receipt.new.id,
            reading,
        };
        self.add(message_id, entry, receipt.origin, corrects);
        if opted_out {
            self.opted_out.insert(receipt.new.id);
        }
        place
    }

    /// Whether another call told the same.
    fn is_told(&self, receipt: &PendingReceipt, message_id: Option<Uuid>) -> bool {
        self.identities.contains(&(message_id, receipt.fingerprint))
    }

    fn end_of_chain(&self, message_id: Option<Uuid>, root: Uuid) -> End {
        let mut end = End {
            id: root,
            reading: self.readings.get(&root).copied().unwrap_or_default(),
            told_opt_out: self.opted_out.contains(&root),
        };
        // A chain cannot be longer than there are corrections, nor run in a circle: each replaces
        // what was there before it.
        for _ in 0..self.corrections.len() {
            let Some(next) = self.corrections.get(&(message_id, end.id)) else {
                break;
            };
            end = End {
                id: next.id,
                reading: next.reading,
                told_opt_out: end.told_opt_out || self.opted_out.contains(&next.id),
            };
        }
        end
    }
}

/// The last reading of an item.
struct End {
    id: Uuid,
    reading: Uuid,
    /// Whether any of its readings said that the recipient is opted out.
    told_opt_out: bool,
}
