//! `worldstate` itself through its Rust interface, and the floor.

use super::{Revertible, Subject};
use alloy_primitives::{Address, U256};
use worldstate::state::{SnapshotId, State};
use worldstate_floor::{Floor, SlotRef};

/// `worldstate`, without the C interface.
pub struct WorldState(pub State);

impl Subject for WorldState {
    const NAME: &str = "worldstate";

    fn new() -> Self {
        Self(State::new())
    }

    fn get(&mut self, address: Address, slot: U256) -> U256 {
        self.0.storage(address, slot).expect("local")
    }

    fn set(&mut self, address: Address, slot: U256, value: U256) {
        self.0.set_storage(address, slot, value);
    }

    fn balance(&mut self, address: Address) -> U256 {
        self.0.balance(address).expect("local")
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        self.0.set_balance(address, balance);
    }
}

impl Revertible for WorldState {
    type Mark = SnapshotId;

    fn mark(&mut self) -> SnapshotId {
        self.0.snapshot()
    }

    fn revert(&mut self, mark: SnapshotId) {
        self.0.revert_to_snapshot(mark).expect("the mark is alive");
    }
}

/// The floor, without its C interface.
pub struct FlatMap(Floor);

impl Subject for FlatMap {
    const NAME: &str = "flat map";

    fn new() -> Self {
        Self(Floor::default())
    }

    fn get(&mut self, address: Address, slot: U256) -> U256 {
        U256::from_be_bytes(self.0.get(SlotRef { address: &address, slot: &slot.to_be_bytes() }))
    }

    fn set(&mut self, address: Address, slot: U256, value: U256) {
        self.0.set(SlotRef { address: &address, slot: &slot.to_be_bytes() }, &value.to_be_bytes());
    }

    fn balance(&mut self, address: Address) -> U256 {
        U256::from_be_bytes(self.0.balance(&address))
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        self.0.set_balance(&address, balance.to_be_bytes());
    }
}

impl Revertible for FlatMap {
    type Mark = usize;

    fn mark(&mut self) -> usize {
        self.0.mark()
    }

    fn revert(&mut self, mark: usize) {
        assert!(self.0.revert_to(mark));
    }
}
