"""Executions over a state, a store, and a fork of a real node."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from conftest import Scene
from hexbytes import HexBytes

import worldstate
from worldstate import (
    AsyncEvm,
    AsyncFork,
    AsyncStateManager,
    Ended,
    Evm,
    ExecutionError,
    ExecutionStatus,
    Fork,
    InvalidInputError,
    InvalidRequestError,
    InvalidStateError,
    Message,
    PrecompileCall,
    PrecompileResult,
    PrecompileStatus,
    Question,
    QuestionKind,
    RpcFailedError,
    RpcPendingError,
    StateManager,
    Urllib,
    _evm_base,
)

CALLER = "0x00000000000000000000000000000000000a11ce"
CONTRACT = "0x00000000000000000000000000000000000c0de1"
NATIVE = "0x000000000000000000000000000000000000900d"
# slot 0 + slot 1 + balance of the caller + hash of block 7, stored in slot 2 and returned.
SUM = bytes.fromhex("5f54600154013331016007400180600255" + "5f5260205ff3")
BLOCK = {"number": 100, "timestamp": 1_700_000_000, "gasLimit": 30_000_000}


class World:
    """A store with one contract."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at = fails_at
        self.asked: list[str] = []

    def _asked(self, what: str) -> None:
        self.asked.append(what)
        if what.split()[0] == self.fails_at:
            raise LookupError(f"no {what}, größte Not")

    def storage(self, address: str, slot: int) -> Optional[int]:
        self._asked(f"storage {address} {slot}")
        return {0: 10, 1: 20}.get(slot)

    def balance(self, address: str) -> str:
        self._asked(f"balance {address}")
        return "0x7" if address == CALLER else "0"

    def code(self, address: str) -> Optional[bytes]:
        self._asked(f"code {address}")
        return SUM if address == CONTRACT else None

    def nonce(self, address: str) -> int:
        self._asked(f"nonce {address}")
        return 1 if address == CONTRACT else 0

    def block_hash(self, number: int) -> HexBytes:
        self._asked(f"block_hash {number}")
        return HexBytes(number.to_bytes(32, "big"))

    def precompile(self, call: PrecompileCall) -> PrecompileResult:
        self._asked("precompile")
        output = b"" if call.is_static else call.input[::-1] + call.value.to_bytes(32, "big")
        return PrecompileResult(PrecompileStatus.SUCCESS, call.gas // 2, output)


class AsyncWorld:
    """The same, awaited; counts how many questions are open at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open = self.most = 0

    def __getattr__(self, name: str) -> Any:
        async def method(*arguments: Any) -> Any:
            self.open += 1
            self.most = max(self.most, self.open)
            try:
                await asyncio.sleep(0.001)
                return getattr(self.world, name)(*arguments)
            finally:
                self.open -= 1

        return method


MESSAGE = Message(gas=100_000, to=CONTRACT, caller=CALLER)


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


def simulated(scene: Scene, block: int) -> dict[str, Any]:
    """A transfer that is simulated first and then sent, at a block of its own."""
    return {
        "from": scene.people["alice"],
        "to": scene.token,
        "input": "0xa9059cbb" + f"{0xB0B + block:064x}" + f"{10**18:064x}",
        "gas": "0x30d40",
    }


@pytest.mark.parametrize("transport", ["inside", "post", "asyncio", "asyncio run ahead"])
def test_what_is_simulated_is_what_the_node_does(scene: Scene, transport: str) -> None:
    number = int(scene.rpc("eth_blockNumber"), 16)
    header = scene.rpc("eth_getBlockByNumber", hex(number), False)
    transaction = simulated(scene, number)
    if transport.startswith("asyncio"):

        async def main() -> tuple[Any, Any]:
            inner = Urllib(scene.url)

            async def post(body: bytes) -> bytes:
                return await asyncio.to_thread(inner, body)

            fork = AsyncFork(post)
            block = await fork.block()
            state = AsyncStateManager(fork)
            run_ahead = "on" if "ahead" in transport else "off"
            with AsyncEvm(state, chain_id=block.chain_id, run_ahead=run_ahead) as evm:
                evm.set_block(header)
                return await evm.execute(transaction), evm.changes()

        result, changes = asyncio.run(main())
    else:
        fork = Fork(scene.url) if transport == "inside" else Fork(post=Urllib(scene.url))
        with Evm(StateManager(fork), chain_id=fork.block().chain_id, run_ahead="access-list") as evm:
            evm.set_block(header)
            result, changes = evm.execute(transaction), evm.changes()
    sent, receipt = scene.rpc("eth_sendTransaction", transaction), None
    for _ in range(100):
        if receipt is None:
            time.sleep(0.05)
            receipt = scene.rpc("eth_getTransactionReceipt", sent)
    assert receipt is not None
    assert receipt["status"] == "0x1"
    assert hex(result.gas_used) == receipt["gasUsed"]
    assert ["0x" + topic.hex() for topic in result.logs[0].topics] == receipt["logs"][0]["topics"]
    for change in changes["storage"]:
        assert scene.rpc("eth_getStorageAt", change["address"], change["slot"], "latest") == change["newValue"]


def test_a_node_that_fails_in_the_middle(scene: Scene) -> None:
    faults = [None, None, None, ValueError("out of luck")]
    inner = Urllib(scene.url)

    def post(body: bytes) -> bytes:
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault
        return inner(body)

    with Fork(post=post) as fork, StateManager(fork) as state, Evm(state, chain_id=31337) as evm:
        transaction = simulated(scene, 0)
        with pytest.raises(RpcFailedError, match="out of luck"):
            evm.execute(transaction)
        assert not evm.is_active
        assert list(state.accounts()) == []
        assert evm.execute(transaction).success


def test_a_fork_that_nobody_carries() -> None:
    with Fork() as fork, StateManager(fork) as state, Evm(state, store=World()) as evm:
        with pytest.raises(RpcPendingError, match="is not here yet"):
            evm.execute(MESSAGE)
        assert not evm.is_active


def test_a_store_is_not_asked_for_what_is_the_forks(scene: Scene) -> None:
    # Calls NATIVE, then reads slot 5: running ahead wants that while the call waits.
    code = bytes.fromhex("5f5f5f5f5f61900d61fffff1505f6005545f5260205ff3")
    world = World()
    with Fork() as fork, StateManager(fork) as state:
        with pytest.raises(RpcPendingError):
            state.get_balance(CALLER)
        while (batch := fork.next_batch()) is not None:
            fork.continue_batch(batch.id, Urllib(scene.url)(batch.body))
        state.set_accounts((address, 1, 1, b"") for address in (CALLER, NATIVE, bytes(20)))
        state.set_accounts([(CONTRACT, 1, 1, code)])
        with Evm(state, store=world, precompiles=[NATIVE], run_ahead="on") as evm:
            with pytest.raises(RpcPendingError, match="storage of"):
                evm.execute(MESSAGE)
            assert world.asked == ["precompile"]


def test_a_precompiled_contract_on_a_fork(scene: Scene) -> None:
    world = World()
    with Fork(post=Urllib(scene.url)) as fork, StateManager(fork) as state:
        with Evm(state, store=world, precompiles=[NATIVE], run_ahead="on") as evm:
            assert evm.execute(Message(gas=1000, to=NATIVE, caller=CALLER, input=b"\1\2")).output[:2] == b"\2\1"
        assert world.asked == ["precompile"]
