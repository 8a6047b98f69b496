//! A fork that answers from what it holds alone.

use super::Fork;
use super::inner::Inner;
use super::plan::Want;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::state::{Request, Source, SourceAccount};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::sync::Arc;

/// Answers what is held; all else is missing, and nothing is asked of the node.
pub(super) struct AtHand(pub(super) Arc<Fork>);

impl AtHand {
    fn read<T>(&self, want: Want, look_up: impl FnMut(&mut Inner) -> Option<T>) -> Result<T> {
        self.0.read_held(want, look_up).ok_or(Error::Missing(want.request))
    }
}

impl Source for AtHand {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        self.read(Request::Account(address).into(), |inner| inner.cache.accounts.get(&address))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.read(Request::Storage(address, slot).into(), |inner| inner.cache.slots.get(&SlotKey(address, slot)))
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        let want = Want { request: Request::Code(address), code_hash: Some(code_hash) };
        self.read(want, |inner| inner.cache.code.get(&code_hash))
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        let pin = self.0.inner.lock().pin;
        match pin {
            Some(pin) if number > pin.number => Ok(None),
            Some(pin) if number == pin.number => Ok(Some(pin.hash)),
            _ => self.read(Request::BlockHash(number).into(), |inner| inner.block_hash(number)).map(Some),
        }
    }

    fn prefetch(&self, _: &[Request]) -> Result<()> {
        Ok(())
    }

    fn recall(&self, contract: Address, selector: [u8; 4]) -> Vec<Request> {
        self.0.recalled(contract, selector)
    }

    fn remember(&self, contract: Address, selector: [u8; 4], touched: &mut dyn Iterator<Item = Request>) {
        self.0.remember_touched(contract, selector, touched);
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {
        self.0.clear_cache();
    }
}
