//! Gateways' calls are kept with their facts, set aside where they cannot be read, and emptied in time.

use crate::support::calls::{call_of, kept, kept_at};
use crate::support::eventually::eventually;
use crate::support::ledger::*;
use crate::support::proxy::{Proxy, Way};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use std::time::Duration;
use textrail::domain::route::Route;
use textrail::domain::status::Status;
use textrail::ledger::facts::*;
use textrail::ledger::requests::{self, KeptRequest, Page, RefusedField, RefusedItem, ring};
use textrail::ledger::spool::survey;

const PATIENCE: Duration = Duration::from_secs(30);

/// All that is kept.
fn all(ledger: &TestLedger) -> Vec<KeptRequest> {
    let page = Page {
        gateway: GATEWAY,
        since: Utc::now() - TimeDelta::days(100),
        until: Utc::now() + TimeDelta::hours(1),
        after: None,
        limit: 1_000,
    };
    requests::page(&mut ledger.database.connect(), page).unwrap()
}

fn refusal() -> Vec<RefusedItem> {
    vec![RefusedItem {
        index: Some(1),
        faults: vec![RefusedField {
            field: "sentAt".to_owned(),
            message: "must be a time".to_owned(),
        }],
    }]
}

#[tokio::test]
async fn a_call_is_kept_as_it_came_with_its_facts_or_without() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let receipt = NewReceipt {
        message_id: Some(id),
        ..new_receipt(Status::Delivered)
    };
    let with_facts = KeptRequest {
        refused: refusal(),
        ..kept(Route::Receipts)
    };
    let call = call_of(&with_facts, vec![receipt]);
    let replies = ledger.recorder.gateway_receipts(call).await.unwrap();
    assert_eq!(replies, [ReceiptReply::Recorded]);
    let unreadable = KeptRequest {
        refused: refusal(),
        ..kept(Route::Inbound)
    };
    let call = call_of(&unreadable, Vec::new());
    assert!(
        ledger
            .recorder
            .gateway_inbound(call)
            .await
            .unwrap()
            .is_empty()
    );

    assert_eq!(all(&ledger), [with_facts.clone(), unreadable.clone()]);
    let conn = &mut ledger.database.connect();
    let since = Utc::now() - TimeDelta::days(1);
    let refused = requests::refused(conn, Some(GATEWAY), since, 10).unwrap();
    let ids: Vec<_> = refused.iter().map(|request| request.id).collect();
    assert_eq!(ids, [unreadable.id, with_facts.id], "the latest first");
    assert_eq!(refused[0].refused, refusal());
    assert!(
        requests::refused(conn, Some("other"), since, 10)
            .unwrap()
            .is_empty()
    );
    assert_eq!(requests::refused(conn, None, since, 1).unwrap().len(), 1);
    assert_eq!(ledger.journey(id).status, "delivered");
}

#[tokio::test]
async fn pages_follow_one_another_in_the_order_of_arrival() {
    let ledger = TestLedger::start();
    let start = Utc::now().trunc_subsecs(0) - TimeDelta::days(3);
    for hours in [5, 1, 3, 2, 4] {
        let request = kept_at(Route::Receipts, start + TimeDelta::hours(hours));
        let call = call_of(&request, Vec::new());
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    let mut page = Page {
        gateway: GATEWAY,
        since: start + TimeDelta::hours(2),
        until: start + TimeDelta::hours(5),
        after: None,
        limit: 2,
    };
    let mut hours = Vec::new();
    loop {
        let found = requests::page(&mut ledger.database.connect(), page).unwrap();
        let Some(last) = found.last() else { break };
        page.after = Some(last.id);
        hours.extend(
            found
                .iter()
                .map(|request| (request.arrived_at - start).num_milliseconds() / 3_600_000),
        );
    }
    assert_eq!(hours, [2, 3, 4], "from the one bound to before the other");
}

#[tokio::test]
async fn what_came_while_postgresql_was_away_is_kept_once_with_its_facts() {
    let ledger = TestLedger::start();
    let proxy = Proxy::before(&ledger.database.url());
    let folder = tempfile::tempdir().unwrap();
    let url = proxy.url(&ledger.database.url());
    let (recorder, _threads) = ledger.server_with(|settings| {
        settings.connection.url = url;
        settings.spool = Some(spool_at(folder.path()));
    });
    let id = ledger.message(ALICE).await;
    proxy.set(Way::Cut);
    let about = |status| NewReceipt {
        message_id: Some(id),
        ..new_receipt(status)
    };
    let request = kept(Route::Receipts);
    let call = call_of(
        &request,
        vec![about(Status::Sent), about(Status::Delivered)],
    );
    let replies = recorder.gateway_receipts(call).await.unwrap();
    assert_eq!(replies, [ReceiptReply::Spooled; 2]);
    // One that nobody could read lies there as well, and is no fact.
    let unreadable = KeptRequest {
        refused: refusal(),
        ..kept(Route::Inbound)
    };
    recorder
        .gateway_inbound(call_of(&unreadable, Vec::new()))
        .await
        .unwrap();
    let untold = NewInbound {
        received_at: None,
        ..new_inbound(ALICE, "Hello")
    };
    let told = kept(Route::Inbound);
    recorder
        .gateway_inbound(call_of(&told, vec![untold]))
        .await
        .unwrap();
    assert_eq!(ledger.count("webhook_requests"), 0);

    proxy.set(Way::Open);
    eventually("the spool is drained", PATIENCE, async || {
        (survey(folder.path()).unwrap().waiting() == 0).then_some(())
    })
    .await;
    assert_eq!(all(&ledger), [request, unreadable, told]);
    assert_eq!(ledger.journey(id).status, "delivered");
    assert_eq!(ledger.lines("receipt").len(), 2);
    assert_eq!(ledger.lines("inbound").len(), 1);
}

/// The days on which there is a request, by age.
fn ages(ledger: &TestLedger, now: DateTime<Utc>) -> Vec<i64> {
    let all = all(ledger).into_iter();
    all.map(|request| (now - request.arrived_at).num_hours() / 24)
        .rev()
        .collect()
}

#[tokio::test]
async fn a_day_is_emptied_once_all_of_it_is_older_than_the_time_kept() {
    let ledger = TestLedger::start();
    let noon = Utc::now()
        .date_naive()
        .and_hms_opt(12, 0, 0)
        .unwrap()
        .and_utc();
    for age in [1, 6, 7, 8, 20] {
        let request = kept_at(Route::Receipts, noon - TimeDelta::days(age));
        let call = call_of(&request, Vec::new());
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    // The seventh day, of another gateway, a little later: it lies within the time.
    let later = KeptRequest {
        gateway: "another".to_owned(),
        ..kept_at(
            Route::Receipts,
            noon - TimeDelta::days(7) + TimeDelta::minutes(2),
        )
    };
    ledger
        .recorder
        .gateway_receipts(call_of(&later, Vec::new()))
        .await
        .unwrap();
    let conn = &mut ledger.database.connect();
    let before = noon - TimeDelta::days(7) + TimeDelta::minutes(1);
    // Who reads a child holds it up; the others are emptied, and nobody waits.
    let reader = &mut ledger.database.connect();
    let twenty = (noon - TimeDelta::days(20)).timestamp() / 86_400 % 36;
    reader
        .batch_execute(&format!("BEGIN; SELECT FROM webhook_requests_{twenty}"))
        .unwrap();
    assert_eq!(ring::reclaim(conn, before).unwrap(), 1);
    assert_eq!(ages(&ledger, noon), [1, 6, 7, 20]);
    reader.batch_execute("COMMIT").unwrap();
    assert_eq!(ring::reclaim(conn, before).unwrap(), 1);
    assert_eq!(ages(&ledger, noon), [1, 6, 7]);
    assert_eq!(ring::reclaim(conn, before).unwrap(), 0);
    // The day before and today's are never emptied: someone may be writing there.
    assert_eq!(ring::reclaim(conn, noon + TimeDelta::days(9)).unwrap(), 2);
    assert_eq!(ages(&ledger, noon), [1]);
}
