"""Reads through the Python package beside the same reads in C, bare ctypes calls of the same shape, and pyrevm where
it is installed.

Usage: python.py RESULTS C_CALL PACKAGE LIBRARY"""

from __future__ import annotations

import ctypes
import gc
import re
import statistics
import subprocess
import sys
import time
from typing import Callable

RESULTS, C_CALL, PACKAGE, LIBRARY = sys.argv[1:5]
sys.path.insert(0, PACKAGE)

import worldstate  # noqa: E402

SLOTS = 1000
READS = 20_000
ROUNDS = 15
ADDRESS = bytes(19) + b"\1"
MASK = 0xFFFFFFFF

worldstate.load_library(LIBRARY)
state = worldstate.StateManager()
# The keys of c_call.c.
slots = [bytes((((i + 1) * 2654435761 & MASK) >> k % 24 ^ i * k) & 0xFF for k in range(32)) for i in range(SLOTS)]
numbers = [int.from_bytes(slot, "big") for slot in slots]
texts = ["0x" + slot.hex() for slot in slots]
hex_address = "0x" + ADDRESS.hex()
for slot in slots:
    state.set_storage(ADDRESS, slot, slot)
all_slots = b"".join(slots)
keys = [(ADDRESS, slot) for slot in slots]
assert state.get_storage_batch(keys) == numbers
assert state.get_storage_packed(ADDRESS, all_slots) == all_slots

# The same function, by nothing but ctypes: as its documentation says, with the arguments declared; and without.
handle = ctypes.c_void_p(state._handle.value)
out = ctypes.create_string_buffer(32)
declared = ctypes.CDLL(LIBRARY).state_manager_get_storage_bytes
declared.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
undeclared = ctypes.CDLL(LIBRARY).state_manager_get_storage_bytes


def per_slot(read: Callable[[bytes], object]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(READS // SLOTS):
            for slot in slots:
                read(slot)

    return run


def bare(function: Callable[..., int], to_int: bool) -> Callable[[], None]:
    """The call, its status, its result: what a program without the package would write, all in local variables."""

    def run_bytes(get=function, handle=handle, address=ADDRESS, out=out) -> None:
        for _ in range(READS // SLOTS):
            for slot in slots:
                if get(handle, address, slot, out):
                    raise RuntimeError
                _ = out.raw

    def run_int(get=function, handle=handle, address=ADDRESS, out=out, convert=int.from_bytes) -> None:
        for _ in range(READS // SLOTS):
            for slot in slots:
                if get(handle, address, slot, out):
                    raise RuntimeError
                convert(out.raw, "big")

    return run_int if to_int else run_bytes


def ours_bytes() -> None:
    get, address = state.get_storage_bytes, ADDRESS
    for _ in range(READS // SLOTS):
        for slot in slots:
            get(address, slot)


def ours_int() -> None:
    get, address = state.get_storage, ADDRESS
    for _ in range(READS // SLOTS):
        for slot in slots:
            get(address, slot)


def ours_numbers() -> None:
    get, address = state.get_storage, ADDRESS
    for _ in range(READS // SLOTS):
        for number in numbers:
            get(address, number)


def ours_texts() -> None:
    get, address = state.get_storage, hex_address
    for _ in range(READS // SLOTS):
        for text in texts:
            get(address, text)


def packed() -> None:
    for _ in range(READS // SLOTS):
        state.get_storage_packed(ADDRESS, all_slots)


def listed() -> None:
    for _ in range(READS // SLOTS):
        state.get_storage_batch(keys)


def peer() -> Callable[[], None] | None:
    """pyrevm's read of a slot that it holds."""
    try:
        import pyrevm
    except ImportError:
        return None
    evm = pyrevm.EVM()
    # Not ours, which is a precompiled contract's.
    account = "0x" + "c0de".rjust(40, "0")
    code = b"".join(b"\x7f" + slot + b"\x7f" + slot + b"\x55" for slot in slots[:100])
    evm.insert_account_info(account, pyrevm.AccountInfo(code=code))
    evm.message_call(caller="0x" + "00" * 20, to=account, gas=100_000_000)
    assert evm.storage(account, numbers[7]) == numbers[7]

    def run() -> None:
        get = evm.storage
        for _ in range(READS // 100):
            for number in numbers[:100]:
                get(account, number)

    return run


def timed(run: Callable[[], None]) -> float:
    start = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start) / READS


def c_figures() -> list[float]:
    """Nanoseconds of the single call, and of a slot of the batch."""
    output = subprocess.run([C_CALL], check=True, capture_output=True, text=True).stdout
    single, batch = (float(number) for number in re.findall(r"\d+\.\d+", output))
    return [single, batch]


def record(id: str, what: str, base_name: str, ours: list[float], base: list[float], target: float) -> None:
    ratios = sorted(a / b for a, b in zip(ours, base))
    low, ratio, high = ratios[len(ratios) // 4], statistics.median(ratios), ratios[3 * len(ratios) // 4]
    mid_ours, mid_base = statistics.median(ours), statistics.median(base)
    verdict = "" if not target else "met" if ratio <= target else "MISSED"
    print(f"{what:<58} {mid_ours:12.1f} {mid_base:12.1f}  {ratio:6.2f} ({low:.2f}..{high:.2f}) {verdict}")
    fields = [id, what, base_name, "ns", f"{mid_ours:.3f}", f"{mid_base:.3f}"]
    fields += [f"{ratio:.4f}", f"{low:.4f}", f"{high:.4f}", f"{target:.2f}"]
    with open(RESULTS, "a", encoding="utf-8") as file:
        file.write("\t".join(fields) + "\n")


def main() -> None:
    sides = {
        "bytes": ours_bytes,
        "int": ours_int,
        "numbers": ours_numbers,
        "texts": ours_texts,
        "packed": packed,
        "listed": listed,
        "declared bytes": bare(declared, False),
        "declared int": bare(declared, True),
        "undeclared bytes": bare(undeclared, False),
        "undeclared int": bare(undeclared, True),
    }
    other = peer()
    if other is not None:
        sides["peer"] = other
    times: dict[str, list[float]] = {name: [] for name in [*sides, "c", "c batch"]}
    gc.disable()
    for run in sides.values():
        run()
    for number in range(ROUNDS):
        # The one that begins alternates.
        for name, run in sorted(sides.items(), reverse=number % 2 == 1):
            times[name].append(timed(run))
        single, batch = c_figures()
        times["c"].append(single)
        times["c batch"].append(batch)
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    declared_name, loose_name = "bare ctypes call, arguments declared", "bare ctypes call, nothing declared"
    rows = [
        ("get_storage", "get_storage", declared_name, "int", "declared int", 1.3),
        ("get_storage_bytes", "get_storage_bytes", declared_name, "bytes", "declared bytes", 1.3),
        ("get_storage_loose", "get_storage", loose_name, "int", "undeclared int", 0),
        ("get_storage_bytes_loose", "get_storage_bytes", loose_name, "bytes", "undeclared bytes", 0),
        ("get_storage_int", "get_storage, slot as int", declared_name, "numbers", "declared int", 0),
        ("get_storage_hex", "get_storage, all as hex", declared_name, "texts", "declared int", 0),
        ("packed", "get_storage_packed, a slot of 1,000", "batch in C", "packed", "c batch", 2),
        ("batch", "get_storage_batch, a slot of 1,000", "batch in C", "listed", "c batch", 0),
        ("c", "get_storage_bytes", "the call in C", "bytes", "c", 0),
    ]
    if other is not None:
        rows.append(("pyrevm", "get_storage, slot as int", "pyrevm 0.3.7: storage", "numbers", "peer", 0))
    for id, what, base_name, ours, base, target in rows:
        record(f"python_{id}", f"{python}: {what}", base_name, times[ours], times[base], target)


main()
