//! The state manager, in the order of the header.

pub mod account_status;
pub mod batch;
pub mod bytes;
pub mod history;
pub mod lifecycle;
pub mod proof;
pub mod text;
pub mod whole;

use crate::error::Error;
use crate::state::{Since, SnapshotId};

/// 0 stands for the innermost open checkpoint: snapshot ids count from 1.
fn since(snapshot_id: u64) -> Since {
    if snapshot_id == 0 { Since::Checkpoint } else { Since::Snapshot(SnapshotId(snapshot_id)) }
}

/// A block that the chain below the state does not have yet.
fn no_block(number: u64) -> Error {
    Error::InvalidInput(format!("block {number} is later than the fork's block"))
}
