//! The bounded cache of what the node answered.
//!
//! All look-ups of a fork go through [`Cache`]; a second, persistent level can stand behind it.

use crate::keys::SlotKey;
use crate::shelf::Shelf;
use crate::state::SourceAccount;
use alloy_primitives::{Address, B256, Bytes, U256};

/// Block hashes: `BLOCKHASH` reaches 256 blocks back.
const BLOCK_HASHES: usize = 1024;

/// Everything that the node has answered and that is still kept.
pub(super) struct Cache {
    pub(super) accounts: Shelf<Address, Option<SourceAccount>>,
    pub(super) slots: Shelf<SlotKey, U256>,
    /// By code hash, so that the accounts with one code share it.
    pub(super) code: Shelf<B256, Bytes>,
    pub(super) block_hashes: Shelf<u64, B256>,
}

impl Cache {
    pub(super) fn new(entries: usize, code_bytes: usize) -> Self {
        Self {
            accounts: Shelf::new(entries, usize::MAX, |_| 0),
            slots: Shelf::new(entries, usize::MAX, |_| 0),
            code: Shelf::new(entries, code_bytes, |code| code.len()),
            block_hashes: Shelf::new(BLOCK_HASHES, usize::MAX, |_| 0),
        }
    }

    pub(super) fn clear(&mut self) {
        self.accounts.clear();
        self.slots.clear();
        self.code.clear();
        self.block_hashes.clear();
    }

    pub(super) fn first_reads(&self) -> u64 {
        self.accounts.first_reads()
            + self.slots.first_reads()
            + self.code.first_reads()
            + self.block_hashes.first_reads()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.accounts.evictions() + self.slots.evictions() + self.code.evictions() + self.block_hashes.evictions()
    }
}
