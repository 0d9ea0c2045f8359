//! What becomes of a window: it is loaded, or it stands still.

use super::{Loader, Stopped, TickReport};
use crate::{
    announce::Announcement,
    load::{
        batch,
        fault::{Fault, LoadError},
        measure,
    },
};
use std::time::Instant;

/// Stopped windows that have a metric of their own, at most: the log names all.
const MOST_NAMED: usize = 100;

/// Why a window stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halt {
    pub(super) reason: &'static str,
    /// Whether that is expected to pass by itself.
    pub(super) passes: bool,
}

impl Loader {
    /// These windows are loaded: they wait no longer, and their announcements are answered.
    pub(super) async fn settle<'a>(
        &mut self,
        manifest_keys: impl Iterator<Item = &'a str> + Send,
    ) -> Result<(), LoadError> {
        let mut done: Vec<Announcement> = Vec::new();
        for key in manifest_keys {
            if let Some(halt) = self.stopped.remove(key) {
                measure::stands_still(key, halt.reason, false);
            }
            done.extend(self.waiting.remove(key));
        }
        measure::stopped_windows(self.stopped.len());
        if !done.is_empty() {
            fail::fail_point!("load.acknowledge.before");
            self.announcer.acknowledge(&done).await?;
            fail::fail_point!("load.acknowledge.after");
        }
        Ok(())
    }

    /// These windows are not loaded. One whose fault does not pass waits no longer: it is announced
    /// again.
    pub(super) async fn stop(
        &mut self,
        stopped: Vec<(String, Fault)>,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let keys = stopped.iter().map(|(key, _)| key.as_str());
        batch::note_stopped(&self.warehouse, keys).await?;
        for (manifest_key, fault) in stopped {
            measure::stopped(&manifest_key, &fault);
            if fault.passes() {
                self.waiting.failed(&manifest_key);
            } else {
                let announcements = self.waiting.remove(&manifest_key);
                self.announcer.release(&announcements);
            }
            self.note_stopped(&manifest_key, &fault);
            report.stopped.push(Stopped {
                manifest_key,
                fault,
            });
        }
        measure::stopped_windows(self.stopped.len());
        Ok(())
    }

    /// Every so often, and at first, windows that stand still are tried again, however long ago they
    /// were announced.
    pub(super) async fn look_again(&mut self) -> Result<(), LoadError> {
        let begun = Instant::now();
        let every = self.settings.look_back_every;
        if self
            .looked_again
            .is_some_and(|last| begun.duration_since(last) < every)
        {
            return Ok(());
        }
        let stopped = self.ask(|warehouse| warehouse.stopped()).await?;
        self.looked_again = Some(begun);
        // What this process remembers may be loaded: by another loader, or in a generation that was switched to.
        let remembered = self.stopped.keys().cloned();
        let again = stopped.into_iter().map(|(_, manifest_key)| manifest_key);
        let again = again.chain(remembered).map(|manifest_key| Announcement {
            manifest_key,
            handle: None,
        });
        self.waiting.add(again.collect());
        Ok(())
    }

    fn note_stopped(&mut self, manifest_key: &str, fault: &Fault) {
        let (reason, passes) = (fault.reason(), fault.passes());
        let before = self
            .stopped
            .insert(manifest_key.to_owned(), Halt { reason, passes });
        if let Some(before) = before.filter(|before| before.reason != reason) {
            measure::stands_still(manifest_key, before.reason, false);
        }
        if self.stopped.len() <= MOST_NAMED {
            measure::stands_still(manifest_key, reason, true);
        }
    }
}
