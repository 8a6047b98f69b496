//! Proofs and headers that a host has from anywhere: what is right is accepted, every change of it refused.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/fixtures.rs"]
#[expect(dead_code, reason = "its list of files is for others")]
mod fixtures;
#[path = "support/prover.rs"]
mod prover;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, hex, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use anvil::Anvil;
use fixtures::fixtures;
use proptest::prelude::*;
use prover::{prove, strings, texts};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use worldstate::ffi::library::worldstate_last_error;
use worldstate::ffi::proof::{worldstate_verify_header, worldstate_verify_proof};
use worldstate::ffi::status::{
    STATE_MANAGER_ERROR_INVALID_INPUT, STATE_MANAGER_ERROR_PROOF_INVALID, STATE_MANAGER_SUCCESS,
};

fn last_error() -> String {
    let (mut text, mut length) = ([0; 2048], 0);
    // SAFETY: the buffer is as long as said.
    let status = unsafe { worldstate_last_error(std::ptr::null(), text.as_mut_ptr(), text.len(), &raw mut length) };
    assert_eq!(status, STATE_MANAGER_SUCCESS);
    text[..length].iter().map(|c| char::from(c.to_ne_bytes()[0])).collect()
}

/// What a call with a status says.
#[derive(Debug, PartialEq)]
enum Verdict {
    Right,
    Wrong(String),
    Unreadable(String),
}

fn verdict(status: i32) -> Verdict {
    match status {
        STATE_MANAGER_SUCCESS => Verdict::Right,
        STATE_MANAGER_ERROR_PROOF_INVALID => Verdict::Wrong(last_error()),
        STATE_MANAGER_ERROR_INVALID_INPUT => Verdict::Unreadable(last_error()),
        other => panic!("status {other}: {}", last_error()),
    }
}

fn verify_text(root: B256, address: Option<Address>, slots: &[U256], text: &str) -> Verdict {
    let text = CString::new(text).unwrap();
    let slots: Vec<u8> = slots.iter().flat_map(U256::to_be_bytes::<32>).collect();
    let address = address.as_ref().map_or(std::ptr::null(), |address| address.as_ptr());
    // SAFETY: all pointers are to live values of the right length.
    verdict(unsafe { worldstate_verify_proof(root.as_ptr(), address, slots.as_ptr(), slots.len() / 32, text.as_ptr()) })
}

fn verify(root: B256, address: Option<Address>, slots: &[U256], proof: &Value) -> Verdict {
    verify_text(root, address, slots, &proof.to_string())
}

fn verify_header(hash: B256, header: &Value) -> Result<B256, Verdict> {
    let text = CString::new(header.to_string()).unwrap();
    let mut root = [0; 32];
    // SAFETY: as above.
    match verdict(unsafe { worldstate_verify_header(hash.as_ptr(), text.as_ptr(), root.as_mut_ptr()) }) {
        Verdict::Right => Ok(root.into()),
        other => {
            assert_eq!(root, [0; 32], "nothing is written on failure");
            Err(other)
        }
    }
}

fn hash_in(value: &Value) -> B256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Address and slots that a proof says it is for.
fn subject(proof: &Value) -> (Address, Vec<U256>) {
    let slots = proof["storageProof"].as_array().unwrap();
    let slots = slots.iter().map(|entry| entry["key"].as_str().unwrap().parse().unwrap()).collect();
    (proof["address"].as_str().unwrap().parse().unwrap(), slots)
}

/// Flips bits of each byte that the digits of each string stand for, and asks `still_right` about each result. Returns
/// how many there were.
fn flip_every_byte(value: &Value, mut still_right: impl FnMut(&str, &Value) -> bool) -> usize {
    let mut pointers = Vec::new();
    strings(value, "", &mut pointers);
    let mut changed = value.clone();
    let mut count = 0;
    for pointer in pointers {
        let original = value.pointer(&pointer).unwrap().as_str().unwrap();
        let digits = original.strip_prefix("0x").unwrap();
        let padded = format!("{}{digits}", if digits.len().is_multiple_of(2) { "" } else { "0" });
        let bytes = hex::decode(padded).unwrap();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                *changed.pointer_mut(&pointer).unwrap() = json!(hex::encode_prefixed(bytes));
                assert!(!still_right(&pointer, &changed), "byte {at} of {pointer} ^ {flip:#x}");
                count += 1;
            }
        }
        *changed.pointer_mut(&pointer).unwrap() = json!(original);
    }
    assert_eq!(changed, *value);
    count
}

/// Checks a proof, and that nothing of it can be changed.
fn right_and_no_other(root: B256, proof: &Value) -> usize {
    let (address, slots) = subject(proof);
    assert_eq!(verify(root, Some(address), &slots, proof), Verdict::Right);
    assert_eq!(verify(root, None, &[], proof), Verdict::Right);
    let flips = flip_every_byte(proof, |pointer, changed| match verify(root, Some(address), &slots, changed) {
        Verdict::Right => true,
        Verdict::Wrong(text) => {
            assert!(
                text.len() < 400 && (text.contains("account 0x") || text.contains("slot") || text.contains("0x")),
                "{pointer}: {text}"
            );
            false
        }
        Verdict::Unreadable(text) => panic!("{pointer}: {text}"),
    });
    let mut lists = vec!["/accountProof".to_owned()];
    lists.extend((0..slots.len()).map(|i| format!("/storageProof/{i}/proof")));
    let mut count = 0;
    for pointer in lists {
        let nodes = proof.pointer(&pointer).unwrap().as_array().unwrap().clone();
        let mut others = Vec::new();
        for i in 0..nodes.len() {
            let without = nodes.iter().enumerate().filter(|(at, _)| *at != i).map(|(_, node)| node.clone());
            others.push(without.collect::<Vec<_>>());
            let mut twice = nodes.clone();
            twice.insert(i, nodes[i].clone());
            others.push(twice);
            for j in 0..i {
                let mut swapped = nodes.clone();
                swapped.swap(i, j);
                others.push(swapped);
            }
        }
        // A node that is right somewhere else.
        let mut longer = nodes.clone();
        longer.extend(proof["accountProof"].as_array().unwrap().last().cloned());
        others.push(longer);
        for list in others {
            // A trie without nodes may be written with the empty one.
            if list.is_empty() && nodes == [json!("0x80")] {
                continue;
            }
            let mut changed = proof.clone();
            *changed.pointer_mut(&pointer).unwrap() = list.into();
            let verdict = verify(root, Some(address), &slots, &changed);
            assert!(matches!(verdict, Verdict::Wrong(_)), "{pointer}: {verdict:?}");
            count += 1;
        }
    }
    let another = keccak256(root);
    assert!(matches!(verify(another, Some(address), &slots, proof), Verdict::Wrong(_)));
    flips + count
}

#[test]
fn mainnet() {
    let Some(directory) = fixtures() else { return };
    let read = |name: &str| fixtures::json(&directory.join("helios").join(name));
    let block = read("block.json");
    let root = verify_header(hash_in(&block["hash"]), &block).unwrap();
    assert_eq!(root, hash_in(&block["stateRoot"]));
    let mut changes = 0;
    for name in ["proof.json", "block_miner_proof.json"] {
        changes += right_and_no_other(root, &read(name));
    }
    assert!(changes > 20_000, "{changes}");
    let proof = read("proof.json");
    let (address, slots) = subject(&proof);
    let whole = json!({"jsonrpc": "2.0", "id": 7, "result": proof});
    assert_eq!(verify(root, Some(address), &slots, &whole), Verdict::Right);
    let other = Address::repeat_byte(1);
    assert_eq!(
        verify(root, Some(other), &slots, &proof),
        Verdict::Wrong(format!("proof is for {address}, not for {other}"))
    );
    let more = [slots.as_slice(), &[U256::from(77)]].concat();
    assert_eq!(verify(root, None, &more, &proof), Verdict::Wrong(format!("slot 0x4d of {address} is missing")));
    let mut nameless = proof.clone();
    nameless.as_object_mut().unwrap().remove("address");
    assert_eq!(verify(root, Some(address), &slots, &nameless), Verdict::Right);
    assert_eq!(verify(root, None, &slots, &nameless), Verdict::Wrong("address is missing".into()));
}

#[test]
fn what_does_not_match_is_named() {
    let Some(directory) = fixtures() else { return };
    let block = fixtures::json(&directory.join("helios/block.json"));
    let proof = fixtures::json(&directory.join("helios/proof.json"));
    let (root, (address, slots)) = (hash_in(&block["stateRoot"]), subject(&proof));
    let slot = slots[0];
    let hash = B256::repeat_byte(1);
    for (pointer, value, text) in [
        (
            "/balance",
            json!("0x5"),
            format!("account {address}: balance 0x5, and the trie has {}", proof["balance"].as_str().unwrap()),
        ),
        ("/nonce", json!("0x5"), format!("account {address}: nonce 0x5, and the trie has 0x1")),
        ("/codeHash", json!(hash.to_string()), format!("account {address}: codeHash {hash}, and the trie has 0x")),
        (
            "/storageHash",
            json!(hash.to_string()),
            format!("account {address}: storageHash {hash}, and the trie has 0x"),
        ),
        ("/storageProof/0/value", json!("0x5"), format!("slot {slot:#x} of {address}: value 0x5, and the trie has 0x")),
        (
            "/accountProof/2",
            json!("0xc0"),
            format!("account {address}: node 2 of the path has the hash {}, and 0x", keccak256([0xc0])),
        ),
        ("/accountProof", json!([]), format!("account {address}: node 0 of the path, {root}, is missing")),
        ("/accountProof/8", Value::Null, "accountProof has a node, number 8, that is not a string".into()),
        ("/accountProof", json!("0x"), "accountProof is not an array".into()),
        ("/balance", json!("5"), "balance \"5\" does not begin with 0x".into()),
        (
            "/storageProof/0/proof",
            json!(["0x0"]),
            format!("proof of slot {slot:#x} has a node, number 0, that has an odd number of digits"),
        ),
    ] {
        let mut changed = proof.clone();
        if pointer == "/accountProof/8" {
            changed["accountProof"].as_array_mut().unwrap().resize(9, Value::Null);
        }
        *changed.pointer_mut(pointer).unwrap() = value;
        let Verdict::Wrong(found) = verify(root, Some(address), &[], &changed) else { panic!("{pointer}") };
        assert!(found.starts_with(&text), "{found:?} does not begin with {text:?}");
    }
    for (text, flaw) in [("", "not JSON"), ("{", "not JSON"), (r#"{"error":{"code":1},"id":1}"#, "without a result")] {
        let Verdict::Unreadable(found) = verify_text(root, None, &[], text) else { panic!("{text}") };
        assert!(found.contains(flaw), "{found}");
    }
    assert!(matches!(verify_text(root, None, &[], "[]"), Verdict::Wrong(_)));
}

#[test]
fn every_byte_of_a_header_counts() {
    let Some(directory) = fixtures() else { return };
    let block = fixtures::json(&directory.join("helios/block.json"));
    let hash = hash_in(&block["hash"]);
    let mut header = block.clone();
    for beside in ["size", "uncles", "transactions", "withdrawals"] {
        header.as_object_mut().unwrap().remove(beside);
    }
    let flips = flip_every_byte(&header, |_, changed| !matches!(verify_header(hash, changed), Err(Verdict::Wrong(_))));
    assert!(flips > 1800, "{flips}");
    header.as_object_mut().unwrap().remove("hash");
    assert_eq!(verify_header(hash, &header), Ok(hash_in(&block["stateRoot"])));
    for name in header.as_object().unwrap().keys() {
        let mut without = header.clone();
        without.as_object_mut().unwrap().remove(name);
        let Err(Verdict::Wrong(text)) = verify_header(hash, &without) else { panic!("{name}") };
        assert!(text == format!("{name} is missing") || text.contains("has the hash"), "{text}");
    }
    let Err(Verdict::Wrong(text)) = verify_header(B256::ZERO, &block) else { panic!() };
    assert_eq!(text, format!("header of block 21925176 has the hash {hash}, not {}", B256::ZERO));
}

fn transcript_results(directory: &std::path::Path, method: &str) -> Vec<Value> {
    let mut results = Vec::new();
    for entry in std::fs::read_dir(directory.join(method)).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let answer = text.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
        results.push(serde_json::from_str::<Value>(answer).unwrap()["result"].clone());
    }
    assert!(!results.is_empty());
    results
}

#[test]
fn transcripts() {
    let Some(directory) = fixtures() else { return };
    let directory = directory.join("execution-apis");
    let mut roots = BTreeSet::new();
    let mut forks = BTreeSet::new();
    for method in ["eth_getBlockByNumber", "eth_getBlockByHash"] {
        for block in transcript_results(&directory, method) {
            let Some(hash) = block["hash"].as_str() else { continue };
            assert_eq!(verify_header(hash.parse().unwrap(), &block), Ok(hash_in(&block["stateRoot"])));
            roots.insert(hash_in(&block["stateRoot"]));
            let newest = ["requestsHash", "parentBeaconBlockRoot", "withdrawalsRoot", "baseFeePerGas"];
            forks.insert(newest.into_iter().find(|field| block.get(field).is_some_and(|f| !f.is_null())));
        }
    }
    assert!(forks.len() >= 4, "headers of several forks: {forks:?}");
    let mut proven = 0;
    for proof in transcript_results(&directory, "eth_getProof") {
        let (address, slots) = subject(&proof);
        let root = keccak256(hex::decode(proof["accountProof"][0].as_str().unwrap()).unwrap());
        assert!(roots.contains(&root), "a root of one of the chain's headers");
        assert_eq!(verify(root, Some(address), &slots, &proof), Verdict::Right);
        right_and_no_other(root, &proof);
        proven += 1;
    }
    assert_eq!(proven, 4);
}

#[test]
fn anvil_proves_what_it_says() {
    let Some(anvil) = Anvil::start(["--accounts", "20"]) else { return };
    // Stores 7 at slot 1, 8 at slot 2 and returns one byte of code.
    let deployed: Vec<Address> = (0..3)
        .map(|_| {
            let from = anvil.rpc("eth_accounts", &json!([]))[0].clone();
            let init = "0x6007600155600860025560016000f3";
            let hash = anvil.rpc("eth_sendTransaction", &json!([{"from": from, "data": init, "gas": "0x30000"}]));
            let receipt = anvil.receipt(&hash);
            receipt["contractAddress"].as_str().unwrap().parse().unwrap()
        })
        .collect();
    let block = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let root = verify_header(hash_in(&block["hash"]), &block).unwrap();
    let first = anvil.rpc("eth_accounts", &json!([]))[0].as_str().unwrap().parse().unwrap();
    let absent = Address::repeat_byte(0xab);
    for (address, slots) in [
        (first, vec![]),
        (absent, vec![]),
        (absent, vec![1]),
        (first, vec![0, 1]),
        (deployed[0], vec![1, 2]),
        (deployed[1], vec![0, 1, 9]),
        (deployed[2], vec![]),
    ] {
        let slots: Vec<U256> = slots.into_iter().map(U256::from).collect();
        let keys: Vec<String> = slots.iter().map(|slot| B256::from(*slot).to_string()).collect();
        let proof = anvil.rpc("eth_getProof", &json!([address.to_string(), keys, block["number"]]));
        assert_eq!(verify(root, Some(address), &slots, &proof), Verdict::Right, "{proof}");
        right_and_no_other(root, &proof);
    }
}

fn word(value: &U256) -> String {
    format!("{value:#x}")
}

#[derive(Clone, Debug)]
struct World {
    accounts: BTreeMap<Address, (U256, u64, BTreeMap<U256, U256>)>,
    asked: Vec<Address>,
    slots: Vec<U256>,
}

fn small_word() -> impl Strategy<Value = U256> {
    prop_oneof![(0_u64..24).prop_map(U256::from), any::<[u8; 32]>().prop_map(U256::from_be_bytes)]
}

fn world() -> impl Strategy<Value = World> {
    let address = || (0_u16..400).prop_map(|n| Address::left_padding_from(&n.to_be_bytes()));
    let storage = prop::collection::btree_map(small_word(), small_word(), 0..40);
    let account = (small_word(), 0_u64..1000, storage);
    (
        prop::collection::btree_map(address(), account, 0..60),
        prop::collection::vec(address(), 1..4),
        prop::collection::vec(small_word(), 0..4),
    )
        .prop_map(|(accounts, asked, slots)| World { accounts, asked, slots })
}

impl World {
    /// The root, and the proof of each account that is asked for.
    fn proofs(&self) -> (B256, Vec<(Address, Value)>) {
        let mut leaves = BTreeMap::new();
        let mut storages = BTreeMap::new();
        let hashed: Vec<B256> = self.slots.iter().map(|slot| keccak256(B256::from(*slot))).collect();
        for (address, (balance, nonce, storage)) in &self.accounts {
            let of_slot = |(slot, value): (&U256, &U256)| {
                (!value.is_zero()).then(|| (keccak256(B256::from(*slot)), alloy_rlp::encode(value)))
            };
            let (storage_root, paths) = prove(&storage.iter().filter_map(of_slot).collect(), &hashed);
            let account = TrieAccount { nonce: *nonce, balance: *balance, storage_root, code_hash: KECCAK256_EMPTY };
            let mut leaf = Vec::new();
            account.encode(&mut leaf);
            leaves.insert(keccak256(address), leaf);
            storages.insert(*address, (storage_root, paths));
        }
        let targets: Vec<B256> = self.asked.iter().map(keccak256).collect();
        let (root, paths) = prove(&leaves, &targets);
        let proof = |(address, path): (&Address, &Vec<Bytes>)| {
            let absent = (U256::ZERO, 0, BTreeMap::new());
            let (balance, nonce, storage) = self.accounts.get(address).unwrap_or(&absent);
            let (storage_root, paths) =
                storages.get(address).cloned().unwrap_or_else(|| (EMPTY_ROOT_HASH, vec![vec![]; self.slots.len()]));
            let entry = |(slot, path): (&U256, &Vec<Bytes>)| json!({"key": word(slot), "value": word(&storage.get(slot).copied().unwrap_or_default()), "proof": texts(path)});
            let slots: BTreeMap<U256, &Vec<Bytes>> = self.slots.iter().copied().zip(&paths).collect();
            let slots: Vec<Value> = slots.iter().map(|(slot, path)| entry((slot, path))).collect();
            (
                *address,
                json!({
                    "address": address.to_string(), "accountProof": texts(path), "balance": word(balance), "nonce": format!("{nonce:#x}"),
                    "codeHash": KECCAK256_EMPTY.to_string(), "storageHash": storage_root.to_string(), "storageProof": slots,
                }),
            )
        };
        (root, self.asked.iter().zip(&paths).map(proof).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn true_statements_are_proven_and_false_ones_not(world in world(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let (root, proofs) = world.proofs();
        for (address, proof) in &proofs {
            prop_assert_eq!(verify(root, Some(*address), &world.slots, proof), Verdict::Right, "{}", proof);
            // One value or one node changed.
            let mut pointers = Vec::new();
            strings(proof, "", &mut pointers);
            let pointer = at.get(&pointers);
            let text = proof.pointer(pointer).unwrap().as_str().unwrap();
            let digits = text.strip_prefix("0x").unwrap();
            let mut bytes = hex::decode(format!("{}{digits}", if digits.len().is_multiple_of(2) { "" } else { "0" })).unwrap();
            let byte = at.index(bytes.len());
            bytes[byte] ^= flip;
            let mut changed = proof.clone();
            *changed.pointer_mut(pointer).unwrap() = json!(hex::encode_prefixed(&bytes));
            let verdict = verify(root, Some(*address), &world.slots, &changed);
            prop_assert!(matches!(verdict, Verdict::Wrong(_)), "{} changed: {:?}", pointer, verdict);
        }
        // Whoever is there is not absent, and whoever is absent is not there.
        for (address, proof) in &proofs {
            let exists = world.accounts.contains_key(address);
            let mut other = proof.clone();
            other["balance"] = if exists { json!("0x0") } else { json!("0x1") };
            if proof["balance"] != other["balance"] {
                prop_assert!(matches!(verify(root, Some(*address), &[], &other), Verdict::Wrong(_)));
            }
        }
    }

    #[test]
    fn any_bytes_can_lie_under_a_root(nodes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..4)) {
        // The root is the hash of the first node: what is under it is then read.
        let root = keccak256(&nodes[0]);
        let nodes: Vec<Bytes> = nodes.into_iter().map(Bytes::from).collect();
        let proof = json!({"balance": "0x1", "nonce": "0x0", "codeHash": B256::ZERO.to_string(), "accountProof": texts(&nodes)});
        let verdict = verify(root, Some(Address::ZERO), &[], &proof);
        prop_assert!(matches!(verdict, Verdict::Wrong(_)), "{:?}", verdict);
    }
}
