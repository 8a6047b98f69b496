//! The persistent cache: values of blocks in one file a chain, which several processes share.
//!
//! A store never stands in the way. What it has not, cannot read or finds damaged is a miss; what it cannot write is
//! dropped and counted; only opening fails, where its directory cannot be one. Writes wait in memory for a thread of
//! their own: what was put is read back once it is written, at the latest after [`Store::flush`].
//!
//! Nothing wrong is ever read: each record has a checksum seeded with the chain, the block and the key it belongs to
//! ([`record`]), and code and trie nodes are checked against their keccak-256. That holds whatever happens to the file; a
//! file that `SQLite` finds damaged, or that is not this chain's, is set aside under another name and a new one is begun.
//!
//! In a process forked from the one that opened it, a store is empty and takes nothing.

mod blocks;
mod evict;
mod export;
mod file;
mod queue;
mod reader;
mod record;
mod registry;
mod scopes;
mod shared;
#[cfg(test)]
mod tests;
mod types;
mod writer;

pub(crate) use types::{Block, Chain, Counts, Record, Scope};

use crate::error::{Error, Result};
use crate::state::SourceAccount;
use alloy_primitives::{Address, B256, Bytes, U256};
use blocks::Found;
use file::Failure;
use queue::Task;
use reader::Answer;
use record::Key;
use registry::Ticket;
use rusqlite::Connection;
use shared::Shared;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use writer::Writer;

/// The smallest limit of a file, as its layout needs some room.
const MIN_BYTES: u64 = 1 << 20;

/// The persistent values of one chain.
pub(crate) struct Store {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    /// Dropped last: until then, files may be open.
    ticket: Option<Ticket>,
    process: u32,
}

impl Store {
    /// Opens the file of `chain` in `dir`, or the store that this process has open for it, making both the directory and
    /// the file if they are not there. The file is kept below `max_bytes` (of several openings, the last one's; at
    /// least 1 MiB), but for what one batch of at most 2 MiB adds before it is shrunk.
    ///
    /// [`Error::Cache`] when `dir` cannot be a directory, or in a process that was forked from one with open stores.
    pub(crate) fn open(dir: &Path, chain: &Chain, max_bytes: u64) -> Result<Arc<Self>> {
        let failed = |error: std::io::Error| Error::Cache(format!("cache directory {}: {error}", dir.display()));
        std::fs::create_dir_all(dir).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        std::fs::read_dir(&dir).map_err(failed)?;
        let path = dir.join(file::name(chain));
        let max_bytes = max_bytes.max(MIN_BYTES);
        let (store, _) = registry::share(&path, |ticket| {
            let shared = Arc::new(Shared::new(path.clone(), chain.clone(), max_bytes));
            let connection = shared.attach();
            let writer = Writer::new(Arc::clone(&shared), connection);
            let writer = std::thread::Builder::new()
                .name("worldstate-store".to_owned())
                .spawn(move || writer.run())
                .map_err(|error| Error::Cache(format!("{}: no thread to write with: {error}", path.display())))?;
            Ok(Arc::new(Self { shared, writer: Some(writer), ticket: Some(ticket), process: std::process::id() }))
        })?;
        if store.is_here() {
            store.shared.max_bytes.store(max_bytes, Relaxed);
        }
        Ok(store)
    }

    /// The chains that have files in `dir`. Files that are damaged, or no files of ours, are passed over; so is a
    /// directory that is not there.
    pub(crate) fn chains(dir: &Path) -> Result<Vec<Chain>> {
        let failed = |error: std::io::Error| Error::Cache(format!("cache directory {}: {error}", dir.display()));
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let _ticket = registry::visit(dir)?;
        let mut chains = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if !file::is_named_so(Path::new(&entry.file_name())) {
                continue;
            }
            if let Ok(chain) = file::chain_of(&entry.path())
                && Path::new(&file::name(&chain)) == Path::new(&entry.file_name())
            {
                chains.push(chain);
            }
        }
        chains.sort_by(|one, other| (one.id, &one.network).cmp(&(other.id, &other.network)));
        Ok(chains)
    }

    /// The scope of a block, which becomes the one used last. A block once entered as final stays so. The look-ups by hash
    /// and number know it once that is written.
    pub(crate) fn enter(&self, block: &Block, is_final: bool) -> Scope {
        let key = record::block_key(block);
        let found = self.ask(|connection| blocks::find(connection, self.shared.seal, &key));
        let scope = self.shared.scopes.enter(self.shared.seal, block, found.map(|found| found.id));
        self.push(Task::Enter(scope, is_final));
        scope
    }

    /// The block with this hash, if it was ever entered.
    pub(crate) fn by_hash(&self, hash: B256, verified: bool) -> Option<(Block, Scope)> {
        self.find(|connection| blocks::by_hash(connection, self.shared.seal, &hash, verified))
    }

    /// The block with this number, if it was ever entered as final.
    pub(crate) fn by_number(&self, number: u64, verified: bool) -> Option<(Block, Scope)> {
        self.find(|connection| blocks::by_number(connection, self.shared.seal, number, verified))
    }

    /// The block that the tag meant when it was last recorded.
    pub(crate) fn tag(&self, tag: &str, verified: bool) -> Option<(Block, Scope)> {
        self.find(|connection| blocks::by_tag(connection, self.shared.seal, tag, verified))
    }

    /// Records which block the tag means now: for blocks with checked values apart from those without.
    pub(crate) fn set_tag(&self, tag: &str, scope: Scope) {
        self.push(Task::Tag(tag.to_owned(), scope));
    }

    /// The account at the block; `Some(None)` when it is known to be absent.
    #[expect(clippy::option_option, reason = "the outer is whether it is stored, the inner whether the account exists")]
    pub(crate) fn account(&self, scope: Scope, address: Address) -> Option<Option<SourceAccount>> {
        self.value(scope, &Key::account(address), record::decode_account)
    }

    pub(crate) fn slot(&self, scope: Scope, address: Address, slot: U256) -> Option<U256> {
        self.value(scope, &Key::slot(address, slot), record::decode_word)
    }

    pub(crate) fn block_hash(&self, scope: Scope, number: u64) -> Option<B256> {
        self.value(scope, &Key::block_hash(number), record::decode_hash)
    }

    /// The code with this keccak-256.
    pub(crate) fn code(&self, hash: &B256) -> Option<Bytes> {
        self.content(hash)
    }

    /// The trie node with this keccak-256, as RLP.
    pub(crate) fn node(&self, hash: &B256) -> Option<Bytes> {
        self.content(hash)
    }

    /// What was last put as [`Record::Touched`] under `key`.
    pub(crate) fn touched(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.answer(|connection| reader::touched(connection, self.shared.seal, key))
    }

    /// Has a value written. Never waits for the disk: what the writer cannot keep up with is dropped and counted.
    pub(crate) fn put(&self, record: Record) {
        self.push(Task::Put(record));
    }

    /// Gives each value of a block, and the codes of its accounts, after all that was put so far is written. Damaged
    /// records are passed over and counted. Trie nodes are not given: they belong to no block.
    pub(crate) fn each(&self, scope: Scope, receive: &mut dyn FnMut(Record)) -> Result<()> {
        if !self.shared.read_only.load(Relaxed) {
            self.flush()?;
        }
        self.check_process()?;
        export::each(&self.shared, scope, receive).map_err(|failure| self.error(failure.text()))
    }

    /// Waits until everything put so far is in the file, and on the disk. [`Error::Cache`] when any value put since the
    /// last flush could not be written.
    pub(crate) fn flush(&self) -> Result<()> {
        self.check_process()?;
        self.shared.queue.flush().map_or(Ok(()), |why| Err(self.error(&why)))
    }

    /// What is to be told to a log, since the last call: at most 100 texts.
    pub(crate) fn take_messages(&self) -> Vec<String> {
        if self.is_here() { self.shared.take_messages() } else { Vec::new() }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.shared.counts()
    }

    fn is_here(&self) -> bool {
        std::process::id() == self.process
    }

    fn check_process(&self) -> Result<()> {
        if self.is_here() { Ok(()) } else { Err(self.error("opened before the process was forked")) }
    }

    fn error(&self, why: &str) -> Error {
        Error::Cache(format!("persistent cache {}: {why}", self.shared.path.display()))
    }

    fn push(&self, task: Task) {
        if !self.is_here() {
            return;
        }
        let value = task.is_value();
        if self.shared.read_only.load(Relaxed) {
            if value {
                self.shared.dropped.fetch_add(1, Relaxed);
                self.shared.queue.lose("the file is open for reading only");
            }
        } else if !self.shared.queue.push(task) && value {
            self.shared.dropped.fetch_add(1, Relaxed);
        }
    }

    fn ask<T>(&self, question: impl FnOnce(&Connection) -> std::result::Result<Option<T>, Failure>) -> Option<T> {
        if self.is_here() { self.shared.ask(question) } else { None }
    }

    fn find(
        &self,
        question: impl FnOnce(&Connection) -> std::result::Result<Option<Found>, Failure>,
    ) -> Option<(Block, Scope)> {
        let found = self.ask(question)?;
        let scope = self.shared.scopes.enter(self.shared.seal, &found.block, Some(found.id));
        Some((found.block, scope))
    }

    fn value<T>(&self, scope: Scope, key: &Key, decode: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        self.answer(|connection| match self.shared.scopes.place(scope) {
            Some(place) if place.id != 0 => reader::value(connection, place, key, decode),
            _ => Ok(Answer::Absent),
        })
    }

    fn content(&self, hash: &B256) -> Option<Bytes> {
        let (bytes, used) = self.answer(|connection| reader::content(connection, hash))?;
        if used < self.shared.clock.load(Relaxed) && !self.shared.read_only.load(Relaxed) {
            self.push(Task::Used(record::content_row(hash)));
        }
        Some(bytes)
    }

    /// Asks, and counts what comes of it.
    fn answer<T>(&self, question: impl FnOnce(&Connection) -> std::result::Result<Answer<T>, Failure>) -> Option<T> {
        let answer = self.ask(|connection| {
            Ok(match question(connection)? {
                Answer::Value(value) => Some(value),
                Answer::Absent => None,
                Answer::Bad => {
                    self.shared.bad_records.fetch_add(1, Relaxed);
                    None
                }
            })
        });
        let counter = if answer.is_some() { &self.shared.hits } else { &self.shared.misses };
        counter.fetch_add(1, Relaxed);
        answer
    }
}

impl Drop for Store {
    /// Writes what waits. In a forked process there is nothing to be done: the thread is the parent's, and so are the
    /// connections, which must not even be closed here.
    fn drop(&mut self) {
        if self.is_here() {
            self.shared.queue.close();
            if let Some(writer) = self.writer.take() {
                // It has panicked if this fails, and there is nobody to tell.
                let _ = writer.join();
            }
        } else {
            std::mem::forget(self.writer.take());
            std::mem::forget(self.ticket.take());
            std::mem::forget(Arc::clone(&self.shared));
        }
    }
}
