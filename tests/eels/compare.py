#!/usr/bin/env python3
"""The traces of state tests, operation by operation, against those of Ethereum's executable specification.

    build/eels/bin/python tests/eels/compare.py [--each N] [--only TEXT]

From every folder of WORLDSTATE_FIXTURES/eest/state_tests and for every fork there, N cases are taken, always the same
ones. Compared are pc, op, gas, stack, depth, memory size and returned data ahead of each operation, its cost unless it
failed, whether it failed, and the closing output and gas.
"""

import argparse
import contextlib
import hashlib
import io
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURES = Path(os.environ.get("WORLDSTATE_FIXTURES") or ROOT.parent / "shared" / "fixtures")
# The specification is slow: a case with more operations is left out, and the next one taken.
LONGEST = 3000
# Precompiles that take it seconds each.
SLOW = ("bls12_381", "ec_pairing", "modexp", "eip4844_blobs/point_evaluation")

# revm does not see that an address to be created has storage (EIP-7610).
OTHERWISE = (
    "eip7610_create_collision",
    "InitCollisionParis",
    "RevertInCreateInInit",
    "create2collisionStorageParis",
    "dynamicAccountOverwriteEmpty_Paris",
)


@dataclass(frozen=True)
class Case:
    file: str
    test: str
    fork: str
    index: int

    @property
    def line(self) -> str:
        return f"{self.file}\t{self.test}\t{self.fork}\t{self.index}"

    @property
    def name(self) -> str:
        return f"{self.test} {self.fork}[{self.index}]"


def candidates(only: str) -> dict[tuple[str, str], list[Case]]:
    """All cases that ought to run, by folder and fork, in an order that mixes them but is always the same."""
    groups = defaultdict(list)
    for path in sorted((FIXTURES / "eest" / "state_tests").rglob("*.json")):
        if any(slow in str(path) for slow in SLOW):
            continue
        for test, content in json.loads(path.read_bytes()).items():
            for fork, cases in content["post"].items():
                for index, case in enumerate(cases):
                    if "expectException" not in case and only in test:
                        groups[(str(path.parent), fork)].append(Case(str(path), test, fork, index))
    for group in groups.values():
        group.sort(key=lambda case: hashlib.sha256(f"{case.test}{case.index}".encode()).digest())
    return groups


def our_traces(cases: list[Case]) -> dict[str, list[str]]:
    """The lines of each case's trace, by `Case.line`."""
    with tempfile.TemporaryDirectory() as folder:
        listed, written = Path(folder, "cases"), Path(folder, "traces")
        listed.write_text("".join(case.line + "\n" for case in cases))
        run = subprocess.run(
            # With what the other tests are built with, or the library is built anew.
            ["cargo", "test", "--quiet", "--all-features", "--test", "evm_steps"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1500,
            env=os.environ | {"WORLDSTATE_STEPS_CASES": str(listed), "WORLDSTATE_STEPS_TRACES": str(written)},
        )
        if run.returncode != 0:
            sys.exit(f"{run.stdout}our side of the traces failed")
        traces: dict[str, list[str]] = {}
        lines: list[str] = []
        with written.open() as file:
            for line in file:
                if line.startswith("# "):
                    lines = traces[line[2:].rstrip("\n")] = []
                else:
                    lines.append(line)
        return traces


def chosen(groups: dict[tuple[str, str], list[Case]], each: int) -> dict[Case, list[str]]:
    """The cases to compare with our traces: of each group the first that execute something, but not too much."""
    offered = [case for group in groups.values() for case in group[: 4 * each]]
    traces = our_traces(offered)
    picked: dict[Case, list[str]] = {}
    for group in groups.values():
        fit = [case for case in group[: 4 * each] if 2 <= len(traces[case.line]) <= LONGEST + 1]
        picked |= {case: traces[case.line] for case in fit[:each]}
    return picked


def specified(case: Case) -> tuple[list[dict], int]:
    """The specification's trace of the case, and the gas that the transaction pays for."""
    from ethereum_spec_tools.evm_tools import statetest
    from ethereum_spec_tools.evm_tools.t8n import ForkCache

    # One tool for each process: it keeps the clones of forks.
    cache = specified.__dict__.setdefault("cache", ForkCache())
    output = io.StringIO()
    found = next(
        found
        for found in statetest.read_test_cases(case.file)
        if (found.key, found.fork_name, found.index) == (case.test, case.fork, case.index)
    )
    with contextlib.redirect_stderr(io.StringIO()):
        result = statetest.run_test_case(found, cache, ["--trace", "--trace.nomemory", "--trace.returndata"], output)
    if "0x" + result.state_root.hex() != found.post["hash"]:
        raise ValueError("the specification does not reach the fixture's state root")
    return [json.loads(line) for line in output.getvalue().splitlines()], int(result.gas_used)


def number(value: int | str) -> int:
    return int(value, 0) if isinstance(value, str) else value


def seen(step: dict) -> dict:
    """What has to be equal of an operation."""
    failed = "error" in step and step["error"] not in ("execution reverted", "Revert")
    op = step["op"]
    return {
        "pc": step["pc"],
        "op": op if isinstance(op, int) else number(op),
        "gas": number(step["gas"]),
        "stack": step["stack"],
        "depth": step["depth"],
        "memSize": step["memSize"],
        # The specification has none before Byzantium, where nothing can read it.
        "returnData": step.get("returnData"),
        "failed": failed,
        "gasCost": None if failed else number(step["gasCost"]),
    }


def difference(ours: list[dict], theirs: list[dict], gas_used: int) -> str | None:
    for at, (our, their) in enumerate(zip(ours[:-1], theirs[:-1])):
        mine, wanted = seen(our), seen(their)
        if wanted["returnData"] is None:
            mine["returnData"] = None
        if mine != wanted:
            fields = [f"{key} {mine[key]!r} instead of {wanted[key]!r}" for key in mine if mine[key] != wanted[key]]
            return f"operation {at} ({our['opName']} at {our['pc']}, depth {our['depth']}): {', '.join(fields)}"
    if len(ours) != len(theirs):
        return f"{len(ours) - 1} operations instead of {len(theirs) - 1}"
    end, wanted_end = ours[-1], theirs[-1]
    if number(end["gasUsed"]) != gas_used:
        return f"gas used {number(end['gasUsed'])} instead of {gas_used}"
    if end["output"] != "0x" + wanted_end["output"]:
        return f"output {end['output']} instead of {wanted_end['output']}"
    if end["pass"] != ("error" not in wanted_end):
        return f"pass {end['pass']}, but the specification says {wanted_end.get('error', 'success')}"
    return None


def judge(task: tuple[Case, list[str]]) -> tuple[Case, int, str | None, float]:
    logging.disable(logging.CRITICAL)
    case, lines = task
    started = time.monotonic()
    try:
        flaw = difference([json.loads(line) for line in lines], *specified(case))
    except Exception as error:  # noqa: BLE001: whatever it is, the case has not been judged
        flaw = f"{type(error).__name__}: {error}"
    return case, len(lines) - 1, flaw, time.monotonic() - started


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--each", type=int, default=1, help="cases of each folder and fork")
    arguments.add_argument("--only", default="", help="only tests whose name has this text")
    wanted = arguments.parse_args()
    if not FIXTURES.is_dir():
        print("skipped: set WORLDSTATE_FIXTURES\n0 passed, 0 failed, 1 skipped")
        return 0
    picked = chosen(candidates(wanted.only), wanted.each)
    forks, steps, failed, otherwise = Counter(), 0, 0, []
    slowest = (0.0, "")
    with multiprocessing.Pool() as pool:
        for case, count, flaw, seconds in pool.imap_unordered(judge, picked.items(), chunksize=4):
            steps += count
            forks[case.fork] += 1
            slowest = max(slowest, (seconds, case.name))
            if flaw and any(name in case.test for name in OTHERWISE):
                otherwise.append(case.name)
            elif flaw:
                failed += 1
                print(f"not as specified: {case.name}\n    {flaw}", flush=True)
    print(", ".join(f"{fork} {count}" for fork, count in sorted(forks.items())))
    print(f"{steps} operations compared; the slowest case took {slowest[0]:.1f} s: {slowest[1]}")
    print("".join(f"counted apart, for EIP-7610: {name}\n" for name in sorted(otherwise)), end="")
    passed = len(picked) - failed - len(otherwise)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
