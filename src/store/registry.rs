//! One store for each file and process.

use super::Store;
use crate::error::{Error, Result};
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};

static STORES: Mutex<Option<HashMap<PathBuf, Weak<Store>>>> = Mutex::new(None);
/// Stores that are open or being opened or closed.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// The process that `OPEN` was counted in.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Held by each open store.
pub(super) struct Ticket(());

impl Ticket {
    /// `SQLite` keeps the locks of a process in memory: in a process forked from one that has files open, that memory
    /// tells of locks which the new process has not.
    fn take(path: &Path) -> Result<Self> {
        let (here, there) = (std::process::id(), PROCESS.load(SeqCst));
        if there != 0 && there != here && OPEN.load(SeqCst) != 0 {
            return Err(Error::Cache(format!(
                "{}: this process was forked from one that had a persistent cache open; open it after the fork, or close \
                 it before",
                path.display()
            )));
        }
        PROCESS.store(here, SeqCst);
        OPEN.fetch_add(1, SeqCst);
        Ok(Self(()))
    }
}

impl Drop for Ticket {
    /// The last one leaves no memory behind, unless the table is in use: whoever uses it has a ticket too.
    fn drop(&mut self) {
        if OPEN.fetch_sub(1, SeqCst) != 1 {
            return;
        }
        if let Some(mut stores) = STORES.try_lock()
            && stores.iter().flatten().all(|(_, store)| store.strong_count() == 0)
        {
            *stores = None;
        }
    }
}

/// The store that is open for this file, or what `open` makes.
pub(super) fn share(path: &Path, open: impl FnOnce(Ticket) -> Result<Arc<Store>>) -> Result<(Arc<Store>, bool)> {
    let ticket = Ticket::take(path)?;
    let mut stores = STORES.lock();
    let stores = stores.get_or_insert_default();
    if let Some(store) = stores.get(path).and_then(Weak::upgrade) {
        return Ok((store, false));
    }
    stores.retain(|_, store| store.strong_count() > 0);
    let store = open(ticket)?;
    stores.insert(path.to_owned(), Arc::downgrade(&store));
    Ok((store, true))
}

/// Held while files are only looked at.
pub(super) fn visit(path: &Path) -> Result<Ticket> {
    Ticket::take(path)
}
