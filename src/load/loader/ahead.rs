//! Windows in their order: while a transaction loads some, the next ones are staged and read. Two
//! batches at most lie on the disk.

use super::{Loader, TickReport};
use crate::{
    domain::window::WindowId,
    lake::store::ObjectStore,
    load::{
        batch::{self, Order, Staged, StoppedWindows},
        fault::{Fault, LoadError},
        measure,
        settings::LoadSettings,
        staging, tidy,
    },
};
use futures_util::future::join;
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Instant,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Windows that lie ready for a transaction.
struct Ready {
    staged: Staged,
    /// Those tried with them that cannot be loaded.
    stopped: StoppedWindows,
    /// Removed with them.
    _folder: TempDir,
}

impl Loader {
    /// Loads what waits, until `shutdown`; then the transaction in hand is the last.
    pub(super) async fn load_waiting(
        &mut self,
        report: &mut TickReport,
        shutdown: &CancellationToken,
    ) -> Result<(), LoadError> {
        let mut order = VecDeque::from(self.waiting.in_order());
        let mut in_hand: Option<Ready> = None;
        while (in_hand.is_some() || !order.is_empty()) && !shutdown.is_cancelled() {
            let chosen = self.choose(&mut order, in_hand.as_ref(), report).await?;
            let staging = stage(self.store.clone(), self.settings.clone(), chosen);
            // The first ones are loaded at once: there is nothing beside which to read them.
            let warehouse = in_hand.is_some().then(|| self.warehouse.clone());
            let next = async {
                let staged = shutdown.run_until_cancelled(staging).await;
                if let (Some(warehouse), Some(Ok((Some(ready), _)))) = (&warehouse, &staged) {
                    batch::read_ahead(warehouse, &ready.staged.windows).await;
                }
                staged
            };
            let (loaded, staged) = join(self.load_ready(in_hand, report), next).await;
            loaded?;
            tidy::fold_many(&self.warehouse, self.settings.fold_rows).await;
            let Some(staged) = staged else {
                return Ok(());
            };
            let (next, rest) = staged?;
            rest.into_iter()
                .rev()
                .for_each(|window| order.push_front(window));
            in_hand = next;
        }
        Ok(())
    }

    /// Takes the first windows, at most as many as one transaction may have, and settles those that
    /// are loaded already; returns the others. None while the first is of a window that is in hand.
    async fn choose(
        &mut self,
        order: &mut VecDeque<(WindowId, String)>,
        in_hand: Option<&Ready>,
        report: &mut TickReport,
    ) -> Result<Order, LoadError> {
        let in_hand = in_hand.map_or(&[][..], |ready| &ready.staged.found);
        let in_hand = in_hand.iter().map(|found| found.id).collect();
        let count = distinct(order, self.settings.windows_at_once.max(1), in_hand);
        let first: Order = order.drain(..count).collect();
        let ids: Vec<_> = first.iter().map(|(id, _)| *id).collect();
        let known = self.ask(move |warehouse| warehouse.loaded(&ids)).await?;
        let (mut new, mut same, mut twice) = (Order::new(), Vec::new(), Vec::new());
        for (id, key) in first {
            match known.get(&id) {
                None => new.push((id, key)),
                Some(loaded) if *loaded == key => same.push(key),
                Some(loaded) => {
                    let loaded = loaded.clone();
                    twice.push((key.clone(), Fault::Twice { key, loaded }));
                }
            }
        }
        self.settle(same.iter().map(String::as_str)).await?;
        self.stop(twice, report).await?;
        Ok(new)
    }

    async fn load_ready(
        &mut self,
        ready: Option<Ready>,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let Some(ready) = ready else {
            return Ok(());
        };
        self.stop(ready.stopped, report).await?;
        let staged = ready.staged;
        if staged.found.is_empty() {
            return Ok(());
        }
        match self.load(&staged, 0..staged.found.len(), report).await {
            Err(LoadError::Warehouse(error)) => self.load_apart(&staged, error, report).await,
            loaded => loaded,
        }
    }
}

/// How many of the first windows may be chosen together: up to a manifest of a window that another
/// one is of, here or in hand. That one is looked at when the other is loaded.
fn distinct(
    order: &VecDeque<(WindowId, String)>,
    most: usize,
    in_hand: HashSet<WindowId>,
) -> usize {
    let mut seen = in_hand;
    let first = order.iter().take(most);
    first.take_while(|(id, _)| seen.insert(*id)).count()
}

/// Stages as many of these windows as one transaction takes; returns the others as well.
async fn stage(
    store: Arc<dyn ObjectStore>,
    settings: LoadSettings,
    chosen: Order,
) -> Result<(Option<Ready>, Order), LoadError> {
    let mut chosen = chosen;
    if chosen.is_empty() {
        return Ok((None, chosen));
    }
    let (found, mut stopped) = batch::manifests(&*store, &chosen, settings.rows_at_once).await;
    let rest = chosen.split_off(found.len() + stopped.len());
    let folder = staging::make(&settings.staging).map_err(LoadError::Staging)?;
    let begun = Instant::now();
    let (staged, faulty) = batch::stage(&*store, found, folder.path()).await;
    measure::staged(begun);
    stopped.extend(faulty);
    let ready = Ready {
        staged,
        stopped,
        _folder: folder,
    };
    Ok((Some(ready), rest))
}
