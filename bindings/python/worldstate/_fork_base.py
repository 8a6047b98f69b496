"""What the forks share, whoever carries their requests."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref, c_size_t, c_uint64
from typing import NamedTuple, Optional, Union

from . import _library
from ._convert import Address, Word, to_address, to_word
from ._handle import Owner
from ._library import Word as WordBuffer
from ._reads import Read
from ._structs import ForkBackendOptions, ForkBackendStats, sized
from .errors import InvalidInputError, NoPendingRequestError, OutputTooSmallError

ACCOUNT_SOURCES = {"auto": 0, "proof": 1, "fields": 2}

Block = Union[int, str, bytes]
Accounts = Union[Iterable[Address], Mapping[Address, Iterable[Word]]]


class ForkBlock(NamedTuple):
    """The block that a fork is pinned to."""

    chain_id: int
    number: int
    hash: bytes


class ForkStats(NamedTuple):
    """What a fork has done since it was opened, and what it holds now."""

    hits: int
    """Reads that the cache answered, but for each value's first."""
    misses: int
    """Values that had to be asked for."""
    deduplicated: int
    """Reads that waited for a request which another thread had already sent."""
    requests: int
    """JSON-RPC requests, repeated ones included."""
    bodies: int
    """HTTP bodies."""
    bytes_sent: int
    bytes_received: int
    retries: int
    """Requests that had to be sent once more after a failure."""
    failures: int
    """Requests given up."""
    batch_splits: int
    """Times that the size of batches was halved because the node refused one."""
    evictions: int
    """Entries that a full cache dropped."""
    accounts: int
    """Accounts held now; likewise the next three."""
    slots: int
    codes: int
    code_bytes: int
    pending: int
    """Values asked for and not answered yet."""


class Batch(NamedTuple):
    """A JSON-RPC body to POST as it is."""

    id: int
    body: bytes
    requests: int
    """Requests in it."""


class ForkRequest(NamedTuple):
    """One JSON-RPC request; ``params`` is a JSON array."""

    id: int
    method: str
    params: str


class Limits(NamedTuple):
    """Options that every fork takes; 0 or None stands for the default.

    ``block``: number, hash, "latest" (default), "safe", "finalized" or "earliest"; looked up once.
    ``account_source``: "auto" (eth_getProof while the node has it), "proof" or "fields".
    ``max_attempts``: how often a request is sent at most, for each URL (4).
    ``max_cache_size``: entries that each of the caches of accounts, slots and code keeps (10,000).
    ``max_code_bytes``: bytes of code that are kept (256 MiB).
    ``backoff_initial``, ``backoff_max``: seconds of the pauses between attempts (0.25, 8).
    ``max_batch``: requests in one body (100). ``max_slots_per_request``: slots in one eth_getProof (256).
    ``max_response_bytes``: longest answer (64 MiB).
    """

    block: Optional[Block] = None
    account_source: str = "auto"
    max_attempts: int = 0
    max_cache_size: int = 0
    max_code_bytes: int = 0
    backoff_initial: float = 0
    backoff_max: float = 0
    max_batch: int = 0
    max_slots_per_request: int = 0
    max_response_bytes: int = 0

    def options(self) -> ForkBackendOptions:
        if self.account_source not in ACCOUNT_SOURCES:
            raise InvalidInputError(f"account source {self.account_source!r} is none of {', '.join(ACCOUNT_SOURCES)}")
        options = sized(ForkBackendOptions)
        block = self.block
        if block is not None:
            if isinstance(block, (bytes, bytearray)):
                block = "0x" + block.hex()
            options.block = str(block).encode()
        options.account_source = ACCOUNT_SOURCES[self.account_source]
        options.max_attempts = natural("max_attempts", self.max_attempts, 32)
        options.max_cache_size = natural("max_cache_size", self.max_cache_size, 63)
        options.max_code_bytes = natural("max_code_bytes", self.max_code_bytes, 63)
        options.backoff_initial_ms = milliseconds("backoff_initial", self.backoff_initial)
        options.backoff_max_ms = milliseconds("backoff_max", self.backoff_max)
        options.max_batch = natural("max_batch", self.max_batch, 63)
        options.max_slots_per_request = natural("max_slots_per_request", self.max_slots_per_request, 63)
        options.max_response_bytes = natural("max_response_bytes", self.max_response_bytes, 63)
        return options


def natural(name: str, value: int, bits: int) -> int:
    if not isinstance(value, int) or value < 0 or value >> bits:
        raise InvalidInputError(f"{name} {value!r} is no number of {bits} bits")
    return value


def milliseconds(name: str, seconds: float) -> int:
    if seconds < 0 or seconds != seconds:
        raise InvalidInputError(f"{name} {seconds!r} is negative, or no number")
    return natural(name, -int(-seconds * 1000 // 1), 32)


class ForkBase(Owner):
    """A chain's state at one block, fetched as it is read, shared by the state managers on it."""

    _noun = "fork"

    def __init__(self, options: ForkBackendOptions) -> None:
        library = _library.native()
        handle = ctypes.c_void_p()
        status = library.fork_backend_open(byref(options), byref(handle))
        if status:
            raise library.failure(None, status)
        super().__init__(handle.value, library.fork_backend_destroy)

    def clear_cache(self) -> None:
        """Forgets everything fetched so far."""
        self._check(self._native.fork_backend_clear_cache(self._handle))

    def stats(self) -> ForkStats:
        """Counters of the fork and all state managers on it."""
        out = sized(ForkBackendStats)
        self._check(self._native.fork_backend_stats(self._handle, byref(out)))
        return ForkStats(*(getattr(out, name) for name in ForkStats._fields))

    def _read_block(self) -> Read[ForkBlock]:
        chain_id, number, out = c_uint64(), c_uint64(), WordBuffer()
        function = self._native.fork_backend_get_block
        return Read(
            (function.__name__,),
            lambda: function(self._handle, byref(chain_id), byref(number), out),
            lambda: ForkBlock(chain_id.value, number.value, out.raw),
        )

    def _read_prefetch(self, accounts: Accounts, code: bool) -> Read[None]:
        rows: Iterator[tuple[Address, Iterable[Word]]]
        rows = iter(accounts.items()) if isinstance(accounts, Mapping) else ((address, ()) for address in accounts)
        addresses, slots, counts = [], [], []
        for address, wanted in rows:
            addresses.append(to_address(address))
            words = [to_word(slot, "slot") for slot in wanted]
            counts.append(len(words))
            slots += words
        function = self._native.fork_backend_prefetch
        inputs = b"".join(addresses), (c_size_t * len(counts))(*counts), len(counts), b"".join(slots), int(code)
        return Read(
            (function.__name__, inputs[0], tuple(counts), *inputs[2:]),
            lambda: function(self._handle, *inputs),
            lambda: None,
        )


class Carrying(ForkBase):
    """A fork whose requests somebody takes and answers."""

    def next_batch(self, max_requests: int = 0) -> Optional[Batch]:
        """Takes what is queued, up to ``max_requests`` (0: the fork's batch size), as a body to POST. None when nothing
        is."""
        batch, length, count = c_uint64(), c_size_t(), c_size_t()
        size = 16384
        while True:
            out = ctypes.create_string_buffer(size)
            status = self._native.fork_backend_next_batch(
                self._handle, max_requests, byref(batch), out, size, byref(length), byref(count)
            )
            if status == 0:
                return Batch(batch.value, out.raw[: length.value], count.value)
            if status == NoPendingRequestError.code:
                return None
            if status != OutputTooSmallError.code:
                raise self._failure(status)
            size = length.value + 1

    def continue_batch(self, batch: int, body: bytes) -> None:
        """Hands back the node's answer to a batch, as it came. RpcFailedError when elements are missing,
        InvalidRequestError when the batch is not open or the answer does not fit; what is right in it is kept."""
        self._check(self._native.fork_backend_continue_batch(self._handle, batch, bytes(body), len(body)))

    def fail_batch(self, batch: int, message: str, code: int = 0) -> None:
        """Says that a batch failed. ``code`` is the HTTP status, or a JSON-RPC error code, or 0. What may pass (429, 5xx)
        is queued again up to ``max_attempts``; 413 queues it again in smaller pieces."""
        self._check(self._native.fork_backend_fail_batch(self._handle, batch, code, _text(message)))

    def next_request(self) -> Optional[ForkRequest]:
        """Takes the next request alone. None when nothing is queued."""
        request, method_len, params_len = c_uint64(), c_size_t(), c_size_t()
        method_size, params_size = 64, 32768
        while True:
            method, params = ctypes.create_string_buffer(method_size), ctypes.create_string_buffer(params_size)
            status = self._native.fork_backend_next_request(
                self._handle,
                byref(request),
                method,
                method_size,
                byref(method_len),
                params,
                params_size,
                byref(params_len),
            )
            if status == 0:
                return ForkRequest(
                    request.value, method.raw[: method_len.value].decode(), params.raw[: params_len.value].decode()
                )
            if status == NoPendingRequestError.code:
                return None
            if status != OutputTooSmallError.code:
                raise self._failure(status)
            method_size, params_size = max(method_size, method_len.value + 1), max(params_size, params_len.value + 1)

    def continue_request(self, request: int, response: bytes) -> None:
        """Hands back the answer to a request: the JSON ``result``, or a whole JSON-RPC response."""
        self._check(self._native.fork_backend_continue(self._handle, request, bytes(response), len(response)))

    def fail_request(self, request: int, message: str, code: int = 0) -> None:
        """Says that a request failed, as ``fail_batch`` does of a batch."""
        self._check(self._native.fork_backend_fail(self._handle, request, code, _text(message)))


def _text(message: str) -> bytes:
    return message.replace("\0", " ").encode("utf-8", "replace")
