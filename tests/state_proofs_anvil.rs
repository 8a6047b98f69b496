//! State roots and proofs against those of a real node: of what it dumps, and of a fork of it, whose next block's root is
//! known.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/dice.rs"]
mod dice;
#[path = "support/differences.rs"]
mod differences;

use alloy_primitives::{Address, B256, U256, hex};
use anvil::Anvil;
use dice::Dice;
use differences::{verify, write_differences};
use serde_json::{Value, json};
use std::sync::Arc;
use worldstate::fork::{BlockTag, Fork, ForkOptions, TransportKind, Verify};
use worldstate::state::State;
use worldstate::{Error, Result};

/// Stores the second word of its calldata at the slot that is the first.
const STORE: &[u8] = &hex!("602035 5f35 55 00");
/// Creates a contract whose constructor stores 1 to 3 at these slots, and which has no code.
const CREATION: &[u8] = &hex!("6001600155 6002600255 6003600355 5f5ff3");
const CONTRACT: Address = Address::repeat_byte(0xc0);
const SMALL: Address = Address::repeat_byte(0xc1);
const NEWCOMER: Address = Address::repeat_byte(0xe1);

/// A node that mines when it is told to, with a contract of 40 slots and one of 2.
fn chain() -> Option<Anvil> {
    let anvil = Anvil::start(["--chain-id", "4242", "--no-mining", "--order", "fifo"])?;
    for (contract, slots) in [(CONTRACT, 40), (SMALL, 2)] {
        anvil.rpc("anvil_setCode", &json!([contract.to_string(), hex::encode_prefixed(STORE)]));
        for slot in 0..slots {
            let (slot, value) = (B256::from(U256::from(slot)), B256::from(U256::from(slot + 1)));
            anvil.rpc("anvil_setStorageAt", &json!([contract.to_string(), slot.to_string(), value.to_string()]));
        }
    }
    anvil.rpc("anvil_mine", &json!(["0x2"]));
    Some(anvil)
}

/// Mines a block that changes accounts and slots. No slot becomes zero: this node's trie then has a leaf with the value
/// zero, which no trie of the chain's has.
fn next_block(anvil: &Anvil) {
    let sender = anvil.rpc("eth_accounts", &json!([]))[0].clone();
    let send = |mut transaction: Value| {
        transaction["from"] = sender.clone();
        transaction["gas"] = json!("0x100000");
        anvil.rpc("eth_sendTransaction", &json!([transaction]));
    };
    send(json!({"to": NEWCOMER.to_string(), "value": "0x1234"}));
    send(json!({"data": hex::encode_prefixed(CREATION)}));
    for (slot, value) in [(1_u64, 5_u64), (2, 3), (3, 77), (1000, 5)] {
        let words = [B256::from(U256::from(slot)), B256::from(U256::from(value))];
        send(json!({"to": CONTRACT.to_string(), "data": hex::encode_prefixed(words.concat())}));
    }
    anvil.rpc("anvil_mine", &json!(["0x1"]));
}

/// What the node has now.
fn dump(anvil: &Anvil) -> State {
    let mut state = State::new();
    state.load(anvil.rpc("anvil_dumpState", &json!([])).to_string().as_bytes()).unwrap();
    state
}

/// Number, hash and state root of the newest block.
fn head(anvil: &Anvil) -> (u64, B256, B256) {
    let block = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let hash = |name: &str| block[name].as_str().unwrap().parse().unwrap();
    (u64::from_str_radix(&block["number"].as_str().unwrap()[2..], 16).unwrap(), hash("hash"), hash("stateRoot"))
}

/// The node's answer to the same question, its slots spelled as ours. Of an empty trie it gives the empty node.
fn node_proof(anvil: &Anvil, address: Address, slots: &[U256]) -> Value {
    let keys: Vec<_> = slots.iter().map(|slot| B256::from(*slot).to_string()).collect();
    let mut answer = anvil.rpc("eth_getProof", &json!([address.to_string(), keys, "latest"]));
    answer["address"] = json!(format!("{address:#x}"));
    for slot in answer["storageProof"].as_array_mut().unwrap() {
        slot["key"] = json!(B256::from(slot["key"].as_str().unwrap().parse::<U256>().unwrap()).to_string());
        if slot["proof"] == json!(["0x80"]) {
            slot["proof"] = json!([]);
        }
    }
    answer
}

fn check_proofs(anvil: &Anvil, root: B256, state: &mut State, addresses: impl IntoIterator<Item = Address>) -> usize {
    let asked = [0, 1, 2, 3, 7, 39, 1000, 1001].map(U256::from);
    let mut checked = 0;
    for address in addresses {
        let proof = state.get_proof(address, &asked).unwrap();
        verify(root, &proof);
        let ours: Value = serde_json::from_str(&proof.to_json()).unwrap();
        assert_eq!(ours, node_proof(anvil, address, &asked));
        checked += 1;
    }
    checked
}

#[test]
fn roots_and_proofs_of_a_dump() {
    let Some(anvil) = chain() else { return };
    for _ in 0..2 {
        let (_, _, root) = head(&anvil);
        let mut state = dump(&anvil);
        assert_eq!(state.state_root(), Ok(root));
        let addresses = state.list_accounts(None, usize::MAX).into_iter().chain([Address::repeat_byte(0x77)]);
        assert!(check_proofs(&anvil, root, &mut state, addresses) > 10);
        next_block(&anvil);
    }
}

/// Asks, and where the host has to answer first, answers as one and asks again; returns how often that was.
fn answered<T>(anvil: &Anvil, fork: &Fork, mut ask: impl FnMut() -> Result<T>) -> (T, usize) {
    for rounds in 0..20 {
        match ask() {
            Ok(value) => return (value, rounds),
            Err(Error::Missing(_)) => {}
            Err(error) => panic!("{error}"),
        }
        loop {
            let mut request = None;
            let handed_out = fork.next_request(None, |next| {
                request = Some(next.clone());
                Ok(())
            });
            let Some(request) = request else {
                assert_eq!(handed_out.unwrap_err(), Error::NoPendingRequest);
                break;
            };
            let answer = anvil.rpc(request.method, &serde_json::from_str(&request.params).unwrap());
            fork.continue_request(request.id, answer.to_string().as_bytes()).unwrap();
        }
    }
    panic!("still missing");
}

fn open(anvil: &Anvil, number: u64, verify: Verify, hosted: bool) -> Arc<Fork> {
    let urls = vec![format!("http://{}", anvil.address)];
    let transport = if hosted {
        TransportKind::Host
    } else {
        TransportKind::Http { urls, headers: Vec::new(), ca_certificates: None }
    };
    Fork::open(ForkOptions { transport, block: BlockTag::Number(number), verify, ..ForkOptions::default() }).unwrap()
}

#[test]
fn the_next_root_over_a_fork() {
    let Some(anvil) = chain() else { return };
    let ((number, hash, root), mut before) = (head(&anvil), dump(&anvil));
    next_block(&anvil);
    let ((_, _, next_root), mut after) = (head(&anvil), dump(&anvil));
    assert_eq!((before.state_root(), after.state_root()), (Ok(root), Ok(next_root)));
    assert_ne!(root, next_root);

    for (seed, (verified, hosted)) in [Verify::Off, Verify::BlockHash(hash), Verify::StateRoot(root)]
        .into_iter()
        .flat_map(|v| [(v, false), (v, true)])
        .enumerate()
    {
        let place = format!("{verified:?}, hosted: {hosted}");
        let fork = open(&anvil, number, verified, hosted);
        let mut state = State::with_source(fork.clone());
        assert_eq!(answered(&anvil, &fork, || state.state_root()).0, root, "{place}: unchanged");
        let mut dice = Dice(seed as u64);
        let touched = write_differences(&mut dice, &mut state, &mut before, &mut after);
        assert!(touched.len() > 4, "{touched:?}");
        let (next, rounds) = answered(&anvil, &fork, || state.state_root());
        assert_eq!(next, next_root, "{place}");
        assert!(rounds <= 2, "{place}: {rounds} rounds");

        let slots = [0, 1, 2, 3, 7, 39, 1000, 1001].map(U256::from);
        for address in touched.into_iter().chain([SMALL, Address::repeat_byte(0x77)]) {
            let (proof, _) = answered(&anvil, &fork, || state.get_proof(address, &slots));
            assert_eq!(proof, after.get_proof(address, &slots).unwrap(), "{place}");
            assert_eq!(answered(&anvil, &fork, || state.storage_root(address)).0, proof.storage_hash, "{place}");
            verify(next_root, &proof);
        }

        // What this node cannot mine rightly: the whole state says what comes out.
        state.checkpoint();
        after.checkpoint();
        for state in [&mut state, &mut after] {
            state.set_storage(SMALL, U256::ZERO, U256::ZERO);
            state.set_storage(CONTRACT, U256::from(39), U256::ZERO);
            state.delete_account(NEWCOMER);
        }
        let (changed, _) = answered(&anvil, &fork, || state.state_root());
        assert_eq!(Ok(changed), after.state_root(), "{place}");
        for state in [&mut state, &mut after] {
            state.clear_storage(CONTRACT);
            state.delete_account(SMALL);
            state.set_nonce(NEWCOMER, 3);
        }
        let (changed, _) = answered(&anvil, &fork, || state.state_root());
        assert_eq!(Ok(changed), after.state_root(), "{place}");
        state.revert().unwrap();
        after.revert().unwrap();
        assert_eq!(answered(&anvil, &fork, || state.state_root()).0, next_root, "{place}: reverted");
    }
}

#[test]
fn a_header_that_its_own_node_contradicts_is_no_root() {
    let Some(anvil) = chain() else { return };
    let rich: Address = anvil.rpc("eth_accounts", &json!([]))[0].as_str().unwrap().parse().unwrap();
    let fork = open(&anvil, 0, Verify::Off, false);
    // This node's first block has accounts, and the root of none.
    assert_eq!(fork.block().unwrap().state_root, Some(alloy_trie::EMPTY_ROOT_HASH));
    let mut state = State::with_source(fork);
    assert!(!state.balance(rich).unwrap().is_zero());
    state.set_balance(rich, U256::ONE);
    for refused in [state.state_root().map(|_| ()), state.get_proof(rich, &[]).map(|_| ())] {
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("is not what the node answers") && text.contains(&rich.to_string()), "{text}");
    }
}
