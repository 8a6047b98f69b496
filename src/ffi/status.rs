//! Status codes. Numbers are never reused.

use crate::error::Error;
use std::ffi::{CStr, c_int};

/// The call did what it says.
pub const STATE_MANAGER_SUCCESS: c_int = 0;
/// An argument is NULL where it may not be, or has no meaning here.
pub const STATE_MANAGER_ERROR_INVALID_INPUT: c_int = -1;
/// An allocation was refused, or no handle is free.
pub const STATE_MANAGER_ERROR_OUT_OF_MEMORY: c_int = -2;
/// The snapshot was never taken, or is dead since a revert past it.
pub const STATE_MANAGER_ERROR_INVALID_SNAPSHOT: c_int = -3;
/// The node, or the way to it, failed.
pub const STATE_MANAGER_ERROR_RPC_FAILED: c_int = -4;
/// A hexadecimal or decimal text could not be read.
pub const STATE_MANAGER_ERROR_INVALID_HEX: c_int = -5;
/// The value is remote and not here yet: serve the fork's requests, then call again.
pub const STATE_MANAGER_ERROR_RPC_PENDING: c_int = -6;
/// No request is queued.
pub const STATE_MANAGER_ERROR_NO_PENDING_REQUEST: c_int = -7;
/// The buffer is shorter than the value.
pub const STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL: c_int = -8;
/// A request id that is not open, or an answer that does not fit its request.
pub const STATE_MANAGER_ERROR_INVALID_REQUEST: c_int = -9;
/// NULL, a destroyed handle, one of another kind, or no handle at all.
pub const STATE_MANAGER_ERROR_INVALID_HANDLE: c_int = -10;
/// Revert or commit without an open checkpoint.
pub const STATE_MANAGER_ERROR_NO_CHECKPOINT: c_int = -11;
/// A defect of this library: a panic was caught. The handle refuses further work and can be destroyed.
pub const STATE_MANAGER_ERROR_INTERNAL: c_int = -12;
/// An answer or a proof does not match the trusted state root or block hash.
pub const STATE_MANAGER_ERROR_PROOF_INVALID: c_int = -13;
/// The persistent cache, or a recording, cannot be read or written.
pub const STATE_MANAGER_ERROR_CACHE: c_int = -14;
/// The value is neither cached nor recorded, and the fork is offline.
pub const STATE_MANAGER_ERROR_OFFLINE: c_int = -15;
/// A call out of order, such as one on a handle from inside its own callback.
pub const STATE_MANAGER_ERROR_INVALID_STATE: c_int = -16;
/// An execution cannot begin or go on: a refused transaction, or the host's failure.
pub const STATE_MANAGER_ERROR_EXECUTION: c_int = -17;
/// The node no longer has the state of the block: it is not an archive node.
pub const STATE_MANAGER_ERROR_STATE_PRUNED: c_int = -18;
/// The node has the state of the block, and gives no proofs for one so old.
pub const STATE_MANAGER_ERROR_PROOF_PRUNED: c_int = -19;
/// The node does not know the block.
pub const STATE_MANAGER_ERROR_BLOCK_NOT_FOUND: c_int = -20;
/// The node is on another chain than the expected one.
pub const STATE_MANAGER_ERROR_WRONG_CHAIN: c_int = -21;
/// The node has not the method.
pub const STATE_MANAGER_ERROR_UNSUPPORTED_METHOD: c_int = -22;
/// The block that the fork is pinned to is no longer part of the node's chain.
pub const STATE_MANAGER_ERROR_REORG: c_int = -23;

/// The status of each error.
pub(super) fn of(error: &Error) -> c_int {
    match error {
        Error::InvalidInput(_) => STATE_MANAGER_ERROR_INVALID_INPUT,
        Error::OutOfMemory(_) => STATE_MANAGER_ERROR_OUT_OF_MEMORY,
        Error::InvalidSnapshot(_) => STATE_MANAGER_ERROR_INVALID_SNAPSHOT,
        Error::RpcFailed(_) => STATE_MANAGER_ERROR_RPC_FAILED,
        Error::InvalidHex(_) => STATE_MANAGER_ERROR_INVALID_HEX,
        Error::Missing(_) => STATE_MANAGER_ERROR_RPC_PENDING,
        Error::NoPendingRequest => STATE_MANAGER_ERROR_NO_PENDING_REQUEST,
        Error::OutputTooSmall { .. } => STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL,
        Error::InvalidRequest(_) => STATE_MANAGER_ERROR_INVALID_REQUEST,
        Error::InvalidHandle(_) => STATE_MANAGER_ERROR_INVALID_HANDLE,
        Error::NoCheckpoint => STATE_MANAGER_ERROR_NO_CHECKPOINT,
        Error::Internal(_) => STATE_MANAGER_ERROR_INTERNAL,
        Error::InvalidState(_) => STATE_MANAGER_ERROR_INVALID_STATE,
        Error::Execution(_) => STATE_MANAGER_ERROR_EXECUTION,
        Error::ProofInvalid(_) => STATE_MANAGER_ERROR_PROOF_INVALID,
        Error::Cache(_) => STATE_MANAGER_ERROR_CACHE,
        Error::Offline(_) => STATE_MANAGER_ERROR_OFFLINE,
        Error::StatePruned(_) => STATE_MANAGER_ERROR_STATE_PRUNED,
        Error::ProofPruned(_) => STATE_MANAGER_ERROR_PROOF_PRUNED,
        Error::BlockNotFound(_) => STATE_MANAGER_ERROR_BLOCK_NOT_FOUND,
        Error::WrongChain(_) => STATE_MANAGER_ERROR_WRONG_CHAIN,
        Error::UnsupportedMethod(_) => STATE_MANAGER_ERROR_UNSUPPORTED_METHOD,
        Error::Reorg(_) => STATE_MANAGER_ERROR_REORG,
    }
}

/// The constant's name.
pub(super) fn name(code: c_int) -> &'static CStr {
    match code {
        STATE_MANAGER_SUCCESS => c"STATE_MANAGER_SUCCESS",
        STATE_MANAGER_ERROR_INVALID_INPUT => c"STATE_MANAGER_ERROR_INVALID_INPUT",
        STATE_MANAGER_ERROR_OUT_OF_MEMORY => c"STATE_MANAGER_ERROR_OUT_OF_MEMORY",
        STATE_MANAGER_ERROR_INVALID_SNAPSHOT => c"STATE_MANAGER_ERROR_INVALID_SNAPSHOT",
        STATE_MANAGER_ERROR_RPC_FAILED => c"STATE_MANAGER_ERROR_RPC_FAILED",
        STATE_MANAGER_ERROR_INVALID_HEX => c"STATE_MANAGER_ERROR_INVALID_HEX",
        STATE_MANAGER_ERROR_RPC_PENDING => c"STATE_MANAGER_ERROR_RPC_PENDING",
        STATE_MANAGER_ERROR_NO_PENDING_REQUEST => c"STATE_MANAGER_ERROR_NO_PENDING_REQUEST",
        STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL => c"STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL",
        STATE_MANAGER_ERROR_INVALID_REQUEST => c"STATE_MANAGER_ERROR_INVALID_REQUEST",
        STATE_MANAGER_ERROR_INVALID_HANDLE => c"STATE_MANAGER_ERROR_INVALID_HANDLE",
        STATE_MANAGER_ERROR_NO_CHECKPOINT => c"STATE_MANAGER_ERROR_NO_CHECKPOINT",
        STATE_MANAGER_ERROR_INTERNAL => c"STATE_MANAGER_ERROR_INTERNAL",
        STATE_MANAGER_ERROR_PROOF_INVALID => c"STATE_MANAGER_ERROR_PROOF_INVALID",
        STATE_MANAGER_ERROR_CACHE => c"STATE_MANAGER_ERROR_CACHE",
        STATE_MANAGER_ERROR_OFFLINE => c"STATE_MANAGER_ERROR_OFFLINE",
        STATE_MANAGER_ERROR_INVALID_STATE => c"STATE_MANAGER_ERROR_INVALID_STATE",
        STATE_MANAGER_ERROR_EXECUTION => c"STATE_MANAGER_ERROR_EXECUTION",
        STATE_MANAGER_ERROR_STATE_PRUNED => c"STATE_MANAGER_ERROR_STATE_PRUNED",
        STATE_MANAGER_ERROR_PROOF_PRUNED => c"STATE_MANAGER_ERROR_PROOF_PRUNED",
        STATE_MANAGER_ERROR_BLOCK_NOT_FOUND => c"STATE_MANAGER_ERROR_BLOCK_NOT_FOUND",
        STATE_MANAGER_ERROR_WRONG_CHAIN => c"STATE_MANAGER_ERROR_WRONG_CHAIN",
        STATE_MANAGER_ERROR_UNSUPPORTED_METHOD => c"STATE_MANAGER_ERROR_UNSUPPORTED_METHOD",
        STATE_MANAGER_ERROR_REORG => c"STATE_MANAGER_ERROR_REORG",
        _ => c"STATE_MANAGER_ERROR_UNKNOWN",
    }
}
