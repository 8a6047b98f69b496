"""Executions on a fork of a real node."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from conftest import Scene
from world import CALLER, CONTRACT, MESSAGE, NATIVE, World

from worldstate import (
    AsyncEvm,
    AsyncFork,
    AsyncStateManager,
    Evm,
    Fork,
    Message,
    RpcFailedError,
    RpcPendingError,
    StateManager,
    Urllib,
)


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
