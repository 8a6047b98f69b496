//! Merkle proofs of the state, and headers: what answers are checked against; and tries of which only some nodes are
//! known.
//!
//! | module | what it holds |
//! |---|---|
//! | `eip1186` | the answer to `eth_getProof`, and its check against a state root |
//! | `check` | both for anyone's JSON text |
//! | `header` | a block header from JSON, and its hash |
//! | `path` | the way from a trie's root to a key |
//! | `nodes` | trie nodes by their hash, bounded in bytes |
//! | `sparse` | a trie of which only some nodes are known, to be read, changed and proven |
//! | `preimage` | keys whose hash begins as wanted |
//!
//! Nothing here asks anybody.
#![forbid(unsafe_code)]

mod check;
mod eip1186;
mod fault;
mod header;
mod node;
mod nodes;
mod path;
mod preimage;
mod sparse;
#[cfg(test)]
mod sparse_tests;

pub(crate) use check::{check_header, check_proof};
pub(crate) use eip1186::{AccountProof, find_account, find_slot};
pub(crate) use fault::{Fault, Gap};
pub(crate) use header::Header;
pub(crate) use node::MIN_HASHED;
pub(crate) use nodes::NodeStore;
pub(crate) use path::CheckedNodes;
pub(crate) use preimage::{has_preimage, preimages};
pub(crate) use sparse::SparseTrie;
