//! The way from a trie's root to a key.

use alloy_primitives::map::HashMap;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable, EMPTY_STRING_CODE};
use alloy_trie::nodes::{RlpNode, TrieNode};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};

/// Nodes by their hash, each checked to have it.
pub(crate) type CheckedNodes = HashMap<B256, Bytes>;

/// What a node says of a key.
enum Step {
    /// The way goes on in this child: a hash, or the node itself where that is shorter than a hash.
    Down(RlpNode),
    /// The way ends here, with the key's value, or without one.
    End(Option<Vec<u8>>),
}

/// A key and how much of it lies behind.
struct Walk {
    key: Nibbles,
    depth: usize,
}

impl Walk {
    fn new(key: B256) -> Self {
        Self { key: Nibbles::unpack(key), depth: 0 }
    }

    /// Reads one node, which may be any bytes: a root that nobody trusts can stand over them.
    fn step(&mut self, mut node: &[u8]) -> Result<Step, String> {
        let decoded = TrieNode::decode(&mut node).map_err(|error| error.to_string())?;
        if !node.is_empty() {
            return Err("bytes follow it".into());
        }
        let ahead = self.key.slice(self.depth..);
        match decoded {
            TrieNode::EmptyRoot => Err("it is empty".into()),
            TrieNode::Leaf(leaf) => Ok(Step::End((leaf.key == ahead).then_some(leaf.value))),
            TrieNode::Extension(extension) if ahead.starts_with(&extension.key) => {
                self.depth += extension.key.len();
                Ok(Step::Down(extension.child))
            }
            TrieNode::Extension(_) => Ok(Step::End(None)),
            TrieNode::Branch(branch) => {
                let nibble = ahead.get(0).ok_or("it lies deeper than a key can reach")?;
                self.depth += 1;
                let branch = branch.as_ref();
                let child = branch.children().find(|(at, _)| *at == nibble).and_then(|(_, child)| child);
                Ok(child.map_or(Step::End(None), |child| Step::Down(child.clone())))
            }
        }
    }
}

/// The value at `key` in the trie of `root`, or `None` where there is none, from the nodes on its path, root first.
///
/// `nodes` are these and no others; those that are part of their parent may be left out, or stand for themselves too.
/// What is in `known` is not hashed again; what is not comes there. The error says which node is wrong.
pub(super) fn follow(
    root: B256,
    key: B256,
    nodes: &[Bytes],
    known: &mut CheckedNodes,
) -> Result<Option<Vec<u8>>, String> {
    if root == EMPTY_ROOT_HASH {
        return match nodes {
            [] => Ok(None),
            [only] if only[..] == [EMPTY_STRING_CODE] => Ok(None),
            _ => Err(format!("the trie is empty, and the proof has {} nodes", nodes.len())),
        };
    }
    let mut walk = Walk::new(key);
    let mut given = nodes.iter().enumerate().peekable();
    let mut wanted = RlpNode::word_rlp(&root);
    let value = loop {
        let step = if let Some(hash) = wanted.as_hash() {
            let (at, node) =
                given.next().ok_or_else(|| format!("node {} of the path, {hash}, is missing", nodes.len()))?;
            if known.get(&hash).is_none_or(|seen| seen != node) {
                let found = keccak256(node);
                if found != hash {
                    return Err(format!("node {at} of the path has the hash {found}, and {hash} belongs there"));
                }
                known.insert(hash, node.clone());
            }
            walk.step(node).map_err(|text| format!("node {at} of the path is no trie node: {text}"))?
        } else {
            let at = given.next_if(|(_, node)| **node == *wanted).map_or(nodes.len(), |(at, _)| at);
            walk.step(&wanted).map_err(|text| format!("node {at} of the path is no trie node: {text}"))?
        };
        match step {
            Step::Down(child) => wanted = child,
            Step::End(value) => break value,
        }
    };
    match given.count() {
        0 => Ok(value),
        more => Err(format!("{more} nodes follow the end of the path")),
    }
}

/// The value at `key` in the trie of `root`, or `None` where there is none, from nodes that are looked up by their
/// hash. The error is the hash of the first node that is not there.
pub(super) fn find(
    root: B256,
    key: B256,
    mut look_up: impl FnMut(&B256) -> Option<Bytes>,
) -> Result<Option<Vec<u8>>, B256> {
    if root == EMPTY_ROOT_HASH {
        return Ok(None);
    }
    let mut walk = Walk::new(key);
    let mut wanted = RlpNode::word_rlp(&root);
    let mut hash = root;
    loop {
        let step = if let Some(next) = wanted.as_hash() {
            hash = next;
            walk.step(&look_up(&hash).ok_or(hash)?)
        } else {
            walk.step(&wanted)
        };
        match step.map_err(|_| hash)? {
            Step::Down(child) => wanted = child,
            Step::End(value) => return Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn check(nodes: &[Bytes], root: B256, key: B256) -> Result<Option<Vec<u8>>, String> {
        follow(root, key, nodes, &mut CheckedNodes::default())
    }

    #[test]
    fn an_empty_trie_has_no_nodes() {
        let key = B256::ZERO;
        for nodes in [vec![], vec![Bytes::from_static(&[0x80])]] {
            assert_eq!(check(&nodes, EMPTY_ROOT_HASH, key), Ok(None));
        }
        let two = vec![Bytes::from_static(&[0x80]); 2];
        assert!(check(&two, EMPTY_ROOT_HASH, key).unwrap_err().contains("2 nodes"));
        assert!(check(&[], B256::ZERO, key).unwrap_err().contains("is missing"));
        // The hash is right, and an empty node is none below a root that is not the empty one's.
        let node = Bytes::from_static(&[0x00]);
        let root = keccak256(&node);
        assert!(check(&[node], root, key).unwrap_err().contains("no trie node"));
    }

    #[test]
    fn what_lies_under_a_root_may_be_anything() {
        // An extension that leads nowhere, an odd flag, a leaf that is too deep, items beyond the 17th, bytes behind.
        for node in [
            "c28080",
            "c3008080",
            "e1a0000000000000000000000000000000000000000000000000000000000000000000",
            "f8b1a1",
            "c2",
            "d38080808080808080808080808080808080808080",
            "c3208080",
            "ff",
            "c2208000",
        ] {
            let node = Bytes::from(hex::decode(node).unwrap());
            let root = keccak256(&node);
            assert!(check(std::slice::from_ref(&node), root, B256::ZERO).is_err(), "{node}");
        }
    }

    /// Keys that differ in their last digits only: what lies below is shorter than a hash, and stands in its parent.
    #[test]
    fn short_nodes_stand_in_their_parents() {
        use alloy_trie::HashBuilder;
        use alloy_trie::proof::ProofRetainer;
        let key = |last| B256::with_last_byte(last);
        let keys = [0x11, 0x12, 0x1f, 0x77, 0x78];
        for target in (0..=255).map(key) {
            let retainer = ProofRetainer::new(vec![Nibbles::unpack(target)]);
            let mut builder = HashBuilder::default().with_proof_retainer(retainer);
            for last in keys {
                builder.add_leaf(Nibbles::unpack(key(last)), &[last]);
            }
            let root = builder.root();
            let nodes = builder.take_proof_nodes().matching_nodes_sorted(&Nibbles::unpack(target));
            // The reference prover lists short nodes too, other nodes do not.
            let all: Vec<Bytes> = nodes.into_iter().map(|(_, node)| node).collect();
            let long: Vec<Bytes> =
                all.iter().enumerate().filter(|(i, n)| *i == 0 || n.len() > 31).map(|(_, n)| n.clone()).collect();
            let value = keys.contains(&target[31]).then(|| vec![target[31]]);
            assert_eq!(check(&all, root, target), Ok(value.clone()), "{target}");
            assert_eq!(check(&long, root, target), Ok(value.clone()), "{target}");
            let known: CheckedNodes = long.iter().map(|node| (keccak256(node), node.clone())).collect();
            assert_eq!(find(root, target, |hash| known.get(hash).cloned()), Ok(value));
            assert_eq!(find(root, target, |_| None), Err(root));
            if all.len() > long.len() {
                let twice = [all.as_slice(), &all[long.len()..]].concat();
                assert!(check(&twice, root, target).unwrap_err().contains("follow the end"));
            }
        }
    }
}
