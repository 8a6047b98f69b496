//! Proofs of a state, and roots and proofs of local changes over a source's proofs, against those of the whole state.

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/proven_source.rs"]
mod proven_source;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::proof::verify_proof;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use fixtures::{fixtures, json, json_files};
use proven_source::ProvenSource;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate::state::{AccountProof, AccountStatus, Request, Source, State};
use worldstate::{Error, Result};

/// Numbers that a seed decides (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What the proof says is what alloy's verifier says.
fn verify(root: B256, proof: &AccountProof) {
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

fn exists(state: &State, address: Address) -> bool {
    state.status(address).unwrap() != AccountStatus::Absent
}

fn slots(states: [&mut State; 2], address: Address) -> BTreeSet<U256> {
    states.into_iter().flat_map(|state| state.list_storage(address, None, usize::MAX)).map(|(slot, _)| slot).collect()
}

/// Writes what differs between `before`, which lies below, and `after`, and says where that was.
fn write_differences(dice: &mut Dice, state: &mut State, before: &mut State, after: &mut State) -> Vec<Address> {
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

#[derive(Default)]
struct Counts {
    states: AtomicUsize,
    proofs: AtomicUsize,
    /// Witnesses that were asked for again, for a sibling.
    again: AtomicUsize,
}

fn load(accounts: &Value) -> State {
    let mut state = State::new();
    state.load(accounts.to_string().as_bytes()).unwrap();
    state
}

/// Lays the difference to each full post state over a source of the pre state.
fn check_post_states(path: &Path, counts: &Counts) {
    for (name, test) in json(path).as_object().unwrap() {
        let posts = test["post"].as_object().unwrap().values().flat_map(|posts| posts.as_array().unwrap());
        for (number, post) in posts.enumerate() {
            let Some(accounts) = post.get("state") else { continue };
            let place = format!("{}: {name}: {number}", path.display());
            let mut dice = Dice(u64::from(keccak256(&place)[0]) + number as u64);
            let (mut before, mut after) = (load(&test["pre"]), load(accounts));
            let source = ProvenSource::new(load(&test["pre"]), false);
            let mut state = State::with_source(source.clone());
            let touched = write_differences(&mut dice, &mut state, &mut before, &mut after);

            let root: B256 = post["hash"].as_str().unwrap().parse().unwrap();
            assert_eq!(state.state_root(), Ok(root), "{place}");
            counts.again.fetch_add(source.asked.lock().unwrap().len() - 1, Ordering::Relaxed);
            for address in touched.into_iter().take(6).chain([Address::repeat_byte(0x77)]) {
                let mut asked: Vec<_> = slots([&mut before, &mut after], address).into_iter().take(6).collect();
                asked.push(U256::from(0x7777));
                let proof = state.get_proof(address, &asked).unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(proof, after.get_proof(address, &asked).unwrap(), "{place}");
                assert_eq!(state.storage_root(address), after.storage_root(address), "{place}");
                verify(root, &proof);
                counts.proofs.fetch_add(1, Ordering::Relaxed);
            }
            counts.states.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn post_states_over_pre_states() {
    let Some(fixtures) = fixtures() else { return };
    let files = json_files(&fixtures.join("eest/state_tests"));
    let (next, counts) = (AtomicUsize::new(0), Counts::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check_post_states(file, &counts);
                }
            });
        }
    });
    let Counts { states, proofs, again } = counts;
    println!("{states:?} post states, {proofs:?} proofs, {again:?} siblings asked for");
    assert!(states.into_inner() >= files.len() && again.into_inner() > 0);
}
