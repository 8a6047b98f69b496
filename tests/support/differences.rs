//! Two states that differ, and proofs of what they hold.
#![allow(dead_code, reason = "each test binary that includes this file uses some of it")]

use super::dice::Dice;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use std::collections::BTreeSet;
use worldstate::state::{AccountProof, AccountStatus, State};

/// What the proof says is what alloy's verifier says.
pub(crate) fn verify(root: B256, proof: &AccountProof) {
    let leaf = TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    };
    let key = Nibbles::unpack(keccak256(proof.address));
    let present = verify_proof(root, key, Some(alloy_rlp::encode(leaf)), &proof.account_proof);
    let is_nothing = proof.nonce == 0 && proof.balance.is_zero() && proof.code_hash == KECCAK256_EMPTY;
    if present.is_err() {
        assert!(is_nothing && proof.storage_hash == EMPTY_ROOT_HASH, "{}: {present:?}", proof.address);
        verify_proof(root, key, None, &proof.account_proof).unwrap();
    }
    for slot in &proof.storage_proof {
        let value = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
        let key = Nibbles::unpack(keccak256(B256::from(slot.key)));
        verify_proof(proof.storage_hash, key, value, &slot.proof).unwrap();
    }
}

pub(crate) fn exists(state: &State, address: Address) -> bool {
    state.status(address).unwrap() != AccountStatus::Absent
}

pub(crate) fn slots(states: [&mut State; 2], address: Address) -> BTreeSet<U256> {
    states.into_iter().flat_map(|state| state.list_storage(address, None, usize::MAX)).map(|(slot, _)| slot).collect()
}

/// Writes what differs between `before`, which lies below, and `after`, and says where that was.
pub(crate) fn write_differences(
    dice: &mut Dice,
    state: &mut State,
    before: &mut State,
    after: &mut State,
) -> Vec<Address> {
    let mut touched = Vec::new();
    let both = [&mut *before, &mut *after].into_iter().flat_map(|state| state.list_accounts(None, usize::MAX));
    for address in both.collect::<BTreeSet<_>>() {
        let (then, now) = (before.account(address).unwrap(), after.account(address).unwrap());
        let slots = slots([&mut *before, &mut *after], address);
        let differs = |slot: &U256| before.storage(address, *slot).unwrap() != after.storage(address, *slot).unwrap();
        if then == now && !slots.iter().any(differs) {
            continue;
        }
        touched.push(address);
        if !exists(after, address) {
            state.delete_account(address);
            continue;
        }
        // Whole or in part: the result is the same.
        let anew = dice.below(4) == 0;
        let cleared = anew || dice.below(4) == 0;
        if anew {
            state.delete_account(address);
        } else if cleared {
            state.clear_storage(address);
        }
        if anew || then.balance != now.balance || then.status == AccountStatus::Absent {
            state.set_balance(address, now.balance);
        }
        if anew || then.nonce != now.nonce {
            state.set_nonce(address, now.nonce);
        }
        if anew || then.code_hash != now.code_hash {
            state.set_code(address, after.code(address).unwrap());
        }
        for slot in slots.into_iter().filter(|slot| cleared || differs(slot)) {
            state.set_storage(address, slot, after.storage(address, slot).unwrap());
        }
    }
    touched
}
