//! A state while an execution runs on it.

use super::execution::Evm;
use crate::error::{Error, Result};
use crate::state::{Request, Source, SourceAccount, State};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::sync::Arc;

/// Lies below a state whose remaining values only the host knows: with a source, the state remembers zeros and deleted
/// accounts. Nobody asks it anything.
pub(super) struct StandIn;

impl Source for StandIn {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        Err(Error::Missing(Request::Account(address)))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        Err(Error::Missing(Request::Storage(address, slot)))
    }

    fn code(&self, address: Address, _: B256) -> Result<Bytes> {
        Err(Error::Missing(Request::Code(address)))
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        Err(Error::Missing(Request::BlockHash(number)))
    }

    fn prefetch(&self, _: &[Request]) -> Result<()> {
        Ok(())
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {}
}

/// The caller's state inside the machine, with the overrides on top. Left by dropping, even in a panic: the state is then
/// as it was, and the caller's again.
pub(super) struct Inside<'a> {
    pub(super) evm: &'a mut Evm,
    state: &'a mut State,
    /// Whether the state has the stand-in for a source.
    stands_in: bool,
    overridden: bool,
    /// Whether the state is in the machine: a panic may come before.
    entered: bool,
}

impl<'a> Inside<'a> {
    pub(super) fn enter(evm: &'a mut Evm, state: &'a mut State) -> Self {
        let same = match (&evm.source, state.source()) {
            (None, None) => true,
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            _ => false,
        };
        if !same {
            evm.source = state.source().cloned();
            evm.below().at_hand = evm.source.clone().map(Source::at_hand);
        }
        evm.below().exists = evm.options().ask_host || evm.source.is_some();
        let mut inside = Self { evm, state, stands_in: false, overridden: false, entered: false };
        if inside.evm.below().exists && inside.evm.source.is_none() {
            let stand_in = inside.evm.stand_in.take().unwrap_or_else(|| Arc::new(StandIn));
            inside.state.replace_source(Some(stand_in));
            inside.stands_in = true;
        }
        if let Some(overrides) = &inside.evm.state_overrides {
            inside.state.checkpoint();
            inside.overridden = true;
            overrides.apply(inside.state);
        }
        inside.exchange();
        inside.entered = true;
        inside
    }

    fn exchange(&mut self) {
        std::mem::swap(&mut self.evm.driver.machine.ctx.journaled_state.database.state, self.state);
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.evm.ahead.give_back(&mut self.evm.driver);
        if self.entered {
            self.exchange();
        }
        if self.overridden {
            // The checkpoint that `enter` opened: it cannot fail.
            let _ = self.state.revert();
        }
        if self.stands_in {
            self.evm.stand_in = self.state.replace_source(None);
        }
    }
}
