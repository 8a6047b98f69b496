//! What the store is told and what it answers.

use crate::state::SourceAccount;
use alloy_primitives::{Address, B256, Bytes, U256};

/// The chain that a file belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// EIP-155 chain id.
    pub(crate) id: u64,
    /// What tells chains with one id apart: the hash of the genesis block as text, or the user's own name.
    pub(crate) network: String,
}

/// The block that values are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) number: u64,
    pub(crate) hash: B256,
    /// The state root in its header. With `verified`, the root that the values were checked against.
    pub(crate) state_root: Option<B256>,
    /// Values that were checked against the state root are a scope of their own, apart from those a node was believed.
    pub(crate) verified: bool,
}

/// One block's values in one store: an index of that store's table of blocks, of no meaning to another store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope(pub(super) u32);

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The account, or that it is absent.
    Account(Scope, Address, Option<SourceAccount>),
    Slot(Scope, Address, U256, U256),
    /// The hash of the block with this number, as seen from the scope's block.
    BlockHash(Scope, u64, B256),
    /// A code under its keccak-256. Shared by all blocks.
    Code(B256, Bytes),
    /// The RLP of a trie node under its keccak-256. Shared by all blocks.
    Node(B256, Bytes),
    /// A blob of the caller's under a key of the caller's. The 10,000 written last are kept.
    Touched(Vec<u8>, Vec<u8>),
}

impl Record {
    /// Bytes that the record takes in the queue, about.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Account(..) | Self::Slot(..) | Self::BlockHash(..) => 0,
                Self::Code(_, bytes) | Self::Node(_, bytes) => bytes.len(),
                Self::Touched(key, value) => key.len() + value.len(),
            }
    }
}

/// What a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Reads that found a value.
    pub(crate) hits: u64,
    /// Reads that found none.
    pub(crate) misses: u64,
    /// Values committed to the file.
    pub(crate) writes: u64,
    /// Values not written, because the queue was full or the disk refused.
    pub(crate) dropped: u64,
    /// Records found damaged, each of which counts as a miss besides.
    pub(crate) bad_records: u64,
}
