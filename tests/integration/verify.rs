//! Every kind of fact, as the recorder writes it, is counted alike by ledger, lake and warehouse.

use crate::support::ledger::*;
use crate::support::pipeline::Pipeline;
use std::fs;
use std::process::Command;
use std::time::Duration;
use textrail::domain::opt_out::Intent;
use textrail::domain::part::Part;
use textrail::domain::status::{ErrorClass, Status};
use textrail::event::Kind;
use textrail::ledger::facts::{NewReceipt, NewVerdict, SubmissionOutcome};
use uuid::Uuid;

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
    // A gateway that knows of an opt-out: by a receipt, by one that is parked, by a refused submission.
    let mut refusals = Vec::new();
    for number in ["+436601234501", "+436601234502", "+436601234503"] {
        refusals.push(ledger.message(number).await);
    }
    let mut of_message = opted_out();
    of_message.message_id = Some(refusals[0]);
    let mut early = opted_out();
    early.gateway_message_id = Some("g-4".to_owned());
    ledger
        .recorder
        .receipts(vec![of_message, early])
        .await
        .unwrap();
    let mut refused = new_submission(refusals[2], "g-5");
    refused.outcome = SubmissionOutcome::Refused;
    refused.error_class = Some(ErrorClass::OptedOut);
    let submissions = vec![new_submission(refusals[1], "g-4"), refused];
    ledger.recorder.submissions(submissions).await.unwrap();
    // Of a text in parts, none is a fact; a part that waits is none yet.
    for (reference, number, body) in [("1", 2, "you"), ("1", 1, "thank "), ("2", 1, "so")] {
        let mut part = new_inbound(ALICE, body);
        part.part = Some(Part {
            reference: reference.to_owned(),
            number,
            total: 2,
        });
        ledger.recorder.inbound(vec![part]).await.unwrap();
    }
    assert_eq!(ledger.count("inbound_parts"), 1);
    pipeline.roll().await;
    ledger.execute("UPDATE inbound_parts SET waiting_since = waiting_since - interval '1 hour'");
    let joiner = ledger.recorder.part_joiner(Duration::from_mins(1));
    let look = joiner.look(&mut ledger.database.connect()).unwrap();
    assert_eq!((look.recorded, look.waiting), (1, 0));
    // A person finds a STOP where the rules did not, and thinks again.
    let unclear = new_inbound("+436601234504", "STOP 1");
    let inbound_id = unclear.id;
    ledger.recorder.inbound(vec![unclear]).await.unwrap();
    for intent in [Intent::Stop, Intent::None] {
        let verdict = NewVerdict {
            id: Uuid::now_v7(),
            inbound_id,
            intent,
            reason: None,
            actor: "test".to_owned(),
        };
        ledger.recorder.verdict(verdict).await.unwrap();
    }
    pipeline.roll().await;

    let findings = pipeline.verify(&ledger.database.url()).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!((findings.windows, findings.proven), (3, 3));
    let events = |kind| findings.kinds[&kind].events;
    assert_eq!(events(Kind::Message), Some(5));
    assert_eq!(events(Kind::Submission), Some(4));
    assert_eq!(events(Kind::Receipt), Some(6));
    assert_eq!(events(Kind::Match), Some(2));
    assert_eq!(events(Kind::Inbound), Some(6));
    assert_eq!(events(Kind::OptOut), Some(7));
}

fn opted_out() -> NewReceipt {
    let mut receipt = new_receipt(Status::Undelivered);
    receipt.error_class = Some(ErrorClass::OptedOut);
    receipt
}

fn by_gateway(id: &str) -> NewReceipt {
    let mut receipt = new_receipt(Status::Delivered);
    receipt.gateway_message_id = Some(id.to_owned());
    receipt
}

#[test]
fn what_cannot_be_asked_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let code = |prepare: &dyn Fn()| {
        prepare();
        let mut verify = Command::new(env!("CARGO_BIN_EXE_textrail"));
        verify.args(["verify", "--data"]).arg(folder.path());
        let output = verify.env_remove("DATABASE_URL").output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), words)
    };
    let said = |(code, words): (Option<i32>, String), what: &str| {
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains(what), "{words}");
    };
    said(code(&|| {}), "the lake cannot be asked");
    let lake = folder.path().join("lake/textrail");
    said(
        code(&|| fs::create_dir_all(&lake).unwrap()),
        "the ledger cannot be asked",
    );
    let note = folder.path().join("local.json");
    said(
        code(&|| fs::write(&note, "{").unwrap()),
        "the ledger cannot be asked",
    );
}
