//! revm's `CacheDB`. It has no checkpoint: its users clone it.

use super::{Revertible, Subject};
use alloy_primitives::{Address, U256};
use revm_context::Database;
use revm_database::{CacheDB, EmptyDB};
use revm_state::AccountInfo;

/// revm's in-memory database.
pub struct CacheDb(CacheDB<EmptyDB>);

impl Subject for CacheDb {
    const NAME: &str = "revm CacheDB";

    fn new() -> Self {
        Self(CacheDB::new(EmptyDB::default()))
    }

    fn get(&mut self, address: Address, slot: U256) -> U256 {
        self.0.storage(address, slot).expect("in memory")
    }

    fn set(&mut self, address: Address, slot: U256, value: U256) {
        self.0.insert_account_storage(address, slot, value).expect("in memory");
    }

    fn balance(&mut self, address: Address) -> U256 {
        self.0.basic(address).expect("in memory").map_or(U256::ZERO, |account| account.balance)
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        self.0.insert_account_info(address, AccountInfo { balance, ..AccountInfo::default() });
    }
}

impl Revertible for CacheDb {
    type Mark = CacheDB<EmptyDB>;

    fn mark(&mut self) -> Self::Mark {
        self.0.clone()
    }

    fn revert(&mut self, mark: Self::Mark) {
        self.0 = mark;
    }
}
