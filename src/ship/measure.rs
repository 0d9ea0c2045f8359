//! What the shipper tells of itself.

use super::error::ShipError;
use crate::cause::with_causes;
use crate::domain::window::{ON_ITS_WAY, WindowId};
use crate::lake::manifest::Manifest;
use crate::ledger::counts::{Counted, Proof};
use crate::ledger::epochs::{Begun, Break};
use crate::ledger::windows::Backlog;
use metrics::{counter, gauge, histogram};
use std::time::{Duration, Instant};

/// The epoch that this ledger is in.
pub(super) fn epoch(epoch: i32) {
    gauge!("textrail_ledger_epoch").set(f64::from(epoch));
}

/// A new epoch was begun, by this shipper.
pub(super) fn epoch_began(ended: i32, begun: Begun, broken: Break) {
    counter!("textrail_epochs_begun_total", "reason" => broken.as_str()).increment(1);
    epoch(begun.epoch);
    tracing::error!(
        ended,
        epoch = begun.epoch,
        found = broken.as_str(),
        first_link_number = begun.first_link_number,
        "this ledger was restored, or is new to this lake: a new epoch began. All events that are \
         not known to be safe in the lake are shipped again (the warehouse takes each once), and no \
         short code is issued twice. `textrail verify` lists the windows that only the lake has"
    );
}

/// A window was sealed.
pub(super) fn sealed(id: WindowId) {
    counter!("textrail_windows_sealed_total").increment(1);
    tracing::debug!(epoch = id.epoch, window = id.number, "sealed a window");
}

/// A window was shipped, by this shipper; one without a manifest was empty.
pub(super) fn shipped(id: WindowId, manifest: Option<&Manifest>, begun: Instant) {
    counter!("textrail_windows_shipped_total").increment(1);
    histogram!("textrail_ship_duration_seconds").record(begun.elapsed().as_secs_f64());
    let Some(manifest) = manifest else { return };
    for file in &manifest.files {
        counter!("textrail_shipped_rows_total", "kind" => file.kind.clone()).increment(file.rows);
        counter!("textrail_shipped_bytes_total", "of" => "text").increment(file.text_bytes);
        counter!("textrail_shipped_bytes_total", "of" => "object").increment(file.object_bytes);
    }
    tracing::info!(
        epoch = id.epoch,
        window = id.number,
        rows = manifest.rows(),
        files = manifest.files.len(),
        "shipped a window"
    );
}

/// What waits.
pub(super) fn backlog(backlog: &Backlog) {
    gauge!("textrail_outbox_unsealed_rows").set(backlog.unsealed_rows as f64);
    gauge!("textrail_outbox_oldest_unsealed_age_seconds").set(backlog.oldest_seconds);
    gauge!("textrail_ship_backlog_windows").set(backlog.unshipped_windows as f64);
}

/// A window was counted; what differs is told of, loudly.
pub(super) fn counted(id: WindowId, counted: &Counted, begun: Instant) {
    histogram!("textrail_verify_count_duration_seconds").record(begun.elapsed().as_secs_f64());
    if counted.reclaimed {
        tracing::error!(
            epoch = id.epoch,
            window = id.number,
            "a window cannot be counted: an older version, which counts nothing, emptied the outbox \
             of it. Its files were verified, and it is held against nothing else"
        );
        return;
    }
    if !counted.equal {
        tracing::error!(
            epoch = id.epoch,
            window = id.number,
            events = counted.events(),
            "the ledger counts other events in a window than were shipped: the outbox is kept; see \
             `textrail verify` and its --accept"
        );
    }
    if counted.without_fact() != 0 || counted.alone != 0 {
        tracing::error!(
            epoch = id.epoch,
            window = id.number,
            events_without_fact = counted.without_fact(),
            facts_without_event = counted.alone,
            "facts and events of the ledger are not the same: see `textrail verify`"
        );
    }
}

/// A window's count failed; the next one is counted.
pub(super) fn set_aside(id: WindowId, error: &ShipError, again_in: Duration) {
    counter!("textrail_ship_failures_total", "reason" => "count").increment(1);
    tracing::error!(
        epoch = id.epoch,
        window = id.number,
        error = with_causes(error),
        ?again_in,
        "a window could not be counted: the outbox is kept from it on, and it will be tried again"
    );
}

/// How far the ledger's half of the proof is.
pub(super) fn proof(proof: &Proof) {
    let between = [
        ("ledger_lake", proof.windows_differing),
        ("event_fact", proof.events_without_fact),
        ("fact_event", proof.facts_without_event),
    ];
    for (between, differences) in between {
        gauge!("textrail_verify_differences", "between" => between).set(differences as f64);
    }
    if let Some(number) = proof.proven {
        gauge!("textrail_verify_proven_window", "half" => "ledger_lake").set(number as f64);
    }
    let differ = between.iter().any(|(_, differences)| *differences != 0);
    unproven(proof.waiting_seconds, differ);
}

/// The ledger does not tell how far the proof is, for so long.
pub(super) fn unseen(age: Duration) {
    unproven(age.as_secs_f64(), false);
}

fn unproven(seconds: f64, differ: bool) {
    gauge!("textrail_verify_oldest_unproven_age_seconds", "half" => "ledger_lake").set(seconds);
    let alarm = differ || seconds > ON_ITS_WAY.as_secs_f64();
    gauge!("textrail_verify_alarm", "half" => "ledger_lake").set(f64::from(u8::from(alarm)));
}

/// How large the outbox is, how fast it grows, and the seconds until it has no more room.
pub(super) fn room(bytes: u64, bytes_a_second: f64, seconds_left: Option<f64>) {
    gauge!("textrail_outbox_bytes").set(bytes as f64);
    gauge!("textrail_outbox_growth_bytes_per_second").set(bytes_a_second);
    if let Some(seconds) = seconds_left {
        gauge!("textrail_outbox_seconds_left").set(seconds);
    }
}

/// Something failed and will be tried again.
pub(super) fn failed(error: &ShipError, what: &'static str) {
    counter!("textrail_ship_failures_total", "reason" => error.reason()).increment(1);
    tracing::error!(error = with_causes(error), "{what}: it will be tried again");
}

/// A child of the outbox was emptied.
pub(super) fn reclaimed(slot: i32) {
    counter!("textrail_outbox_reclaimed_total").increment(1);
    tracing::info!(slot, "reclaimed a part of the outbox");
}
