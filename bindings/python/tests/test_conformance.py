"""The behaviours that all bindings share, over the blocking and the asyncio classes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conformance import Runner, cases

CASES = cases()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["blocking", "asyncio"])
@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_case(case: dict[str, Any], asynchronous: bool) -> None:
    asyncio.run(_run(case, asynchronous))


async def _run(case: dict[str, Any], asynchronous: bool) -> None:
    await Runner(case, asynchronous).run()


def test_there_are_cases() -> None:
    assert len(CASES) > 300
