#!/usr/bin/env python3
"""Runs every part of the test suite, one after the other, and ends with one line of totals.

    tests/run.py                all parts
    tests/run.py cargo install  these parts only
    tests/run.py --list         what the parts are

Each part's whole output is in build/logs/test-<part>.log. A part that fails without naming a failed test (it does not build, is killed,
takes too long) counts as one failure. The exit status is 0 only when nothing failed and something passed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
ANVIL = ROOT / "build" / "tools" / "node_modules" / ".bin" / "anvil"
# A test that cannot run says so on a line of its own that begins like this.
SKIPPED = re.compile(r"^skipped: \S", re.MULTILINE)


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count_cargo(output: str, _status: int) -> Counts:
    """libtest's own lines; it needs `--show-output`, by which a test that skipped itself is told from one that passed."""
    counts = Counts()
    result = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", re.MULTILINE)
    for passed, failed, ignored in result.findall(output):
        counts += Counts(int(passed), int(failed), int(ignored))
    # A test program that announced its tests and gave no result has died.
    counts.failed += max(0, len(re.findall(r"^running \d+ tests?$", output, re.MULTILINE)) - len(result.findall(output)))
    # Captured output stands under `---- <test> stdout ----`, first of the tests that passed, then of those that failed.
    for section in re.split(r"^successes:$", output, flags=re.MULTILINE)[1::2]:
        for captured in re.split(r"^---- .+ stdout ----$", section, flags=re.MULTILINE)[1:]:
            if SKIPPED.search(captured):
                counts += Counts(passed=-1, skipped=1)
    return counts


def count_lines(output: str, _status: int) -> Counts:
    """Our own runners' totals: `N passed, N failed` with or without `, N skipped`, on lines of their own."""
    counts = Counts()
    for passed, failed, skipped in re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.MULTILINE):
        counts += Counts(int(passed), int(failed), int(skipped or 0))
    return counts


def count_exit(output: str, status: int) -> Counts:
    """The part is one test."""
    if status != 0:
        return Counts(failed=1)
    return Counts(skipped=1) if SKIPPED.search(output) else Counts(passed=1)


@dataclass
class Part:
    name: str
    command: list[str]
    count: Callable[[str, int], Counts]
    needs: list[str]
    minutes: int = 20

    def run(self) -> Counts:
        log = LOGS / f"test-{self.name}.log"
        started = time.monotonic()
        status, note = run_logged(["tools/setup.sh", *self.needs], log, "w", 20) if self.needs else (0, "")
        if status == 0:
            status, note = run_logged(self.command, log, "a" if self.needs else "w", self.minutes)
        output = log.read_text(errors="replace").replace("\r", "")
        counts = self.count(output, status)
        if counts.failed == 0 and (status != 0 or note):
            counts.failed += 1
            note = note or f"ended with status {status}"
        elif counts == Counts():
            counts.failed += 1
            note = "reported no test"
        print(f"{counts}  ({time.monotonic() - started:.1f} s)", flush=True)
        if counts.failed:
            show_failure(output, log, note)
        return counts


def run_logged(command: list[str], log: Path, mode: str, minutes: int) -> tuple[int, str]:
    """The command's status, and why it was stopped where it was."""
    with log.open(mode) as file:
        # A session of its own, so that what it started can be ended with it.
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            return process.wait(timeout=minutes * 60), ""
        except subprocess.TimeoutExpired:
            return 1, f"stopped after {minutes} minutes"
        finally:
            end_group(process)


def end_group(process: subprocess.Popen) -> None:
    """Ends whatever is left of the process's group; only what belongs to it."""
    for step in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, step)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
        time.sleep(0.2)
    process.poll()


def show_failure(output: str, log: Path, note: str) -> None:
    """libtest explains its failures between two headlines; any other part at its end."""
    sections = re.split(r"^failures:$", output, flags=re.MULTILINE)[1::2]
    lines = [line for section in sections for line in section.strip().splitlines()[:60]]
    if not lines or note:
        lines += output.splitlines()[-40:]
    for line in lines[:200]:
        print(f"    | {line}")
    print(f"    {note + '; ' if note else ''}the whole log: {log}", flush=True)


# In this order, one at a time: they share the build directory and the machine.
PARTS = [
    Part(
        "cargo",
        ["cargo", "test", "--all-features", "--no-fail-fast", "--", "--show-output"],
        count_cargo,
        ["rust", "cc", "npm", "nodes"],
        minutes=40,
    ),
    Part("eels", ["build/eels/bin/python", "tests/eels/compare.py"], count_lines, ["rust", "eels"], minutes=30),
    Part("runner", ["python3", "tests/test_run.py"], count_lines, []),
    Part("node", ["bash", "tests/node.sh"], count_lines, ["npm"]),
    Part("demo", ["bash", "tests/demo.sh"], count_lines, ["rust", "cc", "npm", "python"]),
    Part("header", ["bash", "tests/c/header.sh"], count_lines, ["rust", "cc"]),
    Part("c", ["bash", "tests/c/run.sh", "plain"], count_lines, ["rust", "cc"]),
    Part("c-address", ["bash", "tests/c/run.sh", "address"], count_lines, ["rust", "cc"]),
    Part("c-thread", ["bash", "tests/c/run.sh", "thread"], count_lines, ["rust", "cc"]),
    Part("c-valgrind", ["bash", "tests/c/run.sh", "valgrind"], count_lines, ["rust", "cc", "valgrind"]),
    Part("install", ["bash", "tests/install.sh"], count_lines, ["rust", "cc", "pkgconfig"]),
    Part("examples", ["bash", "tests/examples.sh"], count_lines, ["rust", "cc", "curl", "npm"]),
    Part("typescript", ["bash", "bindings/typescript/test/run.sh"], count_lines, ["rust", "cc", "npm", "bun", "typescript"]),
    Part("python", ["bindings/python/test.sh"], count_lines, ["rust", "cc", "npm", "pybinding"]),
    Part("go", ["bash", "bindings/go/test.sh"], count_lines, ["rust", "npm", "go"]),
    Part("zig", ["bash", "bindings/zig/test.sh"], count_lines, ["rust", "npm", "zig"]),
    Part("snippets", ["python3", "tests/snippets.py"], count_lines, ["rust", "cc", "curl", "npm"]),
]


def main() -> int:
    wanted = sys.argv[1:]
    if wanted == ["--list"]:
        print("\n".join(f"{part.name:10} {' '.join(part.command)}" for part in PARTS))
        return 0
    unknown = set(wanted) - {part.name for part in PARTS}
    if unknown:
        print(f"unknown part: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("WORLDSTATE_ANVIL", str(ANVIL))
    os.environ["CARGO_TERM_COLOR"] = "never"
    parts = [part for part in PARTS if not wanted or part.name in wanted]
    width = max(len(part.name) for part in parts)
    total = Counts()
    for part in parts:
        print(f"{part.name:{width}}  ", end="", flush=True)
        total += part.run()
    print(total)
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    # An interruption passes through the `finally` above, which ends the running part.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
