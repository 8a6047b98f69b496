"""Forks whose reads block, on a real node: over the client inside, over urllib and httpx, and by hand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

import httpx
import pytest
from conftest import Scene

from worldstate import (
    BlockNotFoundError,
    Fork,
    HttpError,
    InvalidInputError,
    InvalidRequestError,
    InvalidStateError,
    RpcFailedError,
    RpcPendingError,
    StateManager,
    Urllib,
)

TOKENS = 10**18


def httpx_post(url: str) -> Callable[[bytes], bytes]:
    def post(body: bytes) -> bytes:
        response = httpx.post(url, content=body, headers={"content-type": "application/json"})
        return response.raise_for_status().content

    return post


@pytest.fixture(params=["inside", "urllib", "httpx"])
def fork(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Fork]:
    posts: dict[str, Callable[[bytes], bytes]] = {"urllib": Urllib(scene.url), "httpx": httpx_post(scene.url)}
    with Fork(scene.url) if request.param == "inside" else Fork(post=posts[request.param]) as fork:
        yield fork


def test_reads_are_the_nodes(fork: Fork, scene: Scene) -> None:
    block = fork.block()
    assert block.chain_id == 31337
    assert hex(block.number) == scene.rpc("eth_blockNumber")
    assert "0x" + block.hash.hex() == scene.rpc("eth_getBlockByNumber", hex(block.number), False)["hash"]
    with StateManager(fork) as state:
        for address in scene.people.values():
            assert hex(state.get_balance(address)) == scene.rpc("eth_getBalance", address, "latest")
            assert hex(state.get_nonce(address)) == scene.rpc("eth_getTransactionCount", address, "latest")
        assert "0x" + state.get_code(scene.token).hex() == scene.rpc("eth_getCode", scene.token, "latest")
        assert state.get_storage(scene.token, scene.slots["balanceOf[bob]"]) == 249_993 * TOKENS
        assert state.get_storage(scene.token, 0) == 1_000_000 * TOKENS
        assert state.get_block_hash(block.number) == block.hash
        assert list(state.accounts()) == []


def test_writes_stay_here(fork: Fork, scene: Scene) -> None:
    bob = scene.people["bob"]
    with StateManager(fork) as state, StateManager(fork) as other:
        before = state.get_balance(bob)
        state.set_balance(bob, 1)
        state.delete_account(scene.token)
        assert (state.get_balance(bob), other.get_balance(bob)) == (1, before)
        assert (state.get_code(scene.token), state.get_storage(scene.token, 0)) == (b"", 0)
        assert other.get_storage(scene.token, 0) == 1_000_000 * TOKENS


def test_together(fork: Fork, scene: Scene) -> None:
    bodies = fork.stats().bodies
    fork.prefetch({scene.token: [0, *scene.slots.values()], scene.people["bob"]: []}, code=True)
    with StateManager(fork) as state:
        after = fork.stats()
        assert after.bodies - bodies <= 3
        state.get_storage_batch((scene.token, slot) for slot in scene.slots.values())
        state.get_accounts([scene.token, scene.people["bob"]])
        state.get_code(scene.token)
        assert fork.stats().bodies == after.bodies
        state.clear_fork_cache()
        assert (fork.stats().accounts, fork.stats().slots) == (0, 0)
        state.get_storage_packed(bytes.fromhex(scene.token[2:]), bytes(32))
        assert fork.stats().bodies > after.bodies


def test_pinned(scene: Scene) -> None:
    block = int(scene.rpc("eth_blockNumber"), 16) - 5
    hash_text = scene.rpc("eth_getBlockByNumber", hex(block), False)["hash"]
    for wanted in (block, str(block), hex(block), hash_text, bytes.fromhex(hash_text[2:])):
        for options in ({"url": scene.url}, {"post": Urllib(scene.url)}):
            with Fork(block=wanted, **options) as fork:
                assert fork.block().number == block
    with pytest.raises(BlockNotFoundError, match="block 999999"):
        Fork(scene.url, block=999999)


def test_options_that_are_none(scene: Scene) -> None:
    for options, text in (
        ({"url": scene.url, "post": Urllib(scene.url)}, "a url or a post, not both"),
        ({"headers": {"a": "b"}}, "needs a url"),
        ({"url": scene.url, "headers": {"a": "b\r\nc: d"}}, "header 'a' is none"),
        ({"url": scene.url, "account_source": "magic"}, "account source 'magic' is none of"),
        ({"url": scene.url, "max_batch": -1}, "max_batch -1"),
        ({"url": scene.url, "request_timeout": -1}, "request_timeout -1 is negative"),
        ({"url": "ftp://127.0.0.1"}, "none of http://, https://"),
        ({"url": scene.url, "block": "pending"}, "pending"),
        ({"url": scene.url, "block": "soon"}, "soon"),
    ):
        with pytest.raises(ValueError, match=text) as caught:
            Fork(**options)
        assert isinstance(caught.value, InvalidInputError) or caught.value.code == -5  # type: ignore[attr-defined]


def test_by_hand(scene: Scene) -> None:
    post = Urllib(scene.url)
    with Fork() as fork, StateManager(fork) as state:
        bob = scene.people["bob"]
        rounds = 0
        while True:
            try:
                balance = state.get_balance(bob)
                break
            except RpcPendingError:
                rounds += 1
            batch = fork.next_batch()
            assert batch is not None
            assert batch.requests == (len(parsed) if isinstance(parsed := json.loads(batch.body), list) else 1)
            fork.continue_batch(batch.id, post(batch.body))
        assert hex(balance) == scene.rpc("eth_getBalance", bob, "latest")
        assert rounds == 2
        assert fork.next_batch() is None
        with pytest.raises(InvalidRequestError):
            fork.continue_batch(77, b"[]")
        with pytest.raises(InvalidInputError, match="no post"):
            fork.serve()


def test_single_requests_by_hand(scene: Scene) -> None:
    with Fork() as fork, StateManager(fork) as state:
        bob = scene.people["bob"]
        with pytest.raises(RpcPendingError):
            state.get_nonce(bob)
        for expected in ("eth_chainId", "eth_getBlockByNumber"):
            request = fork.next_request()
            assert request is not None
            assert request.method == expected
            result = scene.rpc(request.method, *json.loads(request.params))
            fork.continue_request(request.id, json.dumps(result).encode())
        request = fork.next_request()
        assert request is not None
        fork.fail_request(request.id, "out of luck", -32000)
        with pytest.raises(RpcFailedError, match="error -32000: out of luck"):
            state.get_nonce(bob)
        with pytest.raises(RpcPendingError):
            state.get_nonce(bob)


class Flaky:
    """A transport that first does what is in its list."""

    def __init__(self, url: str, *faults: Any) -> None:
        self.faults = list(faults)
        self.sent = 0
        self._post = Urllib(url)

    def __call__(self, body: bytes) -> Any:
        self.sent += 1
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        return self._post(body) if fault is None else fault


def flaky(scene: Scene, *faults: Any, **options: Any) -> tuple[Flaky, Fork, StateManager]:
    post = Flaky(scene.url, *faults)
    fork = Fork(post=post, backoff_initial=0.001, **options)
    return post, fork, StateManager(fork)


def test_a_transport_that_raises(scene: Scene) -> None:
    error = ValueError("the cable is cut")
    post, _, state = flaky(scene, None, error)
    with pytest.raises(RpcFailedError, match=r"eth_getProof of .*: ValueError: the cable is cut") as caught:
        state.get_balance(scene.people["bob"])
    assert caught.value.__cause__ is error
    assert state.get_balance(scene.people["bob"]) > 0
    assert post.sent == 3


@pytest.mark.parametrize("fault", [HttpError(503, "busy"), HttpError(429), TimeoutError("slow"), b"[]"], ids=repr)
def test_what_may_pass_is_tried_again(scene: Scene, fault: Any) -> None:
    post, fork, state = flaky(scene, fault, None, fault, fault)
    assert state.get_balance(scene.people["bob"]) > 0
    assert post.sent == 5
    assert fork.stats().retries > 0


def test_attempts_end(scene: Scene) -> None:
    post, _, state = flaky(scene, None, *[HttpError(503, "busy")] * 3, max_attempts=3)
    with pytest.raises(RpcFailedError, match=r"HTTP 503: busy.*\(3 attempts\)"):
        state.get_balance(scene.people["bob"])
    assert post.sent == 4


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b"<html>", InvalidRequestError, "the answer is not JSON"),
        (b'{"jsonrpc":"2.0","id":77,"result":"0x"}', RpcFailedError, "no answer to"),
        ("text", RpcFailedError, "post returned str instead of bytes"),
        (7, RpcFailedError, "post returned int instead of bytes"),
    ],
)
def test_an_answer_that_is_none(scene: Scene, answer: Any, error: type[Exception], text: str) -> None:
    _, _, state = flaky(scene, None, answer, max_attempts=1)
    with pytest.raises(error, match=text):
        state.get_balance(scene.people["bob"])
    assert state.get_balance(scene.people["bob"]) > 0


def test_a_refused_batch_gets_smaller(scene: Scene) -> None:
    addresses = [f"0x{number:040x}" for number in range(1, 41)]
    post, fork, state = flaky(scene, None, HttpError(413, "too large"))
    assert len(state.get_accounts(addresses)) == 40
    assert fork.stats().batch_splits == 1
    assert post.sent > 2


def test_an_interruption_is_no_fault_of_the_node(scene: Scene) -> None:
    _, _, state = flaky(scene, KeyboardInterrupt(), max_attempts=2)
    with pytest.raises(KeyboardInterrupt):
        state.get_balance(scene.people["bob"])
    assert state.get_balance(scene.people["bob"]) > 0


def test_a_read_inside_post_does_not_hang(scene: Scene) -> None:
    inner = Urllib(scene.url)
    seen: list[InvalidStateError] = []

    def post(body: bytes) -> bytes:
        with pytest.raises(InvalidStateError, match="inside post") as caught:
            state.get_balance(scene.people["carol"])
        seen.append(caught.value)
        return inner(body)

    with Fork(post=post) as fork, StateManager(fork) as state:
        assert state.get_balance(scene.people["bob"]) > 0
        assert len(seen) == 2


def test_threads_share_a_fork(scene: Scene) -> None:
    lock = threading.Lock()
    at_once: list[int] = [0, 0]
    inner = Urllib(scene.url)

    def post(body: bytes) -> bytes:
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
        try:
            time.sleep(0.01)
            return inner(body)
        finally:
            with lock:
                at_once[0] -= 1

    with Fork(post=post) as fork, StateManager(fork) as state, ThreadPoolExecutor(16) as pool:
        slots = list(range(64))
        values = list(pool.map(lambda slot: state.get_storage(scene.token, slot), slots))
        assert values == [int(scene.rpc("eth_getStorageAt", scene.token, hex(slot), "latest"), 16) for slot in slots]
        assert at_once[1] == 1
        assert fork.stats().bodies <= 64 // 2


def test_headers_and_timeouts_reach_the_client_inside() -> None:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.headers["X-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(0.5)
            self.send_response(500)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(RpcFailedError, match=r"timed out|timeout"):
            Fork([url, url], headers={"X-Key": "secret"}, request_timeout=0.1, max_attempts=1)
        assert set(seen) == {"secret"}
        with pytest.raises(RpcFailedError, match="HTTP status 500"):
            Fork(url, max_attempts=1)
        with pytest.raises(RpcFailedError, match="HTTP 500"):
            Fork(post=Urllib(url), max_attempts=1).block()
        with pytest.raises(RpcFailedError, match="timed out"):
            Fork(post=Urllib(url, timeout=0.1), max_attempts=1).block()
    finally:
        server.shutdown()
        server.server_close()


def test_a_node_that_is_not_there() -> None:
    with pytest.raises(RpcFailedError, match="refused"):
        Fork("http://127.0.0.1:1", max_attempts=1)
    with pytest.raises(RpcFailedError, match="refused"):
        Fork(post=Urllib("http://127.0.0.1:1")).block()


def test_kinds_do_not_mix(scene: Scene) -> None:
    with pytest.raises(TypeError, match="stands on a Fork, not on str"):
        StateManager(scene.url)  # type: ignore[arg-type]
