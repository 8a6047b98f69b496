"""Ten million calls through the Python package, of every kind that a program makes often, with flat memory.

Usage: python_flat.py PACKAGE LIBRARY [CALLS]. Ends with status 1 where the process has grown."""

from __future__ import annotations

import gc
import sys
import time
from typing import Callable

PACKAGE, LIBRARY = sys.argv[1:3]
CALLS = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000_000
# What an allocator may keep for itself; a leak of one byte in each call would be ten times as much.
ALLOWED_KIB = 1024
sys.path.insert(0, PACKAGE)

from worldstate import Evm, InvalidHexError, Message, StateManager, load_library  # noqa: E402

load_library(LIBRARY)


def resident_kib() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


class Store:
    """Answers every question with nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


def round_of(state: StateManager, evm: Evm, address: bytes, text: str, keys: list[tuple[bytes, int]]) -> int:
    """About a thousand calls; how many."""
    for slot in range(100):
        state.get_storage(address, slot)
        state.get_storage_bytes(text, slot)
        state.set_storage(address, slot, slot + 1)
        state.get_balance(text)
        state.get_nonce(address)
        state.set_balance(address, slot)
        state.get_code(address)
        state.get_account_status(address)
    for slot in range(10):
        state.checkpoint()
        state.set_storage(address, slot, 0)
        state.revert()
        with state.temporary():
            state.set_nonce(address, slot)
        try:
            state.get_balance("alice")
        except InvalidHexError:
            pass
        state.changes_json(state.snapshot())
    for _ in range(10):
        state.delete_snapshot(state.snapshot())
    state.reset()
    state.get_storage_batch(keys)
    list(state.accounts())
    evm.execute(Message(gas=100_000, to=address, code=b"\x5f\x54\x5f\x5f\xa0\x60\x20\x5f\xf3"), commit=False)
    return 800 + 10 * 8 + 20 + 3 + 12


def main() -> int:
    address, done = bytes(19) + b"\1", 0
    keys = [(address, slot) for slot in range(100)]
    with StateManager() as state, Evm(state, store=Store()) as evm:
        started, base = time.perf_counter(), 0
        while done < CALLS:
            done += round_of(state, evm, address, "0x" + address.hex(), keys)
            # A tenth of the calls warms every cache and free list up.
            if not base and done >= CALLS // 10:
                gc.collect()
                base = resident_kib()
        # Executors and states come and go as well.
        for _ in range(1000):
            with StateManager() as other, Evm(other):
                other.set_balance(address, 1)
    gc.collect()
    grown = resident_kib() - base
    print(f"{done:,} calls in {time.perf_counter() - started:.1f} s: {base:,} KiB, {grown:+,} KiB")
    return 0 if grown <= ALLOWED_KIB else 1


sys.exit(main())
