"""What the package does, on a chain: demo.py URL [SCENE].

SCENE is what tools/demo/chain.mjs has written about the demo's token; without it, any account is looked at. Nothing but
the standard library is needed."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Optional

from worldstate import AsyncEvm, AsyncFork, AsyncStateManager, Evm, Fork, StateManager, Urllib

ETHER = 10**18
# Multicall3 has the same address on hundreds of chains; where it is missing, an empty account is as good.
ANYWHERE = "0xcA11bde05977b3631167028862bE2a173976CA11"


class Scene:
    """The token on the demo's own node."""

    def __init__(self, path: str) -> None:
        rows = [line.split() for line in Path(path).read_text().splitlines()]
        self.token = next(value for kind, _, value, *_ in rows if kind == "contract")
        self.people = {name: value for kind, name, value, *_ in rows if kind == "account"}
        self.slots = {name: value for kind, name, value, *_ in rows if kind == "slot"}

    def transfer(self, sender: str, receiver: str, tokens: int) -> dict[str, str]:
        data = "0xa9059cbb" + self.people[receiver][2:].rjust(64, "0") + f"{tokens * ETHER:064x}"
        return {"from": self.people[sender], "to": self.token, "input": data}


def title(text: str) -> None:
    print(f"\n{text}")


def reads(fork: Fork, scene: Optional[Scene]) -> None:
    with StateManager(fork) as state:
        title("Read from the chain")
        accounts = {**scene.people, "token": scene.token} if scene else {"contract": ANYWHERE}
        for (name, address), info in zip(accounts.items(), state.get_accounts(accounts.values())):
            code = len(state.get_code(address))
            print(f"  {name:10} {info.balance / ETHER:14,.2f} ETH   nonce {info.nonce:<4} {code or '-'} bytes of code")
        if scene:
            values = state.get_storage_batch((scene.token, slot) for slot in scene.slots.values())
            for name, value in zip(scene.slots, values):
                print(f"  {name:22} {value / ETHER:14,.2f} WST")

        title("Written here, and taken back")
        address = next(iter(accounts.values()))
        before = state.get_balance(address)
        with state.temporary():
            state.set_balance(address, 77 * ETHER)
            print(f"  {before / ETHER:,.2f} ETH -> {state.get_balance(address) / ETHER:,.2f} ETH")
        print(f"  and back: {state.get_balance(address) / ETHER:,.2f} ETH")


def simulates(fork: Fork, scene: Scene) -> None:
    title("What would bob's transfer of 1,000 WST to dave do?")
    with StateManager(fork) as state, Evm(state, chain_id=fork.block().chain_id, run_ahead="on") as evm:
        for tokens in (1_000, 1_000_000):
            result = evm.execute(scene.transfer("bob", "dave", tokens))
            print(f"  {tokens:,} WST: {result.status.value}, {result.gas_used:,} gas {result.failure}")
        dave = state.get_storage(scene.token, scene.slots["balanceOf[dave]"])
        print(f"  dave would have {dave / ETHER:,.2f} WST; on the chain nothing has changed")


async def awaits(url: str, scene: Optional[Scene]) -> None:
    title("The same without ever blocking, over an HTTP client of the program's choice")
    client = Urllib(url)

    async def post(body: bytes) -> bytes:
        return await asyncio.to_thread(client, body)

    with AsyncFork(post) as fork, AsyncStateManager(fork) as state:
        started = time.perf_counter()
        address = scene.token if scene else ANYWHERE
        await asyncio.gather(*(state.get_storage(address, slot) for slot in range(1000)))
        stats, elapsed = fork.stats(), (time.perf_counter() - started) * 1000
        print(f"  1,000 reads at once: {stats.bodies} round trips, {stats.requests} requests, {elapsed:.0f} ms")
        if scene:
            with AsyncEvm(state, chain_id=(await fork.block()).chain_id, run_ahead="on") as evm:
                result = await evm.execute(scene.transfer("bob", "carol", 5))
                print(f"  a transfer: {result.status.value}, {evm.stats().rounds} stops for something missing")


def main(url: str, scene_file: Optional[str] = None) -> None:
    scene = Scene(scene_file) if scene_file else None
    with Fork(url) as fork:
        block = fork.block()
        print(f"Chain {block.chain_id} at block {block.number}, 0x{block.hash.hex()}")
        reads(fork, scene)
        if scene:
            simulates(fork, scene)
        stats = fork.stats()
        title("What the fork cost")
        print(f"  {stats.bodies} round trips with {stats.requests} requests; {stats.hits} reads from its cache")
    asyncio.run(awaits(url, scene))


if __name__ == "__main__":
    main(*sys.argv[1:])
