"""Executions: single steps, results, overrides, traces, options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import Scene
from world import BLOCK, CALLER, CONTRACT, MESSAGE, NATIVE, SUM, World

import worldstate
from worldstate import (
    AsyncEvm,
    AsyncStateManager,
    Ended,
    Evm,
    ExecutionError,
    ExecutionStatus,
    InvalidInputError,
    InvalidRequestError,
    InvalidStateError,
    Message,
    Question,
    QuestionKind,
    StateManager,
)


def test_step_by_step() -> None:
    world = World()
    answers: dict[QuestionKind, Callable[[Question], Any]] = {
        QuestionKind.STORAGE: lambda question: world.storage(question.address, question.slot),
        QuestionKind.BALANCE: lambda question: world.balance(question.address),
        QuestionKind.CODE: lambda question: world.code(question.address),
        QuestionKind.NONCE: lambda question: world.nonce(question.address),
        QuestionKind.BLOCK_HASH: lambda question: world.block_hash(question.slot),
    }
    with StateManager() as state, Evm(state, ask_host=True) as evm:
        evm.set_block(BLOCK)
        evm.set_transaction(MESSAGE)
        with pytest.raises(worldstate.NoPendingRequestError):
            evm.continue_with(Question(QuestionKind.BALANCE, CALLER, 0), 1)
        step = evm.call()
        steps = 0
        while isinstance(step, Question):
            assert evm.is_active
            assert step in evm.pending()
            with pytest.raises(InvalidRequestError):
                evm.answer(Question(QuestionKind.STORAGE, NATIVE, 77), 1)
            with pytest.raises(ExecutionError, match="not now"):
                evm.fail("not now")
            assert evm.resume() == step
            if step.kind is QuestionKind.STORAGE:
                frame = evm.frames()[-1]
                # SLOAD, or SSTORE, which looks before it writes.
                assert (frame["address"], frame["opcode"]) in ((CONTRACT, 0x54), (CONTRACT, 0x55))
            step = evm.continue_with(step, answers[step.kind](step))
            steps += 1
        assert step is Ended.READY_TO_COMMIT
        assert steps == len(world.asked) > 7
        assert list(state.accounts()) == []
        evm.commit()
        assert state.get_storage(CONTRACT, 2) == 44
        assert evm.stats().rounds > 0
        evm.abort()
        with pytest.raises(InvalidStateError):
            evm.result()


def test_results_of_a_contract(scene: Scene) -> None:
    artifact = scene.rpc("eth_getCode", scene.token, "latest")
    bob, carol = scene.people["bob"], scene.people["carol"]
    transfer = "0xa9059cbb" + carol[2:].rjust(64, "0") + f"{5:064x}"
    with StateManager() as state, Evm(state) as evm:
        state.set_code(scene.token, artifact)
        state.set_storage(scene.token, scene.slots["balanceOf[bob]"], 7)
        result = evm.execute({"from": bob, "to": scene.token, "input": transfer, "gas": 100_000, "gasPrice": 0})
        assert result.success
        assert result.failure == ""
        (log,) = result.logs
        assert log.address == scene.token
        assert [topic[-20:].hex() for topic in log.topics[1:]] == [bob[2:], carol[2:]]
        assert int.from_bytes(log.data, "big") == 5
        assert result.gas_used + result.gas_remaining <= 100_000
        assert '"status"' in evm.result_json()
        assert evm.access_list()[0]["address"] == scene.token
        with StateManager() as other:
            other.load(evm.prestate())
            assert other.get_storage(scene.token, scene.slots["balanceOf[bob]"]) == 7
        result = evm.execute({"from": bob, "to": scene.token, "input": transfer})
        assert result.status is ExecutionStatus.REVERT
        assert result.failure
        assert not result.logs
        created = evm.execute({"from": bob, "data": "0x600160005260206000f3", "value": 0})
        assert created.created is not None
        assert state.get_code(created.created) == (1).to_bytes(32, "big")
        halted = evm.execute(Message(gas=100_000, to=CONTRACT, code="0xfe"))
        assert (halted.status, bool(halted.failure)) == (ExecutionStatus.HALT, True)
        assert evm.execute(Message(gas=10, to=CONTRACT, code=b"")).gas_used == 0


def test_large_results() -> None:
    # LOG1 with 1,000 bytes, then returns 2,000.
    code = bytes.fromhex("60aa6103e85fa16107d05ff3")
    with StateManager() as state, Evm(state) as evm:
        result = evm.execute(Message(gas=100_000, to=CONTRACT, code=code))
        assert (len(result.logs[0].data), len(result.output)) == (1000, 2000)
        assert result.logs[0].topics == ((0xAA).to_bytes(32, "big"),)


def test_overrides() -> None:
    with StateManager() as state, Evm(state) as evm:
        evm.set_state_overrides({CONTRACT: {"code": SUM, "stateDiff": {0: 5, "0x1": "0x" + "0" * 63 + "6"}}})
        evm.set_block_overrides({"number": 8})
        evm.set_block_hash(7, bytes(31) + b"\1")
        assert int.from_bytes(evm.execute(MESSAGE).output, "big") == 12
        assert list(state.accounts()) == []
        evm.set_state_overrides(None)
        evm.set_block_overrides(None)
        assert evm.execute(MESSAGE).output == b""


def test_traces(tmp_path: Path) -> None:
    with StateManager() as state, Evm(state) as evm:
        state.set_code(CONTRACT, SUM)
        evm.set_trace("eip3155", memory=True)
        evm.execute(MESSAGE)
        trace = evm.trace()
        assert trace.count("\n") > 15
        assert evm.trace() == ""
        evm.set_trace("struct-logs", no_stack=True, no_storage=True, return_data=True, limit=1000)
        evm.execute(MESSAGE)
        assert "structLogs" in evm.trace()
        with (tmp_path / "trace").open("w") as file:
            evm.set_trace("eip3155", memory=True, fd=file.fileno())
        evm.execute(MESSAGE)
        evm.set_trace("off")
        assert os.path.getsize(tmp_path / "trace") > 1000
        with pytest.raises(InvalidInputError, match="trace format 'loud'"):
            evm.set_trace("loud")


def test_options_that_are_none() -> None:
    with StateManager() as state:
        for options, text in (
            ({"hardfork": "soon"}, "soon"),
            ({"run_ahead": "fast"}, "run_ahead 'fast' is none of"),
            ({"chain_id": -1}, "chain_id -1"),
            ({"precompiles": [b""]}, "0 bytes instead of 20"),
        ):
            with pytest.raises(ValueError, match=text):
                Evm(state, **options)
        with Evm(state) as evm:
            for wrong in ("maybe", 7):
                with pytest.raises(InvalidInputError, match="neither True, False nor 'checkpoint'"):
                    evm.execute(MESSAGE, commit=wrong)  # type: ignore[arg-type]
            with pytest.raises(InvalidInputError, match="NUL"):
                evm.set_block("{}\0")
            with pytest.raises(TypeError, match="no form in JSON"):
                evm.set_block({"number": 1.5})
        with pytest.raises(TypeError, match="not over StateManager"):
            AsyncEvm(state)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not over AsyncStateManager"):
            Evm(AsyncStateManager())  # type: ignore[arg-type]
