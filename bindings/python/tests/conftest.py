"""What the tests share: the node, a token on it, and one line of totals at the end.

``test.sh`` starts the node and names it in WORLDSTATE_RPC_URL, and in WORLDSTATE_SCENE a file with what is on it."""

from __future__ import annotations

import json
import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
BINDING = ROOT / "bindings" / "python"


@dataclass
class Scene:
    """A node that holds the demo's token."""

    url: str
    token: str
    people: dict[str, str]
    slots: dict[str, str]

    def rpc(self, method: str, *params: Any) -> Any:
        """Asks the node without the library."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "error" not in answer, answer
        return answer["result"]


@pytest.fixture(scope="session")
def scene() -> Scene:
    people, slots, token = {}, {}, ""
    for line in Path(os.environ["WORLDSTATE_SCENE"]).read_text().splitlines():
        kind, name, value = line.split()[:3]
        if kind == "contract":
            token = value
        elif kind == "account":
            people[name] = value
        else:
            slots[name] = value
    return Scene(os.environ["WORLDSTATE_RPC_URL"], token, people, slots)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    terminalreporter.write_line(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed{skipped}")
