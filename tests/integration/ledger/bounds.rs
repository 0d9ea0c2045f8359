//! A queue has an end: what would be more is refused at once, and nothing that was taken is lost.

use crate::support::ledger::*;
use diesel::connection::SimpleConnection;
use textrail::ledger::facts::RecordError;

#[tokio::test]
async fn a_full_lane_refuses_at_once_and_keeps_what_it_took() {
    let mut ledger = TestLedger::start();
    let recorder = ledger.recorder_with(|settings| settings.queued_rows = 60);
    let fifty = || call((0..50).map(|_| new_message(ALICE, "Hi")).collect());
    let mut holder = ledger.database.connect();
    holder
        .batch_execute("BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        .unwrap();

    let first = tokio::spawn({
        let recorder = recorder.clone();
        let call = fifty();
        async move { recorder.send(call).await }
    });
    tokio::task::yield_now().await;
    let refused = recorder.send(fifty()).await;
    assert!(
        matches!(refused, Err(RecordError::Unavailable)),
        "{refused:?}"
    );

    holder.batch_execute("COMMIT").unwrap();
    first.await.unwrap().unwrap();
    recorder.send(fifty()).await.unwrap();
    assert_eq!(ledger.lines("message").len(), 100);
}
