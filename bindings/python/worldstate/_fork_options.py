"""Options that every fork takes, and how the library takes them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypedDict, Union

from ._convert import BytesLike, to_hash
from ._structs import ForkBackendOptions, sized
from .errors import InvalidInputError

if TYPE_CHECKING:
    from ._fork_log import Log, LogRoute

ACCOUNT_SOURCES = {"auto": 0, "proof": 1, "fields": 2}
VERIFY = {"off": 0, "block_hash": 1, "state_root": 2}
LOG_LEVELS = {logging.ERROR: 1, logging.WARNING: 2, logging.INFO: 3, logging.DEBUG: 4}

Block = Union[int, str, bytes]
Path = Union[str, "os.PathLike[str]"]


class TrustedBlock(NamedTuple):
    """Answers are checked against the state root in the header of this hash, to which a fork without ``block`` is pinned
    then; None stands for the hash that ``block`` is."""

    hash: Union[str, BytesLike, None] = None


class TrustedRoot(NamedTuple):
    """Answers are checked against this state root, which the header of the block must have."""

    root: Union[str, BytesLike]


Verify = Union[TrustedBlock, TrustedRoot]


class ForkOptions(TypedDict, total=False):
    """Options that every fork takes; 0 or None stands for the default.

    Where to look: ``block``, a number, hash, "latest" (default), "safe", "finalized" or "earliest", is looked up once.
    ``chain_id`` is the one that the node must have; another one is a WrongChainError. ``reorg_check``: seconds after
    which a block that is not final is looked up again (12).

    How to ask: ``account_source`` is "auto" (eth_getProof, or the fields where the node has it not or takes long for
    it), "proof" or "fields". ``max_attempts``: how often a request is sent at most, for each URL (4).
    ``backoff_initial``, ``backoff_max``: seconds of the pauses between attempts (0.25, 8). ``max_batch``: requests in
    one body (100). ``max_slots_per_request``: slots in one eth_getProof (256). ``max_response_bytes``: longest answer
    (64 MiB). ``remember_touched``: keep what executions touch, so that the next one of the same call asks for all of it
    at once.

    What to believe: ``verify``, TrustedBlock or TrustedRoot, has every account, slot and code checked; a wrong answer is
    a ProofInvalidError, and kept nowhere.

    What to keep in memory: ``max_cache_size`` entries in each of the caches of accounts, slots and code (10,000),
    ``max_code_bytes`` of code (256 MiB), ``max_proof_bytes`` of trie nodes for proofs and state roots (256 MiB).

    What to keep on disk: ``cache_dir`` is the directory of the persistent cache, one file a chain, for any number of
    processes, of ``cache_max_bytes`` at most (8 GiB), whose name has ``network`` where chains share a chain id. A block
    with ``safe_depth`` others on top of it is final (128). ``recording`` is a file of ``export_recording`` that values
    are read from. With ``offline`` no node is ever asked: what is neither cached nor recorded is an OfflineError.

    ``log(level, text)`` is told what happens, with a level of the module ``logging`` from ``log_level`` (WARNING) on, as
    ``logging.Logger.log`` takes it. It runs inside the call in which it happens, and must not use the fork.
    """

    block: Optional[Block]
    chain_id: int
    reorg_check: float
    account_source: str
    max_attempts: int
    backoff_initial: float
    backoff_max: float
    max_batch: int
    max_slots_per_request: int
    max_response_bytes: int
    remember_touched: bool
    verify: Optional[Verify]
    max_cache_size: int
    max_code_bytes: int
    max_proof_bytes: int
    cache_dir: Optional[Path]
    cache_max_bytes: int
    network: Optional[str]
    safe_depth: int
    recording: Optional[Path]
    offline: bool
    log: Optional[Log]
    log_level: int


_NATURAL = {
    "chain_id": 64,
    "max_attempts": 32,
    "max_batch": 63,
    "max_slots_per_request": 63,
    "max_response_bytes": 63,
    "max_cache_size": 63,
    "max_code_bytes": 63,
    "max_proof_bytes": 63,
    "cache_max_bytes": 64,
    "safe_depth": 64,
}
_SECONDS = {"reorg_check", "backoff_initial", "backoff_max"}


def native_options(given: ForkOptions, log: Optional[LogRoute]) -> ForkBackendOptions:
    """The struct of the options. TypeError for one that does not exist, InvalidInputError for a bad value."""
    for name in given:
        if name not in ForkOptions.__annotations__:
            raise TypeError(f"a fork has no option {name!r}")
    options = sized(ForkBackendOptions)
    block: Any = given.get("block")
    if block is not None:
        if isinstance(block, (bytes, bytearray)):
            block = "0x" + block.hex()
        options.block = str(block).encode()
    source = given.get("account_source", "auto")
    if source not in ACCOUNT_SOURCES:
        raise InvalidInputError(f"account source {source!r} is none of {', '.join(ACCOUNT_SOURCES)}")
    options.account_source = ACCOUNT_SOURCES[source]
    values: Any = given
    for name, bits in _NATURAL.items():
        setattr(options, name, natural(name, values.get(name, 0), bits))
    for name in _SECONDS:
        setattr(options, name + "_ms", milliseconds(name, values.get(name, 0)))
    for name in ("cache_dir", "recording", "network"):
        setattr(options, name, _text(name, values.get(name)))
    options.offline = bool(given.get("offline", False))
    options.remember_touched = bool(given.get("remember_touched", False))
    _set_verify(options, given.get("verify"))
    _set_log(options, log, given.get("log_level", 0))
    return options


def _set_verify(options: ForkBackendOptions, verify: Optional[Verify]) -> None:
    if verify is None:
        return
    if isinstance(verify, TrustedBlock):
        kind, trusted = "block_hash", verify.hash
    elif isinstance(verify, TrustedRoot):
        kind, trusted = "state_root", verify.root
    else:
        raise TypeError(f"verify has to be a TrustedBlock or a TrustedRoot, not {type(verify).__name__}")
    options.verify = VERIFY[kind]
    if trusted is not None:
        options.trusted = to_hash(trusted, f"verify: {kind.replace('_', ' ')}")


def _set_log(options: ForkBackendOptions, log: Optional[LogRoute], level: int) -> None:
    if level and level not in LOG_LEVELS:
        raise InvalidInputError(f"log_level {level!r} is none of ERROR, WARNING, INFO and DEBUG of logging")
    options.log_level = LOG_LEVELS[level] if level else 0
    if log is not None:
        options.log = log.function
        options.log_context = log.context


def _text(name: str, value: Optional[Path]) -> Optional[bytes]:
    if value is None:
        return None
    raw = os.fspath(value).encode()
    if not raw or b"\0" in raw:
        raise InvalidInputError(f"{name} {value!r} is empty, or has a NUL in it")
    return raw


def natural(name: str, value: int, bits: int) -> int:
    if not isinstance(value, int) or value < 0 or value >> bits:
        raise InvalidInputError(f"{name} {value!r} is no number of {bits} bits")
    return value


def milliseconds(name: str, seconds: float) -> int:
    if seconds < 0 or seconds != seconds:
        raise InvalidInputError(f"{name} {seconds!r} is negative, or no number")
    return natural(name, -int(-seconds * 1000 // 1), 32)


def path_text(path: Path) -> bytes:
    """A path that a call takes."""
    raw = _text("path", path)
    assert raw is not None
    return raw
