//! The state manager, in the order of the header.

pub mod batch;
pub mod bytes;
pub mod history;
pub mod lifecycle;
pub mod text;
pub mod whole;

pub use lifecycle::{StateManager, StateManagerHandle};

use crate::error::Error;
use crate::state::{AccountStatus, Since, SnapshotId};
use std::ffi::c_int;

/// The account is not in the state.
pub const STATE_MANAGER_ACCOUNT_ABSENT: c_int = 0;
/// The account exists with balance 0, nonce 0 and no code.
pub const STATE_MANAGER_ACCOUNT_EMPTY: c_int = 1;
/// The account exists and is not empty.
pub const STATE_MANAGER_ACCOUNT_PRESENT: c_int = 2;

fn status_number(status: AccountStatus) -> c_int {
    match status {
        AccountStatus::Absent => STATE_MANAGER_ACCOUNT_ABSENT,
        AccountStatus::Empty => STATE_MANAGER_ACCOUNT_EMPTY,
        AccountStatus::Present => STATE_MANAGER_ACCOUNT_PRESENT,
    }
}

/// 0 stands for the innermost open checkpoint: snapshot ids count from 1.
fn since(snapshot_id: u64) -> Since {
    if snapshot_id == 0 { Since::Checkpoint } else { Since::Snapshot(SnapshotId(snapshot_id)) }
}

/// A block that the chain below the state does not have yet.
fn no_block(number: u64) -> Error {
    Error::InvalidInput(format!("block {number} is later than the fork's block"))
}
