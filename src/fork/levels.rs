//! What lies behind the cache in memory: recordings, and the persistent store.
//!
//! Whatever is found here was admitted once, by this fork or by another one of the same block. Asked without the fork's
//! lock.

use super::recording::Recording;
use super::touched;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::state::{Request, SourceAccount};
use crate::store::{Record, Scope, Store};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A value that was held.
pub(super) enum Held {
    Account(Option<SourceAccount>),
    Slot(U256),
    Code(B256, Bytes),
    BlockHash(B256),
}

struct Stored {
    store: Arc<Store>,
    scope: Scope,
}

#[derive(Default)]
pub(super) struct Levels {
    recordings: RwLock<Vec<Arc<Recording>>>,
    stored: OnceLock<Stored>,
    /// There is something to ask.
    any: AtomicBool,
}

impl Levels {
    /// Puts the persistent store behind the fork, once.
    pub(super) fn attach(&self, store: Arc<Store>, scope: Scope) {
        // The first one stays: all are of the same block.
        let _ = self.stored.set(Stored { store, scope });
        self.any.store(true, Ordering::Release);
    }

    pub(super) fn add(&self, recording: Recording) {
        self.recordings.write().push(Arc::new(recording));
        self.any.store(true, Ordering::Release);
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    pub(super) fn recordings(&self) -> Vec<Arc<Recording>> {
        self.recordings.read().clone()
    }

    pub(super) fn stored(&self) -> Option<(&Arc<Store>, Scope)> {
        self.stored.get().map(|stored| (&stored.store, stored.scope))
    }

    fn get<T>(
        &self,
        recorded: impl Fn(&Recording) -> Option<T>,
        stored: impl FnOnce(&Store, Scope) -> Option<T>,
    ) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let recordings = self.recordings.read();
        if let Some(found) = recordings.iter().find_map(|recording| recorded(recording)) {
            return Some(found);
        }
        drop(recordings);
        self.stored.get().and_then(|level| stored(&level.store, level.scope))
    }

    #[expect(clippy::option_option, reason = "the outer one is whether it is held, the inner whether it exists")]
    pub(super) fn account(&self, address: Address) -> Option<Option<SourceAccount>> {
        self.get(|recording| recording.accounts.get(&address).copied(), |store, scope| store.account(scope, address))
    }

    fn code(&self, hash: B256) -> Option<Bytes> {
        self.get(|recording| recording.codes.get(&hash).cloned(), |store, _| store.code(&hash))
    }

    /// A trie node by its hash.
    pub(super) fn node(&self, hash: &B256) -> Option<Bytes> {
        self.get(|recording| recording.nodes.get(hash).cloned(), |store, _| store.node(hash))
    }

    /// The answer to a request; `code_hash` is that of a code, where it is known.
    pub(super) fn find(&self, request: Request, code_hash: Option<B256>) -> Option<Held> {
        match request {
            Request::Account(address) => self.account(address).map(Held::Account),
            Request::Storage(address, slot) => self
                .get(
                    |recording| recording.slots.get(&SlotKey(address, slot)).copied(),
                    |store, scope| store.slot(scope, address, slot),
                )
                .map(Held::Slot),
            Request::Code(address) => {
                let hash = match code_hash {
                    Some(hash) => hash,
                    None => self.account(address)?.map_or(KECCAK256_EMPTY, |account| account.code_hash),
                };
                if hash == KECCAK256_EMPTY {
                    return None;
                }
                self.code(hash).map(|code| Held::Code(hash, code))
            }
            Request::BlockHash(number) => self
                .get(
                    |recording| recording.block_hashes.get(&number).copied(),
                    |store, scope| store.block_hash(scope, number),
                )
                .map(Held::BlockHash),
            Request::Block | Request::Foresight(_) | Request::Proof(_) => None,
        }
    }

    /// Hands a value over to be stored.
    pub(super) fn keep(&self, record: impl FnOnce(Scope) -> Record) {
        if let Some(Stored { store, scope }) = self.stored.get() {
            store.put(record(*scope));
        }
    }

    pub(super) fn touched(&self, key: &touched::Key) -> Option<Vec<u8>> {
        self.stored.get().and_then(|level| level.store.touched(key))
    }

    pub(super) fn keep_touched(&self, key: touched::Key, value: Vec<u8>) {
        self.keep(|_| Record::Touched(key.to_vec(), value));
    }

    /// Writes everything that was handed over.
    pub(super) fn flush(&self) -> Result<()> {
        match self.stored.get() {
            Some(level) => level.store.flush(),
            None => Err(Error::InvalidState("the fork has no persistent cache to write: give cache_dir".into())),
        }
    }
}
