//! Trie nodes by their hash.

use super::CheckedNodes;
use crate::shelf::Shelf;
use crate::state::TrieNodes;
#[cfg(test)]
use alloy_primitives::keccak256;
use alloy_primitives::{B256, Bytes};
use parking_lot::Mutex;
use std::sync::Arc;

/// What a node costs beside its RLP: its key, its place in the table and the list, and the allocation's own.
const OVERHEAD: usize = 160;

/// RLP nodes of Merkle Patricia tries by their keccak-256, of any number of tries and blocks, bounded in bytes: the
/// least recently used go first.
///
/// A node that was inserted and never read stays until its first read, within the bound of a [`Shelf`]'s unread
/// values: a witness that comes in several answers is there as a whole when the last has come.
pub(crate) struct NodeStore {
    shelf: Mutex<Shelf<B256, Bytes>>,
}

/// What a [`NodeStore`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeStoreCounts {
    pub(crate) nodes: u64,
    /// With what the tables need.
    pub(crate) bytes: u64,
    pub(crate) evictions: u64,
}

impl NodeStore {
    /// An empty store that keeps at most `max_bytes`.
    pub(crate) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { shelf: Mutex::new(Shelf::new(usize::MAX, max_bytes, |node| node.len() + OVERHEAD)) })
    }

    #[cfg(test)]
    /// Keeps a node under its hash, which is computed: what a node says of itself never counts.
    pub(crate) fn insert(&self, node: Bytes) -> B256 {
        let hash = keccak256(&node);
        let mut held = self.shelf.lock();
        if !held.contains(&hash) {
            held.deliver(hash, node);
        }
        hash
    }

    /// Keeps nodes whose hashes have been checked. Those that were `asked` for stay until their first read. `fresh` is
    /// shown those that were not here.
    pub(crate) fn keep(&self, nodes: CheckedNodes, asked: bool, fresh: impl Fn(B256, &Bytes)) {
        let mut held = self.shelf.lock();
        for (hash, node) in nodes {
            let known = held.contains(&hash);
            if !known {
                fresh(hash, &node);
            }
            if asked {
                held.deliver(hash, node);
            } else if !known {
                held.keep(hash, node);
            }
        }
    }

    /// The node with this hash.
    pub(crate) fn get(&self, hash: &B256) -> Option<Bytes> {
        self.shelf.lock().get(hash)
    }

    /// Shows each node, with its hash.
    pub(crate) fn each(&self, mut show: impl FnMut(B256, &Bytes)) {
        self.shelf.lock().iter().for_each(|(hash, node)| show(*hash, node));
    }

    /// The store as a [`Witness`](crate::state::Witness) looks nodes up.
    pub(crate) fn look_up(self: &Arc<Self>) -> TrieNodes {
        let store = Arc::clone(self);
        Arc::new(move |hash| store.get(hash))
    }

    pub(crate) fn counts(&self) -> NodeStoreCounts {
        let held = self.shelf.lock();
        NodeStoreCounts { nodes: held.len() as u64, bytes: held.held_bytes() as u64, evictions: held.evictions() }
    }

    /// Forgets all nodes.
    pub(crate) fn clear(&self) {
        self.shelf.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(n: u8) -> Bytes {
        vec![n; 100].into()
    }

    #[test]
    fn nodes_are_found_by_their_hash() {
        let store = NodeStore::new(1 << 20);
        let hash = store.insert(node(1));
        assert_eq!(hash, keccak256(node(1)));
        assert_eq!(store.look_up()(&hash), Some(node(1)));
        assert_eq!(store.get(&B256::ZERO), None);
        store.insert(node(1));
        let counts = NodeStoreCounts { nodes: 1, bytes: 100 + OVERHEAD as u64, evictions: 0 };
        assert_eq!(store.counts(), counts);
        store.clear();
        assert_eq!(store.counts(), NodeStoreCounts::default());
        assert_eq!(store.get(&hash), None);
    }

    #[test]
    fn the_least_recently_used_go_first_and_unread_ones_stay() {
        let store = NodeStore::new(2 * (100 + OVERHEAD));
        let hashes: Vec<B256> = (0..4).map(|n| store.insert(node(n))).collect();
        for (n, hash) in hashes.iter().enumerate() {
            assert_eq!(store.get(hash), Some(node(u8::try_from(n).unwrap())), "unread ones stay");
        }
        assert_eq!(store.counts().evictions, 2);
        assert_eq!((store.get(&hashes[0]), store.get(&hashes[1])), (None, None));
        assert!(store.get(&hashes[2]).is_some());
        let last = store.insert(node(9));
        assert!(store.get(&last).is_some());
        assert!(store.get(&hashes[3]).is_none() && store.get(&hashes[2]).is_some());
    }
}
