//! The newest links, read when a server starts: those of the campaigns that are on their way, whose
//! visits would else ask PostgreSQL one after the other.

use super::super::pool::{LedgerError, Pool};
use super::super::statement::prepared;
use super::{KnownLinks, find_all};
use crate::ledger::facts::LinkTarget;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Links of one question to PostgreSQL.
const PAGE: i64 = 1_000;

/// Keeps links from the newest on, until there is no more room or no more links, or until `stop`; then
/// says how many it read. After each page it pauses for as long as the page took: visitors come first.
///
/// # Errors
/// If the ledger is away or refuses a question. What was read until then is kept.
pub async fn keep_newest(
    pool: &Pool,
    known: &KnownLinks,
    stop: &CancellationToken,
) -> Result<usize, LedgerError> {
    let (mut below, mut kept) = (i64::MAX, 0);
    while !known.is_full() {
        let begun = Instant::now();
        let page = pool
            .run("newest_links", move |conn| find_below(conn, below))
            .await?;
        let Some((lowest, links)) = page else { break };
        for link in &links {
            known.keep(link);
        }
        kept += links.len();
        below = lowest;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(begun.elapsed()) => {}
        }
    }
    Ok(kept)
}

/// The newest links below a number, and the lowest of their numbers; none if there is none.
fn find_below(conn: &mut PgConnection, below: i64) -> QueryResult<Option<(i64, Vec<LinkTarget>)>> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let numbers: Vec<Number> = prepared(include_str!("../sql/links/below.sql"))
        .bind::<BigInt, _>(below)
        .bind::<BigInt, _>(PAGE)
        .load(conn)?;
    let numbers: Vec<i64> = numbers.into_iter().map(|row| row.number).collect();
    let Some(lowest) = numbers.iter().min() else {
        return Ok(None);
    };
    Ok(Some((*lowest, find_all(conn, &numbers)?)))
}

#[cfg(test)]
mod tests {
    use super::super::test_links::fill;
    use super::*;
    use crate::ledger::connection::ConnectionSettings;
    use crate::ledger::test_database::TestDatabase;

    #[tokio::test]
    async fn all_links_are_read_page_by_page_as_a_visit_would_read_them() {
        let database = TestDatabase::create();
        let settings = ConnectionSettings::new(database.url());
        let mut conn = settings.open("test").unwrap();
        fill(&mut conn, 2_500);
        let (pool, known) = (Pool::new(settings, 1), KnownLinks::default());
        let read = keep_newest(&pool, &known, &CancellationToken::new()).await;
        assert_eq!((read.unwrap(), known.len()), (2_500, 2_500));
        for number in [0, 1_499, 1_500, 2_499] {
            let visited = find_all(&mut conn, &[number]).unwrap();
            assert_eq!(known.get(&visited[0].code), visited.first().cloned());
        }
        assert_eq!(known.get("code2500"), None);
    }

    #[tokio::test]
    async fn without_room_none_is_read() {
        let database = TestDatabase::create();
        let settings = ConnectionSettings::new(database.url());
        fill(&mut settings.open("test").unwrap(), 2_500);
        let (pool, known) = (Pool::new(settings, 1), KnownLinks::of_bytes(0));
        let read = keep_newest(&pool, &known, &CancellationToken::new()).await;
        assert_eq!((read.unwrap(), known.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_server_that_stops_does_not_wait_for_it() {
        let database = TestDatabase::create();
        let settings = ConnectionSettings::new(database.url());
        fill(&mut settings.open("test").unwrap(), 2_500);
        let (pool, known) = (Pool::new(settings, 1), KnownLinks::default());
        let stop = CancellationToken::new();
        stop.cancel();
        let read = keep_newest(&pool, &known, &stop).await.unwrap();
        assert_eq!(read, 1_000, "the page in hand");
    }
}
