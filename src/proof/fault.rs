//! What a trie of which only some nodes are known cannot do.

use alloy_primitives::B256;
use alloy_trie::Nibbles;
use std::fmt;

/// Why an operation on a sparse trie cannot be done. The trie is as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A node that the operation needs is not known.
    Unknown(Gap),
    /// A node is not one that a trie can have at this path.
    Malformed { path: Nibbles, flaw: String },
    /// A key is the beginning of another. No two keys of equal length are.
    Prefix(Nibbles),
}

/// A node that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The nibbles from the root to the node.
    pub(crate) path: Nibbles,
    pub(crate) hash: B256,
    /// It is not on the key's own path: it is the last one left beside what is to be removed, and has to be joined
    /// with the branch above.
    pub(crate) sibling: bool,
}

/// Nibbles as hexadecimal digits.
struct Digits<'a>(&'a Nibbles);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|nibble| write!(f, "{nibble:x}"))
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, hash, sibling } = self;
        write!(f, "node {hash} at path {} is not known", Digits(path))?;
        if *sibling {
            f.write_str(", and what is removed beside it leaves it alone in its branch")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(gap) => gap.fmt(f),
            Self::Malformed { path, flaw } => write!(f, "the node at path {} {flaw}", Digits(path)),
            Self::Prefix(key) => write!(f, "key {} is the beginning of another, or another of it", Digits(key)),
        }
    }
}
