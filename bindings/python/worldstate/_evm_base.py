"""What the blocking and the asyncio executor share: what is executed, single steps, results."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from ctypes import byref, c_int, c_size_t
from enum import IntEnum
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union, cast

from . import _library
from ._changes import StateChanges
from ._convert import Data, to_data, to_hash, to_hex, to_u64
from ._evm_options import TRACE_FLAGS, TRACE_FORMATS, Message, Rules
from ._evm_result import ExecutionResult, ResultReader
from ._handle import Owner
from ._json import JsonLike, to_json
from ._state_base import StateBase
from ._structs import AsyncRequest, EvmPrecompileCall, EvmStats, sized
from .errors import ExecutionError, InvalidInputError
from .store import PrecompileCall, Question, QuestionKind, Value, payload_of

StateT = TypeVar("StateT", bound=StateBase)

NO_STORE = "Async request but no stateInterface provided"
UNKNOWN_OUTPUT = "Unknown output type"

_CONTINUE_AFTER_COMMIT = 5
_CONTINUE_WITH_ERROR = 255
_QUESTIONS = frozenset(int(kind) for kind in QuestionKind)

Executable = Union[Mapping[Any, Any], Data, Message]


class Ended(IntEnum):
    """How the steps of an execution end."""

    RESULT = 0
    """It is over."""
    READY_TO_COMMIT = 5
    """Its changes wait for ``commit``, ``commit_in_checkpoint`` or ``discard``."""


Step = Union[Question, Ended]


class RunStats(NamedTuple):
    """Counters of the execution that is under way or ended last."""

    needed: int
    """Values that were missing when the execution came to them, or were fetched ahead and used."""
    rounds: int
    """Times that it stopped for something missing."""
    useless: int
    """Values that were asked for ahead and not used."""
    run_ahead_nanos: int
    cache_hits: int
    """Reads of storage that the store's answers satisfied."""
    cache_misses: int
    cached_slots: int
    cache_evictions: int


class EvmBase(Owner):
    """An executor over a state manager, which has to stay open as long."""

    _noun = "executor"

    def __init__(self, state: StateBase, rules: Rules) -> None:
        library = _library.native()
        if state.closed:
            raise state._failure(0)
        options = rules.options()
        handle = library.evm_create(state._handle, byref(options))
        if handle is None:
            # Whatever is wrong with the options: the state is alive.
            raise InvalidInputError(library.last_error(None))
        super().__init__(handle, library.evm_destroy)
        self._state = state
        self._results = ResultReader(library, self._handle)

    # What is executed, and where.

    def set_block(self, block: JsonLike) -> None:
        """Sets fields of the block from JSON as eth_getBlockByNumber returns it; fields that are not given stay."""
        self._check(self._native.evm_set_block(self._handle, _terminated(to_json(block), "block")))

    def set_block_hash(self, number: int, block_hash: Data) -> None:
        """The hash of an earlier block, for BLOCKHASH. Comes before what a fork or store would say."""
        self._check(self._native.evm_set_block_hash(self._handle, to_u64(number, "block number"), to_hash(block_hash)))

    def set_block_overrides(self, overrides: Optional[JsonLike]) -> None:
        """Overrides of the block as eth_call takes them, for the executions to come. None: none."""
        raw = None if overrides is None else _terminated(to_json(overrides), "block overrides")
        self._check(self._native.evm_set_block_overrides(self._handle, raw))

    def set_state_overrides(self, overrides: Optional[JsonLike]) -> None:
        """Overrides of the state as eth_call takes them, for the executions to come: never in the state manager; what ran
        on them cannot be committed. None: none."""
        raw = None if overrides is None else _terminated(to_json(overrides), "state overrides")
        self._check(self._native.evm_set_state_overrides(self._handle, raw))

    def set_transaction(self, transaction: Executable) -> None:
        """What is executed next: a mapping as eth_call or eth_getTransactionByHash has it (numbers and bytes as they are
        in Python or as 0x hex), a signed transaction as bytes or hex text, or a Message. Stays set until another one
        is."""
        if isinstance(transaction, Message):
            self._check(self._native.evm_set_message(self._handle, byref(transaction.struct())))
        elif isinstance(transaction, Mapping):
            raw = _terminated(to_json(transaction), "transaction")
            self._check(self._native.evm_set_transaction_json(self._handle, raw))
        else:
            raw = to_data(transaction, "raw transaction")
            self._check(self._native.evm_set_transaction(self._handle, raw, len(raw)))

    def set_trace(
        self,
        format: str,
        *,
        memory: bool = False,
        no_stack: bool = False,
        no_storage: bool = False,
        return_data: bool = False,
        limit: int = 0,
        fd: int = -1,
    ) -> None:
        """Traces the executions to come: "eip3155", "struct-logs" or "off". The text goes to the file descriptor ``fd``, or
        into memory, for ``trace``. ``limit``: bytes that an execution's operations may take (0: any number)."""
        if format not in TRACE_FORMATS:
            raise InvalidInputError(f"trace format {format!r} is none of {', '.join(TRACE_FORMATS)}")
        chosen = {"memory": memory, "no_stack": no_stack, "no_storage": no_storage, "return_data": return_data}
        flags = sum(TRACE_FLAGS[name] for name, is_set in chosen.items() if is_set)
        self._check(self._native.evm_set_trace(self._handle, TRACE_FORMATS[format], flags, to_u64(limit, "limit"), fd))

    # Single steps. ``execute`` does all of this by itself.

    def call(self) -> Step:
        """Begins the execution of what was set, and runs it until something is missing or it has ended."""
        return self._step(self._native.evm_call_ffi)

    def resume(self) -> Step:
        """Goes on after ``answer``, or after a fetch of the fork, and says again what is needed while it still is."""
        return self._step(self._native.evm_resume)

    def continue_with(self, question: Question, value: Value) -> Step:
        """Answers and goes on."""
        payload = payload_of(question, value)
        return self._step(self._native.evm_continue_ffi, int(question.kind), payload, len(payload))

    def answer(self, question: Question, value: Value) -> None:
        """Takes an answer and runs nothing, for answering all of ``pending`` in any order."""
        self._answer(question, payload_of(question, value))

    def pending(self) -> list[Question]:
        """Everything that is wanted now, what the execution waits for first."""
        capacity, count = 64, c_size_t()
        while True:
            out = (AsyncRequest * capacity)()
            self._check(self._native.evm_pending(self._handle, out, capacity, byref(count)))
            if count.value <= capacity:
                return [_question(request) for request in out[: count.value]]
            capacity = count.value

    def fail(self, text: str) -> None:
        """Says that the question cannot be answered: raises ExecutionError with that text. The question stays open."""
        raw = text.encode("utf-8", "replace")
        self._step(self._native.evm_continue_ffi, _CONTINUE_WITH_ERROR, raw, len(raw))

    def precompile_call(self) -> PrecompileCall:
        """The call that a PRECOMPILE question asks for."""
        call = sized(EvmPrecompileCall)
        self._check(self._native.evm_get_precompile_call(self._handle, byref(call), None, 0))
        data = ctypes.create_string_buffer(call.input_len)
        self._check(self._native.evm_get_precompile_call(self._handle, byref(call), data, len(data)))
        return PrecompileCall(
            address=to_hex(bytes(call.address)),
            caller=to_hex(bytes(call.caller)),
            value=int.from_bytes(bytes(call.value), "big"),
            input=data.raw,
            gas=call.gas,
            is_static=bool(call.is_static),
        )

    def commit(self) -> None:
        """Writes the changes of an execution that is ready to commit into the state manager, all or none."""
        self._step(self._native.evm_continue_ffi, _CONTINUE_AFTER_COMMIT, None, 0)

    def commit_in_checkpoint(self) -> None:
        """As ``commit``, in a new checkpoint: ``state.revert()`` takes the execution back, ``state.commit()`` keeps it."""
        self._check(self._native.evm_commit_in_checkpoint(self._handle))

    def discard(self) -> None:
        """Ends an execution that is ready to commit without writing its changes."""
        self._check(self._native.evm_discard(self._handle))

    def abort(self) -> None:
        """Gives up the execution that is under way, or the changes and the result of one that has ended."""
        self._check(self._native.evm_abort(self._handle))

    @property
    def is_active(self) -> bool:
        """Whether an execution is under way."""
        active = c_int()
        self._check(self._native.evm_is_active(self._handle, byref(active)))
        return active.value == 1

    # What it came to.

    def result(self) -> ExecutionResult:
        """The result of the execution that ended last. InvalidStateError before one has."""
        return self._results.result()

    def result_json(self) -> str:
        return self._text(self._native.evm_get_result_json)

    def changes(self) -> Optional[StateChanges]:
        """What the execution changed, as ``StateManager.changes`` has it. None before it has ended."""
        text = self.changes_json()
        return cast(StateChanges, json.loads(text)) if text else None

    def changes_json(self) -> str:
        return self._text(self._native.evm_get_state_changes)

    def access_list(self) -> list[dict[str, Any]]:
        """The accounts and slots that the execution came to, as eth_createAccessList returns them."""
        return cast("list[dict[str, Any]]", json.loads(self._text(self._native.evm_get_access_list)))

    def prestate(self) -> dict[str, Any]:
        """The accounts that the execution came to as they were before it; ``StateManager.load`` takes it."""
        return cast("dict[str, Any]", json.loads(self._text(self._native.evm_get_prestate)))

    def frames(self) -> list[dict[str, Any]]:
        """The calls that are under way, outermost first."""
        return cast("list[dict[str, Any]]", json.loads(self._text(self._native.evm_get_frames) or "[]"))

    def trace(self) -> str:
        """The trace in memory. Reading it takes it."""
        return self._text(self._native.evm_get_trace)

    def stats(self) -> RunStats:
        out = sized(EvmStats)
        self._check(self._native.evm_stats(self._handle, byref(out)))
        return RunStats(*(getattr(out, name) for name in RunStats._fields))

    # Inside.

    def _answer(self, question: Question, payload: bytes) -> None:
        self._check(self._native.evm_answer(self._handle, int(question.kind), payload, len(payload)))

    def _step(self, function: Callable[..., int], *inputs: Union[int, bytes, None]) -> Step:
        out = AsyncRequest()
        self._check(function(self._handle, *inputs, byref(out)))
        return _step_of(out)

    def _finish(self, commit: Union[bool, str]) -> None:
        if commit == "checkpoint":
            self.commit_in_checkpoint()
        elif commit:
            self.commit()
        else:
            self.discard()


def check_commit(commit: Union[bool, str]) -> None:
    if commit not in (True, False, "checkpoint"):
        raise InvalidInputError(f"commit {commit!r} is neither True, False nor 'checkpoint'")


def _question(request: AsyncRequest) -> Question:
    return Question(
        QuestionKind(request.output_type), to_hex(bytes(request.address)), int.from_bytes(bytes(request.slot), "big")
    )


def _step_of(request: AsyncRequest) -> Step:
    if request.output_type in _QUESTIONS:
        return _question(request)
    try:
        return Ended(request.output_type)
    except ValueError:
        raise ExecutionError(UNKNOWN_OUTPUT) from None


def _terminated(raw: bytes, what: str) -> bytes:
    if b"\0" in raw:
        raise InvalidInputError(f"{what} has a NUL in it")
    return raw
