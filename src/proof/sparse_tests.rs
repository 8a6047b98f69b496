//! Sparse tries against whole ones, and against the tries of other clients.

#[path = "../../tests/support/fixtures.rs"]
#[expect(dead_code, reason = "one file is named here")]
mod fixtures;

use super::{Fault, Gap, SparseTrie};
use crate::random::cases;
use crate::state::TrieNodes;
use alloy_primitives::map::B256Map;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::proof::{ProofRetainer, verify_proof};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};
use fixtures::{fixtures, json};
use parking_lot::Mutex;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Leaves = BTreeMap<Nibbles, Bytes>;

/// Root of the whole trie, and its nodes on the paths of `targets`.
fn whole(leaves: &Leaves, targets: impl IntoIterator<Item = Nibbles>) -> (B256, B256Map<Bytes>) {
    let mut builder = HashBuilder::default().with_proof_retainer(targets.into_iter().collect::<ProofRetainer>());
    for (key, value) in leaves {
        builder.add_leaf(*key, value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().into_inner();
    (root, nodes.into_values().map(|node| (keccak256(&node), node)).collect())
}

/// Nodes that can become more.
#[derive(Clone, Default)]
struct Known(Arc<Mutex<B256Map<Bytes>>>);

impl Known {
    fn new(nodes: B256Map<Bytes>) -> Self {
        Self(Arc::new(Mutex::new(nodes)))
    }

    fn look_up(&self) -> TrieNodes {
        let known = self.clone();
        Arc::new(move |hash| known.0.lock().get(hash).cloned())
    }
}

fn nothing_known() -> TrieNodes {
    Known::default().look_up()
}

/// Keys of one length with long common beginnings. Of short ones, whose values are short too, many nodes are inline.
fn key(length: usize) -> impl Strategy<Value = Nibbles> {
    let byte = prop::sample::select(vec![0x00_u8, 0x01, 0x10, 0x11, 0xf0]);
    (vec(byte, 3.min(length)), any::<bool>()).prop_map(move |(mut bytes, zeros)| {
        bytes.resize(length, if zeros { 0 } else { 0x77 });
        Nibbles::unpack(bytes)
    })
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![vec(any::<u8>(), 1..4), vec(any::<u8>(), 30..80)].prop_map(Bytes::from)
}

fn case() -> impl Strategy<Value = (Leaves, Vec<(Nibbles, Option<Bytes>)>)> {
    prop::sample::select(vec![2_usize, 3, 5, 32]).prop_flat_map(|length| {
        let leaves = btree_map(key(length), value(), 0..40);
        leaves.prop_flat_map(move |leaves| {
            let held = leaves.keys().copied().collect::<Vec<_>>();
            let key = if held.is_empty() {
                key(length).boxed()
            } else {
                prop_oneof![1 => key(length), 2 => prop::sample::select(held)].boxed()
            };
            let write = prop_oneof![1 => value().prop_map(Some), 2 => Just(None)];
            (Just(leaves), vec((key, write), 0..30))
        })
    })
}

/// Applies a write; a sibling that is not known is made known once it was named rightly and nothing was changed. Returns
/// how many that were.
fn write(trie: &mut SparseTrie, known: &Known, all: &B256Map<Bytes>, key: &Nibbles, value: Option<&Bytes>) -> usize {
    let apply = |trie: &mut SparseTrie| match value {
        Some(value) => trie.insert(key, value),
        None => trie.remove(key),
    };
    let before = trie.root();
    let Err(fault) = apply(trie) else { return 0 };
    let Fault::Unknown(Gap { path, hash, sibling: true }) = fault else { panic!("{fault}") };
    assert!(value.is_none() && path.len() <= key.len() && !key.starts_with(&path), "{path:?} beside {key:?}");
    assert!(key.starts_with(&path.slice(..path.len() - 1)), "{path:?} beside {key:?}");
    assert_eq!(trie.root(), before, "a failed removal changed the trie");
    let text = Fault::Unknown(Gap { path, hash, sibling: true }).to_string();
    assert!(text.contains(&hash.to_string()), "{text}");
    assert!(known.0.lock().insert(hash, all[&hash].clone()).is_none(), "{hash} was known");
    assert_eq!(apply(trie), Ok(()));
    1
}

/// The witness holds what is on the paths of the written keys and nothing else.
#[test]
fn roots_and_proofs_are_those_of_the_whole_trie() {
    let siblings = AtomicUsize::new(0);
    cases("sparse tries", 40, 2000, case(), |(mut leaves, writes)| {
        let (root, nodes) = whole(&leaves, writes.iter().map(|(key, _)| *key));
        let (_, all) = whole(&leaves, leaves.keys().copied());
        let known = Known::new(nodes);
        let mut trie = SparseTrie::new(root, known.look_up());
        for (key, value) in &writes {
            assert_eq!(trie.get(key).unwrap(), leaves.get(key).cloned());
            siblings.fetch_add(write(&mut trie, &known, &all, key, value.as_ref()), Ordering::Relaxed);
            match value {
                Some(value) => leaves.insert(*key, value.clone()),
                None => leaves.remove(key),
            };
        }
        let (root, _) = whole(&leaves, None);
        assert_eq!(trie.root(), root);
        for (key, _) in &writes {
            let proof = trie.prove(key).unwrap();
            let expected = leaves.get(key).map(|value| value.to_vec());
            // The verifier takes a root shorter than 32 bytes, which no trie of hashed keys has, for inline.
            if proof.first().is_some_and(|node| node.len() < 32) {
                assert!(proof.len() == 1 && keccak256(&proof[0]) == root, "{proof:?}");
            } else {
                assert_eq!(verify_proof(root, *key, expected, &proof), Ok(()), "{proof:?}");
            }
            let (_, on_path) = whole(&leaves, [*key]);
            assert!(leaves.is_empty() || proof.iter().all(|node| on_path.contains_key(&keccak256(node))));
        }
        Ok(())
    });
    assert!(siblings.into_inner() > 100, "hardly any sibling was needed");
}

/// Nodes are looked up by the hash of what they are, so whatever else is found there is as good as nothing.
#[test]
fn a_node_that_is_not_its_hash_is_not_known() {
    cases("broken nodes", 41, 500, (case(), any::<prop::sample::Index>()), |((leaves, writes), flip)| {
        let (root, nodes) = whole(&leaves, writes.iter().map(|(key, _)| *key));
        let broken = nodes.into_iter().map(|(hash, node)| {
            let mut node = node.to_vec();
            let at = flip.index(node.len());
            node[at] ^= 1;
            (hash, Bytes::from(node))
        });
        let mut trie = SparseTrie::new(root, Known::new(broken.collect()).look_up());
        for (key, _) in writes.iter().filter(|_| !leaves.is_empty()) {
            let gap = Gap { path: Nibbles::default(), hash: root, sibling: false };
            assert_eq!(trie.get(key), Err(Fault::Unknown(gap)));
            assert_eq!(trie.remove(key), Err(Fault::Unknown(gap)));
        }
        Ok(())
    });
}

/// Whatever bytes stand under a hash, reading them ends with an answer or a fault.
#[test]
fn bytes_that_are_no_node_are_malformed() {
    let malformed = AtomicUsize::new(0);
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    cases("malformed nodes", 42, 2000, (case(), changes), |((leaves, writes), changes)| {
        let (root, nodes) = whole(&leaves, writes.iter().map(|(key, _)| *key));
        let Some(mut node) = nodes.get(&root).map(|node| node.to_vec()) else { return Ok(()) };
        for (at, byte) in changes {
            let at = at.index(node.len());
            node[at] = byte;
        }
        let root = keccak256(&node);
        let known = Known::new(nodes);
        known.0.lock().insert(root, node.into());
        let mut trie = SparseTrie::new(root, known.look_up());
        for (key, value) in writes {
            if let Err(Fault::Malformed { path, flaw }) = trie.get(&key) {
                assert!(!flaw.is_empty() && key.starts_with(&path));
                malformed.fetch_add(1, Ordering::Relaxed);
            }
            let _ = trie.prove(&key);
            let _ = match value {
                Some(value) => trie.insert(&key, &value),
                None => trie.remove(&key),
            };
            trie.root();
        }
        Ok(())
    });
    assert!(malformed.into_inner() > 1000, "hardly any node was malformed");
}

#[test]
fn the_empty_trie() {
    let mut trie = SparseTrie::new(EMPTY_ROOT_HASH, nothing_known());
    let key = Nibbles::unpack([1; 32]);
    assert_eq!((trie.get(&key), trie.prove(&key), trie.remove(&key)), (Ok(None), Ok(vec![]), Ok(())));
    assert_eq!(trie.root(), EMPTY_ROOT_HASH);
    trie.insert(&key, &Bytes::from_static(b"value")).unwrap();
    assert_eq!(trie.root(), whole(&BTreeMap::from([(key, Bytes::from_static(b"value"))]), None).0);
    trie.remove(&key).unwrap();
    assert_eq!(trie.root(), EMPTY_ROOT_HASH);
}

#[test]
fn what_is_not_known_is_named() {
    let root = B256::repeat_byte(7);
    let mut trie = SparseTrie::new(root, nothing_known());
    assert_eq!(trie.root(), root);
    let fault = trie.insert(&Nibbles::unpack([1; 32]), &Bytes::from_static(b"value")).unwrap_err();
    assert_eq!(fault.to_string(), format!("node {root} at path 0x is not known"));
    assert_eq!(trie.root(), root);
}

#[test]
fn a_key_that_is_the_beginning_of_another_is_refused() {
    let value = Bytes::from_static(b"value");
    let [shorter, longer] = [Nibbles::unpack([1]), Nibbles::unpack([1, 2])];
    for (first, second) in [(shorter, longer), (longer, shorter)] {
        let mut trie = SparseTrie::new(EMPTY_ROOT_HASH, nothing_known());
        trie.insert(&first, &value).unwrap();
        let root = trie.root();
        assert_eq!(trie.insert(&second, &value), Err(Fault::Prefix(second)));
        assert_eq!((trie.root(), trie.get(&first)), (root, Ok(Some(value.clone()))));
    }
}

/// Text, or bytes where it begins with `0x`.
fn bytes(text: &str) -> Bytes {
    if text.starts_with("0x") { text.parse().unwrap() } else { Bytes::copy_from_slice(text.as_bytes()) }
}

/// The writes of a test: an object, in any order, or a list.
fn scripted(test: &Value) -> Vec<(Bytes, Option<Bytes>)> {
    let write = |key: &str, value: &Value| (bytes(key), value.as_str().map(bytes));
    match &test["in"] {
        Value::Object(leaves) => leaves.iter().map(|(key, value)| write(key, value)).collect(),
        Value::Array(writes) => writes.iter().map(|pair| write(pair[0].as_str().unwrap(), &pair[1])).collect(),
        other => panic!("{other}"),
    }
}

/// Applies the writes to a new trie; the keys are hashed where `secure`.
fn apply(writes: &[(Bytes, Option<Bytes>)], secure: bool) -> Result<B256, Fault> {
    let mut trie = SparseTrie::new(EMPTY_ROOT_HASH, nothing_known());
    for (key, value) in writes {
        let key = if secure { Nibbles::unpack(keccak256(key)) } else { Nibbles::unpack(key) };
        match value {
            Some(value) => trie.insert(&key, value)?,
            None => trie.remove(&key)?,
        }
    }
    Ok(trie.root())
}

#[test]
fn tries_of_other_clients() {
    let Some(fixtures) = fixtures() else { return };
    let (mut checked, mut refused) = (0, vec![]);
    for (file, secure) in [
        ("hex_encoded_securetrie_test", true),
        ("trieanyorder_secureTrie", true),
        ("trietest_secureTrie", true),
        ("trieanyorder", false),
        ("trietest", false),
    ] {
        for (name, test) in json(&fixtures.join(format!("ethereum-tests/TrieTests/{file}.json"))).as_object().unwrap() {
            let mut writes = scripted(test);
            let expected: B256 = test["root"].as_str().unwrap().parse().unwrap();
            match apply(&writes, secure) {
                Ok(root) => assert_eq!(root, expected, "{file}: {name}"),
                Err(Fault::Prefix(_)) if !secure => {
                    refused.push(name.clone());
                    continue;
                }
                Err(fault) => panic!("{file}: {name}: {fault}"),
            }
            if test["in"].is_object() {
                writes.reverse();
                assert_eq!(apply(&writes, secure), Ok(expected), "{file}: {name}, from its end");
            }
            checked += 1;
        }
    }
    refused.sort();
    let values_in_branches =
        ["branch-value-update", "dogs", "emptyValues", "foo", "insert-middle-leaf", "puppy", "smallValues", "testy"];
    assert_eq!((checked, refused), (17, values_in_branches.map(String::from).to_vec()));
}
