//! A small random remote world.

#[path = "dice.rs"]
mod dice;

use super::model::{ModelAccount, World};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
pub(crate) use dice::Dice;

/// The number of the pinned block; its successors have no hash yet.
pub(crate) const HEAD: u64 = 100;

pub(crate) fn block_hash(number: u64) -> Option<B256> {
    (number <= HEAD).then(|| keccak256(number.to_be_bytes()))
}

/// A world in which some of the addresses exist; some of those are empty where `with_empty`.
pub(crate) fn random_world(dice: &mut Dice, addresses: &[Address], slots: &[U256], with_empty: bool) -> World {
    let mut world = World::default();
    for address in addresses {
        if dice.below(3) == 0 {
            continue;
        }
        let mut account = ModelAccount::default();
        if !(with_empty && dice.below(4) == 0) {
            account.balance = U256::from(dice.below(3) * 1000);
            account.nonce = 1 + dice.below(3);
            account.code = Bytes::from(vec![0xfe; usize::try_from(dice.below(3) * 20).unwrap()]);
        }
        world.accounts.insert(*address, account);
        for slot in slots {
            if dice.below(2) == 0 {
                world.slots.insert((*address, *slot), U256::from(1 + dice.below(3)));
            }
        }
    }
    world
}
