//! Receipts that name their recipients as opted out at the gateway.

use super::{again, opted_out, replay};
use crate::support::calls::{call_of, kept};
use crate::support::ledger::*;
use chrono::Utc;
use textrail::domain::opt_out::Scope;
use textrail::domain::phone::PhoneNumber;
use textrail::domain::route::Route;
use textrail::domain::status::ErrorClass;
use textrail::ledger::facts::*;
use textrail::ledger::opt_outs::is_opted_out;
use uuid::Uuid;

#[tokio::test]
async fn a_correction_opts_out_nobody_who_came_back_since() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![opted_out(id)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let conn = &mut ledger.database.connect();
    assert!(is_opted_out(conn, ALICE, SENDER).unwrap());
    let back = NewOptOut {
        id: Uuid::now_v7(),
        number: PhoneNumber::parse(ALICE).unwrap(),
        scope: Scope::Sender(new_message(ALICE, "").from),
        opted_out: false,
        reason: None,
        actor: "test".to_owned(),
    };
    ledger.recorder.opt_outs(vec![back]).await.unwrap();

    let read_again = NewReceipt {
        permanent: Some(true),
        ..opted_out(id)
    };
    let replies = again(replay(&ledger), &request, vec![read_again]).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    assert!(!is_opted_out(conn, ALICE, SENDER).unwrap());
    assert_eq!(
        ledger.lines("opt_out").len(),
        2,
        "the opt-out and the opt-in"
    );
}

/// What the documentation's own query lists: who, and whether something else said the same.
fn opted_out_by_a_wrong_reading(ledger: &TestLedger) -> Vec<(String, bool)> {
    use diesel::prelude::*;
    use diesel::sql_types::{Nullable, Text, Timestamptz};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        number: String,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        repeated_at: Option<chrono::DateTime<Utc>>,
    }
    let page = include_str!("../../../../docs/gateways-replay.md");
    let (_, query) = page.split_once("```sql\n").unwrap();
    let (query, _) = query.split_once("```").unwrap();
    let rows: Vec<Row> = diesel::sql_query(query)
        .load(&mut ledger.database.connect())
        .unwrap();
    rows.into_iter()
        .map(|row| (row.number, row.repeated_at.is_some()))
        .collect()
}

#[tokio::test]
async fn an_opt_out_of_a_wrong_reading_stays_and_is_told() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![opted_out(id)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let read_as = |class, permanent| {
        let receipt = NewReceipt {
            error_class: Some(class),
            permanent: Some(permanent),
            ..opted_out(id)
        };
        again(replay(&ledger), &request, vec![receipt])
    };
    // As long as it is said, it is not wrong.
    let replies = read_as(ErrorClass::OptedOut, true).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    assert!(opted_out_by_a_wrong_reading(&ledger).is_empty());

    let replies = read_as(ErrorClass::Filtered, true).await;

    assert_eq!(replies, [ReceiptReply::CorrectedOptOut]);
    let conn = &mut ledger.database.connect();
    assert!(is_opted_out(conn, ALICE, SENDER).unwrap());
    let alice = |repeated| [(ALICE.to_owned(), repeated)];
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(false));
    let replies = read_as(ErrorClass::Filtered, false).await;
    assert_eq!(replies, [ReceiptReply::Corrected], "it was told once");
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(false));

    let say = async |word| {
        let inbound = vec![new_inbound(ALICE, word)];
        ledger.recorder.inbound(inbound).await.unwrap();
    };
    say("STOP").await;
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(true));
    say("START").await;
    assert!(opted_out_by_a_wrong_reading(&ledger).is_empty());
}

#[tokio::test]
async fn a_reading_that_was_corrected_while_it_was_parked_opts_nobody_out() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let parked = |class| NewReceipt {
        message_id: None,
        error_class: Some(class),
        ..opted_out(id)
    };
    let call = call_of(&request, vec![parked(ErrorClass::OptedOut)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let corrected = vec![parked(ErrorClass::Filtered)];
    let replies = again(replay(&ledger), &request, corrected).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    let submission = new_submission(id, "g-1");
    ledger.recorder.submissions(vec![submission]).await.unwrap();
    assert_eq!(ledger.lines("match").len(), 2);
    let conn = &mut ledger.database.connect();
    assert!(!is_opted_out(conn, ALICE, SENDER).unwrap());
}
