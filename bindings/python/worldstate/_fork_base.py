"""What the forks share, whoever carries their requests."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref, c_size_t, c_uint64
from dataclasses import fields
from typing import Any, Callable, NamedTuple, Optional, Union

from . import _library
from ._convert import Address, Word, to_address, to_word
from ._fork_log import LogRoute
from ._fork_options import ForkOptions, Path, native_options, natural, path_text
from ._fork_stats import ForkStats, MethodStats
from ._handle import Owner
from ._json import to_json
from ._library import Word as WordBuffer
from ._reads import Read
from ._structs import ForkBackendMethodStats, ForkBackendStats, sized
from .errors import NoPendingRequestError, OutputTooSmallError

AccessList = Union[str, bytes, Mapping[str, Any], Iterable[Mapping[str, Any]]]
Accounts = Union[Iterable[Address], Mapping[Address, Iterable[Word]]]


class ForkBlock(NamedTuple):
    """The block that a fork is pinned to."""

    chain_id: int
    number: int
    hash: bytes


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


class ForkBase(Owner):
    """A chain's state at one block, fetched as it is read, shared by the state managers on it."""

    _noun = "fork"

    def __init__(self, given: ForkOptions, http: Optional[Mapping[str, Any]] = None) -> None:
        log = given.get("log")
        route = None if log is None else LogRoute(log)
        try:
            options = native_options(given, route)
            for name, value in (http or {}).items():
                setattr(options, name, value)
            library = _library.native()
            handle = ctypes.c_void_p()
            status = library.fork_backend_open(byref(options), byref(handle))
            if status:
                raise library.failure(None, status)
        except BaseException:
            if route is not None:
                route.end()
            raise
        super().__init__(handle.value, library.fork_backend_destroy)
        if route is not None:
            route.end_with(self)

    def clear_cache(self) -> None:
        """Forgets everything that was fetched and is in memory; the persistent cache and recordings stay."""
        self._check(self._native.fork_backend_clear_cache(self._handle))

    def flush(self) -> None:
        """Writes what was fetched to the persistent cache, and waits until it is on the disk."""
        self._check(self._native.fork_backend_flush(self._handle))

    def stats(self) -> ForkStats:
        """Counters of the fork and all state managers on it."""
        out = sized(ForkBackendStats)
        self._check(self._native.fork_backend_stats(self._handle, byref(out)))
        return ForkStats(**{name: getattr(out, name) for name in ForkStats._fields})

    def method_stats(self, method: str) -> MethodStats:
        """What the requests of a JSON-RPC method, such as "eth_getProof", have cost; zeros for one never sent."""
        out = sized(ForkBackendMethodStats)
        self._check(self._native.fork_backend_method_stats(self._handle, _text(method), byref(out)))
        return MethodStats(**{field.name: getattr(out, field.name) for field in fields(MethodStats)})

    def metrics(self) -> dict[str, Any]:
        """All counters as parsed JSON, names in camelCase; under "methods" those of each method that was sent."""
        metrics: dict[str, Any] = json.loads(self._text(self._native.fork_backend_metrics_json))
        return metrics

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

    def _read_prefetch_access_list(self, access_list: AccessList, code: bool) -> Read[None]:
        text = to_json(
            access_list if isinstance(access_list, (str, bytes, Mapping)) else {"accessList": [*access_list]}
        )
        return self._done(self._native.fork_backend_prefetch_access_list, text, int(code))

    def _read_prefetch_range(self, address: Address, first_slot: Word, count: int) -> Read[None]:
        inputs = to_address(address), to_word(first_slot, "first_slot"), natural("count", count, 63)
        return self._done(self._native.fork_backend_prefetch_range, *inputs)

    def _read_export(self, path: Path) -> Read[None]:
        return self._done(self._native.fork_backend_export, path_text(path))

    def _read_import(self, path: Path) -> Read[None]:
        return self._done(self._native.fork_backend_import, path_text(path))

    def _done(self, function: Callable[..., int], *inputs: Any) -> Read[None]:
        return Read((function.__name__, *inputs), lambda: function(self._handle, *inputs), lambda: None)


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
