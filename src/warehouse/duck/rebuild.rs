//! A generation that is built beside the current one, and takes its place.

use super::{
    DuckSettings, checkpoint, derive, directory::Directory, failed, generation::Generation,
    refused, rules,
};
use crate::{
    event::Kind,
    warehouse::{Warehouse, WarehouseError, columns::definitions},
};
use anyhow::Context;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

const BEGIN: &str = include_str!("../sql/rebuild/begin.sql");

/// See the module. One at a time; the current generation may be loaded and read meanwhile, by this
/// process or another. What was built stays when it is dropped, or killed: the next one goes on.
#[derive(Debug)]
pub struct Rebuild {
    directory: Directory,
    file: PathBuf,
    generation: Arc<Generation>,
    replaces: String,
    resumed: bool,
    /// Nobody else rebuilds until this is dropped.
    _lock: File,
}

impl Rebuild {
    /// Goes on with the rebuild that this version began in `directory`, or begins one: always with
    /// `restart`, and when the one begun follows the rules of another version.
    ///
    /// # Errors
    /// [`WarehouseError::Rebuilding`] when another process does.
    pub fn begin(
        directory: &Path,
        settings: &DuckSettings,
        restart: bool,
    ) -> Result<Self, WarehouseError> {
        let directory = Directory::open(directory).map_err(failed("find its folder"))?;
        let lock = directory.lock_rebuild()?;
        let replaces = directory.current().map_err(failed("find its file"))?;
        let name = Directory::after(&replaces).map_err(failed("name a generation"))?;
        let file = directory.file(&name);
        let begun = if restart {
            None
        } else {
            resume(&name, &file, settings)
        };
        let resumed = begun.is_some();
        let generation = match begun {
            Some(generation) => generation,
            None => begin(&directory, &name, settings)?,
        };
        generation
            .execute(checkpoint::LEAVE_ROWS)
            .map_err(refused("set how its log is written"))?;
        Ok(Self {
            directory,
            file,
            generation: Arc::new(generation),
            replaces,
            resumed,
            _lock: lock,
        })
    }

    /// The name of the generation that it builds.
    pub fn name(&self) -> &str {
        &self.generation.name
    }

    /// The name of the current generation.
    pub fn replaces(&self) -> &str {
        &self.replaces
    }

    /// Whether it goes on with what was begun before.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The new generation, to be loaded. Until [`Self::derive`] a load gathers facts alone.
    pub fn warehouse(&self) -> Arc<dyn Warehouse> {
        self.generation.clone()
    }

    /// Whether facts may still be gathered: no message is made of them yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn gathers(&self) -> Result<bool, WarehouseError> {
        Ok(self.generation.nature()?.state == "gathering")
    }

    /// Whether its messages and buckets are made.
    pub fn is_whole(&self) -> bool {
        self.generation.is_whole()
    }

    /// Makes messages and buckets of all that was gathered, once; a load makes them from then on.
    /// Tells how many messages are made, of how many are left to make.
    ///
    /// # Errors
    /// When the engine refuses. What was made by then stays, and the next call goes on behind it.
    pub fn derive(&self, tell: &mut dyn FnMut(u64, u64)) -> Result<(), WarehouseError> {
        if self.is_whole() {
            return Ok(());
        }
        derive::derive(&self.generation, tell)
    }

    /// Makes it the current generation: written out and closed, then named by the pointer. Whoever
    /// has the one before open goes on with it until they look.
    ///
    /// # Errors
    /// When it is still read, cannot be written out, or cannot be named by the pointer.
    pub fn switch(self) -> Result<(), WarehouseError> {
        let name = self.generation.name.clone();
        self.generation.checkpoint(0)?;
        // Closed before it is current: a file of DuckDB belongs to one process.
        Arc::into_inner(self.generation)
            .context("it is still read")
            .map_err(failed("close a generation"))
            .map(drop)?;
        let settle = || {
            File::open(&self.file)?.sync_all()?;
            self.directory.sync()
        };
        settle().map_err(failed("write a generation to disk"))?;
        fail::fail_point!("reprocess.switch.before");
        self.directory
            .point(&name)
            .map_err(failed("make a generation the current one"))?;
        fail::fail_point!("reprocess.switch.after");
        Ok(())
    }
}

/// What was begun, if it can be gone on with.
fn resume(name: &str, file: &Path, settings: &DuckSettings) -> Option<Generation> {
    if !file.exists() {
        return None;
    }
    let opened = Generation::open(name, file.to_owned(), settings);
    let ours = |generation: &Generation| -> Result<bool, WarehouseError> {
        let same = generation.nature()?.rules == rules::fingerprint();
        // One that was killed while it was being made says that it is whole, and holds nothing.
        let made = !generation.is_whole() || generation.progress()?.is_some();
        Ok(same && made)
    };
    match opened.and_then(|generation| Ok((ours(&generation)?, generation))) {
        Ok((true, generation)) => Some(generation),
        Ok((false, _)) => {
            tracing::info!(
                generation = name,
                "what was begun is not this version's: begins anew"
            );
            None
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            tracing::warn!(generation = name, %error, "what was begun cannot be used: begins anew");
            None
        }
    }
}

/// An empty one.
fn begin(
    directory: &Directory,
    name: &str,
    settings: &DuckSettings,
) -> Result<Generation, WarehouseError> {
    directory
        .remove(name)
        .map_err(failed("remove what was begun"))?;
    let generation = Generation::open(name, directory.file(name), settings)?;
    let begin = BEGIN.replace("{message}", &definitions(Kind::Message));
    generation
        .execute(&format!("BEGIN; {begin} COMMIT;"))
        .map_err(refused("begin a generation"))?;
    generation.set_whole(false);
    Ok(generation)
}
