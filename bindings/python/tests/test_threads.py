"""Several threads on one state manager: every result is its own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from worldstate import InvalidHexError, StateManager

THREADS = 8


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns a thousand times as often as by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def everywhere(work: Callable[[int], None]) -> None:
    started = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        started.wait(10)
        work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(begin, number) for number in range(THREADS)]:
            future.result(60)


@pytest.mark.usefixtures("hasty")
def test_reads_are_not_mixed_up() -> None:
    with StateManager() as state:
        addresses = [bytes(19) + bytes([number]) for number in range(THREADS)]
        for number, address in enumerate(addresses):
            state.set_balance(address, number * 7)
            for slot in range(100):
                state.set_storage(address, slot, number * 1000 + slot)

        def read(number: int) -> None:
            address = addresses[number]
            for turn in range(3000):
                slot = turn % 100
                assert state.get_storage(address, slot) == number * 1000 + slot
                assert state.get_storage_bytes(address, slot) == (number * 1000 + slot).to_bytes(32, "big")
                assert state.get_balance(address) == number * 7

        everywhere(read)


@pytest.mark.usefixtures("hasty")
def test_writes_and_failures_between_reads() -> None:
    with StateManager() as state:

        def work(number: int) -> None:
            address = bytes(19) + bytes([number])
            for turn in range(1000):
                state.set_storage(address, turn, turn + number)
                assert state.get_storage(address, turn) == turn + number
                with pytest.raises(InvalidHexError, match=f'"{number}"'):
                    state.get_balance(f"{number}")
                assert state.get_storage_batch([(address, turn), (address, turn + 1)]) == [turn + number, 0]

        everywhere(work)
        assert len(list(state.accounts())) == THREADS


def test_a_read_inside_a_finalizer() -> None:
    """What runs between a call and its result, on the same thread, does not write into it."""
    with StateManager() as state:
        state.set_storage(bytes(20), 1, 1)
        state.set_storage(bytes(20), 2, 2)

        class Reader:
            def __del__(self) -> None:
                state.get_storage(bytes(20), 2)

        def trace(frame: object, event: str, argument: object) -> Any:
            Reader()
            return trace

        sys.settrace(trace)
        try:
            for _ in range(100):
                assert state.get_storage(bytes(20), 1) == 1
                assert state.get_storage_bytes(bytes(20), 1)[-1] == 1
        finally:
            sys.settrace(None)
