//! A Merkle Patricia trie of which only some nodes are known.

use super::fault::{Fault, Gap};
use super::node::{Child, Children, Loaded, MIN_HASHED, Node};
use crate::state::TrieNodes;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::nodes::RlpNode;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};

/// Nibbles of the longest key: those of a hash.
const MAX_KEY: usize = 64;

/// A trie with a known root, whose nodes are looked up by hash when an operation first needs them, and which can be
/// changed. Only what hangs on the paths of the keys has to be known; nothing that is not known is guessed.
///
/// A node that is found counts only if it has the hash it is looked up by. No key may be the beginning of another, as
/// with keys of one length: branches have no values. An operation that fails leaves the trie as it was.
pub(crate) struct SparseTrie {
    root: Child,
    /// `None` after a change.
    hash: Option<B256>,
    nodes: TrieNodes,
}

impl SparseTrie {
    /// The trie with this root.
    pub(crate) fn new(root: B256, nodes: TrieNodes) -> Self {
        let child = if root == EMPTY_ROOT_HASH { Child::Empty } else { Child::Reference(RlpNode::word_rlp(&root)) };
        Self { root: child, hash: Some(root), nodes }
    }

    /// The hash of the root node.
    pub(crate) fn root(&mut self) -> B256 {
        let Self { root, hash, .. } = self;
        *hash.get_or_insert_with(|| match root {
            Child::Loaded(loaded) => keccak256(loaded.node.encode()),
            Child::Empty | Child::Reference(_) => EMPTY_ROOT_HASH,
        })
    }

    /// The value of the key, as the leaf holds it.
    pub(crate) fn get(&mut self, key: &Nibbles) -> Result<Option<Bytes>, Fault> {
        self.walk(key, |_| ())
    }

    /// The nodes from the root to the key, or to where it would be. As other tools give them: nodes shorter than 32
    /// bytes stand in the node above and not by themselves, except the root; the empty trie has none.
    pub(crate) fn prove(&mut self, key: &Nibbles) -> Result<Vec<Bytes>, Fault> {
        let mut proof = Vec::<Bytes>::new();
        self.walk(key, |node| {
            let rlp = node.encode();
            if rlp.len() >= MIN_HASHED || proof.is_empty() {
                proof.push(rlp.into());
            }
        })?;
        Ok(proof)
    }

    /// Visits the nodes on the key's path, and returns its value.
    fn walk(&mut self, key: &Nibbles, mut visit: impl FnMut(&mut Node)) -> Result<Option<Bytes>, Fault> {
        let (mut at, mut depth) = (&mut self.root, 0);
        loop {
            let Some(Loaded { node, .. }) = load(&self.nodes, at, key.slice(..depth), false)? else { return Ok(None) };
            visit(node);
            let rest = key.slice(depth..);
            match node {
                Node::Leaf { key: held, value } => return Ok((rest == *held).then(|| value.clone())),
                Node::Extension { key: held, child } if rest.starts_with(held) => {
                    (at, depth) = (child, depth + held.len());
                }
                Node::Extension { .. } => return Ok(None),
                Node::Branch(children) => match rest.first() {
                    Some(nibble) => (at, depth) = (children.at(nibble), depth + 1),
                    None => return Ok(None),
                },
            }
        }
    }

    /// Sets the key's value.
    pub(crate) fn insert(&mut self, key: &Nibbles, value: &Bytes) -> Result<(), Fault> {
        if insert(&self.nodes, &mut self.root, key, 0, value)? {
            self.hash = None;
        }
        Ok(())
    }

    /// Removes the key, if it is there.
    pub(crate) fn remove(&mut self, key: &Nibbles) -> Result<(), Fault> {
        if remove(&self.nodes, &mut self.root, key, 0)? {
            self.hash = None;
        }
        Ok(())
    }
}

/// The node there, looked up if only its reference is known; `None` where there is nothing.
fn load<'a>(
    nodes: &TrieNodes,
    child: &'a mut Child,
    path: Nibbles,
    sibling: bool,
) -> Result<Option<&'a mut Loaded>, Fault> {
    if let Child::Reference(reference) = child {
        let hash = reference.as_hash();
        let rlp = match hash {
            None => Bytes::copy_from_slice(reference),
            Some(hash) => {
                nodes(&hash).filter(|rlp| keccak256(rlp) == hash).ok_or(Fault::Unknown(Gap { path, hash, sibling }))?
            }
        };
        let node = Node::decode(&rlp, MAX_KEY - path.len()).map_err(|flaw| Fault::Malformed { path, flaw })?;
        *child = Child::Loaded(Box::new(Loaded { node, reference: Some(reference.clone()) }));
    }
    match child {
        Child::Loaded(loaded) => Ok(Some(loaded)),
        Child::Empty | Child::Reference(_) => Ok(None),
    }
}

/// Whether that changed anything.
fn insert(nodes: &TrieNodes, at: &mut Child, key: &Nibbles, depth: usize, value: &Bytes) -> Result<bool, Fault> {
    let rest = key.slice(depth..);
    let Some(Loaded { node, reference }) = load(nodes, at, key.slice(..depth), false)? else {
        *at = Child::leaf(rest, value);
        return Ok(true);
    };
    let changed = match node {
        Node::Leaf { key: held, value: old } if rest == *held => {
            let changed = value != old;
            old.clone_from(value);
            changed
        }
        Node::Extension { key: held, child } if rest.starts_with(held) => {
            insert(nodes, child, key, depth + held.len(), value)?
        }
        Node::Branch(children) => {
            let nibble = rest.first().ok_or(Fault::Prefix(*key))?;
            insert(nodes, children.at(nibble), key, depth + 1, value)?
        }
        Node::Leaf { key: held, .. } | Node::Extension { key: held, .. } => {
            let common = rest.common_prefix_length(held);
            let (Some(ours), Some(theirs)) = (rest.get(common), held.get(common)) else {
                return Err(Fault::Prefix(*key));
            };
            let mut children = Box::<Children>::default();
            *children.at(ours) = Child::leaf(rest.slice(common + 1..), value);
            *children.at(theirs) = shortened(std::mem::replace(node, Node::Branch(Box::default())), common + 1);
            let branch = Node::Branch(children);
            *node = if common == 0 { branch } else { Node::below(&rest.slice(..common), Child::new(branch)) };
            true
        }
    };
    if changed {
        *reference = None;
    }
    Ok(changed)
}

/// The node, a leaf or an extension, without the first nibbles of its key.
fn shortened(node: Node, by: usize) -> Child {
    match node {
        Node::Leaf { key, value } => Child::new(Node::Leaf { key: key.slice(by..), value }),
        Node::Extension { key, child } if key.len() == by => child,
        Node::Extension { key, child } => Child::new(Node::Extension { key: key.slice(by..), child }),
        branch @ Node::Branch(_) => Child::new(branch),
    }
}

/// Whether the key was there.
fn remove(nodes: &TrieNodes, at: &mut Child, key: &Nibbles, depth: usize) -> Result<bool, Fault> {
    let rest = key.slice(depth..);
    let Some(Loaded { node, reference }) = load(nodes, at, key.slice(..depth), false)? else { return Ok(false) };
    let removed = match node {
        Node::Leaf { key: held, .. } => {
            let removed = rest == *held;
            if removed {
                *at = Child::Empty;
            }
            return Ok(removed);
        }
        Node::Extension { key: held, child } => {
            let removed = rest.starts_with(held) && remove(nodes, child, key, depth + held.len())?;
            if removed && child.is_empty() {
                *at = Child::Empty;
                return Ok(true);
            }
            if removed {
                *node = Node::below(held, std::mem::take(child));
            }
            removed
        }
        Node::Branch(children) => {
            let Some(nibble) = rest.first() else { return Ok(false) };
            let path = key.slice(..=depth);
            load(nodes, children.at(nibble), path, false)?;
            // Before anything changes: what is left alone has to be known, for its key grows.
            let alone = children.only_beside(nibble).filter(|_| children.at(nibble).is_leaf(&rest.slice(1..)));
            if let Some(alone) = alone {
                let mut path = key.slice(..depth);
                path.push(alone);
                load(nodes, children.at(alone), path, true)?;
            }
            let removed = remove(nodes, children.at(nibble), key, depth + 1)?;
            if let Some(alone) = alone {
                *node = Node::below(&Nibbles::from_nibbles([alone]), std::mem::take(children.at(alone)));
            }
            removed
        }
    };
    if removed {
        *reference = None;
    }
    Ok(removed)
}
