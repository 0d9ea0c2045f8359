//! Reports from the warehouse in this process.

use super::{
    ErrorsReport, MessagesReport, ReportError, ReportQuery, Reports, WindowsQuery, WindowsReport,
    made, statements, windows,
};
use crate::warehouse::{Rows, Select, Warehouse, WarehouseError};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Longest time that a report may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// Longest time that counting every event of the warehouse may take.
pub(super) const DEEP_LIMIT: Duration = Duration::from_mins(10);
/// Longest time that a report waits for its turn.
pub(super) const TURN_LIMIT: Duration = Duration::from_secs(15);
/// Reports that are made at a time. Each takes DuckDB's threads and memory, and holds its rows: a dashboard
/// that asks for fifty at once gets them one after the other. The windows of `textrail verify`, which are
/// few rows, take no turn, but for the deep ones, of which one is made at a time.
const AT_ONCE: usize = 4;

/// Reports from a warehouse that this process owns.
#[derive(Clone, Debug)]
pub struct LocalReports {
    warehouse: Arc<dyn Warehouse>,
    turns: Arc<Semaphore>,
    deep_turn: Arc<Semaphore>,
}

impl LocalReports {
    /// Reports from this warehouse.
    pub fn new(warehouse: Arc<dyn Warehouse>) -> Self {
        Self {
            warehouse,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            deep_turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Reads and makes a report of the rows in its turn, on a blocking thread. Whoever asked may go away: the
    /// turn is the thread's, and ends with it.
    async fn in_turn<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        make: impl FnOnce(&dyn Warehouse) -> Result<T, ReportError> + Send + 'static,
    ) -> Result<T, ReportError> {
        let turn = tokio::time::timeout(TURN_LIMIT, Arc::clone(turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ReportError::Unavailable(anyhow::anyhow!(
                "other reports took all turns for {} seconds",
                TURN_LIMIT.as_secs()
            )));
        };
        self.blocking(move |warehouse| {
            let _turn = turn;
            make(warehouse)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        make: impl FnOnce(&dyn Warehouse) -> Result<T, ReportError> + Send + 'static,
    ) -> Result<T, ReportError> {
        let warehouse = Arc::clone(&self.warehouse);
        tokio::task::spawn_blocking(move || make(&*warehouse))
            .await
            .unwrap_or_else(|error| Err(ReportError::Query(error.into())))
    }
}

/// All statements in one snapshot.
fn read<const STATEMENTS: usize>(
    warehouse: &dyn Warehouse,
    statements: &[Select; STATEMENTS],
    limit: Duration,
) -> Result<[Rows; STATEMENTS], ReportError> {
    let results = warehouse
        .read(statements, limit)
        .map_err(|error| match error {
            WarehouseError::TooManyRows { limit } => ReportError::TooLarge { limit },
            WarehouseError::Timeout { .. } => ReportError::Unavailable(error.into()),
            error => ReportError::Query(error.into()),
        })?;
    results
        .try_into()
        .map_err(|_| made::unexpected("another number of results than of statements"))
}

#[async_trait]
impl Reports for LocalReports {
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        let query = query.clone();
        self.in_turn(&self.turns, move |warehouse| {
            let (origin, counts) = (statements::origin(), statements::messages(&query));
            if !query.percentiles {
                let [origin, counts] = read(warehouse, &[origin, counts], LIMIT)?;
                return made::messages(&query, &origin, counts, Rows::new());
            }
            let statements = [origin, counts, statements::latencies(&query)];
            let [origin, counts, latencies] = read(warehouse, &statements, LIMIT)?;
            made::messages(&query, &origin, counts, latencies)
        })
        .await
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        let query = query.clone();
        self.in_turn(&self.turns, move |warehouse| {
            let statements = [statements::origin(), statements::errors(&query)];
            let [origin, failures] = read(warehouse, &statements, LIMIT)?;
            made::errors(&query, &origin, &failures)
        })
        .await
    }

    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        let limit = if query.deep { DEEP_LIMIT } else { LIMIT };
        let statements = windows::statements(query);
        let make =
            move |warehouse: &dyn Warehouse| windows::report(read(warehouse, &statements, limit)?);
        if query.deep {
            self.in_turn(&self.deep_turn, make).await
        } else {
            self.blocking(make).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::duck::{DuckSettings, DuckWarehouse};
    use std::{future::poll_fn, pin::pin, sync::Mutex, sync::mpsc, task::Poll};
    use tokio::sync::mpsc::unbounded_channel;

    #[tokio::test]
    async fn one_report_more_waits_for_its_turn_also_when_an_asker_went_away() {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = DuckWarehouse::open(folder.path(), &DuckSettings::default()).unwrap();
        let reports = LocalReports::new(Arc::new(warehouse));
        let (begun, mut begins) = unbounded_channel();
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        let askers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (reports, begun, ended) = (reports.clone(), begun.clone(), ended.clone());
                tokio::spawn(async move {
                    let held = move |_: &dyn Warehouse| {
                        begun.send(()).unwrap();
                        ended.lock().unwrap().recv().unwrap();
                        Ok(())
                    };
                    reports.in_turn(&reports.turns, held).await
                })
            })
            .collect();
        for _ in 0..AT_ONCE {
            begins.recv().await.unwrap();
        }
        askers[0].abort();

        let mut one_more = pin!(reports.in_turn(&reports.turns, |_| Ok("made")));
        let poll_once =
            poll_fn(|context| Poll::Ready(one_more.as_mut().poll(context).is_pending()));
        assert!(poll_once.await, "it waits");
        end.send(()).unwrap();
        assert_eq!(one_more.await.unwrap(), "made");
        for _ in 1..AT_ONCE {
            end.send(()).unwrap();
        }
    }
}
