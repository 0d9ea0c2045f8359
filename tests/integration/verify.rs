//! Every kind of fact, as the recorder writes it, is counted alike by ledger, lake and warehouse.

use crate::support::ledger::*;
use crate::support::pipeline::Pipeline;
use textrail::domain::status::Status;
use textrail::event::Kind;
use textrail::ledger::facts::NewReceipt;
use textrail::ledger::session::Session;
use textrail::verify::Findings;
use textrail::verify::look::{Question, look};

async fn verify(ledger: &TestLedger, pipeline: &Pipeline) -> Findings {
    let mut session = Session::new(&ledger.database.url(), "verify");
    let question = Question {
        deep: true,
        ..Question::default()
    };
    let reports = pipeline.reports();
    look(&mut session, pipeline.store(), &*reports, &question, |_| {})
        .await
        .expect("all parts answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_fact_is_counted_alike_on_all_sides() {
    let ledger = TestLedger::start();
    let pipeline = Pipeline::start(&ledger.database.url()).await;
    let message = ledger.message(ALICE).await;
    let other = ledger.message(BOB).await;

    // A receipt that is parked, its twin that finds the message by another way, and one that stays
    // parked; then the submission that takes the first one in.
    let parked = by_gateway("g-1");
    let mut twin = by_gateway("g-1");
    twin.message_id = Some(message);
    let stays = by_gateway("g-unknown");
    ledger.recorder.receipts(vec![parked, stays]).await.unwrap();
    pipeline.roll().await;
    ledger.recorder.receipts(vec![twin]).await.unwrap();
    let submissions = vec![new_submission(message, "g-1"), new_submission(other, "g-2")];
    ledger.recorder.submissions(submissions).await.unwrap();
    ledger
        .recorder
        .receipts(vec![by_gateway("g-2")])
        .await
        .unwrap();
    assert_eq!(ledger.count("repeated_receipts"), 1);

    // An inbound that answers, a wish, and the wish taken back.
    for words in ["thanks!", "STOP", "START"] {
        let inbound = vec![new_inbound(ALICE, words)];
        ledger.recorder.inbound(inbound).await.unwrap();
    }
    pipeline.roll().await;

    let findings = verify(&ledger, &pipeline).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!((findings.windows, findings.proven), (2, 2));
    let events = |kind| findings.kinds[&kind].events;
    assert_eq!(events(Kind::Message), Some(2));
    assert_eq!(events(Kind::Submission), Some(2));
    assert_eq!(events(Kind::Receipt), Some(4));
    assert_eq!(events(Kind::Match), Some(1));
    assert_eq!(events(Kind::Inbound), Some(3));
    assert_eq!(events(Kind::OptOut), Some(2));
}

fn by_gateway(id: &str) -> NewReceipt {
    let mut receipt = new_receipt(Status::Delivered);
    receipt.gateway_message_id = Some(id.to_owned());
    receipt
}
