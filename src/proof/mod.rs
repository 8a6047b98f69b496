//! Merkle proofs of the state, and headers: what answers are checked against.
//!
//! | module | what it holds |
//! |---|---|
//! | `eip1186` | the answer to `eth_getProof`, and its check against a state root |
//! | `check` | both for anyone's JSON text |
//! | `header` | a block header from JSON, and its hash |
//! | `path` | the way from a trie's root to a key |
//! | `nodes` | trie nodes by their hash, bounded in bytes |
//!
//! Nothing here asks anybody.
#![forbid(unsafe_code)]

mod check;
mod eip1186;
mod header;
mod nodes;
mod path;

pub(crate) use check::{check_header, check_proof};
pub(crate) use eip1186::{AccountProof, find_account, find_slot};
pub(crate) use header::Header;
pub(crate) use nodes::NodeStore;
pub(crate) use path::CheckedNodes;
