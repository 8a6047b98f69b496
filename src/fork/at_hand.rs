//! A fork that answers from its cache alone.

use super::Fork;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::state::{Request, Source, SourceAccount};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::sync::Arc;

/// Answers what is cached; all else is missing, and nothing is asked of the node.
pub(super) struct AtHand(pub(super) Arc<Fork>);

impl AtHand {
    fn read<T>(&self, request: Request, look_up: impl FnOnce(&mut super::inner::Inner) -> Option<T>) -> Result<T> {
        let mut inner = self.0.inner.lock();
        let value = look_up(&mut inner).ok_or(Error::Missing(request))?;
        inner.stats.hits += 1;
        Ok(value)
    }
}

impl Source for AtHand {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        self.read(Request::Account(address), |inner| inner.cache.accounts.get(&address))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.read(Request::Storage(address, slot), |inner| inner.cache.slots.get(&SlotKey(address, slot)))
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        self.read(Request::Code(address), |inner| inner.cache.code.get(&code_hash))
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        let pin = self.0.inner.lock().pin;
        match pin {
            Some(pin) if number > pin.number => Ok(None),
            Some(pin) if number == pin.number => Ok(Some(pin.hash)),
            _ => self.read(Request::BlockHash(number), |inner| inner.block_hash(number)).map(Some),
        }
    }

    fn prefetch(&self, _: &[Request]) -> Result<()> {
        Ok(())
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {
        self.0.clear_cache();
    }
}
