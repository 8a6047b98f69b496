//! The one error type. Texts name the address, slot, block or URL that was at fault.

use crate::state::{Request, SnapshotId};
use std::fmt;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, one variant for each status of the C interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// An argument has no meaning here; the text names it.
    InvalidInput(String),
    /// An allocation was refused, or a table is full; the text says which.
    OutOfMemory(String),
    /// The snapshot was never taken, or is dead since a revert past it.
    InvalidSnapshot(SnapshotId),
    /// The node, or the way to it, failed; the text names method, address, slot, block and URL.
    RpcFailed(String),
    /// A hexadecimal or decimal text could not be read; the text names the argument and the flaw.
    InvalidHex(String),
    /// The value is remote and not here yet: the request has been queued for the host.
    Missing(Request),
    /// The host asked for a request while none is queued.
    NoPendingRequest,
    /// The caller's buffer is shorter than the value.
    OutputTooSmall {
        /// Bytes that the value needs.
        needed: usize,
        /// Bytes that the caller offered.
        available: usize,
    },
    /// A request id that is not open, or an answer that does not fit its request.
    InvalidRequest(String),
    /// Not a live handle of the wanted kind.
    InvalidHandle(String),
    /// Revert or commit without an open checkpoint.
    NoCheckpoint,
    /// A panic was caught at the boundary.
    Internal(String),
    /// A call out of order, such as one on a handle from inside its own callback.
    InvalidState(String),
    /// An execution that cannot begin or go on; the text says why.
    Execution(String),
    /// An answer does not match the state root or hash that the fork trusts; the text names what did not match.
    ProofInvalid(String),
    /// The persistent cache, or a recording, cannot be read or written; the text names the file.
    Cache(String),
    /// The value is neither cached nor recorded, and the fork asks nobody; the text names it and how to record it.
    Offline(String),
    /// The node no longer has the state of the block: it is no archive node. The text names the block.
    StatePruned(String),
    /// The node has the state of the block and gives no proofs for one so old.
    ProofPruned(String),
    /// The node does not know the block.
    BlockNotFound(String),
    /// The node is on another chain than the one that is expected.
    WrongChain(String),
    /// The node has not the method.
    UnsupportedMethod(String),
    /// The block that the fork is pinned to is no longer part of the node's chain.
    Reorg(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(text)
            | Self::OutOfMemory(text)
            | Self::RpcFailed(text)
            | Self::InvalidHex(text)
            | Self::InvalidRequest(text)
            | Self::InvalidHandle(text)
            | Self::InvalidState(text)
            | Self::Execution(text)
            | Self::ProofInvalid(text)
            | Self::Cache(text)
            | Self::Offline(text)
            | Self::StatePruned(text)
            | Self::ProofPruned(text)
            | Self::BlockNotFound(text)
            | Self::WrongChain(text)
            | Self::UnsupportedMethod(text)
            | Self::Reorg(text) => f.write_str(text),
            Self::InvalidSnapshot(id) => {
                write!(f, "snapshot {id} is unknown, or dead since a revert past it")
            }
            Self::Missing(request) => write!(f, "{request} is not here yet: its request is queued for the host"),
            Self::NoPendingRequest => f.write_str("no request is queued"),
            Self::OutputTooSmall { needed, available } => {
                write!(f, "output buffer too small: {needed} bytes are needed, {available} were given")
            }
            Self::NoCheckpoint => f.write_str("no checkpoint is open"),
            Self::Internal(text) => write!(f, "internal error: {text}"),
        }
    }
}

impl std::error::Error for Error {}
