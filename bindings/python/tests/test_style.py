"""Types, lints, and the oldest Python that the package says it works with."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import BINDING


@pytest.mark.parametrize(
    "command",
    [
        ["mypy"],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        [
            "vermin",
            "--target=3.9-",
            "--violations",
            "--no-tips",
            "--eval-annotations",
            "worldstate",
            "examples",
            "demo.py",
        ],
    ],
    ids=["mypy", "ruff", "format", "oldest Python"],
)
def test_tools_are_content(command: list[str]) -> None:
    program = [f"{sys.prefix}/bin/vermin"] if command[0] == "vermin" else [sys.executable, "-m", command[0]]
    done = subprocess.run(program + command[1:], cwd=BINDING, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_that_users_see() -> None:
    """What mypy makes of a user's program: right calls pass, each wrong one is told."""
    program = """
from worldstate import Evm, StateManager
state = StateManager()
balance: int = state.get_balance("0x00")
raw: bytes = state.get_storage_bytes(b"", 1)
status: str = Evm(state).execute({}).status.value
state.get_balance(1.5)  # wrong
text: str = state.get_balance("0x00")  # wrong
Evm(state, store=object())  # wrong
Evm(state, hard_fork="cancun")  # wrong
"""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "-c", program],
        cwd=BINDING,
        capture_output=True,
        text=True,
        timeout=300,
    )
    told = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert told == {n for n, line in enumerate(program.splitlines(), 1) if line.endswith("# wrong")}, done.stdout
