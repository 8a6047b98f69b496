//! The operations through the Rust interface.

use super::faulty_source::FaultySource;
use super::subject::{Failure, Outcome, Subject};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::sync::Arc;
use worldstate::Result;
use worldstate::state::{AccountInfo, DumpFormat, Since, SnapshotId, Source, State, StateChanges};

/// A state, and below it maybe a faulty source.
#[derive(Default)]
pub(crate) struct Direct {
    state: State,
    source: Option<Arc<FaultySource>>,
}

impl Direct {
    pub(crate) fn over(source: Arc<FaultySource>) -> Self {
        Self { state: State::with_source(Arc::clone(&source) as Arc<dyn Source>), source: Some(source) }
    }
}

fn outcome<T>(result: Result<T>) -> Outcome<T> {
    result.map_err(Failure::from)
}

impl Subject for Direct {
    fn account(&mut self, address: Address) -> Outcome<AccountInfo> {
        let info = outcome(self.state.account(address))?;
        assert_eq!(self.state.status(address), Ok(info.status));
        Ok(info)
    }

    fn balance(&mut self, address: Address) -> Outcome<U256> {
        outcome(self.state.balance(address))
    }

    fn nonce(&mut self, address: Address) -> Outcome<u64> {
        outcome(self.state.nonce(address))
    }

    fn code_hash(&mut self, address: Address) -> Outcome<B256> {
        outcome(self.state.code_hash(address))
    }

    fn code(&mut self, address: Address) -> Outcome<Bytes> {
        outcome(self.state.code(address))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Outcome<U256> {
        outcome(self.state.storage(address, slot))
    }

    fn account_batch(&mut self, addresses: &[Address]) -> Outcome<Vec<AccountInfo>> {
        outcome(self.state.account_batch(addresses))
    }

    fn storage_batch(&mut self, keys: &[(Address, U256)]) -> Outcome<Vec<U256>> {
        let mut values = Vec::new();
        let done = self.state.storage_batch(keys.iter().copied(), |position, value| {
            assert_eq!(position, values.len());
            values.push(value);
        });
        assert!(done.is_ok() || values.is_empty(), "a failed batch handed out values");
        outcome(done).map(|()| values)
    }

    fn block_hash(&mut self, number: u64) -> Outcome<Option<B256>> {
        outcome(self.state.block_hash(number))
    }

    fn list_accounts(&mut self, after: Option<Address>, limit: usize) -> Outcome<Vec<Address>> {
        Ok(self.state.list_accounts(after, limit))
    }

    fn list_storage(&mut self, address: Address, after: Option<U256>, limit: usize) -> Outcome<Vec<(U256, U256)>> {
        Ok(self.state.list_storage(address, after, limit))
    }

    fn set_balance(&mut self, address: Address, balance: U256) -> Outcome<()> {
        self.state.set_balance(address, balance);
        Ok(())
    }

    fn set_nonce(&mut self, address: Address, nonce: u64) -> Outcome<()> {
        self.state.set_nonce(address, nonce);
        Ok(())
    }

    fn set_code(&mut self, address: Address, code: Bytes) -> Outcome<()> {
        self.state.set_code(address, code);
        Ok(())
    }

    fn set_storage(&mut self, address: Address, slot: U256, value: U256) -> Outcome<()> {
        self.state.set_storage(address, slot, value);
        Ok(())
    }

    fn set_storage_batch(&mut self, writes: &[(Address, U256, U256)]) -> Outcome<()> {
        writes.iter().try_for_each(|(address, slot, value)| self.set_storage(*address, *slot, *value))
    }

    fn delete_account(&mut self, address: Address) -> Outcome<()> {
        self.state.delete_account(address);
        Ok(())
    }

    fn clear_storage(&mut self, address: Address) -> Outcome<()> {
        self.state.clear_storage(address);
        Ok(())
    }

    fn checkpoint(&mut self) -> Outcome<()> {
        self.state.checkpoint();
        Ok(())
    }

    fn revert(&mut self) -> Outcome<()> {
        outcome(self.state.revert())
    }

    fn commit(&mut self) -> Outcome<()> {
        outcome(self.state.commit())
    }

    fn depth(&mut self) -> Outcome<usize> {
        Ok(self.state.checkpoint_depth())
    }

    fn snapshot(&mut self) -> Outcome<SnapshotId> {
        Ok(self.state.snapshot())
    }

    fn revert_to_snapshot(&mut self, id: SnapshotId) -> Outcome<()> {
        outcome(self.state.revert_to_snapshot(id))
    }

    fn delete_snapshot(&mut self, id: SnapshotId) -> Outcome<()> {
        outcome(self.state.delete_snapshot(id))
    }

    fn reset(&mut self) -> Outcome<()> {
        self.state.reset();
        Ok(())
    }

    fn changes(&mut self, since: Option<SnapshotId>) -> Outcome<StateChanges> {
        outcome(self.state.changes(since.map_or(Since::Checkpoint, Since::Snapshot)))
    }

    fn dump(&mut self, format: DumpFormat) -> Outcome<String> {
        outcome(self.state.dump(format))
    }

    fn load(&mut self, dump: &[u8]) -> Outcome<usize> {
        outcome(self.state.load(dump))
    }

    fn state_root(&mut self) -> Outcome<B256> {
        outcome(self.state.state_root())
    }

    fn storage_root(&mut self, address: Address) -> Outcome<B256> {
        outcome(self.state.storage_root(address))
    }

    fn journal_len(&mut self) -> Option<usize> {
        Some(self.state.journal_len())
    }

    fn remote_reads(&mut self) -> Option<u64> {
        self.source.as_ref().map(|source| source.reads())
    }

    fn clear_caches(&mut self) {
        if let Some(source) = self.state.source() {
            source.clear_cache();
        }
    }

    fn serve(&mut self, all: bool) {
        if let Some(source) = &self.source {
            source.serve(all);
        }
    }

    fn fail_next(&mut self, reads: u64) {
        if let Some(source) = &self.source {
            source.fail_next(reads);
        }
    }
}
