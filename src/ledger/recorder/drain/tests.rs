use super::*;
use crate::domain::opt_out::OptOutRules;
use crate::ledger::connection::ConnectionSettings;
use crate::ledger::recorder::PersonalData;
use crate::ledger::spool::SpoolSettings;

/// A drainer of records that no ledger is asked about, since none of them can be read: they are put aside.
fn drainer(folder: &std::path::Path) -> (Drainer, Arc<Gate>) {
    let (spool, _) = Spool::open(SpoolSettings {
        directory: folder.join("spool"),
        max_bytes: 1_000_000,
    })
    .unwrap();
    let (wake, woken) = std::sync::mpsc::sync_channel(1);
    let gate = Arc::new(Gate::new(spool.clone(), wake));
    let drainer = Drainer {
        gate: Arc::downgrade(&gate),
        spool,
        woken,
        lanes: Lanes {
            connection: ConnectionSettings::new("postgres://nobody@127.0.0.1:1/nothing"),
            inbounds: inbound::Inbounds::new(
                PersonalData::default(),
                Arc::new(OptOutRules::default()),
            ),
        },
        whole_failures: 0,
        stuck_due: Instant::now(),
        alarm: closed::Alarm::default(),
        until: None,
    };
    (drainer, gate)
}

fn records(gate: &Gate, stream: Stream, count: usize) {
    for _ in 0..count {
        let record = [b"{}".to_vec()];
        gate.spool.append(stream, &record).unwrap().wait().unwrap();
    }
}

/// A reply that the ledger did not take in time goes to the spool and closes the gate; a long backlog of receipts
/// must not keep it closed.
#[test]
fn sends_wait_for_a_reply_and_not_for_the_receipts_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut drainer, gate) = drainer(folder.path());
    let others = Arc::clone(&gate);
    records(&gate, Stream::Receipts, 3);
    let reply = others.spool_inbound(&[b"{}".to_vec()]).unwrap();
    reply.wait().unwrap();
    assert_eq!(gate.phase(), Phase::Draining);

    assert!(drainer.drain(&gate, Stream::Receipts).is_ok());
    assert_eq!(gate.phase(), Phase::Open);
    assert_eq!(gate.spool.waiting(Stream::Receipts), 0);
}

#[test]
fn a_long_backlog_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (mut drainer, gate) = drainer(folder.path());
    records(&gate, Stream::Clicks, 3);
    // Nobody else holds the gate, so nobody hands facts in: what time is left has begun to run.
    assert!(drainer.drain(&gate, Stream::Clicks).is_ok());
    assert!(drainer.until.is_some());

    records(&gate, Stream::Clicks, 3);
    drainer.until = Some(Instant::now());
    assert!(drainer.drain(&gate, Stream::Clicks).is_err());
    assert!(gate.spool.waiting(Stream::Clicks) > 0);
}
