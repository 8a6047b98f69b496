"""One exception for each status of the library."""

from __future__ import annotations

from typing import ClassVar


class WorldstateError(Exception):
    """What every failed call raises.

    ``code`` is the status (negative), ``name`` its name in the C header, ``text`` what the library said, which is also
    what ``str()`` gives.
    """

    code: ClassVar[int] = 0
    name: ClassVar[str] = "STATE_MANAGER_ERROR_UNKNOWN"

    @property
    def text(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidInputError(WorldstateError, ValueError):
    """An argument has no meaning here."""

    code = -1
    name = "STATE_MANAGER_ERROR_INVALID_INPUT"


class OutOfMemoryError(WorldstateError, MemoryError):
    """An allocation was refused, or no handle is free."""

    code = -2
    name = "STATE_MANAGER_ERROR_OUT_OF_MEMORY"


class InvalidSnapshotError(WorldstateError):
    """The snapshot was never taken, or is dead since a revert past it."""

    code = -3
    name = "STATE_MANAGER_ERROR_INVALID_SNAPSHOT"


class RpcFailedError(WorldstateError):
    """The node, or the way to it, failed. Reading again asks again."""

    code = -4
    name = "STATE_MANAGER_ERROR_RPC_FAILED"


class InvalidHexError(WorldstateError, ValueError):
    """A hexadecimal or decimal text could not be read."""

    code = -5
    name = "STATE_MANAGER_ERROR_INVALID_HEX"


class RpcPendingError(WorldstateError):
    """The value is remote and not here yet: of a fork whose requests the program carries by hand."""

    code = -6
    name = "STATE_MANAGER_ERROR_RPC_PENDING"


class NoPendingRequestError(WorldstateError):
    """Nothing is asked."""

    code = -7
    name = "STATE_MANAGER_ERROR_NO_PENDING_REQUEST"


class OutputTooSmallError(WorldstateError):
    """A buffer is shorter than the value."""

    code = -8
    name = "STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL"


class InvalidRequestError(WorldstateError):
    """A request that is not open, or an answer that does not fit its request."""

    code = -9
    name = "STATE_MANAGER_ERROR_INVALID_REQUEST"


class InvalidHandleError(WorldstateError):
    """The object was closed, or one that it needs was."""

    code = -10
    name = "STATE_MANAGER_ERROR_INVALID_HANDLE"


class NoCheckpointError(WorldstateError):
    """Revert or commit without an open checkpoint."""

    code = -11
    name = "STATE_MANAGER_ERROR_NO_CHECKPOINT"


class InternalError(WorldstateError):
    """A defect of the library. The object refuses further work and can be closed."""

    code = -12
    name = "STATE_MANAGER_ERROR_INTERNAL"


class ProofInvalidError(WorldstateError):
    """An answer or a proof does not match the trusted state root or block hash."""

    code = -13
    name = "STATE_MANAGER_ERROR_PROOF_INVALID"


class CacheError(WorldstateError):
    """The persistent cache, or a recording, cannot be read or written."""

    code = -14
    name = "STATE_MANAGER_ERROR_CACHE"


class OfflineError(WorldstateError):
    """The value is neither cached nor recorded, and the fork is offline."""

    code = -15
    name = "STATE_MANAGER_ERROR_OFFLINE"


class InvalidStateError(WorldstateError):
    """A call that has no meaning now; the text says why."""

    code = -16
    name = "STATE_MANAGER_ERROR_INVALID_STATE"


class ExecutionError(WorldstateError):
    """A transaction that is refused, or a store that could not answer. A revert is no error."""

    code = -17
    name = "STATE_MANAGER_ERROR_EXECUTION"


class StatePrunedError(WorldstateError):
    """The node no longer has the state of the block: it is not an archive node."""

    code = -18
    name = "STATE_MANAGER_ERROR_STATE_PRUNED"


class ProofPrunedError(WorldstateError):
    """The node has the state of the block, and gives no proofs for one so old."""

    code = -19
    name = "STATE_MANAGER_ERROR_PROOF_PRUNED"


class BlockNotFoundError(WorldstateError):
    """The node does not know the block."""

    code = -20
    name = "STATE_MANAGER_ERROR_BLOCK_NOT_FOUND"


class WrongChainError(WorldstateError):
    """The node is on another chain than the expected one."""

    code = -21
    name = "STATE_MANAGER_ERROR_WRONG_CHAIN"


class UnsupportedMethodError(WorldstateError):
    """The node has not the method."""

    code = -22
    name = "STATE_MANAGER_ERROR_UNSUPPORTED_METHOD"


class ReorgError(WorldstateError):
    """The block that the fork is pinned to is no longer part of the node's chain."""

    code = -23
    name = "STATE_MANAGER_ERROR_REORG"


BY_CODE: dict[int, type[WorldstateError]] = {kind.code: kind for kind in WorldstateError.__subclasses__()}


def of(code: int, text: str) -> WorldstateError:
    """The exception of a status. A status that this package does not know stays readable in the text."""
    kind = BY_CODE.get(code)
    return kind(text) if kind else WorldstateError(f"status {code}: {text}")
