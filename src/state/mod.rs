//! The journaled world state. Pure: no I/O, no C, no EVM.
#![forbid(unsafe_code)]

mod source;

pub use source::{Request, Source, SourceAccount};

/// Names one snapshot of one state. Ids count from 1 and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotId(pub u64);

impl std::fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
