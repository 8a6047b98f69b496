"""Ethereum's world state: accounts, storage and code with checkpoints and snapshots, forks of a live chain, and EVM
execution over them.

    >>> from worldstate import StateManager
    >>> with StateManager() as state:
    ...     state.set_balance("0x00000000000000000000000000000000000a11ce", 10**18)
    ...     state.get_balance("0x00000000000000000000000000000000000a11ce")
    1000000000000000000
"""

from __future__ import annotations

from ._fork_base import Batch, ForkBlock, ForkRequest, ForkStats, Limits
from ._library import load_library, version
from ._reads import AccountInfo, AccountStatus
from ._state_base import AccountUpdate, StateChanges
from .async_fork import AsyncFork, AsyncPost
from .async_state import AsyncStateManager
from .errors import (
    CacheError,
    ExecutionError,
    InternalError,
    InvalidHandleError,
    InvalidHexError,
    InvalidInputError,
    InvalidRequestError,
    InvalidSnapshotError,
    InvalidStateError,
    NoCheckpointError,
    NoPendingRequestError,
    OfflineError,
    OutOfMemoryError,
    OutputTooSmallError,
    ProofInvalidError,
    RpcFailedError,
    RpcPendingError,
    WorldstateError,
)
from .fork import Fork, Post
from .state import StateManager
from .transport import HttpError, Urllib
