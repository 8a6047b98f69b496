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
            | Self::Execution(text) => f.write_str(text),
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
