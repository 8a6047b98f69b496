"""Ethereum's world state: accounts, storage and code with checkpoints and snapshots, forks of a live chain, and EVM
execution over them.

    >>> from worldstate import StateManager
    >>> with StateManager() as state:
    ...     state.set_balance("0x00000000000000000000000000000000000a11ce", 10**18)
    ...     state.get_balance("0x00000000000000000000000000000000000a11ce")
    1000000000000000000
"""

from __future__ import annotations

from ._changes import StateChanges
from ._evm_base import Ended, Executable, RunStats, Step
from ._evm_options import Message, Rules
from ._evm_result import ExecutionResult, ExecutionStatus, Log
from ._fork_base import Batch, ForkBlock, ForkRequest
from ._fork_options import ForkOptions, TrustedBlock, TrustedRoot
from ._fork_stats import ForkStats, MethodStats
from ._library import error_name, load_library, version
from ._reads import AccountInfo, AccountStatus
from ._state_base import AccountUpdate
from .async_evm import AsyncEvm
from .async_fork import AsyncFork, AsyncPost
from .async_state import AsyncStateManager
from .errors import (
    BlockNotFoundError,
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
    ProofPrunedError,
    ReorgError,
    RpcFailedError,
    RpcPendingError,
    StatePrunedError,
    UnsupportedMethodError,
    WorldstateError,
    WrongChainError,
)
from .evm import Evm
from .fork import Fork, Post
from .proof import AccountProof, SlotProof, verify_header, verify_proof
from .state import StateManager
from .store import (
    AsyncStore,
    PrecompileCall,
    PrecompileResult,
    PrecompileStatus,
    Question,
    QuestionKind,
    Store,
)
from .transport import HttpError, Urllib

__all__ = [
    "AccountInfo",
    "AccountProof",
    "AccountStatus",
    "AccountUpdate",
    "AsyncEvm",
    "AsyncFork",
    "AsyncPost",
    "AsyncStateManager",
    "AsyncStore",
    "Batch",
    "BlockNotFoundError",
    "CacheError",
    "Ended",
    "Evm",
    "Executable",
    "ExecutionError",
    "ExecutionResult",
    "ExecutionStatus",
    "Fork",
    "ForkBlock",
    "ForkOptions",
    "ForkRequest",
    "ForkStats",
    "HttpError",
    "InternalError",
    "InvalidHandleError",
    "InvalidHexError",
    "InvalidInputError",
    "InvalidRequestError",
    "InvalidSnapshotError",
    "InvalidStateError",
    "Log",
    "Message",
    "MethodStats",
    "NoCheckpointError",
    "NoPendingRequestError",
    "OfflineError",
    "OutOfMemoryError",
    "OutputTooSmallError",
    "Post",
    "PrecompileCall",
    "PrecompileResult",
    "PrecompileStatus",
    "ProofInvalidError",
    "ProofPrunedError",
    "Question",
    "QuestionKind",
    "ReorgError",
    "RpcFailedError",
    "RpcPendingError",
    "Rules",
    "RunStats",
    "SlotProof",
    "StateChanges",
    "StateManager",
    "StatePrunedError",
    "Step",
    "Store",
    "TrustedBlock",
    "TrustedRoot",
    "UnsupportedMethodError",
    "Urllib",
    "WorldstateError",
    "WrongChainError",
    "error_name",
    "load_library",
    "verify_header",
    "verify_proof",
    "version",
]
