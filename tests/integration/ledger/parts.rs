//! Texts that a gateway hands in part by part.

use crate::support::eventually::eventually;
use crate::support::ledger::*;
use crate::support::proxy::{Proxy, Way};
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use std::time::Duration;
use textrail::domain::opt_out::Intent;
use textrail::domain::part::Part;
use textrail::ledger::facts::*;
use textrail::ledger::recorder::Recorder;
use textrail::ledger::spool::survey;
use uuid::Uuid;

const AN_HOUR: Duration = Duration::from_hours(1);

/// Part `number` of `total`, as a gateway tells it that gives each an id of its own.
fn part(reference: &str, number: u8, total: u8, body: &str) -> NewInbound {
    NewInbound {
        gateway_message_id: Some(format!("{reference}-{number}-{body}")),
        part: Some(Part {
            reference: reference.to_owned(),
            number,
            total,
        }),
        ..new_inbound(ALICE, body)
    }
}

fn again(inbound: &NewInbound) -> NewInbound {
    NewInbound {
        id: Uuid::now_v7(),
        ..inbound.clone()
    }
}

fn at(minute: u32) -> Option<DateTime<Utc>> {
    Some(format!("2026-01-01T10:{minute:02}:00Z").parse().unwrap())
}

async fn take(recorder: &Recorder, inbound: NewInbound) -> InboundReply {
    recorder.inbound(vec![inbound]).await.unwrap()[0]
}

/// Texts of the rows, in the order in which they were recorded, and whether each is complete.
fn texts(ledger: &TestLedger) -> Vec<(String, bool)> {
    use diesel::prelude::*;
    use diesel::sql_types::{Bool, Text};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        body: String,
        #[diesel(sql_type = Bool)]
        complete: bool,
    }
    let rows: Vec<Row> =
        diesel::sql_query("SELECT body, complete FROM inbound_messages ORDER BY recorded_at, id")
            .load(&mut ledger.database.connect())
            .unwrap();
    rows.into_iter()
        .map(|row| (row.body, row.complete))
        .collect()
}

/// Two hours later.
fn time_passes(ledger: &TestLedger) {
    ledger.execute("UPDATE inbound_parts SET waiting_since = waiting_since - interval '2 hours'");
}

fn joined_by(ledger: &TestLedger, recorder: &Recorder) -> usize {
    let joiner = recorder.part_joiner(AN_HOUR);
    joiner
        .look(&mut ledger.database.connect())
        .unwrap()
        .recorded
}

#[tokio::test]
async fn a_text_in_parts_is_one_inbound_in_whatever_order_they_come() {
    let ledger = TestLedger::start();
    let message = ledger.message(ALICE).await;
    let mut parts = [
        part("7", 1, 3, "one "),
        part("7", 2, 3, "two "),
        part("7", 3, 3, "three"),
    ];
    (parts[0].received_at, parts[2].received_at) = (at(5), at(3));
    for waiting in [&parts[2], &parts[0]] {
        let reply = take(&ledger.recorder, waiting.clone()).await;
        assert!(!reply.duplicate && reply.intent == Intent::None);
        let repeated = take(&ledger.recorder, again(waiting)).await;
        assert!(repeated.duplicate);
    }
    assert_eq!(
        (
            ledger.count("inbound_messages"),
            ledger.lines("inbound").len()
        ),
        (0, 0)
    );

    let last = take(&ledger.recorder, parts[1].clone()).await;

    assert_eq!(last.message_id, Some(message));
    assert_eq!(texts(&ledger), [("one two three".to_owned(), true)]);
    let lines = ledger.lines("inbound");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["inbound_id"], parts[0].id.to_string());
    assert_eq!(lines[0]["segments"], 3);
    assert_eq!(lines[0]["complete"], true);
    assert_eq!(lines[0]["message_id"], message.to_string());
    assert_eq!(lines[0]["occurred_at"], "2026-01-01T10:03:00.000000Z");
    for one in &parts {
        assert!(take(&ledger.recorder, again(one)).await.duplicate);
    }
    assert_eq!(
        (ledger.count("inbound_parts"), ledger.lines("inbound").len()),
        (0, 1)
    );
}

#[tokio::test]
async fn what_a_text_asks_for_is_read_when_it_is_whole() {
    let ledger = TestLedger::start();
    ledger.message(ALICE).await;
    let parts = vec![part("7", 2, 2, "OP"), part("7", 1, 2, "please ST")];
    let replies = ledger.recorder.inbound(parts).await.unwrap();
    let intents: Vec<Intent> = replies.iter().map(|reply| reply.intent).collect();
    assert_eq!(intents, [Intent::None, Intent::Stop]);
    assert_eq!(ledger.lines("opt_out").len(), 1);

    let part_of_a_sale = part("8", 1, 2, "START");
    take(&ledger.recorder, part_of_a_sale).await;
    take(&ledger.recorder, part("8", 2, 2, " your engines")).await;
    assert_eq!(ledger.lines("opt_out").len(), 1, "no wish is in it");
}

#[tokio::test]
async fn a_text_that_is_whole_waits_for_nothing() {
    let ledger = TestLedger::start();
    let stop = take(&ledger.recorder, part("7", 1, 1, "STOP")).await;
    assert_eq!(stop.intent, Intent::Stop);
    assert_eq!(texts(&ledger), [("STOP".to_owned(), true)]);
    assert_eq!(ledger.lines("opt_out").len(), 1);
}

#[tokio::test]
async fn a_part_without_a_place_is_recorded_as_it_is() {
    let ledger = TestLedger::start();
    let long = "x".repeat(161);
    for (number, total, body) in [(0, 2, "none"), (3, 2, "beyond"), (1, 2, long.as_str())] {
        take(&ledger.recorder, part("7", number, total, body)).await;
    }
    assert_eq!(ledger.count("inbound_parts"), 0);
    let recorded = texts(&ledger);
    assert_eq!(recorded.len(), 3);
    assert!(recorded.iter().all(|(_, complete)| !complete));
}

/// Of 8 or 16 bits, a phone begins anew.
#[tokio::test]
async fn a_reference_that_is_used_again_makes_another_text() {
    let ledger = TestLedger::start();
    for (number, body) in [(1, "first "), (2, "text"), (1, "second "), (2, "text")] {
        let mut one = part("7", number, 2, body);
        one.gateway_message_id = Some(Uuid::now_v7().to_string());
        take(&ledger.recorder, one).await;
    }
    let both = [
        ("first text".to_owned(), true),
        ("second text".to_owned(), true),
    ];
    assert_eq!(texts(&ledger), both);

    // While the rest of the one before is missing.
    take(&ledger.recorder, part("7", 1, 2, "lost ")).await;
    let found = vec![part("7", 1, 2, "found "), part("7", 2, 2, "again")];
    ledger.recorder.inbound(found).await.unwrap();
    let recorded = texts(&ledger);
    assert!(
        recorded.contains(&("lost ".to_owned(), false)),
        "{recorded:?}"
    );
    assert!(
        recorded.contains(&("found again".to_owned(), true)),
        "{recorded:?}"
    );
    assert_eq!((recorded.len(), ledger.count("inbound_parts")), (4, 0));
}

#[tokio::test]
async fn texts_of_others_and_to_others_are_not_mixed() {
    let ledger = TestLedger::start();
    let of = |from: &str, number, body: &str| NewInbound {
        from: new_inbound(from, "").from,
        ..part("7", number, 2, body)
    };
    for one in [
        of(ALICE, 1, "A1"),
        of(BOB, 2, "B2"),
        of(ALICE, 2, "A2"),
        of(BOB, 1, "B1"),
    ] {
        take(&ledger.recorder, one).await;
    }
    let both = [("A1A2".to_owned(), true), ("B1B2".to_owned(), true)];
    assert_eq!(texts(&ledger), both);
}

#[tokio::test]
async fn parts_without_id_and_time_are_told_apart_by_their_text() {
    let ledger = TestLedger::start();
    let bare = |number, body: &str| NewInbound {
        gateway_message_id: None,
        ..part("7", number, 2, body)
    };
    take(&ledger.recorder, bare(1, "one ")).await;
    assert!(take(&ledger.recorder, bare(1, "one ")).await.duplicate);
    take(&ledger.recorder, bare(2, "two")).await;
    assert_eq!(texts(&ledger), [("one two".to_owned(), true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_come_to_two_servers_at_once_meet_once() {
    let mut ledger = TestLedger::start();
    let servers = [ledger.recorder.clone(), ledger.another_recorder()];
    let mut tasks = Vec::new();
    for text in 0..40 {
        for number in 1..=3_u8 {
            let one = part(&text.to_string(), number, 3, &format!("{number}"));
            // Each is told twice, to both.
            for server in &servers {
                let (server, one) = (server.clone(), again(&one));
                tasks.push(tokio::spawn(
                    async move { take(&server, one).await.duplicate },
                ));
            }
        }
    }
    let mut duplicates = 0;
    for task in tasks {
        duplicates += usize::from(task.await.unwrap());
    }
    assert_eq!(duplicates, 120);
    assert_eq!(texts(&ledger), vec![("123".to_owned(), true); 40]);
    assert_eq!(
        (ledger.lines("inbound").len(), ledger.count("inbound_parts")),
        (40, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_recorded_once_when_its_time_is_up() {
    let mut ledger = TestLedger::start();
    let other = ledger.another_recorder();
    ledger.message(ALICE).await;
    for text in 0..30 {
        let reference = text.to_string();
        let two = vec![
            part(&reference, 3, 3, "three"),
            part(&reference, 1, 3, "one "),
        ];
        ledger.recorder.inbound(two).await.unwrap();
    }
    assert_eq!(joined_by(&ledger, &other), 0, "it is not up yet");
    time_passes(&ledger);
    // One that is younger keeps no older one waiting.
    take(&ledger.recorder, part("0", 2, 4, "young")).await;
    let url = ledger.database.url();
    let looks = [ledger.recorder.clone(), other.clone()].map(|server| {
        let url = url.clone();
        std::thread::spawn(move || {
            use diesel::Connection as _;
            let mut conn = diesel::PgConnection::establish(&url).unwrap();
            server
                .part_joiner(AN_HOUR)
                .look(&mut conn)
                .unwrap()
                .recorded
        })
    });
    let recorded: usize = looks.map(|look| look.join().unwrap()).iter().sum();

    assert_eq!(recorded, 30);
    assert_eq!(texts(&ledger), vec![("one three".to_owned(), false); 30]);
    assert_eq!(ledger.count("inbound_parts"), 1);
    let lines = ledger.lines("inbound");
    assert_eq!(lines.len(), 30);
    assert_eq!(lines[0]["complete"], false);
    assert_eq!(lines[0]["segments"], 2);
    assert_eq!(lines[0]["country"], "AT");
}

#[tokio::test]
async fn a_part_that_comes_too_late_is_recorded_alone() {
    let ledger = TestLedger::start();
    take(&ledger.recorder, part("7", 1, 2, "STOP")).await;
    time_passes(&ledger);
    assert_eq!(joined_by(&ledger, &ledger.recorder), 1);
    assert_eq!(
        ledger.lines("opt_out").len(),
        1,
        "a STOP stands, also in a piece"
    );
    assert!(
        take(&ledger.recorder, part("7", 1, 2, "STOP"))
            .await
            .duplicate
    );

    take(&ledger.recorder, part("7", 2, 2, "START")).await;
    time_passes(&ledger);
    assert_eq!(joined_by(&ledger, &ledger.recorder), 1);

    let each = [("STOP".to_owned(), false), ("START".to_owned(), false)];
    assert_eq!(texts(&ledger), each);
    assert_eq!(
        ledger.lines("opt_out").len(),
        1,
        "nobody can say that START is all of it"
    );
    assert_eq!(joined_by(&ledger, &ledger.recorder), 0);
}

/// The last part comes while a server is about to give the text up.
#[tokio::test(flavor = "multi_thread")]
async fn a_last_part_in_the_last_moment_is_in_one_text() {
    let ledger = TestLedger::start();
    take(&ledger.recorder, part("7", 1, 2, "one ")).await;
    time_passes(&ledger);
    let mut holder = ledger.database.connect();
    // Whoever looks at a text first locks it: here, all of them.
    holder
        .batch_execute(
            "BEGIN; SELECT pg_advisory_xact_lock(2, n) FROM generate_series(0, 1023) AS n",
        )
        .unwrap();
    let recorder = ledger.recorder.clone();
    let last = tokio::spawn(async move { take(&recorder, part("7", 2, 2, "two")).await });
    let joiner = ledger.recorder.part_joiner(AN_HOUR);
    let mut conn = ledger.database.connect();
    let look = std::thread::spawn(move || joiner.look(&mut conn).unwrap().recorded);
    eventually("both wait", Duration::from_secs(30), async || {
        let waits =
            "pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
        (ledger.count(waits) == 2).then_some(())
    })
    .await;
    holder.batch_execute("COMMIT").unwrap();
    last.await.unwrap();
    let given_up = look.join().unwrap();

    time_passes(&ledger);
    let left = joined_by(&ledger, &ledger.recorder);
    let recorded = texts(&ledger);
    // Either the part was in time, or both are recorded alone; never neither, never both.
    let expected = if given_up == 0 {
        vec![("one two".to_owned(), true)]
    } else {
        vec![("one ".to_owned(), false), ("two".to_owned(), false)]
    };
    assert_eq!((recorded, left), (expected, given_up));
    assert_eq!(ledger.count("inbound_parts"), 0);
}

#[tokio::test]
async fn parts_that_came_while_postgresql_was_away_are_joined_once() {
    let ledger = TestLedger::start();
    let proxy = Proxy::before(&ledger.database.url());
    let folder = tempfile::tempdir().unwrap();
    let (recorder, _threads) = ledger.server_with(|settings| {
        settings.connection.url = proxy.url(&ledger.database.url());
        settings.spool = Some(spool_at(folder.path()));
    });
    take(&recorder, part("7", 1, 3, "ST")).await;
    proxy.set(Way::Cut);
    for one in [
        part("7", 3, 3, "!"),
        part("7", 2, 3, "OP"),
        part("7", 1, 3, "ST"),
    ] {
        let reply = take(&recorder, one).await;
        assert!(reply.spooled && reply.intent == Intent::None, "{reply:?}");
    }
    proxy.set(Way::Open);
    eventually(
        "the spool is drained",
        Duration::from_secs(30),
        async || (survey(folder.path()).unwrap().waiting() == 0).then_some(()),
    )
    .await;
    assert_eq!(texts(&ledger), [("STOP!".to_owned(), true)]);
    assert_eq!(
        (ledger.lines("inbound").len(), ledger.lines("opt_out").len()),
        (1, 1)
    );
    assert_eq!(survey(folder.path()).unwrap().refused_facts, 0);
}

/// The part that is missing was answered long ago: it lies in the spool.
#[tokio::test]
async fn nothing_is_given_up_while_the_spool_may_hold_the_rest() {
    let ledger = TestLedger::start();
    let proxy = Proxy::before(&ledger.database.url());
    let folder = tempfile::tempdir().unwrap();
    let (recorder, _threads) = ledger.server_with(|settings| {
        settings.connection.url = proxy.url(&ledger.database.url());
        settings.spool = Some(spool_at(folder.path()));
    });
    take(&recorder, part("7", 1, 2, "one ")).await;
    proxy.set(Way::Cut);
    assert!(take(&recorder, part("7", 2, 2, "two")).await.spooled);
    time_passes(&ledger);

    // The housekeeper has reached PostgreSQL, the recorder has not yet.
    let look = recorder.part_joiner(AN_HOUR);
    let look = look.look(&mut ledger.database.connect()).unwrap();

    assert_eq!((look.recorded, look.waiting, look.more), (0, 1, false));
    proxy.set(Way::Open);
    eventually(
        "the spool is drained",
        Duration::from_secs(30),
        async || (survey(folder.path()).unwrap().waiting() == 0).then_some(()),
    )
    .await;
    assert_eq!(texts(&ledger), [("one two".to_owned(), true)]);
}
