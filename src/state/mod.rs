//! The journaled world state. Pure: no I/O, no C, no EVM.
//!
//! [`State`] holds local writes only. A read that no local write answers falls through to the [`Source`], whose
//! answers are never written here: what is remote stays pristine, survives every revert and can be forgotten.
#![forbid(unsafe_code)]

mod account;
mod arena;
mod changes;
#[cfg(test)]
mod compaction_tests;
mod dump;
mod journal;
mod listing;
mod load;
mod root;
mod slots;
mod source;
mod world;

pub use account::{AccountInfo, AccountStatus};
pub use changes::{BalanceChange, CodeChange, NonceChange, StateChanges, StorageChange};
pub use dump::DumpFormat;
pub use journal::{Since, SnapshotId};
pub use source::{Foresight, ForesightMethod, Request, Source, SourceAccount, TrieNodes, Witness};
pub use world::State;
