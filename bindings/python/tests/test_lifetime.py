"""Who frees what: with-blocks, close, the garbage collector, the end of the interpreter."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading

import pytest
from conftest import BINDING

from worldstate import Evm, Fork, InvalidHandleError, Message, StateManager, load_library

ADDRESS = bytes(19) + b"\1"


def alive(owner_handle: int) -> bool:
    from worldstate._library import native

    library = native()
    return bool(library.state_manager_checkpoint(owner_handle) == 0)


def test_with_block_closes() -> None:
    with StateManager() as state:
        handle = state._handle.value
        assert handle is not None
        assert alive(handle)
    assert not alive(handle)


def test_the_collector_closes() -> None:
    state = StateManager()
    handle = state._handle.value
    assert handle is not None
    evm = Evm(state)
    del state
    gc.collect()
    assert alive(handle), "the executor keeps its state"
    del evm
    gc.collect()
    assert not alive(handle)


def test_more_objects_than_there_are_handles_at_once() -> None:
    # 1,048,576 can be alive at once: these are collected as they go.
    for _ in range(20):
        states = [StateManager() for _ in range(1000)]
        Evm(states[0])
    handles = [state._handle.value for state in states]
    del states
    gc.collect()
    assert not any(alive(handle) for handle in handles if handle is not None)


def test_a_state_outlives_its_fork() -> None:
    answers = iter([b'{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"no"}}'])
    fork = Fork(post=lambda body: next(answers))
    state = StateManager(fork)
    state.set_balance(ADDRESS, 5)
    fork.close()
    assert state.get_balance(ADDRESS) == 5
    with pytest.raises(InvalidHandleError, match="the fork is closed"):
        state.get_nonce(ADDRESS)


def test_closing_while_others_read() -> None:
    state = StateManager()
    state.set_balance(ADDRESS, 5)
    seen: list[object] = []
    started = threading.Barrier(5)

    def read() -> None:
        started.wait(10)
        try:
            while True:
                assert state.get_balance(ADDRESS) == 5
        except InvalidHandleError as error:
            seen.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait(10)
    state.close()
    for thread in threads:
        thread.join(30)
    assert len(seen) == 4


def test_a_pending_execution_ends_with_its_executor() -> None:
    with StateManager() as state:
        evm = Evm(state, ask_host=True)
        evm.set_transaction(Message(gas=100_000, to=ADDRESS, value=1))
        evm.call()
        assert evm.is_active
        del evm
        gc.collect()
        assert list(state.accounts()) == []


def test_the_interpreter_ends_with_open_objects() -> None:
    code = (
        "import threading, time, worldstate as w\n"
        "state = w.StateManager(); evm = w.Evm(state); fork = w.Fork()\n"
        "evm.set_transaction(w.Message(gas=9, to=bytes(20))); cycle = [state]; cycle.append(cycle)\n"
        "def read():\n while True: state.get_balance(bytes(20))\n"
        "threading.Thread(target=read, daemon=True).start(); time.sleep(0.1)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(BINDING), "WORLDSTATE_LIB": load_library()}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    # The daemon may meet the closed state on its way out.
    assert done.returncode == 0
    assert "Fatal" not in done.stderr
