"""A store of the program's own: the state is in a database, and is awaited when an execution comes to it."""

from __future__ import annotations

import asyncio
from typing import Optional

from worldstate import AsyncEvm, AsyncStateManager, Message

ALICE = "0x00000000000000000000000000000000000a11ce"
COUNTER = "0x00000000000000000000000000000000000c0de1"


class Database:
    """Rows by key; every look-up takes a moment, and many can be under way."""

    def __init__(self) -> None:
        self.rows: dict[tuple[object, ...], str] = {
            # Adds the balance of the caller to slot 0.
            ("code", COUNTER): "0x33315f54015f55",
            ("storage", COUNTER, 0): "7",
            ("balance", ALICE): "100",
        }
        self.looked_up = 0

    async def _row(self, *key: object) -> Optional[str]:
        self.looked_up += 1
        await asyncio.sleep(0.01)
        return self.rows.get(key)

    async def storage(self, address: str, slot: int) -> Optional[int]:
        row = await self._row("storage", address, slot)
        return None if row is None else int(row)

    async def balance(self, address: str) -> Optional[str]:
        return await self._row("balance", address)

    async def code(self, address: str) -> Optional[str]:
        return await self._row("code", address)

    async def nonce(self, address: str) -> Optional[int]:
        row = await self._row("nonce", address)
        return None if row is None else int(row)

    async def block_hash(self, number: int) -> Optional[bytes]:
        raise LookupError(f"no block {number} in this database")


async def main() -> None:
    database = Database()
    with AsyncStateManager() as state, AsyncEvm(state, store=database, run_ahead="on") as evm:
        result = await evm.execute(Message(gas=100_000, caller=ALICE, to=COUNTER))
        print(result.status.value)
        print(f"slot 0 is {await state.get_storage(COUNTER, 0)}")
        print(f"{database.looked_up} look-ups in {evm.stats().rounds} rounds")


if __name__ == "__main__":
    asyncio.run(main())
