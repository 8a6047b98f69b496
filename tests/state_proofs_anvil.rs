//! Roots and proofs against those of a real node.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/dice.rs"]
mod dice;
#[path = "support/differences.rs"]
mod differences;

use alloy_primitives::{Address, B256, U256, hex};
use anvil::Anvil;
use differences::verify;
use serde_json::{Value, json};
use worldstate::state::State;

/// Stores the second word of its calldata at the slot that is the first.
const STORE: &[u8] = &hex!("602035 5f35 55 00");
/// Creates a contract whose constructor stores 1 to 3 at these slots, and which has no code.
const CREATION: &[u8] = &hex!("6001600155 6002600255 6003600355 5f5ff3");
const CONTRACT: Address = Address::repeat_byte(0xc0);
const NEWCOMER: Address = Address::repeat_byte(0xe1);

/// A node that mines when it is told to, with a contract of 40 slots.
fn chain() -> Option<Anvil> {
    let anvil = Anvil::start(["--chain-id", "4242", "--no-mining", "--order", "fifo"])?;
    anvil.rpc("anvil_setCode", &json!([CONTRACT.to_string(), hex::encode_prefixed(STORE)]));
    for slot in 0..40 {
        let (slot, value) = (B256::from(U256::from(slot)), B256::from(U256::from(slot + 1)));
        anvil.rpc("anvil_setStorageAt", &json!([CONTRACT.to_string(), slot.to_string(), value.to_string()]));
    }
    anvil.rpc("anvil_mine", &json!(["0x2"]));
    Some(anvil)
}

/// Queues what changes accounts and slots. No slot becomes zero: this node's trie then has a leaf with the value zero,
/// which no trie of the chain's has.
fn queue(anvil: &Anvil) {
    let sender = anvil.rpc("eth_accounts", &json!([]))[0].clone();
    let send = |transaction: Value| {
        let mut transaction = transaction;
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
}

/// What the node has now.
fn dump(anvil: &Anvil) -> State {
    let mut state = State::new();
    state.load(anvil.rpc("anvil_dumpState", &json!([])).to_string().as_bytes()).unwrap();
    state
}

/// Number and state root of the newest block.
fn head(anvil: &Anvil) -> (u64, B256) {
    let block = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let number = block["number"].as_str().unwrap();
    (u64::from_str_radix(&number[2..], 16).unwrap(), block["stateRoot"].as_str().unwrap().parse().unwrap())
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
        let (_, root) = head(&anvil);
        let mut state = dump(&anvil);
        assert_eq!(state.state_root(), Ok(root));
        let addresses = state.list_accounts(None, usize::MAX).into_iter().chain([Address::repeat_byte(0x77)]);
        assert!(check_proofs(&anvil, root, &mut state, addresses) > 10);
        queue(&anvil);
        anvil.rpc("anvil_mine", &json!(["0x1"]));
    }
}
