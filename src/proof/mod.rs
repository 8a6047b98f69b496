//! Merkle Patricia tries: nodes by hash, and tries of which only some nodes are known.
#![forbid(unsafe_code)]

mod nodes;

pub(crate) use nodes::NodeStore;
