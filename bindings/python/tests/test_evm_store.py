"""Executions that ask a store: what it answers, and what it does wrong."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

import pytest
from world import BLOCK, CALLER, CONTRACT, MESSAGE, NATIVE, AsyncWorld, World

from worldstate import (
    AsyncEvm,
    AsyncStateManager,
    Evm,
    ExecutionError,
    ExecutionStatus,
    InvalidStateError,
    Message,
    PrecompileCall,
    PrecompileResult,
    PrecompileStatus,
    StateManager,
    _evm_base,
)


@pytest.mark.parametrize("run_ahead", ["off", "on"])
def test_a_store_answers(run_ahead: str) -> None:
    world = World()
    with StateManager() as state, Evm(state, store=world, run_ahead=run_ahead) as evm:
        evm.set_block(BLOCK)
        result = evm.execute(MESSAGE)
        assert (result.status, int.from_bytes(result.output, "big")) == (ExecutionStatus.SUCCESS, 10 + 20 + 7 + 7)
        assert result.success
        assert state.get_storage(CONTRACT, 2) == 44
        changes = evm.changes()
        assert changes is not None
        assert int(changes["storage"][0]["newValue"], 16) == 44
        assert len(world.asked) == len(set(world.asked))
        assert {question.split()[0] for question in world.asked} == {
            "storage",
            "balance",
            "code",
            "nonce",
            "block_hash",
        }
        # A change to the state counts before the store.
        state.set_storage(CONTRACT, 0, 1000)
        assert int.from_bytes(evm.execute(MESSAGE, commit=False).output, "big") == 1000 + 20 + 14
        assert state.get_storage(CONTRACT, 2) == 44
        evm.execute(MESSAGE, commit="checkpoint")
        assert (state.get_storage(CONTRACT, 2), state.checkpoint_depth) == (1034, 1)
        state.revert()
        assert state.get_storage(CONTRACT, 2) == 44


def test_an_awaited_store_answers_all_at_once() -> None:
    async def main() -> None:
        store: Any = AsyncWorld(World())
        with AsyncStateManager() as state, AsyncEvm(state, store=store, run_ahead="on") as evm:
            evm.set_block(BLOCK)
            result = await evm.execute(MESSAGE)
            assert int.from_bytes(result.output, "big") == 44
            assert await state.get_storage(CONTRACT, 2) == 44
            assert store.most >= 3

    asyncio.run(main())


@pytest.mark.parametrize("asynchronous", [False, True], ids=["blocking", "asyncio"])
@pytest.mark.parametrize("question", ["storage", "balance", "code", "nonce", "block_hash", "precompile"])
def test_a_store_that_raises(question: str, asynchronous: bool) -> None:
    message = MESSAGE if question != "precompile" else Message(gas=100_000, to=NATIVE, caller=CALLER)
    options: Any = {"precompiles": [NATIVE]}

    async def asyncio_main() -> None:
        store: Any = AsyncWorld(World(question))
        with AsyncStateManager() as state, AsyncEvm(state, store=store, **options) as evm:
            evm.set_block(BLOCK)
            with pytest.raises(ExecutionError) as caught:
                await evm.execute(message)
            refused(caught.value)
            assert not evm.is_active
            assert list(state.accounts()) == []
            store.world.fails_at = ""
            assert (await evm.execute(message)).success
            assert store.open == 0

    def refused(error: ExecutionError) -> None:
        described = {"block_hash": "hash of block 7: ", "precompile": f"result of the precompiled contract {NATIVE}: "}
        assert str(error).startswith(described.get(question, f"{question} of 0x"))
        assert f": no {question}" in str(error)
        assert str(error).endswith(", größte Not")
        assert isinstance(error.__cause__, LookupError)

    if asynchronous:
        asyncio.run(asyncio_main())
        return
    world = World(question)
    with StateManager() as state, Evm(state, store=world, **options) as evm:
        evm.set_block(BLOCK)
        with pytest.raises(ExecutionError) as caught:
            evm.execute(message)
        refused(caught.value)
        assert not evm.is_active
        assert list(state.accounts()) == []
        state.set_balance(CALLER, 1)
        world.fails_at = ""
        assert evm.execute(message).success


@pytest.mark.parametrize(
    ("method", "value", "text"),
    [
        ("storage", "x", 'storage "x" is not hexadecimal'),
        ("storage", -1, "-1 is negative"),
        ("balance", 2**256, "does not fit in 256 bits"),
        ("balance", 1.5, "not float"),
        ("code", "0x123", "odd number of digits"),
        ("code", 7, "code has to be bytes or hexadecimal text, not int"),
        ("nonce", 2**64, "does not fit in 64 bits"),
        ("nonce", b"", "nonce has to be an int or text, not bytes"),
        ("block_hash", b"\0", "block hash has 1 bytes instead of 32"),
        ("precompile", b"", "precompile returned bytes instead of PrecompileResult"),
        ("storage", PrecompileResult(PrecompileStatus.SUCCESS, 0), "storage returned a PrecompileResult"),
    ],
)
def test_answers_that_are_none(method: str, value: Any, text: str) -> None:
    class Wrong(World):
        pass

    setattr(Wrong, method, lambda self, *arguments: value)
    to = NATIVE if method == "precompile" else CONTRACT
    with StateManager() as state, Evm(state, store=Wrong(), precompiles=[NATIVE]) as evm:
        evm.set_block(BLOCK)
        with pytest.raises((TypeError, ValueError), match=text):
            evm.execute(Message(gas=100_000, to=to, caller=CALLER))
        assert not evm.is_active
        assert list(state.accounts()) == []


def test_a_store_that_closes_or_is_interrupted() -> None:
    class Interrupted(World):
        def balance(self, address: str) -> str:
            raise KeyboardInterrupt

    with StateManager() as state, Evm(state, store=Interrupted()) as evm:
        with pytest.raises(KeyboardInterrupt):
            evm.execute(MESSAGE)
        assert not evm.is_active

    class Closing(World):
        def code(self, address: str) -> Optional[bytes]:
            evm.close()
            raise LookupError

    with StateManager() as state:
        evm = Evm(state, store=Closing())
        with pytest.raises(ExecutionError, match=r"code of .*: LookupError"):
            evm.execute(MESSAGE)
        state.set_balance(CALLER, 1)


def test_a_store_that_writes_to_the_state() -> None:
    class Writing(World):
        def code(self, address: str) -> Optional[bytes]:
            state.set_balance(NATIVE, 1)
            return super().code(address)

    with StateManager() as state, Evm(state, store=Writing()) as evm:
        with pytest.raises(InvalidStateError):
            evm.execute(MESSAGE)
        assert not evm.is_active
        assert list(state.accounts()) == [NATIVE]


def test_one_execution_at_a_time() -> None:
    seen: list[Exception] = []

    class Nested(World):
        def code(self, address: str) -> Optional[bytes]:
            with pytest.raises(InvalidStateError) as caught:
                evm.execute(MESSAGE)
            seen.append(caught.value)
            return super().code(address)

    with StateManager() as state, Evm(state, store=Nested()) as evm:
        evm.set_block(BLOCK)
        assert int.from_bytes(evm.execute(MESSAGE).output, "big") == 44
        assert seen


def test_the_first_that_raises_ends_the_others() -> None:
    class Uneven(AsyncWorld):
        async def balance(self, address: str) -> int:
            raise LookupError("no balance")

        async def code(self, address: str) -> bytes:
            self.open += 1
            try:
                await asyncio.sleep(60)
                raise AssertionError
            finally:
                self.open -= 1

    async def main() -> None:
        store: Any = Uneven(World())
        with AsyncStateManager() as state, AsyncEvm(state, store=store) as evm:
            with pytest.raises(ExecutionError, match="no balance"):
                await asyncio.wait_for(evm.execute(MESSAGE), 10)
            assert store.open == 0

    asyncio.run(main())


def test_no_store() -> None:
    with StateManager() as state:
        with Evm(state, ask_host=True) as evm:
            with pytest.raises(ExecutionError) as caught:
                evm.execute(MESSAGE)
            assert str(caught.value) == "Async request but no stateInterface provided"
            assert not evm.is_active
        with Evm(state, precompiles=[NATIVE]) as evm, pytest.raises(ExecutionError, match="no stateInterface provided"):
            evm.execute(Message(gas=100_000, to=NATIVE))
        with Evm(state) as evm:
            assert evm.execute(MESSAGE).success

    async def main() -> None:
        with AsyncStateManager() as state, AsyncEvm(state, ask_host=True) as evm:
            with pytest.raises(ExecutionError) as caught:
                await evm.execute(MESSAGE)
            assert str(caught.value) == "Async request but no stateInterface provided"

    asyncio.run(main())


def test_an_output_type_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a library of the future: the real call, with another type written over its own."""
    with StateManager() as state, Evm(state, store=World()) as evm:
        real = evm._native.evm_resume

        def from_the_future(handle: Any, out: Any) -> int:
            status: int = real(handle, out)
            out._obj.output_type = 99
            return status

        monkeypatch.setattr(evm._native, "evm_resume", from_the_future)
        with pytest.raises(ExecutionError) as caught:
            evm.execute(MESSAGE)
        assert str(caught.value) == _evm_base.UNKNOWN_OUTPUT == "Unknown output type"
        assert not evm.is_active
        state.set_balance(CALLER, 1)


def test_a_cancelled_execution_is_given_up() -> None:
    class Slow(World):
        pass

    async def main() -> None:
        store: Any = AsyncWorld(Slow())
        with AsyncStateManager() as state, AsyncEvm(state, store=store) as evm:
            evm.set_block(BLOCK)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(evm.execute(MESSAGE), 0.002)
            assert not evm.is_active
            assert store.open == 0
            assert list(state.accounts()) == []
            assert (await evm.execute(MESSAGE)).success

    asyncio.run(main())


def test_precompiled_contracts_of_the_program() -> None:
    calls: list[PrecompileCall] = []

    class Native(World):
        def precompile(self, call: PrecompileCall) -> PrecompileResult:
            calls.append(call)
            return super().precompile(call)

    with StateManager() as state, Evm(state, store=Native(), precompiles=[NATIVE]) as evm:
        state.set_balance(CALLER, 9)
        result = evm.execute(Message(gas=1000, to=NATIVE, caller=CALLER, input="0x0102", value=3))
        assert result.output == b"\2\1" + (3).to_bytes(32, "big")
        assert result.gas_used == 500
        assert calls == [PrecompileCall(NATIVE, CALLER, 3, b"\1\2", 1000, False)]
        assert state.get_balance(NATIVE) == 3
    for status, expected in ((PrecompileStatus.REVERT, "revert"), (PrecompileStatus.HALT, "halt")):

        class Failing(World):
            answer = PrecompileResult(status, 1, "0x0102")

            def precompile(self, call: PrecompileCall) -> PrecompileResult:
                return self.answer

        with StateManager() as state, Evm(state, store=Failing(), precompiles=[NATIVE]) as evm:
            assert evm.execute(Message(gas=1000, to=NATIVE, caller=CALLER)).status.value == expected
