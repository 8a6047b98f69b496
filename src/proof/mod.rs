//! Merkle Patricia tries: nodes by hash, and tries of which only some nodes are known.
#![forbid(unsafe_code)]

mod fault;
mod node;
mod nodes;
mod preimage;
mod sparse;
#[cfg(test)]
mod sparse_tests;

pub(crate) use fault::{Fault, Gap};
pub(crate) use node::MIN_HASHED;
pub(crate) use nodes::NodeStore;
pub(crate) use preimage::{has_preimage, preimages};
pub(crate) use sparse::SparseTrie;
