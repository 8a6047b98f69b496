"""Each example runs and prints what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from conftest import BINDING, Scene

from worldstate import load_library

EXAMPLES = BINDING / "examples"


def run(*command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(BINDING), "WORLDSTATE_LIB": load_library()}
    done = subprocess.run(
        [sys.executable, *command], cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_simulate(scene: Scene) -> None:
    bob, dave = scene.people["bob"], scene.people["dave"]
    printed = run("simulate.py", scene.url, scene.token, bob, dave, "7").splitlines()
    assert printed[0] == "success 1 log"
    assert sorted(printed[1:3]) == ["0 -> 7", f"{249_993 * 10**18} -> {249_993 * 10**18 - 7}"]
    assert re.fullmatch(r"\d round trips", printed[3])
    assert run("simulate.py", scene.url, scene.token, dave, bob, "7").startswith("revert ")


def test_snapshots() -> None:
    printed = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "test_snapshots.py"
    )
    assert "4 passed" in printed


def test_async_store() -> None:
    printed = run("async_store.py").splitlines()
    assert printed[:2] == ["success", "slot 0 is 107"]
    assert re.fullmatch(r"\d+ look-ups in [1-3] rounds", printed[2])


def test_none_is_forgotten() -> None:
    tested = {"simulate.py", "test_snapshots.py", "async_store.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested


def test_demo(scene: Scene) -> None:
    printed = run(str(BINDING / "demo.py"), scene.url, os.environ["WORLDSTATE_SCENE"])
    for line in (
        r"Chain 31337 at block \d+, 0x[0-9a-f]{64}",
        r"  dave +[\d,.]+ ETH   nonce 0 +- bytes of code",
        r"  balanceOf\[bob\] +249,993\.00 WST",
        r"  and back: [\d,]+\.\d\d ETH",
        r"  1,000 WST: success, [\d,]+ gas ",
        r"  1,000,000 WST: revert, [\d,]+ gas .+",
        r"  dave would have 1,000\.00 WST; on the chain nothing has changed",
        r"  1,000 reads at once: [23] round trips, [\d,]+ requests, \d+ ms",
        r"  a transfer: success, \d+ stops for something missing",
    ):
        assert re.search(f"^{line}$", printed, re.MULTILINE), f"{line}\n{printed}"
    anywhere = run(str(BINDING / "demo.py"), scene.url)
    assert re.search(r"^  contract +0\.00 ETH", anywhere, re.MULTILINE)
    assert re.search(r"^  0\.00 ETH -> 77\.00 ETH$", anywhere, re.MULTILINE)
