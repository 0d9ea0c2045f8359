use super::*;
use crate::commands::demo::replies::Meaning;
use crate::domain::status::{Evidence, Status, current};
use std::collections::{BTreeMap, HashSet};

fn plan(seed: u64, messages: u64) -> Plan {
    Plan::new(seed, "t1", messages, 6)
}

fn lives(plan: &Plan) -> Vec<Life> {
    plan.waves().flat_map(|wave| wave.lives).collect()
}

fn chapters(lives: &[Life]) -> impl Iterator<Item = &Chapter> {
    lives.iter().flat_map(|life| &life.chapters)
}

#[test]
fn a_seed_gives_the_same_plan() {
    assert_eq!(lives(&plan(7, 500)), lives(&plan(7, 500)));
    assert_ne!(lives(&plan(7, 500)), lives(&plan(8, 500)));
}

#[test]
fn the_messages_are_exactly_as_many_as_asked() {
    for messages in [1, 2, 3, 50, 999] {
        let lives = lives(&plan(3, messages));
        assert_eq!(chapters(&lives).count() as u64, messages);
    }
}

#[test]
fn a_run_has_batches_and_singles() {
    let waves: Vec<Wave> = plan(1, 4000).waves().collect();
    assert!(waves.iter().any(|wave| !wave.batch));
    assert!(waves.iter().filter(|wave| wave.batch).count() > 1);
    assert!(waves.iter().all(|wave| !wave.lives.is_empty()));
}

#[test]
fn no_two_ids_are_the_same_but_for_case_either() {
    let lives = lives(&plan(5, 3000));
    let mut ids = HashSet::new();
    for chapter in chapters(&lives) {
        assert!(ids.insert(chapter.client_reference.to_lowercase()));
        for step in &chapter.steps {
            let id = match &step.act {
                Act::Submit(submission) => submission.gateway_message_id.clone(),
                Act::Reply(reply) => Some(reply.gateway_message_id.clone()),
                _ => None,
            };
            assert!(id.is_none_or(|id| ids.insert(id.to_lowercase())));
        }
    }
}

/// Who is named by the gateway's id alone must be submitted under it.
#[test]
fn every_receipt_can_find_its_message() {
    let lives = lives(&plan(11, 5000));
    for chapter in chapters(&lives) {
        let submitted = chapter.steps.iter().find_map(|step| match &step.act {
            Act::Submit(submission) => submission.gateway_message_id.as_ref(),
            _ => None,
        });
        for receipt in receipts(chapter) {
            assert!(receipt.names_message || receipt.gateway_message_id.as_ref() == submitted);
        }
    }
}

fn receipts(chapter: &Chapter) -> Vec<&Receipt> {
    let calls = chapter.steps.iter().filter_map(|step| match &step.act {
        Act::Receipts { items, .. } => Some(items),
        _ => None,
    });
    calls.flatten().collect()
}

#[test]
fn all_statuses_and_all_oddities_happen() {
    let lives = lives(&plan(13, 20_000));
    let mut statuses = BTreeMap::<&str, u32>::new();
    let (mut parked, mut repeated, mut turned, mut twice) = (0, 0, 0, 0);
    for chapter in chapters(&lives).filter(|chapter| !chapter.after_opt_out) {
        *statuses.entry(status_of(chapter).as_str()).or_default() += 1;
        let submit = chapter
            .steps
            .iter()
            .position(|step| matches!(step.act, Act::Submit(_)));
        parked += u32::from(submit.is_some_and(|index| index > 0));
        let receipts = receipts(chapter);
        let distinct = receipts
            .iter()
            .enumerate()
            .all(|(i, one)| !receipts[..i].contains(one));
        repeated += u32::from(!distinct);
        let times: Vec<_> = receipts
            .iter()
            .filter_map(|receipt| receipt.occurred)
            .collect();
        turned += u32::from(!times.is_sorted());
        twice += u32::from(
            chapter
                .steps
                .iter()
                .any(|step| matches!(step.act, Act::Receipts { twice: true, .. })),
        );
    }
    assert_eq!(statuses.len(), Status::ALL.len(), "{statuses:?}");
    assert!(parked > 100 && repeated > 100 && turned > 100 && twice > 100);
}

fn status_of(chapter: &Chapter) -> Status {
    let submission = chapter.steps.iter().filter_map(|step| match &step.act {
        Act::Submit(submission) => Some(Evidence {
            status: submission.status,
            synthetic: false,
            gateway_time: None,
            segment_number: None,
        }),
        _ => None,
    });
    let received = receipts(chapter).into_iter().map(|receipt| Evidence {
        status: receipt.status,
        synthetic: receipt.synthetic,
        gateway_time: receipt
            .occurred
            .map(|after| chrono::DateTime::UNIX_EPOCH + after),
        segment_number: receipt.segment.map(|(number, _)| number.into()),
    });
    current(submission.chain(received))
}

#[test]
fn a_stop_is_the_last_word_before_a_send_in_vain() {
    let lives = lives(&plan(17, 20_000));
    let mut stops = 0;
    for life in &lives {
        for pair in life.chapters.windows(2) {
            let last = pair[0].steps.last().map(|step| &step.act);
            let stop = matches!(last, Some(Act::Reply(reply)) if reply.meaning == Meaning::Stop);
            assert_eq!(stop, pair[1].after_opt_out);
            stops += u32::from(stop);
        }
    }
    assert!(stops > 50, "{stops}");
}

#[test]
fn no_receipt_comes_before_it_happened_and_no_story_drags_on() {
    let lives = lives(&plan(19, 3000));
    for chapter in chapters(&lives) {
        for step in &chapter.steps {
            assert!(step.at < Duration::from_secs(20));
            if let Act::Receipts { items, .. } = &step.act {
                assert!(
                    items
                        .iter()
                        .all(|receipt| receipt.occurred <= Some(step.at))
                );
            }
        }
    }
}

#[test]
fn visits_are_to_links_that_exist() {
    let lives = lives(&plan(23, 5000));
    for chapter in chapters(&lives) {
        let links = chapter.body.matches("https://").count();
        for step in &chapter.steps {
            if let Act::Visit(visit) = step.act {
                assert!(visit.link < links);
            }
        }
    }
}
