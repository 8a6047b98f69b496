"""Every block of README.md: it runs, and prints what the block after it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest
from conftest import BINDING, ROOT, Scene

import worldstate

TEXT = (BINDING / "README.md").read_text()
BLOCKS = re.findall(r"(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)```", TEXT, re.DOTALL)


def programs() -> list[tuple[str, str, Optional[str]]]:
    """Directive, code, and what it has to print."""
    found: list[tuple[str, str, Optional[str]]] = []
    for directive, language, code in BLOCKS:
        if language == "python":
            found.append((directive, code, None))
        elif directive == "output":
            before = found[-1]
            found[-1] = (*before[:2], code)
    return found


@pytest.mark.parametrize(("directive", "code", "expected"), programs(), ids=range(len(programs())))
def test_program(directive: str, code: str, expected: Optional[str], scene: Scene, tmp_path: Path) -> None:
    assert re.fullmatch(r"first program|run( node( \w+)?)?", directive)
    assert expected is not None
    script = tmp_path / "snippet.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(BINDING), "WORLDSTATE_LIB": worldstate.load_library()}
    if "node" in directive:
        environment["URL"] = scene.url
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", expected)


def test_no_block_is_left_out() -> None:
    assert TEXT.count("```") == 2 * len(BLOCKS)
    others = [
        (directive, language) for directive, language, _ in BLOCKS if language != "python" and directive != "output"
    ]
    # The wheel's test does what this one says.
    assert others == [("run in-repository: names", "sh")]


def test_names_and_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (BINDING / target).exists(), target
    for name in set(re.findall(r"`((?:Async)?(?:Evm|Fork|StateManager)|[A-Z]\w+Error|HttpError|Urllib)\b", TEXT)):
        assert hasattr(worldstate, name) or name in ("ValueError", "TypeError"), name
    methods = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", TEXT)) & {"call", "pending", "answer", "resume", "commit"}
    assert all(hasattr(worldstate.Evm, method) for method in methods)
    assert (ROOT / "bindings" / "python" / "test.sh").exists()
