//! The nodes of a trie of which only some are known.

use alloy_primitives::Bytes;
use alloy_rlp::{Decodable, Encodable};
use alloy_trie::nodes::{BranchNodeRef, CHILD_INDEX_RANGE, ExtensionNodeRef, LeafNodeRef, RlpNode, TrieNode};
use alloy_trie::{Nibbles, TrieMask};

/// A node whose RLP is shorter stands in the node above.
pub(crate) const MIN_HASHED: usize = 32;
/// RLP of a hash as a reference: the prefix and 32 bytes.
const HASH_REFERENCE: (usize, u8) = (33, 0xa0);

/// What hangs below a node, or is the root.
#[derive(Debug, Default)]
pub(super) enum Child {
    #[default]
    Empty,
    /// Only the reference is known: the hash of a node, or the node itself where its RLP is shorter than 32 bytes.
    Reference(RlpNode),
    Loaded(Box<Loaded>),
}

#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) node: Node,
    /// `None` after a change here or below.
    pub(super) reference: Option<RlpNode>,
}

/// A node. An extension's key is never empty and a branch has at least two children, between operations.
#[derive(Debug)]
pub(super) enum Node {
    Leaf { key: Nibbles, value: Bytes },
    Extension { key: Nibbles, child: Child },
    Branch(Box<Children>),
}

/// The children of a branch.
#[derive(Debug, Default)]
pub(super) struct Children([Child; 16]);

impl Children {
    pub(super) fn at(&mut self, nibble: u8) -> &mut Child {
        &mut self.0[usize::from(nibble & 0xf)]
    }

    /// The one child beside that at `nibble`, if there is exactly one.
    pub(super) fn only_beside(&self, nibble: u8) -> Option<u8> {
        let mut others = CHILD_INDEX_RANGE.zip(&self.0).filter(|(n, child)| *n != nibble && !child.is_empty());
        match (others.next(), others.next()) {
            (Some((other, _)), None) => Some(other),
            _ => None,
        }
    }
}

impl Child {
    pub(super) fn new(node: Node) -> Self {
        Self::Loaded(Box::new(Loaded { node, reference: None }))
    }

    pub(super) fn leaf(key: Nibbles, value: &Bytes) -> Self {
        Self::new(Node::Leaf { key, value: value.clone() })
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether it is known to be the leaf with this key.
    pub(super) fn is_leaf(&self, key: &Nibbles) -> bool {
        matches!(self, Self::Loaded(loaded) if matches!(&loaded.node, Node::Leaf { key: held, .. } if held == key))
    }

    /// How the node above refers to this one; `None` where there is nothing.
    fn reference(&mut self) -> Option<RlpNode> {
        match self {
            Self::Empty => None,
            Self::Reference(reference) => Some(reference.clone()),
            Self::Loaded(loaded) => {
                let Loaded { node, reference } = &mut **loaded;
                Some(reference.get_or_insert_with(|| RlpNode::from_rlp(&node.encode())).clone())
            }
        }
    }
}

impl Node {
    /// This node as it is with `prefix` before its key. Of a child that is a branch, an extension to it.
    pub(super) fn below(prefix: &Nibbles, child: Child) -> Self {
        match child {
            Child::Loaded(loaded) => match loaded.node {
                Self::Leaf { key, value } => Self::Leaf { key: prefix.join(&key), value },
                Self::Extension { key, child } => Self::Extension { key: prefix.join(&key), child },
                branch @ Self::Branch(_) => {
                    let child = Child::Loaded(Box::new(Loaded { node: branch, reference: loaded.reference }));
                    Self::Extension { key: *prefix, child }
                }
            },
            child => Self::Extension { key: *prefix, child },
        }
    }

    pub(super) fn encode(&mut self) -> Vec<u8> {
        let mut rlp = Vec::new();
        match self {
            Self::Leaf { key, value } => LeafNodeRef::new(key, value).encode(&mut rlp),
            Self::Extension { key, child } => {
                ExtensionNodeRef::new(key, &child.reference().unwrap_or_default()).encode(&mut rlp);
            }
            Self::Branch(children) => {
                let (mut stack, mut mask) = (Vec::with_capacity(16), TrieMask::default());
                for (nibble, child) in CHILD_INDEX_RANGE.zip(&mut children.0) {
                    if let Some(reference) = child.reference() {
                        stack.push(reference);
                        mask.set_bit(nibble);
                    }
                }
                BranchNodeRef::new(&stack, mask).encode(&mut rlp);
            }
        }
        rlp
    }

    /// Reads a node whose keys have at most `room` nibbles left. The error is the flaw.
    pub(super) fn decode(mut rlp: &[u8], room: usize) -> Result<Self, String> {
        let node = TrieNode::decode(&mut rlp).map_err(|error| format!("is no trie node: {error}"))?;
        if !rlp.is_empty() {
            return Err(format!("has {} bytes behind its end", rlp.len()));
        }
        let fits = |key: &Nibbles, least: usize| {
            let lengths = least..=room;
            if lengths.contains(&key.len()) { Ok(()) } else { Err(format!("has a key of {} nibbles", key.len())) }
        };
        match node {
            TrieNode::EmptyRoot => Err("is the empty node".into()),
            TrieNode::Leaf(leaf) => {
                fits(&leaf.key, 0)?;
                Ok(Self::Leaf { key: leaf.key, value: leaf.value.into() })
            }
            TrieNode::Extension(extension) => {
                fits(&extension.key, 1)?;
                Ok(Self::Extension { key: extension.key, child: Child::Reference(checked(extension.child)?) })
            }
            TrieNode::Branch(branch) => {
                if branch.stack.len() < 2 || room == 0 {
                    return Err(format!("is a branch with {} children and {room} nibbles below", branch.stack.len()));
                }
                let (mut children, mut stack) = (Box::<Children>::default(), branch.stack.into_iter());
                for nibble in CHILD_INDEX_RANGE.filter(|nibble| branch.state_mask.is_bit_set(*nibble)) {
                    *children.at(nibble) =
                        stack.next().map_or(Ok(Child::Empty), |r| checked(r).map(Child::Reference))?;
                }
                Ok(Self::Branch(children))
            }
        }
    }
}

/// A reference is a hash or a list shorter than 32 bytes.
fn checked(reference: RlpNode) -> Result<RlpNode, String> {
    let first = reference.first().copied().unwrap_or_default();
    if (reference.len(), first) == HASH_REFERENCE || (reference.len() < MIN_HASHED && first >= 0xc0) {
        Ok(reference)
    } else {
        Err(format!("refers to a node by {reference:?}, which is neither a hash nor a node"))
    }
}
