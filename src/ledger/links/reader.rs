//! Questions for links, answered many at once.
//!
//! A link that nobody visited lately takes two reads, and a burst of visits to a new campaign asks for
//! thousands of them. One by one, each paid for a thread, a connection and two statements: ten times
//! what its click cost. So a reader takes whatever waits, as the recorder's writers do. There is one: a
//! second would halve what each takes.

use super::super::facts::LinkTarget;
use super::super::pool::{LedgerError, Pool};
use super::find_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Links of one question to PostgreSQL, at most.
const LINKS_AT_ONCE: usize = 500;
/// Questions that may wait; one more is refused.
const MOST_WAITING: usize = 20_000;

type Answer = Result<Option<Arc<LinkTarget>>, LedgerError>;
/// A number, and who asks for its link.
type Question = (i64, oneshot::Sender<Answer>);

/// Finds links by number. Cloning shares it.
#[derive(Clone, Debug)]
pub struct LinkReader {
    pool: Pool,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    questions: Vec<Question>,
    /// Whether a reader is at work.
    reading: bool,
}

impl LinkReader {
    /// A reader of what is behind a pool.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            waiting: Arc::default(),
        }
    }

    /// The link of a number, if there is one. Needs a Tokio runtime.
    ///
    /// # Errors
    /// If the ledger is away, refuses the query, or too many wait already.
    pub async fn find(&self, number: i64) -> Answer {
        let (answer, heard) = oneshot::channel();
        if self.ask(number, answer)? {
            // A task of its own: whoever asked first may hang up, and others wait.
            let reader = Reader {
                of: self.clone(),
                ended: false,
            };
            tokio::spawn(reader.read());
        }
        let lost = |_| LedgerError::Unavailable(anyhow::anyhow!("a link's reader ended"));
        heard.await.map_err(lost)?
    }

    /// Whether a reader is needed.
    fn ask(&self, number: i64, answer: oneshot::Sender<Answer>) -> Result<bool, LedgerError> {
        let mut waiting = self.lock();
        if waiting.questions.len() >= MOST_WAITING {
            let error = anyhow::anyhow!("{MOST_WAITING} links are asked for already");
            return Err(LedgerError::Unavailable(error));
        }
        waiting.questions.push((number, answer));
        let needed = !std::mem::replace(&mut waiting.reading, true);
        Ok(needed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At work until it finds nothing more, or is dropped.
struct Reader {
    of: LinkReader,
    ended: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.ended {
            self.of.lock().reading = false;
        }
    }
}

impl Reader {
    /// Answers until nothing waits.
    async fn read(mut self) {
        while let Some(questions) = self.take() {
            let numbers: Vec<i64> = questions.iter().map(|(number, _)| *number).collect();
            let find = move |conn: &mut _| find_all(conn, &numbers);
            let found = self.of.pool.run("links", find).await;
            answer(questions, found);
        }
    }

    /// What waits. When that is nothing, this reader is at work no longer from that very moment: the next
    /// question needs another.
    fn take(&mut self) -> Option<Vec<Question>> {
        let mut waiting = self.of.lock();
        if waiting.questions.is_empty() {
            waiting.reading = false;
            self.ended = true;
            return None;
        }
        let some = waiting.questions.len().min(LINKS_AT_ONCE);
        Some(waiting.questions.drain(..some).collect())
    }
}

fn answer(questions: Vec<Question>, found: Result<Vec<LinkTarget>, LedgerError>) {
    let found = found.map(|links| {
        let by_number = links.into_iter().map(|link| (link.number, Arc::new(link)));
        by_number.collect::<HashMap<_, _>>()
    });
    for (number, asker) in questions {
        let told = match &found {
            Ok(links) => Ok(links.get(&number).cloned()),
            Err(error) => Err(error.again()),
        };
        // Who hung up needs no answer.
        drop(asker.send(told));
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_links::fill;
    use super::*;
    use crate::ledger::connection::ConnectionSettings;
    use crate::ledger::test_database::TestDatabase;
    use futures_util::future::join_all;
    use std::time::Duration;

    fn reader(database: &TestDatabase) -> LinkReader {
        let settings = ConnectionSettings::new(database.url());
        fill(&mut settings.open("test").unwrap(), 1_000);
        LinkReader::new(Pool::new(settings, 2))
    }

    #[tokio::test]
    async fn everyone_hears_of_the_link_that_they_asked_for() {
        let database = TestDatabase::create();
        let reader = reader(&database);
        for _ in 0..3 {
            let asked: Vec<i64> = (0..1_500).chain([i64::MAX, 7, 7]).collect();
            let found = join_all(asked.iter().map(|number| reader.find(*number))).await;
            for (number, found) in asked.into_iter().zip(found) {
                let link = found.unwrap();
                let expected = (0..1_000).contains(&number).then_some(number);
                assert_eq!(link.as_ref().map(|link| link.number), expected);
                if let Some(link) = link {
                    let id = link.context.message_id.unwrap();
                    assert_eq!(link.target_url, format!("https://shop.example/{id}"));
                }
            }
            let waiting = reader.lock();
            assert_eq!((waiting.questions.len(), waiting.reading), (0, false));
        }
    }

    #[tokio::test]
    async fn who_hangs_up_harms_nobody() {
        let database = TestDatabase::create();
        let reader = reader(&database);
        let gone = tokio::time::timeout(Duration::ZERO, reader.find(1)).await;
        assert!(gone.is_err(), "it needs PostgreSQL's answer");
        assert!(reader.find(2).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn everyone_hears_that_the_ledger_is_away() {
        let settings = ConnectionSettings::new("postgres://nobody@127.0.0.1:1/nothing");
        let reader = LinkReader::new(Pool::new(settings, 1));
        let found = join_all((0..3).map(|number| reader.find(number))).await;
        for answer in found {
            assert!(matches!(answer, Err(LedgerError::Unavailable(_))));
        }
        assert!(!reader.lock().reading);
    }
}
