//! What is compared: each holds balances and slots, and some can go back.

mod cache_db;
mod fork_db;
mod journal;
mod local;

pub use cache_db::CacheDb;
pub use fork_db::ForkDb;
pub use journal::RevmJournal;
pub use local::{FlatMap, WorldState};

use alloy_primitives::{Address, U256};
use worldstate_floor::workload;

/// Addresses, slots and values in random order of position.
pub struct Keys {
    /// The account of each slot.
    pub addresses: Vec<Address>,
    /// The slots.
    pub slots: Vec<U256>,
    /// Their values.
    pub values: Vec<U256>,
}

impl Keys {
    /// The first `n` of the workload's slots, over its accounts.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let order = workload::shuffled(n);
        let word = |bytes: [u8; 32]| U256::from_be_bytes(bytes);
        Self {
            addresses: order.iter().map(|i| workload::address(i % workload::ACCOUNTS).into()).collect(),
            slots: order.iter().map(|i| word(workload::slot(*i))).collect(),
            values: order.iter().map(|i| word(workload::value(*i))).collect(),
        }
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// A store of balances and slots.
pub trait Subject: Sized {
    /// Name in tables.
    const NAME: &str;

    /// An empty one.
    fn new() -> Self;
    /// Reads a slot.
    fn get(&mut self, address: Address, slot: U256) -> U256;
    /// Writes a slot.
    fn set(&mut self, address: Address, slot: U256, value: U256);
    /// Reads a balance.
    fn balance(&mut self, address: Address) -> U256;
    /// Writes a balance.
    fn set_balance(&mut self, address: Address, balance: U256);

    /// Called once after filling, before anything is measured.
    fn settle(&mut self) {}

    /// One that holds every slot of `keys`.
    #[must_use]
    fn filled(keys: &Keys) -> Self {
        let mut subject = Self::new();
        for ((address, slot), value) in keys.addresses.iter().zip(&keys.slots).zip(&keys.values) {
            subject.set(*address, *slot, *value);
        }
        subject.settle();
        subject
    }

    /// Panics unless every slot of `keys` has its value.
    fn verify(&mut self, keys: &Keys) {
        for ((address, slot), value) in keys.addresses.iter().zip(&keys.slots).zip(&keys.values) {
            assert_eq!(self.get(*address, *slot), *value, "{}: slot {slot} of {address}", Self::NAME);
        }
    }
}

/// A subject that can go back to a mark, marks nesting.
pub trait Revertible: Subject {
    /// What it takes to go back.
    type Mark;

    /// Sets a mark.
    fn mark(&mut self) -> Self::Mark;
    /// Undoes everything since the mark; later marks are void.
    fn revert(&mut self, mark: Self::Mark);
}
