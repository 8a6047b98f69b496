"""What an execution came to."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t, c_uint8
from enum import Enum
from typing import NamedTuple, Optional

from ._convert import to_hex
from ._library import Native
from ._structs import EvmResult, sized
from .errors import OutputTooSmallError


class ExecutionStatus(str, Enum):
    """How an execution ended."""

    SUCCESS = "success"
    """It returned, stopped, or destroyed itself."""
    REVERT = "revert"
    """The code reverted."""
    HALT = "halt"
    """The rules of the EVM ended it: out of gas, invalid opcode…"""


_STATUSES = [ExecutionStatus.SUCCESS, ExecutionStatus.REVERT, ExecutionStatus.HALT]


class Log(NamedTuple):
    address: str
    topics: tuple[bytes, ...]
    data: bytes


class ExecutionResult(NamedTuple):
    """The result of an execution."""

    status: ExecutionStatus
    gas_used: int
    """Gas that is paid for, after the refund; of a message, all that was used."""
    gas_remaining: int
    gas_refunded: int
    """Already off ``gas_used``; of a message, the refund counter, which is not."""
    output: bytes
    """What was returned, or the data of a revert."""
    created: Optional[str]
    """Address of the contract that a creation made."""
    logs: tuple[Log, ...]
    failure: str
    """Why it did not succeed: the decoded reason of a revert, or that of a halt. Empty where it did."""

    @property
    def success(self) -> bool:
        return self.status is ExecutionStatus.SUCCESS


class ResultReader:
    """Reads the result of the execution that ended last."""

    def __init__(self, native: Native, handle: ctypes.c_void_p) -> None:
        self._native = native
        self._handle = handle

    def result(self) -> ExecutionResult:
        native, handle, out = self._native, self._handle, sized(EvmResult)
        self._check(native.evm_get_result(handle, byref(out)))
        output = ctypes.create_string_buffer(out.output_len)
        self._check(native.evm_get_output(handle, output, len(output)))
        return ExecutionResult(
            status=_STATUSES[out.status],
            gas_used=out.gas_used,
            gas_remaining=out.gas_remaining,
            gas_refunded=out.gas_refunded,
            output=output.raw,
            created=to_hex(bytes(out.created)) if out.has_created else None,
            logs=tuple(self._log(index) for index in range(out.log_count)),
            failure=native.text(native.evm_get_failure, handle) if out.status else "",
        )

    def _log(self, index: int) -> Log:
        address, topics = (c_uint8 * 20)(), ctypes.create_string_buffer(4 * 32)
        count, length = c_size_t(), c_size_t()
        data = ctypes.create_string_buffer(256)
        while True:
            status = self._native.evm_get_log(
                self._handle, index, address, topics, byref(count), data, len(data), byref(length)
            )
            if status != OutputTooSmallError.code:
                break
            data = ctypes.create_string_buffer(length.value)
        self._check(status)
        raw = topics.raw
        return Log(
            to_hex(bytes(address)),
            tuple(raw[at : at + 32] for at in range(0, 32 * count.value, 32)),
            data.raw[: length.value],
        )

    def _check(self, status: int) -> None:
        if status:
            raise self._native.failure(self._handle, status)
