//! Paths through tries by the reference prover, and proofs as JSON.
#![allow(dead_code, reason = "each test binary that includes this file uses some of it")]

use alloy_primitives::{B256, Bytes};
use alloy_trie::proof::ProofRetainer;
use alloy_trie::{HashBuilder, Nibbles};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn texts(nodes: &[Bytes]) -> Vec<String> {
    nodes.iter().map(Bytes::to_string).collect()
}

/// A trie's root, and the nodes on the paths of some keys.
pub(crate) fn prove(leaves: &BTreeMap<B256, Vec<u8>>, targets: &[B256]) -> (B256, Vec<Vec<Bytes>>) {
    let retainer = ProofRetainer::new(targets.iter().map(|target| Nibbles::unpack(target)).collect());
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes();
    let path = |target: &B256| {
        nodes.matching_nodes_sorted(&Nibbles::unpack(target)).into_iter().map(|(_, node)| node).collect()
    };
    (root, targets.iter().map(path).collect())
}

/// The strings of a JSON value, as pointers to them.
pub(crate) fn strings(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| strings(item, &format!("{at}/{i}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, field)| strings(field, &format!("{at}/{key}"), found)),
        _ => {}
    }
}
