"""A store with one contract, for the tests of executions."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from hexbytes import HexBytes

from worldstate import (
    Message,
    PrecompileCall,
    PrecompileResult,
    PrecompileStatus,
)

CALLER = "0x00000000000000000000000000000000000a11ce"
CONTRACT = "0x00000000000000000000000000000000000c0de1"
NATIVE = "0x000000000000000000000000000000000000900d"
# slot 0 + slot 1 + balance of the caller + hash of block 7, stored in slot 2 and returned.
SUM = bytes.fromhex("5f54600154013331016007400180600255" + "5f5260205ff3")
BLOCK = {"number": 100, "timestamp": 1_700_000_000, "gasLimit": 30_000_000}
MESSAGE = Message(gas=100_000, to=CONTRACT, caller=CALLER)


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
