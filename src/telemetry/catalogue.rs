//! What each metric means, in the words that `/metrics` shows. One that no part of a process touches
//! does not appear there.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Only grows.
const COUNTERS: &[(&str, &str)] = &[
    (
        "textrail_http_requests_total",
        "Requests answered, by route, method and status",
    ),
    (
        "textrail_clicks_refused_total",
        "Visits that were redirected but that the ledger refused to record: a mistake of ours",
    ),
    (
        "textrail_link_reads_total",
        "Links that were visited and were not in memory, so that PostgreSQL was asked for them; grows with the visits where ledger.link_memory_bytes is too little",
    ),
    (
        "textrail_webhooks_refused_total",
        "Webhooks that did not prove that they come from the gateway, by gateway; the log says which part failed",
    ),
    (
        "textrail_webhooks_without_items_total",
        "Webhooks that were acknowledged and told nothing, by gateway and kind: summaries, events of other kinds, or a provider that calls the wrong URL",
    ),
    (
        "textrail_webhook_items_refused_total",
        "Items of gateways' webhooks that could not be read, by gateway and kind",
    ),
    (
        "textrail_commit_failures_total",
        "Transactions of the recorder that failed, by lane; most are repeated",
    ),
    (
        "textrail_recorder_refused_total",
        "Calls that were answered 503 because the lane's queue was full, by lane",
    ),
    (
        "textrail_recorder_connect_failures_total",
        "Attempts of the recorder's threads to reach PostgreSQL that failed",
    ),
    (
        "textrail_inbound_incomplete_total",
        "Subscribers' texts that were recorded although parts of them did not come in time",
    ),
    (
        "textrail_spooled_facts_total",
        "Facts that went to the spool because PostgreSQL was away or too slow, by stream",
    ),
    (
        "textrail_spool_drained_facts_total",
        "Facts of the spool that are in the ledger, by stream",
    ),
    (
        "textrail_spool_refused_facts_total",
        "Facts of the spool that the ledger refused; kept under refused/ in the spool's folder",
    ),
    (
        "textrail_spool_full_total",
        "Calls that were answered 503 because the spool was full",
    ),
    (
        "textrail_spool_torn_bytes_total",
        "Bytes cut off segments of the spool that were never written to their end",
    ),
    (
        "textrail_spool_damaged_total",
        "Damaged places found in segments of the spool; a copy of each segment is kept",
    ),
    (
        "textrail_windows_sealed_total",
        "Windows sealed by this process",
    ),
    (
        "textrail_windows_shipped_total",
        "Windows shipped by this process, empty ones included",
    ),
    ("textrail_shipped_rows_total", "Log lines shipped"),
    (
        "textrail_shipped_bytes_total",
        "Bytes shipped: of text before compression, and of objects",
    ),
    (
        "textrail_ship_failures_total",
        "Attempts to seal, ship or verify that failed, by reason; all are repeated",
    ),
    (
        "textrail_ship_takeovers_total",
        "Times that this shipper took over from an active one that was silent for too long: frozen, or \
         cut off from the ledger",
    ),
    (
        "textrail_epochs_begun_total",
        "New epochs that this process began, by what was found: the ledger was restored, promoted, or \
         is new to this lake",
    ),
    (
        "textrail_outbox_reclaimed_total",
        "Children of the outbox that were emptied",
    ),
    (
        "textrail_windows_loaded_total",
        "Windows loaded into the warehouse by this process",
    ),
    ("textrail_load_rows_total", "Log lines loaded, by kind"),
    (
        "textrail_load_unknown_keys_total",
        "Keys in log lines that this version does not know, by kind: a newer writer may be ahead",
    ),
    (
        "textrail_quarantined_lines_total",
        "Log lines put aside because they cannot be loaded, by kind",
    ),
    (
        "textrail_load_damaged_files_total",
        "Files that were put as damaged gzip, by kind; what cannot be read of them is in quarantine",
    ),
    (
        "textrail_queue_messages_total",
        "Messages received from the queue, by sort: manifest, ordinary (other objects of the lake), \
         test, foreign, malformed; the last two are set aside",
    ),
    (
        "textrail_queue_acknowledged_total",
        "Messages deleted from the queue",
    ),
    (
        "textrail_queue_failures_total",
        "Calls to the queue that failed, by action: receive, acknowledge, hide, attributes (its dead \
         letters); messages come again",
    ),
    (
        "textrail_load_failures_total",
        "Windows that could not be loaded, and looks that failed, by reason; all are tried again",
    ),
];

/// Goes up and down.
const GAUGES: &[(&str, &str)] = &[
    (
        "textrail_ledger_epoch",
        "The epoch that the ledger is in; one more after each restore",
    ),
    (
        "textrail_inbound_parts_waiting",
        "Parts of subscribers' texts that wait for the others",
    ),
    (
        "textrail_ledger_away_seconds",
        "For how long PostgreSQL has been away, as this server knows; 0 while it is there",
    ),
    (
        "textrail_spool_facts",
        "Facts on this server's disk that are not in the ledger yet, by stream; inbound ones go first; stuck-inbound ones are tried every second, and sends are refused until they are in; stuck ones are tried every 30 s",
    ),
    (
        "textrail_sends_stuck_seconds",
        "For how long sends have been refused because PostgreSQL is there and does not take a subscriber's message, whose row somebody holds; 0 when all is well",
    ),
    ("textrail_spool_bytes", "Bytes of them on disk"),
    (
        "textrail_spool_oldest_age_seconds",
        "Age of the oldest segment of the spool",
    ),
    (
        "textrail_spool_set_aside",
        "What a person should look at in the spool's folder: damaged_segments, refused_facts; 0 when all is well",
    ),
    (
        "textrail_outbox_unsealed_rows",
        "Committed events that are in no window yet",
    ),
    (
        "textrail_outbox_oldest_unsealed_age_seconds",
        "Age of the oldest of them",
    ),
    (
        "textrail_outbox_bytes",
        "Bytes of the outbox and its indexes on PostgreSQL's disk",
    ),
    (
        "textrail_outbox_growth_bytes_per_second",
        "Bytes that the outbox grew by, a second, in the last hour; what was reclaimed is not taken off",
    ),
    (
        "textrail_outbox_seconds_left",
        "Seconds until the outbox has no more room if nothing is reclaimed; alarm below half a day. \
         There if shipper.outbox_room_bytes is set, or PostgreSQL is the private one",
    ),
    (
        "textrail_ship_backlog_windows",
        "Sealed windows that are not shipped yet",
    ),
    (
        "textrail_warehouse_orphan_events",
        "Events in the warehouse whose message has not come",
    ),
    (
        "textrail_warehouse_parked_receipts",
        "Receipts in the warehouse whose message is not known yet",
    ),
    (
        "textrail_warehouse_quarantined_lines",
        "Lines in quarantine",
    ),
    (
        "textrail_warehouse_bucket_changes",
        "Rows that loads appended to the reports' buckets and that are not folded into them yet",
    ),
    (
        "textrail_warehouse_message_changes",
        "Messages that loads changed and whose rows in their table do not say so yet",
    ),
    (
        "textrail_warehouse_windows_ahead",
        "Windows that are loaded while one before them is missing: reports say they are complete \
         only up to the gap",
    ),
    (
        "textrail_warehouse_older_rules",
        "1 while the generation that answers was made by the rules of another version: \
         `textrail reprocess` makes one by this version's",
    ),
    (
        "textrail_load_stopped_windows",
        "Windows that are stopped: a file is missing or altered, or a manifest cannot be read; the \
         log names them",
    ),
    (
        "textrail_load_unknown_keys_alarm",
        "1 for a day after this loader last left out a key that it does not know: a newer writer is \
         ahead; 0 when all is well",
    ),
    (
        "textrail_load_standby",
        "1 while this loader waits for a warehouse that another process owns",
    ),
    (
        "textrail_load_stopped_window",
        "1 for each of the first hundred of them, by manifest and reason; 0 once it is loaded",
    ),
    ("textrail_warehouse_bytes", "Bytes of the warehouse on disk"),
    (
        "textrail_verify_differences",
        "What was found to differ and is not mended, by the two sides compared; 0 when all is well",
    ),
    (
        "textrail_verify_proven_window",
        "Number of the newest window that is proven, by the half of the proof",
    ),
    (
        "textrail_verify_oldest_unproven_age_seconds",
        "For how long the oldest thing that is not proven has waited, by the half of the proof: in the \
         ledger's since its seal, in the lake's since the loader saw it; of one that cannot look, since \
         it could; 0 when nothing waits",
    ),
    (
        "textrail_verify_alarm",
        "1 if anything differs, a window is stopped, or anything waits for its proof for over ten \
         minutes, by the half of the proof; 0 when all is well",
    ),
];

/// How values spread.
const HISTOGRAMS: &[(&str, &str)] = &[
    (
        "textrail_http_request_duration_seconds",
        "Time from a request's head to its answer, by route",
    ),
    (
        "textrail_commit_batch_rows",
        "Rows that one transaction of the recorder was handed, by lane",
    ),
    (
        "textrail_commit_duration_seconds",
        "Time from taking a batch to its answers, by lane: reconnects and repetitions included",
    ),
    (
        "textrail_ship_duration_seconds",
        "Time to write, upload and confirm a window",
    ),
    (
        "textrail_queue_message_age_seconds",
        "Time from the posting of a message to the queue until it was received",
    ),
    (
        "textrail_verify_count_duration_seconds",
        "Time to count a window in the ledger and to hold the count against its manifest",
    ),
    (
        "textrail_load_duration_seconds",
        "Time of one transaction of the warehouse",
    ),
    (
        "textrail_load_stage_duration_seconds",
        "Time to fetch, check and lay ready the windows of such a transaction",
    ),
    (
        "textrail_load_step_duration_seconds",
        "Time of a part of such a transaction, by step",
    ),
    (
        "textrail_commit_to_report_seconds",
        "Lag from the recording of a file's oldest line until the reports have it",
    ),
];

/// Describes every metric.
pub(super) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(*name, *meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(*name, *meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(*name, *meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Names in the calls of one macro, in all files under a folder.
    fn used(folder: &Path, call: &str, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, call, names);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                for (at, _) in code.match_indices(call) {
                    let argument = code[at + call.len()..].trim_start();
                    let name = argument
                        .strip_prefix('"')
                        .and_then(|rest| rest.split('"').next());
                    names.extend(
                        name.filter(|name| name.starts_with("textrail_"))
                            .map(ToOwned::to_owned),
                    );
                }
            }
        }
    }

    #[test]
    fn every_metric_in_the_code_is_described_and_no_other() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for (call, described) in [
            ("counter!(", COUNTERS),
            ("gauge!(", GAUGES),
            ("histogram!(", HISTOGRAMS),
        ] {
            let mut names = BTreeSet::new();
            used(&source, call, &mut names);
            let described = described
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect::<BTreeSet<_>>();
            assert_eq!(names, described, "{call}");
        }
    }
}
