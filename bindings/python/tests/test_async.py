"""Forks for asyncio on a real node, with httpx and aiohttp: what is shared, what fails, what is cancelled."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable
from typing import Any, Callable

import aiohttp
import httpx
import pytest
from conftest import Scene

from worldstate import (
    AsyncFork,
    AsyncStateManager,
    Fork,
    HttpError,
    InvalidHexError,
    InvalidInputError,
    InvalidRequestError,
    InvalidStateError,
    RpcFailedError,
    RpcPendingError,
    StateManager,
    Urllib,
)

NOWHERE = "0x" + "77" * 20
JSON = {"content-type": "application/json"}


class Post:
    """Counts bodies and how many are under way, and first does what is in its list."""

    def __init__(self, client: httpx.AsyncClient, url: str, *faults: Any, pause: float = 0) -> None:
        self.client, self.url, self.faults, self.pause = client, url, list(faults), pause
        self.sent = self.under_way = self.most = 0

    async def __call__(self, body: bytes) -> Any:
        self.sent += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.pause)
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, BaseException):
                raise fault
            if fault is not None:
                return fault
            response = await self.client.post(self.url, content=body, headers=JSON)
            return response.raise_for_status().content
        finally:
            self.under_way -= 1


def over(
    scene: Scene, test: Callable[[Post, AsyncFork, AsyncStateManager], Awaitable[None]], *faults: Any, **options: Any
) -> None:
    async def main() -> None:
        pause = options.pop("pause", 0)
        async with httpx.AsyncClient() as client:
            post = Post(client, scene.url, *faults, pause=pause)
            with AsyncFork(post, **{"backoff_initial": 0.001, **options}) as fork, AsyncStateManager(fork) as state:
                await test(post, fork, state)

    asyncio.run(asyncio.wait_for(main(), 50))


def test_reads_are_the_nodes(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        block = await fork.block()
        assert hex(block.number) == scene.rpc("eth_blockNumber")
        bob = scene.people["bob"]
        results: list[Any] = await asyncio.gather(
            state.get_balance(bob),
            state.get_nonce(bob),
            state.get_code(scene.token),
            state.get_storage(scene.token, 0),
            state.get_storage_bytes(scene.token, 0),
            state.get_accounts([bob, scene.token]),
            state.get_account_status(bob),
            state.get_code_hash(scene.token),
            state.get_block_hash(block.number),
        )
        balance, nonce, code, supply, raw, infos, status, code_hash, block_hash = results
        assert hex(balance) == scene.rpc("eth_getBalance", bob, "latest")
        assert hex(nonce) == scene.rpc("eth_getTransactionCount", bob, "latest")
        assert "0x" + code.hex() == scene.rpc("eth_getCode", scene.token, "latest")
        assert supply == int.from_bytes(raw, "big") == 10**24
        assert infos[0].balance == balance
        assert infos[1].code_hash == code_hash
        assert status.name == "PRESENT"
        assert block_hash == block.hash

    over(scene, test)


def test_a_thousand_reads_share_bodies(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        await fork.block()
        before = post.sent
        values = await asyncio.gather(*(state.get_storage(scene.token, slot) for slot in range(1000)))
        expected = [
            int(scene.rpc("eth_getStorageAt", scene.token, hex(slot), "latest"), 16) for slot in range(0, 1000, 100)
        ]
        assert values[::100] == expected
        assert post.sent - before <= 3
        await asyncio.gather(*(state.get_balance(f"0x{number:040x}") for number in range(1, 1001)))
        assert post.sent - before <= 3 + 10 + 2
        assert 1 < post.most <= 6
        assert fork.stats().pending == 0

    over(scene, test, pause=0.005)


def test_concurrency_has_a_limit(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        await state.get_accounts([f"0x{number:040x}" for number in range(1, 101)])
        assert post.most == 2
        assert post.sent >= 10

    over(scene, test, max_concurrent=2, max_batch=10, pause=0.005)


def test_aiohttp(scene: Scene) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession(raise_for_status=True) as session:

            async def post(body: bytes) -> bytes:
                async with session.post(scene.url, data=body, headers=JSON) as response:
                    return await response.read()

            fork = AsyncFork(post)
            assert await AsyncStateManager(fork).get_storage(scene.token, 0) == 10**24

    asyncio.run(main())


def test_what_raises_fails_all_that_wait(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        # The block first, then one value that a thousand want, then a thousand values.
        for sent in (1, 3):
            results = await asyncio.gather(
                *(state.get_balance(scene.people["bob"]) for _ in range(1000)), return_exceptions=True
            )
            assert {type(result) for result in results} == {RpcFailedError}
            assert {"the cable is cut" in str(result) for result in results} == {True}
            assert post.sent == sent
        results = await asyncio.gather(
            *(state.get_storage(scene.token, slot) for slot in range(1000)), return_exceptions=True
        )
        assert {type(result) for result in results} == {RpcFailedError}
        assert post.sent == 4
        assert await state.get_balance(scene.people["bob"]) > 0
        assert await asyncio.gather(*(state.get_storage(scene.token, slot) for slot in (0, 999))) == [10**24, 0]

    cut = ConnectionError("the cable is cut")
    over(scene, test, cut, None, cut, cut)


@pytest.mark.parametrize(
    "fault", [HttpError(503, "busy"), TimeoutError("slow"), httpx.ReadTimeout("slow"), b"[]"], ids=repr
)
def test_what_may_pass_is_tried_again(scene: Scene, fault: Any) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        assert await state.get_balance(scene.people["bob"]) > 0
        assert post.sent == 5

    over(scene, test, fault, None, fault, fault)


def test_pauses_grow(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def longest(low: float, high: float) -> float:
        limits.append(high)
        return high

    monkeypatch.setattr(random, "uniform", longest)
    busy = HttpError(503, "busy")

    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        started = time.perf_counter()
        assert await state.get_balance(scene.people["bob"]) > 0
        assert limits == [0.1, 0.2, 0.1]
        assert time.perf_counter() - started >= 0.4

    over(scene, test, busy, busy, None, busy, backoff_initial=0.1, backoff_max=0.2)
    limits.clear()
    answers = iter([busy, busy, busy, None, busy])
    inner = Urllib(scene.url)

    def post(body: bytes) -> bytes:
        fault = next(answers, None)
        if fault is not None:
            raise fault
        return inner(body)

    with Fork(post=post, backoff_initial=0.1, backoff_max=0.2) as fork, StateManager(fork) as state:
        started = time.perf_counter()
        assert state.get_balance(scene.people["bob"]) > 0
        assert limits == [0.1, 0.2, 0.2, 0.1]
        assert time.perf_counter() - started >= 0.6


def test_clients_statuses_count() -> None:
    async def main() -> None:
        request = httpx.Request("POST", "http://node")
        refusals = [httpx.HTTPStatusError("busy", request=request, response=httpx.Response(503, request=request))] * 2

        async def post(body: bytes) -> bytes:
            raise refusals.pop()

        with pytest.raises(RpcFailedError, match=r"error 503: HTTPStatusError: busy \(2 attempts\)"):
            await AsyncFork(post, max_attempts=2, backoff_initial=0.001).block()

    asyncio.run(main())


def test_an_answer_that_makes_no_sense(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        results = await asyncio.gather(
            *(state.get_storage(scene.token, slot) for slot in range(50)), return_exceptions=True
        )
        assert {type(result) for result in results} == {InvalidRequestError}
        assert await state.get_storage(scene.token, 0) == 10**24
        fork.clear_cache()
        with pytest.raises(RpcFailedError, match="post returned str instead of bytes"):
            await state.get_storage(scene.token, 0)

    over(scene, test, None, b"<html>", None, "text")


def test_cancelling_one_cancels_none(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        await fork.block()
        slots = [asyncio.create_task(state.get_storage(scene.token, 0)) for _ in range(10)]
        others = [asyncio.create_task(state.get_storage(scene.token, slot)) for slot in range(1, 10)]
        await asyncio.sleep(0.01)
        # The one that leads, and one that follows.
        slots[0].cancel()
        slots[5].cancel()
        results = await asyncio.gather(*slots, return_exceptions=True)
        assert [type(result) for result in results].count(asyncio.CancelledError) == 2
        assert {result for result in results if not isinstance(result, BaseException)} == {10**24}
        await asyncio.gather(*others)
        assert post.sent == 2

    over(scene, test, pause=0.05)


def test_a_failure_outlives_the_one_that_led(scene: Scene) -> None:
    async def main() -> None:
        inner, sent = Urllib(scene.url), 0

        async def post(body: bytes) -> bytes:
            nonlocal sent
            sent += 1
            if sent == 2:
                tasks[0].cancel()
                raise ConnectionError("the cable is cut")
            return inner(body)

        with AsyncFork(post) as fork, AsyncStateManager(fork) as state:
            await fork.block()
            tasks = [asyncio.create_task(state.get_storage(scene.token, 0)) for _ in range(2)]
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError, RpcFailedError]
        assert sent == 2

    asyncio.run(main())


def test_a_read_inside_post_does_not_hang(scene: Scene) -> None:
    async def main() -> None:
        inner, seen = Urllib(scene.url), 0

        async def post(body: bytes) -> bytes:
            nonlocal seen
            assert await state.get_balance(NOWHERE) == 7
            with pytest.raises(InvalidStateError, match="inside post"):
                await state.get_balance(scene.people["carol"])
            seen += 1
            return inner(body)

        with AsyncFork(post) as fork, AsyncStateManager(fork) as state:
            state.set_balance(NOWHERE, 7)
            assert await asyncio.wait_for(state.get_balance(scene.people["bob"]), 10) > 0
        assert seen == 2

    asyncio.run(main())


def test_requests_taken_by_hand_are_nobody_elses(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        # A fork begins with a question: its block.
        assert await fork.serve()
        assert not await fork.serve()
        reading = asyncio.create_task(state.get_balance(scene.people["bob"]))
        assert state._reads.balance(bytes.fromhex(scene.people["bob"][2:])).attempt() == -6
        batch = fork.next_batch()
        assert batch is not None
        with pytest.raises(RpcPendingError):
            await asyncio.wait_for(reading, 10)
        fork.fail_batch(batch.id, "by hand", 503)
        assert await state.get_balance(scene.people["bob"]) > 0

    over(scene, test, pause=0.03)


def test_all_cancelled_and_asked_again(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(state.get_storage(scene.token, 0), 0.01)
        assert await state.get_storage(scene.token, 0) == 10**24

    over(scene, test, pause=0.03)


def test_one_loop_after_another(scene: Scene) -> None:
    forks: list[AsyncFork] = []

    async def post(body: bytes) -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.post(scene.url, content=body, headers=JSON)).content

    async def hangs(body: bytes) -> bytes:
        await asyncio.sleep(60)
        raise AssertionError

    async def begin() -> None:
        forks.append(AsyncFork(hangs))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(forks[0].block(), 0.01)

    async def again() -> None:
        forks[0]._post = post
        assert await AsyncStateManager(forks[0]).get_storage(scene.token, 0) == 10**24
        with pytest.raises(RuntimeError, match="another event loop"):
            await asyncio.to_thread(asyncio.run, AsyncStateManager(forks[0]).get_storage(scene.token, 1))

    asyncio.run(begin())
    asyncio.run(again())


def test_without_fork() -> None:
    async def main() -> None:
        with AsyncStateManager() as state:
            state.set_storage(bytes(20), 1, 2)
            snapshot = state.snapshot()
            state.set_code(bytes(20), "0x00")
            assert await state.get_storage_batch([(bytes(20), 1), (bytes(20), 2)]) == [2, 0]
            assert await state.get_storage_packed(bytes(20), (1).to_bytes(32, "big")) == (2).to_bytes(32, "big")
            assert [change["code"] for change in (await state.changes(snapshot))["codes"]] == ["0x00"]
            assert list(await state.dump()) == ["0x" + "00" * 20]
            assert len(await state.get_state_root()) == len(await state.get_storage_root(bytes(20))) == 32
            with pytest.raises(InvalidHexError, match="x"):
                await state.get_balance("x")

    asyncio.run(main())


def test_dumps_and_changes_fetch_what_they_lack(scene: Scene) -> None:
    async def test(post: Post, fork: AsyncFork, state: AsyncStateManager) -> None:
        bob = scene.people["bob"]
        snapshot = state.snapshot()
        state.set_nonce(bob, 99)
        nonce = scene.rpc("eth_getTransactionCount", bob, "latest")
        assert (await state.changes(snapshot))["nonces"] == [
            {"address": bob, "originalNonce": nonce, "newNonce": hex(99)}
        ]
        dumped = (await state.dump())[bob]
        assert (dumped["nonce"], int(dumped["balance"], 0)) == (hex(99), await state.get_balance(bob))

    over(scene, test)


def test_kinds_do_not_mix(scene: Scene) -> None:
    async def post(body: bytes) -> bytes:
        return json.dumps({}).encode()

    with pytest.raises(TypeError, match="stands on a Fork, not on AsyncFork"):
        StateManager(AsyncFork(post))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stands on an AsyncFork, not on Fork"):
        AsyncStateManager(Fork())  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="max_concurrent 0"):
        AsyncFork(post, max_concurrent=0)
