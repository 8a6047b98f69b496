"""One exception for each status."""

from __future__ import annotations

import pickle

import pytest

import worldstate
from worldstate import InvalidHandleError, StateManager, WorldstateError, errors


def test_names_are_the_librarys() -> None:
    assert sorted(errors.BY_CODE) == list(range(-23, 0))
    for code, kind in errors.BY_CODE.items():
        assert kind.name == worldstate.error_name(code)
        assert getattr(worldstate, kind.__name__) is kind
        camel = "".join(word.capitalize() for word in kind.name.replace("STATE_MANAGER_ERROR_", "").split("_"))
        assert kind.__name__ == f"{camel}Error"


def test_an_exception_says_all_of_it() -> None:
    with StateManager() as state, pytest.raises(worldstate.NoCheckpointError) as caught:
        state.commit()
    error = caught.value
    assert (error.code, error.name, error.text) == (-11, "STATE_MANAGER_ERROR_NO_CHECKPOINT", "no checkpoint is open")
    assert str(error) == error.text
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), str(error))


def test_a_status_from_the_future_stays_readable() -> None:
    error = errors.of(-99, "what the library said")
    assert type(error) is WorldstateError
    assert str(error) == "status -99: what the library said"


def test_a_long_text_is_whole() -> None:
    text = "a long story, größer als gedacht " * 200
    with StateManager() as state, worldstate.Evm(state, ask_host=True) as evm:
        evm.set_transaction(worldstate.Message(gas=100_000, to=bytes(20), value=1))
        evm.call()
        with pytest.raises(worldstate.ExecutionError) as caught:
            evm.fail(text)
    assert str(caught.value).endswith(text)


def test_closed_objects() -> None:
    state = StateManager()
    evm = worldstate.Evm(state)
    fork = worldstate.Fork()
    for owner in (evm, state, fork):
        owner.close()
        owner.close()
        assert owner.closed
    for call, noun in (
        (lambda: state.get_balance(bytes(20)), "state manager"),
        (lambda: state.get_storage(bytes(20), 1), "state manager"),
        (lambda: state.get_code(bytes(20)), "state manager"),
        (lambda: state.set_storage(bytes(20), 1, 1), "state manager"),
        (lambda: list(state.accounts()), "state manager"),
        (state.dump, "state manager"),
        (state.checkpoint, "state manager"),
        (lambda: worldstate.Evm(state), "state manager"),
        (evm.frames, "executor"),
        (lambda: evm.execute({}), "executor"),
        (fork.stats, "fork"),
        (fork.block, "fork"),
        (lambda: StateManager(fork), "fork"),
    ):
        with pytest.raises(InvalidHandleError, match=f"the {noun} is closed"):
            call()


def test_an_executor_whose_state_is_closed() -> None:
    state = StateManager()
    evm = worldstate.Evm(state)
    state.close()
    with pytest.raises(InvalidHandleError, match="state manager"):
        evm.execute({"to": bytes(20)})
