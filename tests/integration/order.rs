//! Order does not matter: the same facts about a message, in any order, however often repeated, over
//! whatever servers and in whatever windows, leave the ledger and the warehouse in the same state.

mod facts;
mod stage;

use facts::{Fact, Subject, Told, receipt};
use futures_util::future::join_all;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng, rngs::StdRng};
use stage::Stage;
use textrail::domain::status::{Status, current};
use textrail::ledger::facts::SubmissionOutcome::{Accepted, Canceled, Refused};

/// Five facts each: 120 orders.
fn stories() -> [[Fact; 5]; 5] {
    use Status::{Delivered, Expired, Failed, Queued, Sent, Undelivered, Unknown};
    let accepted = Fact::Submission(Accepted, 1);
    let click = Fact::Click(0);
    [
        // An ordinary message; receipts wait for the submission.
        [
            accepted,
            receipt(Sent, 2).into(),
            receipt(Delivered, 5).into(),
            click,
            Fact::Click(1),
        ],
        // Finals of the same instant, and one that the callback names.
        [
            accepted,
            receipt(Delivered, 5).into(),
            receipt(Undelivered, 5).into(),
            receipt(Expired, 5).by_our_id().into(),
            receipt(Unknown, 9).into(),
        ],
        // Guesses, before and after the real thing.
        [
            accepted,
            receipt(Expired, 3).synthetic().into(),
            receipt(Failed, 2).synthetic().by_our_id().into(),
            receipt(Delivered, 9).into(),
            receipt(Queued, 1).timeless().into(),
        ],
        // A text in segments, one of which is told of late, and a word on the whole.
        [
            accepted,
            receipt(Delivered, 4).segment(1).into(),
            receipt(Sent, 3).segment(2).into(),
            receipt(Expired, 6).segment(2).into(),
            receipt(Unknown, 5).by_our_id().into(),
        ],
        // Refused, taken at last, called back: and a final without a time.
        [
            Fact::Submission(Refused, 1),
            Fact::Submission(Accepted, 2),
            Fact::Submission(Canceled, 3),
            receipt(Delivered, 5).timeless().into(),
            receipt(Sent, 4).segment(1).into(),
        ],
    ]
}

/// All orders of five things.
fn orders() -> Vec<[usize; 5]> {
    let mut all = Vec::new();
    for number in 0..120 {
        let (mut left, mut rest) = (vec![0, 1, 2, 3, 4], number);
        let order = [24, 6, 2, 1, 1].map(|weight| {
            let place = rest / weight;
            rest %= weight;
            left.remove(place)
        });
        all.push(order);
    }
    all
}

fn expected(facts: &[Fact]) -> Status {
    current(facts.iter().filter_map(|fact| fact.evidence()))
}

/// One fact of each message at a time, over all servers, each batch into a window of its own.
#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_five_facts_ends_alike_in_ledger_and_warehouse() {
    let stage = Stage::set().await;
    let orders = orders();
    let mut told = Vec::new();
    for story in stories() {
        told.push((story, stage.subjects(orders.len()).await));
    }
    // Gateway ids are a gateway's own: the same in two stories would be one message.
    for (number, (_, subjects)) in told.iter_mut().enumerate() {
        for subject in subjects {
            subject.gateway_id.push_str(&format!("-{number}"));
        }
    }
    for step in 0..5 {
        let mut tellings = Vec::new();
        for (story, subjects) in &told {
            for (number, (order, subject)) in orders.iter().zip(subjects).enumerate() {
                let now = story[order[step]];
                // One that was told before, or this one, is told again, by another server.
                let again = story[order[(number + step) % (step + 1)]];
                for (place, fact) in [now, again].into_iter().enumerate() {
                    let server = stage.server(number + step + place);
                    tellings.push(tokio::spawn(fact.tell(server, subject.clone())));
                }
            }
        }
        for telling in join_all(tellings).await {
            telling.expect("no telling panics");
        }
        stage.roll().await;
    }
    let standings = stage.standings();
    for (story, subjects) in &told {
        let first = &standings[&subjects[0].id];
        for (order, subject) in orders.iter().zip(subjects) {
            let standing = &standings[&subject.id];
            assert_eq!(standing, first, "{story:?} in the order {order:?}");
        }
        first.assert_status(expected(story));
    }
    stage.assert_in_step();
}

/// Facts of which any number may be told of a message.
fn some_facts(random: &mut StdRng) -> Vec<Fact> {
    let mut facts = vec![Fact::Submission(Accepted, 0)];
    facts.extend((0..random.random_range(0..3)).map(Fact::Click));
    for _ in 0..random.random_range(1..9) {
        let told = Told {
            second: random.random_bool(0.8).then(|| random.random_range(0..3)),
            segment: random.random_bool(0.3).then(|| random.random_range(1..4)),
            synthetic: random.random_bool(0.2),
            by_our_id: random.random_bool(0.4),
            ..receipt(*Status::ALL[1..].choose(random).expect("a status"), 0)
        };
        facts.push(told.into());
    }
    facts
}

/// What is told of a message by hand, fact after fact, and of its twins by everyone at once.
#[tokio::test(flavor = "multi_thread")]
async fn facts_told_by_all_servers_at_once_end_as_if_told_one_by_one() {
    const TWINS: usize = 4;
    // TEXTRAIL_TEST_SEED repeats a run.
    let seed = std::env::var("TEXTRAIL_TEST_SEED").map_or_else(
        |_| rand::rng().random(),
        |seed| seed.parse().expect("a number"),
    );
    println!("TEXTRAIL_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let stage = Stage::set().await;
    let stories: Vec<Vec<Fact>> = (0..60).map(|_| some_facts(&mut random)).collect();
    let subjects = stage.subjects(stories.len() * TWINS).await;
    let families: Vec<(&[Fact], &[Subject])> = stories
        .iter()
        .map(Vec::as_slice)
        .zip(subjects.chunks(TWINS))
        .collect();

    let mut tellings = Vec::new();
    for (facts, twins) in &families {
        for twin in &twins[1..] {
            let twice = facts.iter().chain(facts.iter());
            tellings.extend(twice.map(|fact| (*fact, twin.clone())));
        }
    }
    tellings.shuffle(&mut random);
    for some in tellings.chunks(tellings.len() / 3 + 1) {
        let at_once = some.iter().enumerate().map(|(number, (fact, twin))| {
            tokio::spawn(fact.tell(stage.server(number), twin.clone()))
        });
        for telling in join_all(at_once).await {
            telling.expect("no telling panics");
        }
        stage.roll().await;
    }
    let one_by_one = families.iter().map(async |(facts, twins)| {
        for fact in *facts {
            fact.tell(stage.server(0), twins[0].clone()).await;
        }
    });
    join_all(one_by_one).await;
    stage.roll().await;

    let standings = stage.standings();
    for (facts, twins) in &families {
        let alone = &standings[&twins[0].id];
        for twin in &twins[1..] {
            assert_eq!(&standings[&twin.id], alone, "{facts:?}");
        }
        alone.assert_status(expected(facts));
    }
    stage.assert_in_step();
}
