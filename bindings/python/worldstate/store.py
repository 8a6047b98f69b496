"""Where an execution gets what neither its state manager nor a fork below has: a store that the program gives."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Optional, Protocol, Union

from ._convert import Data, Word, to_data, to_hash, to_quantity, to_u64, to_word


class PrecompileStatus(IntEnum):
    """How a precompiled contract of the program ended."""

    SUCCESS = 0
    REVERT = 1
    """What gas is left goes back."""
    HALT = 2
    """All gas is used."""


class PrecompileCall(NamedTuple):
    """A call of a precompiled contract of the program."""

    address: str
    caller: str
    value: int
    input: bytes
    gas: int
    """Gas that it may use."""
    is_static: bool
    """It must not change anything."""


class PrecompileResult(NamedTuple):
    """What it came to."""

    status: PrecompileStatus
    gas_used: int
    output: Data = b""


class Store(Protocol):
    """Answers what an execution asks. Addresses come as lower-case "0x…". None stands for nothing: zero, no code.

    An exception of any method ends the execution: ``execute`` raises ExecutionError with its text.
    A store for ``precompiles`` has ``precompile(call: PrecompileCall) -> PrecompileResult`` as well.
    """

    def storage(self, address: str, slot: int) -> Optional[Word]: ...

    def balance(self, address: str) -> Optional[Word]: ...

    def code(self, address: str) -> Optional[Data]: ...

    def nonce(self, address: str) -> Optional[Union[int, str]]: ...

    def block_hash(self, number: int) -> Optional[Data]: ...


class AsyncStore(Protocol):
    """A Store whose methods are awaited, all that is wanted at the same time."""

    async def storage(self, address: str, slot: int) -> Optional[Word]: ...

    async def balance(self, address: str) -> Optional[Word]: ...

    async def code(self, address: str) -> Optional[Data]: ...

    async def nonce(self, address: str) -> Optional[Union[int, str]]: ...

    async def block_hash(self, number: int) -> Optional[Data]: ...


class QuestionKind(IntEnum):
    """What an execution needs."""

    STORAGE = 1
    BALANCE = 2
    CODE = 3
    NONCE = 4
    BLOCK_HASH = 6
    PRECOMPILE = 7


class Question(NamedTuple):
    """Something that an execution needs before it can go on."""

    kind: QuestionKind
    address: str
    """The account; zeros for a block hash."""
    slot: int
    """The slot, or the number of a block."""


Value = Union[int, str, bytes, bytearray, memoryview, PrecompileResult, None]


def payload_of(question: Question, value: Value) -> bytes:
    """The bytes of an answer as the library takes them."""
    address = bytes.fromhex(question.address[2:])
    kind = question.kind
    if kind is QuestionKind.PRECOMPILE:
        if not isinstance(value, PrecompileResult):
            raise TypeError(f"precompile returned {type(value).__name__} instead of PrecompileResult")
        gas = to_u64(value.gas_used, "gas_used")
        return (
            address + bytes([PrecompileStatus(value.status)]) + gas.to_bytes(8, "big") + to_data(value.output, "output")
        )
    if isinstance(value, PrecompileResult):
        raise TypeError(f"{kind.name.lower()} returned a PrecompileResult")
    if kind is QuestionKind.STORAGE:
        return address + question.slot.to_bytes(32, "big") + to_word(0 if value is None else value, "storage")
    if kind is QuestionKind.BALANCE:
        return address + to_quantity(0 if value is None else value, "balance")
    if kind is QuestionKind.NONCE:
        nonce = 0 if value is None else value
        if not isinstance(nonce, (int, str)):
            raise TypeError(f"nonce has to be an int or text, not {type(nonce).__name__}")
        return address + to_u64(nonce, "nonce").to_bytes(8, "big")
    if isinstance(value, int):
        raise TypeError(f"{kind.name.lower()} has to be bytes or hexadecimal text, not int")
    if kind is QuestionKind.CODE:
        return address + to_data(b"" if value is None else value, "code")
    return question.slot.to_bytes(8, "big") + to_hash(bytes(32) if value is None else value, "block hash")
