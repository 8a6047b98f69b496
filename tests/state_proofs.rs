//! Proofs of a state, and roots and proofs of local changes over a source's proofs, against those of the whole state.

#[path = "support/dice.rs"]
mod dice;
#[path = "support/differences.rs"]
mod differences;
#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/proven_source.rs"]
mod proven_source;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::nodes::LeafNode;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use dice::Dice;
use differences::{exists, slots, verify, write_differences};
use fixtures::{fixtures, json, json_files};
use proven_source::ProvenSource;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate::state::{Request, Source, SourceAccount, State, Witness};
use worldstate::{Error, Result};

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
    // Every third: the states of one file are much alike.
    let files: Vec<_> = json_files(&fixtures.join("eest/state_tests")).into_iter().step_by(3).collect();
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
    assert!(states.into_inner() >= files.len() && proofs.into_inner() > 2 * files.len());
}

fn address(n: u64) -> Address {
    Address::from_word(B256::from(U256::from(0xabcd_0000 + n)))
}

/// Writes a random account or slot, or removes one, of the first `accounts`.
fn change(dice: &mut Dice, states: &mut [&mut State], accounts: u64) {
    let (address, kind) = (address(dice.below(accounts)), dice.below(20));
    let (slot, value) = (U256::from(dice.below(24)), U256::from(dice.below(3) * 0x1234_5678));
    for state in states {
        match kind {
            0 => state.set_balance(address, value),
            1 => state.set_nonce(address, value.to()),
            2 => state.set_code(address, Bytes::from(vec![0xfe; value.to::<usize>() % 7])),
            3 | 4 => state.delete_account(address),
            5 => state.clear_storage(address),
            // Of accounts that exist: a slot makes its account exist, and here that is not the question.
            _ if exists(state, address) => state.set_storage(address, slot, value),
            _ => {}
        }
    }
}

fn random_state(dice: &mut Dice, accounts: u64) -> State {
    let mut state = State::new();
    for n in 0..accounts {
        if dice.below(3) > 0 {
            state.set_balance(address(n), U256::from(n % 3));
        }
    }
    for _ in 0..accounts * 8 {
        change(dice, &mut [&mut state], accounts);
    }
    state
}

fn copy(of: &mut State) -> State {
    let mut copy = State::new();
    for address in of.list_accounts(None, usize::MAX) {
        let info = of.account(address).unwrap();
        copy.set_balance(address, info.balance);
        copy.set_nonce(address, info.nonce);
        copy.set_code(address, of.code(address).unwrap());
        for (slot, value) in of.list_storage(address, None, usize::MAX) {
            copy.set_storage(address, slot, value);
        }
    }
    copy
}

/// Asks until the host has answered all.
fn answered<T>(mut ask: impl FnMut() -> Result<T>) -> T {
    for _ in 0..100 {
        match ask() {
            Err(Error::Missing(_)) => {}
            answer => return answer.unwrap(),
        }
    }
    panic!("the same is missing for ever");
}

#[test]
fn random_changes_over_a_source() {
    let (mut siblings, mut missing) = (0, 0);
    for seed in 0..90 {
        let mut dice = Dice(seed);
        let accounts = [3, 20, 60][usize::try_from(seed % 3).unwrap()];
        let mut whole = random_state(&mut dice, accounts);
        let source = ProvenSource::new(copy(&mut whole), seed % 2 == 0);
        let mut state = State::with_source(source.clone());
        assert_eq!(answered(|| state.state_root()), whole.state_root().unwrap(), "seed {seed}: unchanged");
        for round in 0..4 {
            let undone = round == 1;
            if undone {
                state.checkpoint();
                whole.checkpoint();
            }
            for _ in 0..dice.below(40) {
                change(&mut dice, &mut [&mut state, &mut whole], accounts);
            }
            if undone {
                state.revert().unwrap();
                whole.revert().unwrap();
            }
            source.asked.lock().unwrap().clear();
            let root = answered(|| state.state_root());
            assert_eq!(root, whole.state_root().unwrap(), "seed {seed}, round {round}");
            siblings += source.asked.lock().unwrap().len() - 1;
            for _ in 0..5 {
                let address = address(dice.below(accounts + 2));
                let asked: Vec<_> = (0..dice.below(4)).map(|_| U256::from(dice.below(30))).collect();
                let proof = answered(|| state.get_proof(address, &asked));
                assert_eq!(proof, whole.get_proof(address, &asked).unwrap(), "seed {seed}, round {round}");
                assert_eq!(answered(|| state.storage_root(address)), proof.storage_hash, "seed {seed}, round {round}");
                verify(root, &proof);
            }
        }
        missing += *source.missing.lock().unwrap();
    }
    assert!(siblings > 50 && missing > 100, "{siblings} siblings, {missing} times missing");
}

#[test]
fn all_that_is_changed_is_asked_for_at_once() {
    let mut below = State::new();
    for n in 0..50 {
        below.set_balance(address(n), U256::ONE);
        (0..4).for_each(|slot| below.set_storage(address(n), U256::from(slot), U256::ONE));
    }
    let source = ProvenSource::new(below, false);
    let mut state = State::with_source(source.clone());
    for n in 0..20 {
        state.set_storage(address(n), U256::from(1), U256::from(2));
    }
    state.clear_storage(address(30));
    state.delete_account(address(31));
    // Of what was cleared before, no slot of the source is part.
    state.clear_storage(address(32));
    state.set_storage(address(32), U256::from(2), U256::from(5));
    state.get_proof(address(40), &[U256::from(3)]).unwrap();
    let asked = std::mem::take(&mut *source.asked.lock().unwrap());
    let mut expected: Vec<_> = (0..20).map(|n| (address(n), vec![U256::ONE])).collect();
    expected.extend([
        (address(30), vec![]),
        (address(31), vec![]),
        (address(32), vec![]),
        (address(40), vec![U256::from(3)]),
    ]);
    expected.sort();
    assert_eq!(asked, [expected]);

    // The storage root of one account asks for that account alone; a cleared one needs nothing.
    state.storage_root(address(1)).unwrap();
    assert_eq!(state.storage_root(address(30)), Ok(EMPTY_ROOT_HASH));
    assert_eq!(*source.asked.lock().unwrap(), [[(address(1), vec![U256::ONE])]]);
}

/// Two slots whose paths part at the first nibble, in an account by itself.
fn two_slots() -> (State, U256, U256) {
    let nibble = |slot: u64| keccak256(B256::from(U256::from(slot)))[0] >> 4;
    let other = (1..1000).find(|slot| nibble(*slot) != nibble(0)).unwrap();
    let mut state = State::new();
    for slot in [0, other] {
        state.set_storage(address(0), U256::from(slot), U256::from(7));
    }
    (state, U256::ZERO, U256::from(other))
}

#[test]
fn a_sibling_that_is_not_to_be_had_is_named() {
    let (mut below, first, second) = two_slots();
    let sibling = keccak256(below.get_proof(address(0), &[second]).unwrap().storage_proof[0].proof.last().unwrap());
    let source = ProvenSource::new(below, false);
    source.withheld.lock().unwrap().insert(sibling);
    let mut state = State::with_source(source.clone());
    state.set_storage(address(0), first, U256::ZERO);
    let path = keccak256(B256::from(second))[0] >> 4;
    for what in ["state root", "storage root", "proof"] {
        let error = match what {
            "state root" => state.state_root().unwrap_err(),
            "storage root" => state.storage_root(address(0)).unwrap_err(),
            _ => state.get_proof(address(0), &[]).unwrap_err(),
        };
        let Error::InvalidState(text) = error else { panic!("{error:?}") };
        let node = format!("storage trie of {}: node {sibling} at path 0x{path:x} is not known", address(0));
        assert!(text.starts_with(what) && text.contains(&node), "{text}");
    }
    // What the source has not today, it may have tomorrow; and what was removed may be back.
    state.set_storage(address(0), first, U256::ONE);
    assert!(state.state_root().is_ok());
    state.set_storage(address(0), first, U256::ZERO);
    source.withheld.lock().unwrap().clear();
    let mut whole = State::new();
    whole.set_storage(address(0), second, U256::from(7));
    assert_eq!(state.state_root(), whole.state_root());
}

/// A branch that loses one child and gets another is not joined in between, whatever the order of the slots.
#[test]
fn a_sibling_that_does_not_stay_alone_is_not_needed() {
    let (mut below, first, second) = two_slots();
    let sibling = keccak256(below.get_proof(address(0), &[second]).unwrap().storage_proof[0].proof.last().unwrap());
    for n in 1..64 {
        let (slot, mut whole) = (U256::from(0x1000 + n), copy(&mut below));
        let source = ProvenSource::new(copy(&mut below), false);
        source.withheld.lock().unwrap().insert(sibling);
        let mut state = State::with_source(source.clone());
        for state in [&mut state, &mut whole] {
            state.set_storage(address(0), first, U256::ZERO);
            state.set_storage(address(0), slot, U256::ONE);
        }
        let parts = |slot: U256| keccak256(B256::from(slot))[0] >> 4 != keccak256(B256::from(second))[0] >> 4;
        if parts(slot) {
            assert_eq!(state.state_root(), whole.state_root(), "slot {slot}");
            assert_eq!(source.asked.lock().unwrap().len(), 1, "slot {slot}");
        }
    }
}

#[test]
fn a_node_that_is_not_to_be_had_is_named() {
    let (below, first, _) = two_slots();
    let root = below.state_root().unwrap();
    let source = ProvenSource::new(below, false);
    source.withheld.lock().unwrap().insert(root);
    let mut state = State::with_source(source);
    assert_eq!(state.state_root(), Ok(root), "nothing is changed, and no node is needed");
    state.set_storage(address(0), first, U256::ZERO);
    let text = format!("state root: state trie: node {root} at path 0x is not known");
    assert_eq!(state.state_root(), Err(Error::InvalidState(text)));
}

/// A source in which nothing is, with a witness or without proofs.
struct Nothing(Option<Witness>);

impl Source for Nothing {
    fn account(&self, _: Address) -> Result<Option<SourceAccount>> {
        Ok(None)
    }

    fn storage(&self, _: Address, _: U256) -> Result<U256> {
        Ok(U256::ZERO)
    }

    fn code(&self, _: Address, _: B256) -> Result<Bytes> {
        Ok(Bytes::new())
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>> {
        Ok(None)
    }

    fn prefetch(&self, _: &[Request]) -> Result<()> {
        Ok(())
    }

    fn witness(&self, _: &[(Address, Vec<U256>)]) -> Result<Witness> {
        self.0.clone().ok_or_else(|| Error::InvalidState("no proofs".into()))
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {}
}

#[test]
fn a_leaf_that_is_no_account_is_refused() {
    let leaf = LeafNode::new(Nibbles::unpack(keccak256(address(0))), vec![0x82, 1, 2]);
    let node = Bytes::from(alloy_rlp::encode(&leaf));
    let witness = Witness { state_root: keccak256(&node), nodes: Arc::new(move |_| Some(node.clone())) };
    let mut state = State::with_source(Arc::new(Nothing(Some(witness))));
    state.set_nonce(address(0), 1);
    let Err(Error::ProofInvalid(text)) = state.state_root() else { panic!("a root of what is no account") };
    assert!(text.contains(&format!("leaf of {} in the state trie is no account", address(0))), "{text}");
}

#[test]
fn a_source_without_proofs() {
    let mut state = State::with_source(Arc::new(Nothing(None)));
    let error = Error::InvalidState("no proofs".into());
    assert_eq!(state.state_root(), Err(error.clone()));
    assert_eq!(state.get_proof(address(0), &[]), Err(error.clone()));
    assert_eq!(state.storage_root(address(0)), Err(error));
    state.delete_account(address(0));
    assert_eq!(state.storage_root(address(0)), Ok(EMPTY_ROOT_HASH));
}

#[test]
fn proofs_of_a_local_state() {
    let mut state = State::new();
    let proof = state.get_proof(address(0), &[U256::ONE]).unwrap();
    assert_eq!((proof.account_proof.len(), proof.storage_proof[0].proof.len()), (0, 0));
    verify(EMPTY_ROOT_HASH, &proof);

    let mut dice = Dice(1);
    for _ in 0..20 {
        (0..200).for_each(|_| change(&mut dice, &mut [&mut state], 100));
        let root = state.state_root().unwrap();
        for n in (0..102).step_by(5) {
            let asked: Vec<_> = (0..30).map(U256::from).collect();
            let proof = state.get_proof(address(n), &asked).unwrap();
            verify(root, &proof);
            let info = state.account(address(n)).unwrap();
            assert_eq!((proof.balance, proof.nonce), (info.balance, info.nonce));
            assert_eq!(proof.storage_hash, state.storage_root(address(n)).unwrap());
            for slot in &proof.storage_proof {
                assert_eq!(slot.value, state.storage(address(n), slot.key).unwrap());
            }
            // The caches make no difference.
            state.clear_caches();
            assert_eq!(state.get_proof(address(n), &asked), Ok(proof));
        }
    }
}

#[test]
fn json_of_a_proof() {
    let (mut state, first, _) = two_slots();
    state.set_balance(address(0), U256::from(255));
    state.set_nonce(address(0), 1);
    let proof = state.get_proof(address(0), &[first, U256::from(0x99)]).unwrap();
    let json: Value = serde_json::from_str(&proof.to_json()).unwrap();
    let nodes = |nodes: &[Bytes]| nodes.iter().map(|node| Value::from(node.to_string())).collect::<Value>();
    let expected = serde_json::json!({
        "address": "0x00000000000000000000000000000000abcd0000",
        "accountProof": nodes(&proof.account_proof),
        "balance": "0xff",
        "codeHash": KECCAK256_EMPTY.to_string(),
        "nonce": "0x1",
        "storageHash": state.storage_root(address(0)).unwrap().to_string(),
        "storageProof": [
            {
                "key": "0x0000000000000000000000000000000000000000000000000000000000000000",
                "value": "0x7",
                "proof": nodes(&proof.storage_proof[0].proof),
            },
            {
                "key": "0x0000000000000000000000000000000000000000000000000000000000000099",
                "value": "0x0",
                "proof": nodes(&proof.storage_proof[1].proof),
            },
        ],
    });
    assert_eq!(json, expected);
    assert_eq!((proof.account_proof.len(), proof.storage_proof[0].proof.len()), (1, 2));
}
