//! foundry's fork database: the shared cache of fetched data, behind its read-write locks. It has no checkpoint.

use super::Subject;
use alloy_primitives::{Address, U256};
use foundry_fork_db::cache::{BlockchainDb, BlockchainDbMeta};

/// foundry-fork-db's `BlockchainDb` in memory.
pub struct ForkDb(BlockchainDb<u64>);

impl Subject for ForkDb {
    const NAME: &str = "foundry BlockchainDb";

    fn new() -> Self {
        Self(BlockchainDb::new(BlockchainDbMeta::new(0, "http://127.0.0.1".to_owned()), None))
    }

    fn get(&mut self, address: Address, slot: U256) -> U256 {
        self.0.storage().read().get(&address).and_then(|slots| slots.get(&slot)).copied().unwrap_or_default()
    }

    fn set(&mut self, address: Address, slot: U256, value: U256) {
        self.0.storage().write().entry(address).or_default().insert(slot, value);
    }

    fn balance(&mut self, address: Address) -> U256 {
        self.0.accounts().read().get(&address).map_or(U256::ZERO, |account| account.balance)
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        self.0.accounts().write().entry(address).or_default().balance = balance;
    }
}
