"""Every read that may have to wait for a node, as something that can be attempted again: the blocking and the asyncio
classes differ only in how they wait between the attempts."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from ctypes import byref, c_int, c_size_t, c_uint64, c_void_p
from enum import IntEnum
from typing import Any, Callable, Generic, NamedTuple, Optional, TypeVar

from . import errors
from ._convert import to_u64
from ._library import Native, Word

T = TypeVar("T")


class AccountStatus(IntEnum):
    """Whether an account exists."""

    ABSENT = 0
    """It is not in the state."""
    EMPTY = 1
    """It exists with balance 0, nonce 0 and no code."""
    PRESENT = 2
    """It exists and is not empty."""


class AccountInfo(NamedTuple):
    """One account of ``get_accounts``."""

    balance: int
    nonce: int
    code_hash: bytes
    status: AccountStatus


class Read(Generic[T]):
    """``attempt()`` gives a status; after 0, ``value()`` has what was read. Equal keys ask for the same value."""

    __slots__ = ("attempt", "key", "value")

    def __init__(self, key: tuple[Any, ...], attempt: Callable[[], int], value: Callable[[], T]) -> None:
        self.key = key
        self.attempt = attempt
        self.value = value


def words(packed: bytes) -> list[int]:
    to_int = int.from_bytes
    return [to_int(word, "big") for (word,) in struct.iter_unpack("32s", packed)]


class Reads:
    """The reads of one state manager. Each has outputs of its own, so that any number may wait at once."""

    def __init__(self, native: Native, handle: c_void_p) -> None:
        self._native = native
        self._handle = handle

    def _word(self, function: Callable[..., int], *inputs: Any) -> Read[bytes]:
        out = Word()
        return Read((function.__name__, *inputs), lambda: function(self._handle, *inputs, out), lambda: out.raw)

    def _number(self, function: Callable[..., int], *inputs: Any) -> Read[int]:
        out = Word()
        key = (function.__name__, *inputs)
        return Read(key, lambda: function(self._handle, *inputs, out), lambda: int.from_bytes(out.raw, "big"))

    def balance(self, address: bytes) -> Read[int]:
        return self._number(self._native.state_manager_get_balance_bytes, address)

    def nonce(self, address: bytes) -> Read[int]:
        out, function = c_uint64(), self._native.state_manager_get_nonce_bytes
        return Read(
            (function.__name__, address), lambda: function(self._handle, address, byref(out)), lambda: out.value
        )

    def storage(self, address: bytes, slot: bytes) -> Read[int]:
        return self._number(self._native.state_manager_get_storage_bytes, address, slot)

    def storage_bytes(self, address: bytes, slot: bytes) -> Read[bytes]:
        return self._word(self._native.state_manager_get_storage_bytes, address, slot)

    def code_hash(self, address: bytes) -> Read[bytes]:
        return self._word(self._native.state_manager_get_code_hash_bytes, address)

    def storage_root(self, address: bytes) -> Read[bytes]:
        return self._word(self._native.state_manager_get_storage_root_bytes, address)

    def state_root(self) -> Read[bytes]:
        return self._word(self._native.state_manager_get_state_root_bytes)

    def block_hash(self, number: int) -> Read[bytes]:
        return self._word(self._native.state_manager_get_block_hash_bytes, number)

    def account_status(self, address: bytes) -> Read[AccountStatus]:
        out, function = c_int(), self._native.state_manager_get_account_status_bytes
        return Read(
            (function.__name__, address),
            lambda: function(self._handle, address, byref(out)),
            lambda: AccountStatus(out.value),
        )

    def code(self, address: bytes) -> Read[bytes]:
        length, native = c_size_t(), self._native
        out = ctypes.create_string_buffer(0)

        def attempt() -> int:
            nonlocal out
            while True:
                status: int = native.state_manager_get_code_len_bytes(self._handle, address, byref(length))
                if status:
                    return status
                out = ctypes.create_string_buffer(length.value)
                status = native.state_manager_get_code_bytes(self._handle, address, out, length)
                # Too small: another thread has set a longer code in between.
                if status != errors.OutputTooSmallError.code:
                    return status

        return Read(("code", address), attempt, lambda: out.raw[: length.value])

    def storage_packed(self, addresses: bytes, slots: bytes) -> Read[bytes]:
        out, function = (ctypes.c_char * len(slots))(), self._native.state_manager_get_storage_batch
        key = (function.__name__, addresses, slots)
        count = len(slots) // 32
        return Read(key, lambda: function(self._handle, addresses, slots, count, out), lambda: out.raw)

    def storage_batch(self, addresses: bytes, slots: bytes) -> Read[list[int]]:
        packed = self.storage_packed(addresses, slots)
        return Read(packed.key, packed.attempt, lambda: words(packed.value()))

    def accounts(self, addresses: Sequence[bytes]) -> Read[list[AccountInfo]]:
        count, joined = len(addresses), b"".join(addresses)
        balances, hashes = ctypes.create_string_buffer(32 * count), ctypes.create_string_buffer(32 * count)
        nonces, statuses = (c_uint64 * count)(), (c_int * count)()
        function = self._native.state_manager_get_account_batch

        def value() -> list[AccountInfo]:
            raw = hashes.raw
            return [
                AccountInfo(balance, nonces[i], raw[32 * i : 32 * i + 32], AccountStatus(statuses[i]))
                for i, balance in enumerate(words(balances.raw))
            ]

        key = (function.__name__, joined)
        return Read(key, lambda: function(self._handle, joined, count, balances, nonces, hashes, statuses), value)

    def changes(self, since: Optional[int]) -> Read[str]:
        if since == 0:
            # Which the library takes for the innermost checkpoint.
            raise errors.InvalidSnapshotError("snapshot 0 was never taken")
        snapshot = 0 if since is None else to_u64(since, "snapshot")
        return self._text(self._native.state_manager_get_changes, snapshot)

    def dump(self, kind: int) -> Read[str]:
        return self._text(self._native.state_manager_dump, kind)

    def proof(self, address: bytes, slots: bytes) -> Read[str]:
        return self._text(self._native.state_manager_get_proof, address, slots, len(slots) // 32)

    def _text(self, function: Callable[..., int], *inputs: Any) -> Read[str]:
        out: Optional[Any] = None
        length = c_size_t()

        def attempt() -> int:
            nonlocal out
            size = 0
            while True:
                status = function(self._handle, *inputs, out if size else None, size, byref(length))
                if status not in (0, errors.OutputTooSmallError.code) or (status == 0 and size > length.value):
                    return status
                size = length.value + 1
                out = ctypes.create_string_buffer(size)

        def value() -> str:
            assert out is not None
            return str(out.raw[: length.value], "utf-8")

        return Read((function.__name__, *inputs), attempt, value)
