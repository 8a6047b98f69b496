"""The loop around an execution, without any I/O: a generator that says what it needs, and is sent it. The blocking and
the asyncio executor differ only in how they get it."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Optional, Union

from ._evm_base import NO_STORE, EvmBase, Executable, Step
from .errors import ExecutionError, InvalidInputError, RpcPendingError
from .store import PrecompileCall, Question, QuestionKind, Value


class Serve(NamedTuple):
    """The fork below has to be served; the driver is sent whether there was anything to serve."""

    waiting_for: Question


class Ask(NamedTuple):
    """The store has to be asked; the driver is sent the values in the same order."""

    questions: list[Question]
    call: Optional[PrecompileCall]
    """The call behind a PRECOMPILE question."""


Sent = Union[bool, list[Value], None]
Drive = Generator[Union[Serve, Ask], Sent, None]


def drive(
    evm: EvmBase, executable: Optional[Executable], on_fork: bool, has_store: bool, commit: Union[bool, str]
) -> Drive:
    """Executes. Whatever goes wrong, what was begun is given up and the state manager stays as it was."""
    if executable is not None:
        evm.set_transaction(executable)
    # Not inside: a call that is refused because another execution is under way must not end that one.
    step = evm.call()
    try:
        while isinstance(step, Question):
            step = yield from _answered(evm, step, on_fork, has_store)
        if step:
            evm._finish(commit)
    except BaseException:
        if not evm.closed:
            evm.abort()
        raise


def _answered(
    evm: EvmBase, question: Question, on_fork: bool, has_store: bool
) -> Generator[Union[Serve, Ask], Sent, Step]:
    if on_fork:
        served = yield Serve(question)
        if served:
            return evm.resume()
        if question.kind is not QuestionKind.PRECOMPILE:
            # Another one may have served the fork meanwhile.
            step = evm.resume()
            if step != question:
                return step
            raise RpcPendingError(f"{question.kind.name.lower()} of {question.address} is not here yet")
    if not has_store:
        raise ExecutionError(NO_STORE)
    # On a fork, this is the precompiled contract alone: the rest is the fork's.
    questions = evm.pending()
    precompile = any(wanted.kind is QuestionKind.PRECOMPILE for wanted in questions)
    values = yield Ask(questions, evm.precompile_call() if precompile else None)
    assert isinstance(values, list)
    for wanted, value in zip(questions, values):
        evm.answer(wanted, value)
    return evm.resume()


def failure(question: Question, error: Exception) -> ExecutionError:
    """What ``execute`` raises where the store raised ``error``."""
    return ExecutionError(f"{_described(question)}: {str(error) or type(error).__name__}")


def _described(question: Question) -> str:
    if question.kind is QuestionKind.STORAGE:
        return f"storage of {question.address} at slot {question.slot:#x}"
    if question.kind is QuestionKind.BLOCK_HASH:
        return f"hash of block {question.slot}"
    if question.kind is QuestionKind.PRECOMPILE:
        return f"result of the precompiled contract {question.address}"
    return f"{method_name(question)} of {question.address}"


def method_name(question: Question) -> str:
    return question.kind.name.lower()


def arguments(question: Question, call: Optional[PrecompileCall]) -> tuple[object, ...]:
    """What the store's method for a question is called with."""
    if question.kind is QuestionKind.STORAGE:
        return question.address, question.slot
    if question.kind is QuestionKind.BLOCK_HASH:
        return (question.slot,)
    if question.kind is QuestionKind.PRECOMPILE:
        if call is None:
            raise InvalidInputError("no call of a precompiled contract waits")
        return (call,)
    return (question.address,)
