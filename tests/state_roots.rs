//! State and storage roots against those of other clients.
//!
//! | fixture | what it tests |
//! |---|---|
//! | EEST post states | our loader, state root and storage roots, over every kind of account |
//! | genesis of a geth chain | the same, with geth's own genesis file |
//! | `hex_encoded_securetrie_test` | the trie under our state root, with account leaves whose storage and code are not known |
//! | `*_secureTrie` | the same trie with leaves that are no accounts: no state of ours can hold these |

#[path = "support/fixtures.rs"]
mod fixtures;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::root::state_root_unhashed;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};
use fixtures::{fixtures, json, json_files};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate::state::State;

fn root(text: &Value) -> B256 {
    text.as_str().unwrap().parse().unwrap()
}

/// Loads every full post state of the file and compares its root with the one of the header; returns how many.
fn check_post_states(path: &Path) -> usize {
    let mut checked = 0;
    for (name, test) in json(path).as_object().unwrap() {
        for (fork, posts) in test["post"].as_object().unwrap() {
            for post in posts.as_array().unwrap() {
                let Some(accounts) = post.get("state") else { continue };
                let mut state = State::new();
                let place = || format!("{}: {name}: {fork}", path.display());
                let count = state.load(accounts.to_string().as_bytes()).unwrap_or_else(|e| panic!("{}: {e}", place()));
                assert_eq!(count, accounts.as_object().unwrap().len(), "{}", place());
                assert_eq!(state.state_root().unwrap(), root(&post["hash"]), "{}", place());
                checked += 1;
            }
        }
    }
    checked
}

#[test]
fn roots_of_post_states() {
    let Some(fixtures) = fixtures() else { return };
    let files = json_files(&fixtures.join("eest/state_tests"));
    let (next, checked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    checked.fetch_add(check_post_states(file), Ordering::Relaxed);
                }
            });
        }
    });
    let checked = checked.into_inner();
    println!("{checked} post states");
    assert!(checked >= files.len(), "{checked} post states in {} files", files.len());
}

#[test]
fn root_of_a_geth_genesis() {
    let Some(fixtures) = fixtures() else { return };
    let genesis = std::fs::read(fixtures.join("execution-apis/genesis.json")).unwrap();
    let transcript =
        std::fs::read_to_string(fixtures.join("execution-apis/eth_getBlockByNumber/get-genesis.io")).unwrap();
    let answer = transcript.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    let expected = root(&answer["result"]["stateRoot"]);

    let mut state = State::new();
    assert_eq!(state.load(&genesis), Ok(27));
    assert_eq!(state.state_root(), Ok(expected));

    // One slot, one wei or one account more is another state.
    state.checkpoint();
    let contract = state.list_accounts(None, usize::MAX).into_iter().next_back().unwrap();
    state.set_storage(contract, U256::from(0x7777), U256::ONE);
    assert_ne!(state.state_root(), Ok(expected));
    state.revert().unwrap();
    state.checkpoint();
    state.set_balance(Address::repeat_byte(0x77), U256::ZERO);
    assert_ne!(state.state_root(), Ok(expected), "an empty account is part of the state");
    state.revert().unwrap();
    assert_eq!(state.state_root(), Ok(expected));
}

#[test]
fn roots_of_account_leaves() {
    let Some(fixtures) = fixtures() else { return };
    let tests = json(&fixtures.join("ethereum-tests/TrieTests/hex_encoded_securetrie_test.json"));
    let tests = tests.as_object().unwrap();
    assert_eq!(tests.len(), 3);
    for (name, test) in tests {
        let leaves = test["in"].as_object().unwrap().iter().map(|(address, leaf)| {
            let leaf = hex::decode(leaf.as_str().unwrap()).unwrap();
            (address.parse::<Address>().unwrap(), TrieAccount::decode(&mut leaf.as_slice()).unwrap())
        });
        assert_eq!(state_root_unhashed(leaves), root(&test["root"]), "{name}");
    }
}

/// Text, or bytes where it begins with `0x`.
fn bytes(text: &str) -> Bytes {
    if text.starts_with("0x") { text.parse().unwrap() } else { Bytes::copy_from_slice(text.as_bytes()) }
}

#[test]
fn roots_of_any_leaves() {
    let Some(fixtures) = fixtures() else { return };
    let mut checked = 0;
    for file in ["trieanyorder_secureTrie", "trietest_secureTrie"] {
        let tests = json(&fixtures.join(format!("ethereum-tests/TrieTests/{file}.json")));
        for (name, test) in tests.as_object().unwrap() {
            let mut leaves = BTreeMap::new();
            let writes: Vec<(&str, Option<&str>)> = match &test["in"] {
                Value::Object(leaves) => leaves.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
                Value::Array(writes) => {
                    writes.iter().map(|write| (write[0].as_str().unwrap(), write[1].as_str())).collect()
                }
                other => panic!("{name}: {other}"),
            };
            for (key, value) in writes {
                let key = Nibbles::unpack(keccak256(bytes(key)));
                match value {
                    Some(value) => leaves.insert(key, bytes(value)),
                    None => leaves.remove(&key),
                };
            }
            let mut trie = HashBuilder::default();
            for (key, value) in leaves {
                trie.add_leaf(key, &value);
            }
            assert_eq!(trie.root(), root(&test["root"]), "{file}: {name}");
            checked += 1;
        }
    }
    assert_eq!(checked, 10);
}
